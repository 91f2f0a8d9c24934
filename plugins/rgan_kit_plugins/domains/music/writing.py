"""Samples as scores, sounds and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rgan_kit.files import numbered
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.music.fluidsynth import render, soundfont
from rgan_kit_plugins.domains.music.keys import signature_of
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import DRUMS, Note, Piece
from rgan_kit_plugins.domains.music.picture import can_draw, to_png
from rgan_kit_plugins.domains.music.sound import to_wave

_NOTES_SHOWN: Final = 24
_PITCH_CLASSES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def write(samples: Sequence[Piece], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
    """Writes a .mid and a .wav for every sample and, where matplotlib is installed, ``pianorolls.png`` of the first
    dozen. The sound is FluidSynth's where ``RGANKIT_SOUNDFONT`` names a SoundFont. The class of a sample, where there
    is one, is part of its files' names and the name inside the .mid; where it is a key, that has its signature.

    Raises:
        RganKitError: the folder cannot be written to.
        DeviceError: FluidSynth is asked for and not there, or fails.
    """
    font = soundfont()
    written = []
    classes = [""] * len(samples) if labels is None else labels
    names = numbered(folder, "sample", len(samples), ".mid", labels)
    for score, piece, label in zip(names, samples, classes, strict=True):
        write_whole(score, to_midi(piece, label, signature_of(label)), force=False)
        sound = score.with_suffix(".wav")
        if font is None:
            write_whole(sound, to_wave(piece), force=False)
        else:
            render(font, score, sound)
        written += [score, sound]
    if samples and can_draw():
        picture = folder / "pianorolls.png"
        write_whole(picture, to_png(samples, labels), force=False)
        written.append(picture)
    return written


def preview(piece: Piece) -> str:
    """Metre, tempo, length and the first notes, in one line: notes that begin together are joined by ``+``."""
    chords: dict[int, list[str]] = {}
    for note in piece.notes[: 4 * _NOTES_SHOWN]:
        chords.setdefault(note.start, []).append(_called(note, piece))
    shown = ["+".join(chord) for chord in list(chords.values())[:_NOTES_SHOWN]]
    more = " ..." if len({note.start for note in piece.notes}) > len(shown) else ""
    beats = piece.length / piece.steps_per_beat
    metre = " ".join(dict.fromkeys(f"{numerator}/{denominator}" for _, numerator, denominator in piece.metres[:4]))
    head = f"{metre}, {piece.tempo:.0f}/min, {beats:g} beats, {len(piece.notes)} notes"
    return f"{head}: {' '.join(shown)}{more}"


def _called(note: Note, piece: Piece) -> str:
    if piece.program(note.track) == DRUMS:
        return f"drum{note.pitch}"
    return f"{_PITCH_CLASSES[note.pitch % 12]}{note.pitch // 12 - 1}"
