"""A preview that every player plays: a small additive synthesiser with drums, and its samples as a .wav file."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import DRUMS, Note, Piece
from rgan_kit_plugins.domains.music.percussion import stroke

RATE: Final = 22_050
LONGEST_SECONDS: Final = 60
_ATTACK: Final = 0.008
_RELEASE: Final = 0.06
_PARTIALS: Final = (1.0, 0.45, 0.25, 0.12, 0.08, 0.05)
_DECAY: Final = 1.4  # of the lowest partial, nats a second; each one above fades faster, as on a plucked string
_HIGHEST: Final = 0.45 * RATE
_LOUDEST: Final = 0.9
_MOST_NOTES: Final = 2000


def to_wave(piece: Piece) -> bytes:
    """A mono 16-bit .wav of at most a minute, by all tempos. Partials at or above the Nyquist frequency are left
    out."""
    notes = piece.notes[:_MOST_NOTES]
    starts = piece.seconds(np.array([note.start for note in notes], np.float64))
    ends = piece.seconds(np.array([note.start + note.duration for note in notes], np.float64))
    length = min(float(piece.seconds(np.array([piece.length], np.float64))[0]), LONGEST_SECONDS)
    signal = np.zeros(int((length + _RELEASE) * RATE) + 1, np.float64)
    for note, start, end in zip(notes, starts.tolist(), ends.tolist(), strict=True):
        first = int(start * RATE)
        if first < len(signal):
            is_drum = piece.program(note.track) == DRUMS
            sound = stroke(note.pitch, RATE) if is_drum else _tone(note, min(end - start, LONGEST_SECONDS))
            sound = 0.3 * (note.velocity / 127) * sound[: len(signal) - first]
            signal[first : first + len(sound)] += sound
    signal *= _LOUDEST / max(1.0, float(np.abs(signal).max()))
    content = (signal * 32767).astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(content), b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2,
                       16, b"data", len(content))  # fmt: skip
    return head + content


def _tone(note: Note, seconds: float) -> np.ndarray:
    times = np.arange(int((seconds + _RELEASE) * RATE)) / RATE
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    tone = np.zeros(len(times))
    for number, strength in enumerate(_PARTIALS, 1):
        if number * frequency < _HIGHEST:
            tone += strength * np.exp(-_DECAY * number * times) * np.sin(2 * np.pi * number * frequency * times)
    edges = np.minimum(times / _ATTACK, np.clip((seconds + _RELEASE - times) / _RELEASE, 0, 1))
    return np.asarray(np.minimum(edges, 1) * tone)
