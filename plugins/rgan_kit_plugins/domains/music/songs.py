"""A parsed score as arrays, checked, and put on a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.music.keys import name_of
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import COLUMNS, DRUMS, DURATION, PITCH, START, TRACK, VELOCITY

MOST_BEATS: Final = 20_000
NEAR: Final = 0.01
"""Of a beat: what lies so near to the grid lies on it."""

_SLOWEST, _FASTEST = 10.0, 1000.0
_TEMPO: Final = 120.0
_GRIDS: Final = (2, 4, 3, 6, 8, 12)
_USUAL_GRID: Final = 4
_NEARLY_ALL: Final = 0.99
_NOTES_ASKED: Final = 100_000
_NOTE_BYTES: Final = 10
_ACCENT: Final = 105  # velocity that abc2midi gives to the first note of a bar


@dataclass(frozen=True, eq=False)
class Song:
    """What a file holds.

    Attributes:
        ticks_per_beat: of its times.
        metres: int64 ``[changes, 3]``: tick, numerator and denominator, the first at tick 0.
        tempos: float64 ``[changes, 2]``: tick, and beats a minute from there on, the first at tick 0.
        programs: int64 ``[tracks]``, ``DRUMS`` for drums; tracks without notes do not count.
        names: of the tracks, empty for those without one.
        notes: int64 ``[notes, 5]`` in ticks, columns as in ``notes``.
        pedals: int64 ``[presses, 3]``: track, and the ticks from and to which its sustain pedal is down.
        key: its first key signature, such as ``c-major``; empty where it has none.
        repairs: what could not be taken as it stands, by its fate, counted.
    """

    ticks_per_beat: int
    metres: np.ndarray
    tempos: np.ndarray
    programs: np.ndarray
    names: tuple[str, ...]
    notes: np.ndarray
    pedals: np.ndarray
    key: str
    repairs: Mapping[str, int]

    @property
    def end(self) -> int:
        """The tick at which the last note ends."""
        return int((self.notes[:, START] + self.notes[:, DURATION]).max())

    def sustained(self) -> np.ndarray:
        """The notes as they sound: int64 ``[notes, 5]``. One that ends while the pedal is down goes on until it is up,
        or until its key is struck again."""
        if not len(self.pedals):
            return self.notes
        notes = self.notes.copy()
        ends = notes[:, START] + notes[:, DURATION]
        for track in np.unique(self.pedals[:, 0]).tolist():
            presses = self.pedals[self.pedals[:, 0] == track, 1:]
            own = np.flatnonzero(notes[:, TRACK] == track)
            press = np.searchsorted(presses[:, 0], ends[own], side="right") - 1
            held = own[(press >= 0) & (presses[press, 1] > ends[own])]
            released = presses[np.searchsorted(presses[:, 0], ends[held], side="right") - 1, 1]
            order = own[np.lexsort((notes[own, START], notes[own, PITCH]))]
            again = np.full(len(notes), np.iinfo(np.int64).max)
            same = notes[order[1:], PITCH] == notes[order[:-1], PITCH]
            again[order[:-1][same]] = notes[order[1:][same], START]
            notes[held, DURATION] = np.maximum(np.minimum(released, again[held]), ends[held]) - notes[held, START]
        return notes


def song_of(head: Mapping[str, Any], content: bytes) -> Song:
    """A song from what the parser's process says, which a file may have taken over.

    Args:
        head: ``ticks_per_beat``, ``metres``, ``tempos``, ``key``, ``tracks``, ``pedals``, ``repairs``, ``accented``.
        content: of all notes times and durations as int32, pitches and velocities as uint8.

    Raises:
        UnreadableError: it makes no sense as music; says why.
    """
    try:
        tracks = [
            (int(program), bool(drums), int(count), str(name)[:100]) for program, drums, count, name in head["tracks"]
        ]
        counts = [count for _, _, count, _ in tracks]
        ticks = int(head["ticks_per_beat"])
        repairs = {str(fate): int(count) for fate, count in head["repairs"].items()}
        notes = _notes(content, counts)
        pedals = np.array(head["pedals"], np.int64).reshape(-1, 3)
        tempos, metres = _tempos(head["tempos"], repairs), _metres(head["metres"], repairs)
        key = name_of(*map(int, head["key"])) if head["key"] is not None else ""
        accented = bool(head["accented"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableError("the parser's answer is damaged") from error
    if not len(notes):
        endless = repairs.get("endless", 0)
        raise UnreadableError(f"none of its {endless:,} notes has an end" if endless else "there is no note in it")
    if not 1 <= ticks < 2**15:
        raise UnreadableError(f"{ticks} ticks a beat: times cannot be told")
    _check(notes, ticks, repairs)
    programs = np.array(
        [DRUMS if drums else min(max(number, 0), DRUMS - 1) for number, drums, _, _ in tracks], np.int64
    )
    if accented:
        metres = _with_pickup(metres, notes, ticks)
    return Song(ticks, metres, tempos, programs, tuple(name for *_, name in tracks), notes, pedals, key, repairs)


def _notes(content: bytes, counts: list[int]) -> np.ndarray:
    total = sum(counts)
    if min(counts, default=0) < 0 or len(content) != _NOTE_BYTES * total:
        raise ValueError
    notes = np.zeros((total, COLUMNS), np.int64)
    place = 0
    for column, kind in ((START, "<i4"), (DURATION, "<i4"), (PITCH, "u1"), (VELOCITY, "u1")):
        notes[:, column] = np.frombuffer(content, kind, total, place)
        place += total * np.dtype(kind).itemsize
    notes[:, TRACK] = np.repeat(np.arange(len(counts)), counts)
    return notes


def _check(notes: np.ndarray, ticks: int, repairs: dict[str, int]) -> None:
    ends = notes[:, START] + notes[:, DURATION]
    if notes[:, START].min() < 0 or notes[:, DURATION].min() < 0:
        raise UnreadableError("a note has a time below zero: times overflow")
    if ends.max() > MOST_BEATS * ticks:
        raise UnreadableError(f"it lasts {ends.max() / ticks:,.0f} beats; at most {MOST_BEATS:,} are read")
    for column in (PITCH, VELOCITY):
        high = int(np.count_nonzero(notes[:, column] > 127))
        if high:
            repairs["clamped"] = repairs.get("clamped", 0) + high
            notes[:, column] = np.minimum(notes[:, column], 127)
    notes[:, VELOCITY] = np.maximum(notes[:, VELOCITY], 1)


def _tempos(changes: Sequence[Sequence[float]], repairs: dict[str, int]) -> np.ndarray:
    """In order, one a tick, between 10 and 1,000 beats a minute."""
    if not changes:
        return np.array([[0.0, _TEMPO]])
    if len(changes) == 1 and changes[0][0] == 0 and _SLOWEST <= changes[0][1] <= _FASTEST:  # as most files have it
        return np.array([[0.0, float(changes[0][1])]])
    tempos = np.array(changes, np.float64).reshape(-1, 2)
    fit = np.isfinite(tempos).all(axis=1) & (tempos[:, 0] >= 0) & (tempos[:, 1] > 0)
    far = (tempos[:, 1] < _SLOWEST) | (tempos[:, 1] > _FASTEST) | ~fit
    if far.any():
        repairs["clamped"] = repairs.get("clamped", 0) + int(far.sum())
    tempos = tempos[fit]
    tempos[:, 1] = np.clip(tempos[:, 1], _SLOWEST, _FASTEST)
    tempos = tempos[np.argsort(tempos[:, 0], kind="stable")]
    tempos = tempos[np.append(np.diff(tempos[:, 0]) > 0, True)] if len(tempos) else tempos  # of several the last
    if not len(tempos) or tempos[0, 0] > 0:
        tempos = np.concatenate([[[0.0, _TEMPO]], tempos])
    return np.asarray(tempos[np.concatenate([[True], np.diff(tempos[:, 1]) != 0])])


def _metres(changes: Sequence[Sequence[int]], repairs: dict[str, int]) -> np.ndarray:
    """In order, one a tick, each a usable metre."""
    if not changes:
        return np.array([[0, 4, 4]])
    metres = np.array(changes, np.int64).reshape(-1, 3)
    usable = np.array([Metre(*each).usable for each in metres[:, 1:].tolist()], np.bool_)
    if not usable.all():
        repairs["clamped"] = repairs.get("clamped", 0) + int((~usable).sum())
    metres = metres[usable & (metres[:, 0] >= 0)]
    metres = metres[np.argsort(metres[:, 0], kind="stable")]
    metres = metres[np.append(np.diff(metres[:, 0]) > 0, True)] if len(metres) else metres
    if not len(metres) or metres[0, 0] > 0:
        metres = np.concatenate([[[0, 4, 4]], metres])
    return np.asarray(metres[np.concatenate([[True], (np.diff(metres[:, 1:], axis=0) != 0).any(axis=1)])])


def _with_pickup(metres: np.ndarray, notes: np.ndarray, ticks: int) -> np.ndarray:
    """The metres of a tune in ABC with its pickup as a bar of its own: the parser does not tell where bars begin, but
    plays their first notes loudest."""
    metre = Metre(*metres[0, 1:].tolist())
    bar = metre.beats * ticks
    until = metres[1, 0] if len(metres) > 1 else np.inf
    first = notes[notes[:, TRACK] == notes[0, TRACK]]
    loud = first[(first[:, VELOCITY] == _ACCENT) & (first[:, START] < until) & (first[:, START] > bar / 64), START]
    if not len(loud):
        return metres
    unit = ticks / 16
    phases = np.round(loud % bar / unit).astype(np.int64) % metre.units
    phase = int(np.bincount(phases).argmax())
    if phase == 0:
        return metres
    pickup = Metre.of_units(phase, metre)
    return np.concatenate([
        [[0, pickup.numerator, pickup.denominator], [round(phase * unit), metre.numerator, metre.denominator]],
        metres[1:],
    ]).astype(np.int64)  # fmt: skip


def coarsest_grid(songs: Sequence[Song]) -> int:
    """Steps in a beat of the coarsest grid that nearly all notes begin on, and end on, where they end on any; 4 where
    they begin on none, as they do in music that someone played."""
    every = 1 + sum(len(song.notes) for song in songs) // _NOTES_ASKED
    starts = np.concatenate([song.notes[::every, START] / song.ticks_per_beat for song in songs])
    ends = starts + np.concatenate([song.notes[::every, DURATION] / song.ticks_per_beat for song in songs])
    fitting = [steps for steps in _GRIDS if _lie_on(starts, steps)]
    whole = [steps for steps in fitting if _lie_on(ends, steps)]
    return next(iter(whole or fitting), _USUAL_GRID)


def _lie_on(beats: np.ndarray, steps: int) -> bool:
    off = np.abs(beats * steps - np.round(beats * steps)) / steps
    return bool(np.mean(off <= NEAR) >= _NEARLY_ALL)
