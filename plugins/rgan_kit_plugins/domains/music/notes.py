"""Notes on a grid: what every representation is made from and turns back into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from rgan_kit_plugins.domains.music.metres import UNIT, Bars, Metre

START: Final = 0
DURATION: Final = 1
PITCH: Final = 2
VELOCITY: Final = 3
TRACK: Final = 4
COLUMNS: Final = 5
PITCHES: Final = 128
DRUMS: Final = 128
"""Stands for drums among the programs (instruments) of General MIDI, which are 0 to 127."""

_KEYS: Final = (DRUMS + 1) * PITCHES


@dataclass(frozen=True)
class Note:
    """A note: ``start`` and ``duration`` in steps, ``pitch`` and ``velocity`` as MIDI has them, ``track`` from 0."""

    start: int
    duration: int
    pitch: int
    velocity: int
    track: int = 0


@dataclass(frozen=True)
class Piece:
    """A sample of music.

    Attributes:
        notes: in the order of start, track and pitch.
        length: steps, silence at the end included.
        tempo: beats (quarter notes) a minute, from the beginning.
        steps_per_beat: steps in a beat.
        metres: step, numerator and denominator of each metre, the first at step 0; 4/4 where there is none.
        tempos: further tempos, by the step from which they hold.
        programs: General MIDI instrument of each track, ``DRUMS`` for drums; pianos where there are none.
    """

    notes: tuple[Note, ...]
    length: int
    tempo: float
    steps_per_beat: int
    metres: tuple[tuple[int, int, int], ...] = ()
    tempos: tuple[tuple[int, float], ...] = ()
    programs: tuple[int, ...] = ()

    def program(self, track: int) -> int:
        """The instrument of a track."""
        return self.programs[track] if track < len(self.programs) else 0

    def seconds(self, steps: np.ndarray) -> np.ndarray:
        """When each of some steps is, float64, by all tempos."""
        changes = [(0, self.tempo), *self.tempos]
        places = np.array([step for step, _ in changes], np.float64)
        lasts = 60 / (np.array([tempo for _, tempo in changes]) * self.steps_per_beat)
        begins = np.concatenate([[0.0], np.cumsum(np.diff(places) * lasts[:-1])])
        tempo = np.maximum(np.searchsorted(places, steps, side="right") - 1, 0)
        return np.asarray(begins[tempo] + (steps - places[tempo]) * lasts[tempo])

    @property
    def exact_metres(self) -> list[tuple[int, Metre]]:
        """Each metre and where it begins, in ``UNIT``s of a beat: between two steps where a bar of the one before is
        no whole number of them."""
        found: list[tuple[int, Metre]] = []
        for start, numerator, denominator in self.metres or ((0, 4, 4),):
            units = round(start * UNIT / self.steps_per_beat)
            if found:
                before, metre = found[-1]
                whole = before + metre.units * round((units - before) / metre.units)
                units = whole if self._step(whole) == start else units
            found.append((units, Metre(numerator, denominator)))
        return found

    def bar_lines(self) -> Iterator[int]:
        """The step at which each bar begins."""
        metres = self.exact_metres
        for (units, metre), end in zip(
            metres, [*(each[0] for each in self.metres[1:]), max(self.length, 1)], strict=True
        ):
            line = units
            while self._step(line) < end:
                yield self._step(line)
                line += metre.units

    def _step(self, units: int) -> int:
        return (2 * units * self.steps_per_beat + UNIT) // (2 * UNIT)


@dataclass(frozen=True)
class Defaults:
    """What holds for a sample where its sequence says nothing about it.

    Attributes:
        steps_per_beat: steps in a beat.
        metre: of its bars.
        tempo: beats a minute.
        velocity: of its notes.
        programs: instrument of each track.
    """

    steps_per_beat: int
    metre: Metre
    tempo: float
    velocity: int
    programs: tuple[int, ...] = (0,)

    def piece(
        self,
        notes: np.ndarray,
        length: int,
        *,
        metres: Sequence[tuple[int, int, int]] = (),
        tempos: Sequence[tuple[int, float]] = (),
        programs: Sequence[int] | None = None,
    ) -> Piece:
        """A sample of notes (int64 ``[notes, 5]``); all else is as in ``Piece``, a tempo at step 0 among the others."""
        own = dict(tempos)
        tempo = own.pop(0, self.tempo)
        return Piece(
            tuple(Note(*row) for row in notes.tolist()),
            length,
            tempo,
            self.steps_per_beat,
            tuple(metres) or ((0, self.metre.numerator, self.metre.denominator),),
            tuple(sorted(own.items())),
            self.programs if programs is None else tuple(programs),
        )


@dataclass(frozen=True, eq=False)
class Passage:
    """A part of a score as arrays, from one bar line to another.

    Attributes:
        notes: int64 ``[notes, 5]`` with the columns above; starts are counted from the passage's own.
        bars: all of its bars.
        tempos: float64 ``[changes, 2]``: step and beats a minute, the first at step 0.
    """

    notes: np.ndarray
    bars: Bars
    tempos: np.ndarray

    @property
    def length(self) -> int:
        """Steps."""
        return self.bars.length

    @property
    def tempo(self) -> float:
        """At the beginning."""
        return float(self.tempos[0, 1])

    def halves(self) -> list[Passage]:
        """The two sides of the bar line nearest to its middle, as far as they hold notes; a note that lasts across it
        is cut there and begins again."""
        bar = max(1, int(np.abs(self.bars.starts[1:-1] - self.length / 2).argmin()) + 1)
        edge = int(self.bars.starts[bar])
        starts, ends = self.notes[:, START], self.notes[:, START] + self.notes[:, DURATION]
        before, after = self.notes[starts < edge], self.notes[ends > edge]
        before[:, DURATION] = np.minimum(before[:, DURATION], edge - before[:, START])
        late = np.maximum(after[:, START], edge)
        after[:, DURATION] += after[:, START] - late
        after[:, START] = late - edge
        sides = [
            Passage(before, self.bars.part(0, bar), tempos_within(self.tempos, 0, edge)),
            Passage(after, self.bars.part(bar, len(self.bars)), tempos_within(self.tempos, edge, self.length)),
        ]
        return [side for side in sides if len(side.notes)]


def tempos_within(tempos: np.ndarray, start: int, end: int) -> np.ndarray:
    """Those that hold from step ``start`` to ``end``, counted from ``start``: float64 ``[changes, 2]``."""
    first = max(int(np.searchsorted(tempos[:, 0], start, side="right")) - 1, 0)
    last = max(int(np.searchsorted(tempos[:, 0], end, side="left")), first + 1)
    own = tempos[first:last] - [start, 0.0]
    own[0, 0] = 0.0
    return own


class Settled(NamedTuple):
    """Notes that one player can play, and what became of the others.

    Attributes:
        notes: int64 ``[notes, 5]`` in the order of start, track and pitch; those of a piece together.
        owners: int64 ``[notes]``, the piece of each.
        merged: how many began together with another of their key, and are one with it.
        shortened: how many end earlier, where the next of their key begins.
    """

    notes: np.ndarray
    owners: np.ndarray
    merged: int = 0
    shortened: int = 0


def settle(notes: np.ndarray, owners: np.ndarray | None = None, *, held: bool = False) -> Settled:
    """As one key of an instrument plays: where two notes of one pitch and track begin together the longer one stays,
    and a note ends where the next of its pitch begins.

    Args:
        notes: int64 ``[notes, 5]``.
        owners: int64 ``[notes]``: which piece each belongs to; all to one where None.
        held: a key that is struck again while another note holds it sounds as long as that, as when two voices meet.
    """
    if len(notes) == 0:
        return Settled(notes, np.zeros(0, np.int64))
    owners = np.zeros(len(notes), np.int64) if owners is None else owners
    span = int(notes[:, START].max()) + 1
    keys = (owners * _KEYS + notes[:, TRACK] * PITCHES + notes[:, PITCH]) * span
    order = np.argsort(keys + notes[:, START])
    notes, owners, keys = notes[order], owners[order], keys[order]
    firsts = np.flatnonzero(np.diff(keys + notes[:, START], prepend=-1))  # of those that begin together
    merged = len(notes) - len(firsts)
    durations = np.maximum.reduceat(notes[:, DURATION], firsts)
    notes, owners, keys = notes[firsts], owners[firsts], keys[firsts]
    if held:
        far = np.cumsum(np.diff(keys, prepend=-1) > 0) * 2 * (int((notes[:, START] + durations).max()) + 1)
        durations = np.maximum.accumulate(far + notes[:, START] + durations) - far - notes[:, START]
    room = np.where(keys[1:] == keys[:-1], np.diff(notes[:, START]), durations[:-1])
    shortened = int(np.count_nonzero(room < durations[:-1]))
    durations[:-1] = np.minimum(durations[:-1], room)
    notes[:, DURATION] = durations
    order = in_order(notes, owners)
    return Settled(notes[order], owners[order], merged, shortened)


def in_order(notes: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The order of owner, start, track and pitch: int64 ``[notes]``."""
    span = int(notes[:, START].max(initial=0)) + 1
    key = notes[:, TRACK] * PITCHES + notes[:, PITCH]
    return np.argsort((owners * span + notes[:, START]) * _KEYS + key)


def steps_of(starts: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every step at which each note sounds, and which note that is: int64 ``[sum of durations]`` both."""
    numbers = np.repeat(np.arange(len(starts)), durations)
    within = np.arange(len(numbers)) - np.repeat(np.cumsum(durations) - durations, durations)
    return starts[numbers] + within, numbers


def joined(passages: Sequence[Passage]) -> tuple[np.ndarray, np.ndarray]:
    """The notes of all passages, and the number of the passage of each."""
    owners = np.repeat(np.arange(len(passages)), [len(passage.notes) for passage in passages])
    return np.concatenate([passage.notes for passage in passages]), owners
