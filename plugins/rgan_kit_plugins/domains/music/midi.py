"""Writes Standard MIDI Files (format 1) with numpy alone: what decodes a model's samples needs no parser."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from rgan_kit_plugins.domains.music.notes import Piece
from rgan_kit_plugins.domains.music.songs import DRUMS

TICKS_PER_BEAT: Final = 480
_DRUM_CHANNEL: Final = 9
_END: Final = b"\xff\x2f\x00"
_MOST_DELTA: Final = 2**28 - 1
_MOST_TEMPO: Final = 2**24 - 1


def to_midi(piece: Piece, programs: Sequence[int] = (0,), beats_per_bar: float = 4.0, name: str = "") -> bytes:
    """A file of one tempo track and one track for each that the piece uses.

    Args:
        piece: its notes may not overlap within a pitch and track; ``steps_per_beat`` divides 480.
        programs: General MIDI instrument of each track, 0 to 127, or ``DRUMS``.
        beats_per_bar: for the time signature.
        name: of the whole.
    """
    tempo = min(round(60e6 / piece.tempo), _MOST_TEMPO)
    text = name.encode()[:120]
    head = [(0, b"\xff\x03" + bytes([len(text)]) + text)] if text else []
    head += [
        (0, b"\xff\x51\x03" + tempo.to_bytes(3, "big")),
        (0, b"\xff\x58\x04" + _metre(beats_per_bar) + b"\x18\x08"),
    ]
    ticks = TICKS_PER_BEAT // piece.steps_per_beat
    tracks = [_track(head, piece.length * ticks)]
    for track in sorted({note.track for note in piece.notes}):
        program = programs[track] if track < len(programs) else 0
        channel = _DRUM_CHANNEL if program == DRUMS else track + (track >= _DRUM_CHANNEL)
        tracks.append(_track(_events(piece, track, ticks, min(channel, 15), program % DRUMS), piece.length * ticks))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS_PER_BEAT) + b"".join(tracks)


def _metre(beats_per_bar: float) -> bytes:
    """Numerator, and the power of two of the denominator: quarters where the bar is made of them, or smaller parts."""
    for power in (2, 3, 4):
        parts = beats_per_bar * 2**power / 4
        if parts == int(parts) and 1 <= parts <= 255:
            return bytes([int(parts), power])
    return bytes([4, 2])


def _events(piece: Piece, track: int, ticks: int, channel: int, program: int) -> list[tuple[int, bytes]]:
    """Messages by tick; where a note ends as another begins, the end goes first."""
    timed: list[tuple[int, int, bytes]] = []
    for note in piece.notes:
        if note.track == track:
            on = bytes([0x90 | channel, note.pitch, note.velocity])
            timed.append((note.start * ticks, 1, on))
            timed.append(((note.start + note.duration) * ticks, 0, bytes([0x80 | channel, note.pitch, 0])))
    timed.sort(key=lambda event: event[:2])
    return [(0, bytes([0xC0 | channel, program])), *((tick, message) for tick, _, message in timed)]


def _track(events: list[tuple[int, bytes]], end: int) -> bytes:
    parts, now = [], 0
    for tick, message in [*events, (max([end, *(tick for tick, _ in events)]), _END)]:
        parts += [_variable_length(tick - now), message]
        now = tick
    content = b"".join(parts)
    return b"MTrk" + struct.pack(">I", len(content)) + content


def _variable_length(number: int) -> bytes:
    """Seven bits a byte, the first ones first; all but the last have their highest bit set."""
    number = min(number, _MOST_DELTA)
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | (number & 0x7F))
    return bytes(reversed(digits))
