"""Which tracks of a song count, by their order, or by name, program or family of instruments."""

from __future__ import annotations

from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import DRUMS, PITCH, TRACK
from rgan_kit_plugins.domains.music.songs import Song

FAMILIES: Final = (
    "piano", "chromatic-percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "synth-lead", "synth-pad", "synth-effects", "ethnic", "percussive", "sound-effects",
)  # fmt: skip
"""Of General MIDI, eight programs each."""

DRUM_WORD: Final = "drums"
MELODY_WORD: Final = "melody"

_MELODIC_NAMES: Final = ("melod", "lead", "vocal", "voice", "sing", "tune", "soprano", "solo")
_LOWEST_SHARE: Final = 0.2  # of the notes of the fullest track: one with fewer is no melody


def chosen(song: Song, word: str) -> np.ndarray:
    """The tracks of a song that a word means: bool ``[tracks]``.

    ``drums`` are those on the drum channel and nothing else is; ``melody`` is one track, the first that is called so,
    else the highest that plays enough; a number is a program; a family is its programs, and the tracks that are called
    so; any other word is a part of a track's name.
    """
    drums = song.programs == DRUMS
    if word == DRUM_WORD:
        return np.asarray(drums)
    if word == MELODY_WORD:
        return _melody(song, drums)
    if word.isdecimal():
        return np.asarray(song.programs == int(word))
    called = np.array([word in name.casefold().replace(" ", "-") for name in song.names], np.bool_)
    if word in FAMILIES:
        called &= np.array([word != "bass" or "bassoon" not in name.casefold() for name in song.names], np.bool_)
        called |= song.programs // 8 == FAMILIES.index(word)
    return np.asarray(called & ~drums)


def _melody(song: Song, drums: np.ndarray) -> np.ndarray:
    names = [name.casefold() for name in song.names]
    called = [any(word in name for word in _MELODIC_NAMES) for name in names]
    named = np.flatnonzero(np.array(called, np.bool_) & ~drums)
    only = np.zeros(len(drums), np.bool_)
    if not len(named):
        counts = np.bincount(song.notes[:, TRACK], minlength=len(drums)) * ~drums
        heights = np.bincount(song.notes[:, TRACK], song.notes[:, PITCH], len(drums)) / np.maximum(counts, 1)
        fit = (counts > 0) & (counts >= _LOWEST_SHARE * counts.max())
        named = np.flatnonzero(fit)[np.argsort(-heights[fit], kind="stable")]
    only[named[:1]] = True
    return only


def described(song: Song) -> str:
    """The tracks of a song for people: ``'Violin' (40), drums``."""
    parts = [
        DRUM_WORD if program == DRUMS else f"{name!r} ({program})" if name else str(program)
        for name, program in zip(song.names, song.programs.tolist(), strict=True)
    ]
    return ", ".join(parts[:6]) + (", …" if len(parts) > 6 else "")
