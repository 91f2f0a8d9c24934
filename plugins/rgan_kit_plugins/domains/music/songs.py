"""A parsed file as arrays, checked, and put on a grid."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import COLUMNS, DURATION, PITCH, START, TRACK, VELOCITY

MOST_BEATS: Final = 20_000
DRUMS: Final = 128
"""Stands for drums among the programs (instruments) of General MIDI, which are 0 to 127."""

_TEMPO: Final = 120.0
_GRIDS: Final = (2, 4, 3, 6, 8, 12)
_USUAL_GRID: Final = 4
_NEAR: Final = 0.01  # of a beat
_NEARLY_ALL: Final = 0.99
_NOTE_BYTES: Final = 10


@dataclass(frozen=True, eq=False)
class Song:
    """What a file holds.

    Attributes:
        ticks_per_beat: of its times.
        beats_per_bar: by its first time signature, 4 where it has none.
        tempos: float64 ``[changes, 2]``: tick, and beats a minute from there on.
        programs: int64 ``[tracks]``, ``DRUMS`` for drums; tracks without notes do not count.
        notes: int64 ``[notes, 5]`` in ticks, columns as in ``notes``.
    """

    ticks_per_beat: int
    beats_per_bar: float
    tempos: np.ndarray
    programs: np.ndarray
    notes: np.ndarray

    def tempo_at(self, beat: float) -> float:
        """Beats a minute at a beat, 120 where nothing is said."""
        place = int(np.searchsorted(self.tempos[:, 0], beat * self.ticks_per_beat, side="right")) - 1
        return float(self.tempos[place, 1]) if place >= 0 else _TEMPO


def unpack(content: bytes) -> Song:
    """A song from what a worker says.

    Raises:
        ValueError: it makes no sense as music; says why.
    """
    size = struct.unpack_from("<I", content)[0]
    head = json.loads(content[4 : 4 + size])
    tracks = head["tracks"]
    counts = [count for _, _, count in tracks]
    total = sum(counts)
    if len(content) != 4 + size + _NOTE_BYTES * total:
        raise ValueError("the parser's answer is damaged")
    if total == 0:
        raise ValueError("there is no note in it")
    ticks = head["ticks_per_beat"]
    if not 1 <= ticks < 2**15:
        raise ValueError(f"{ticks} ticks a beat: times cannot be told")
    notes = np.zeros((total, COLUMNS), np.int64)
    place = 4 + size
    for column, kind in ((START, "<i4"), (DURATION, "<i4"), (PITCH, "u1"), (VELOCITY, "u1")):
        notes[:, column] = np.frombuffer(content, kind, total, place)
        place += total * np.dtype(kind).itemsize
    notes[:, TRACK] = np.repeat(np.arange(len(counts)), counts)
    _check(notes, ticks)
    programs = [DRUMS if drum else min(max(program, 0), DRUMS - 1) for program, drum, _ in tracks]
    return Song(ticks, _beats_per_bar(*head["metre"]), _tempos(head["tempos"]), np.array(programs, np.int64), notes)


def _check(notes: np.ndarray, ticks: int) -> None:
    ends = notes[:, START] + notes[:, DURATION]
    if notes[:, START].min() < 0 or notes[:, DURATION].min() < 0:
        raise ValueError("a note has a time below zero: times overflow")
    if ends.max() > MOST_BEATS * ticks:
        raise ValueError(f"it lasts {ends.max() / ticks:,.0f} beats; at most {MOST_BEATS:,} are read")
    if notes[:, PITCH].max() > 127 or notes[:, VELOCITY].max() > 127:
        raise ValueError("a pitch or velocity is above 127")


def _beats_per_bar(numerator: Any, denominator: Any) -> float:
    beats = 4 * numerator / denominator if numerator > 0 and denominator > 0 else 0.0
    return beats if 1 <= beats <= 64 else 4.0


def _tempos(changes: list[list[float]]) -> np.ndarray:
    tempos = np.array(changes, np.float64).reshape(-1, 2)
    tempos = tempos[np.isfinite(tempos).all(axis=1) & (tempos[:, 1] > 0)]
    tempos[:, 1] = np.clip(tempos[:, 1], 10, 1000)
    return tempos[np.argsort(tempos[:, 0], kind="stable")]


def coarsest_grid(songs: Sequence[Song]) -> int:
    """Steps in a beat of the coarsest grid that nearly all notes begin on; 4 where they begin on none, as they do in
    music that someone played."""
    beats = np.concatenate([song.notes[:, START] / song.ticks_per_beat for song in songs])
    for steps in _GRIDS:
        off = np.abs(beats * steps - np.round(beats * steps)) / steps
        if np.mean(off <= _NEAR) >= _NEARLY_ALL:
            return steps
    return _USUAL_GRID
