"""Metres, and the bar lines that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

UNIT: Final = 16
"""Parts of a beat (a quarter note) that every bar is a whole number of: a sixty-fourth note."""

MOST: Final = 99
DENOMINATORS: Final = (1, 2, 4, 8, 16, 32, 64)
_MOST_BEATS: Final = 64
_MOST_BARS: Final = 100_000


@dataclass(frozen=True, order=True)
class Metre:
    """A time signature, such as 6/8.

    Attributes:
        numerator: 1 to 99.
        denominator: a power of two up to 64.
    """

    numerator: int = 4
    denominator: int = 4

    @property
    def units(self) -> int:
        """Length of its bar in sixty-fourth notes."""
        return 4 * UNIT * self.numerator // self.denominator

    @property
    def beats(self) -> float:
        """Length of its bar in quarter notes."""
        return self.units / UNIT

    @property
    def usable(self) -> bool:
        """Whether its numbers are in range."""
        return 1 <= self.numerator <= MOST and self.denominator in DENOMINATORS and self.units <= _MOST_BEATS * UNIT

    @classmethod
    def of_units(cls, units: int, like: Metre) -> Metre:
        """A metre whose bar has a length, counted in the same notes as ``like`` where that is possible."""
        for denominator in DENOMINATORS[DENOMINATORS.index(like.denominator) :]:
            numerator, left = divmod(units * denominator, 4 * UNIT)
            if not left and 1 <= numerator <= MOST:
                return cls(numerator, denominator)
        return like

    @classmethod
    def of_beats(cls, beats: float) -> Metre:
        """The metre that older model files mean by a number of beats: quarters where the bar is made of them, or
        smaller parts."""
        return cls.of_units(max(1, round(beats * UNIT)), cls())

    def __str__(self) -> str:
        """``6/8``."""
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of a piece.

    Attributes:
        starts: int64 ``[bars + 1]``, the step at which each begins, and the one at which the last ends.
        metres: int64 ``[bars, 2]``, numerator and denominator of each.
    """

    starts: np.ndarray
    metres: np.ndarray

    def __len__(self) -> int:
        return len(self.metres)

    @property
    def length(self) -> int:
        """Steps of all of them."""
        return int(self.starts[-1] - self.starts[0])

    @property
    def changes(self) -> np.ndarray:
        """bool ``[bars]``: those with another metre than the bar before; the first one is one."""
        return np.concatenate([[True], (np.diff(self.metres, axis=0) != 0).any(axis=1)])

    @property
    def main(self) -> np.ndarray:
        """The metre that most of them have, the longest of several: int64 ``[1, 2]``."""
        if not self.changes[1:].any():
            return self.metres[:1]
        distinct, counts = np.unique(self.metres, axis=0, return_counts=True)
        return distinct[np.lexsort((distinct[:, 0] / distinct[:, 1], counts))[-1:]]

    def part(self, first: int, end: int) -> Bars:
        """Bars ``first`` to ``end``, counted from the first of them."""
        return Bars(self.starts[first : end + 1] - self.starts[first], self.metres[first:end])

    def metre(self, bar: int) -> Metre:
        """Of a bar."""
        return Metre(*self.metres[bar].tolist())

    @classmethod
    def of(cls, metres: np.ndarray, steps_per_beat: int) -> Bars:
        """Bars of these metres (int64 ``[bars, 2]``), one after the other from step 0. A bar that the grid cannot hold
        (13/32 on a grid of sixteenths) is rounded where it begins, and nothing drifts."""
        units = 4 * UNIT * metres[:, 0] // metres[:, 1]
        return cls(_steps(np.concatenate([[0], np.cumsum(units)]), steps_per_beat), metres)

    @classmethod
    def covering(cls, changes: np.ndarray, ticks_per_beat: int, end: int, steps_per_beat: int) -> Bars:
        """The bars of a score up to a tick.

        Args:
            changes: int64 ``[changes, 3]``: tick, numerator and denominator, the first at tick 0. A bar that the next
                change cuts short has the metre that its length makes: 3/4 after one beat of 4/4 is 1/4, then 3/4.
            ticks_per_beat: of the score.
            end: the last bar holds the tick before it.
            steps_per_beat: of the grid.
        """
        places = [round(tick * UNIT / ticks_per_beat) for tick in changes[:, 0].tolist()]
        last = -(-end * UNIT // ticks_per_beat)
        starts: list[np.ndarray] = []
        metres: list[np.ndarray] = []
        for place, (_, numerator, denominator), until in zip(
            places, changes.tolist(), [*places[1:], None], strict=True
        ):
            metre = Metre(numerator, denominator)
            stop = max(last, place + 1) if until is None else min(until, max(last, place))
            count = min(-(-(stop - place) // metre.units), _MOST_BARS)
            if count <= 0:
                continue
            own = np.tile([[numerator, denominator]], (count, 1))
            over = count * metre.units - (stop - place)
            if until is not None and stop == until and over:
                short = Metre.of_units(metre.units - over, metre)
                own[-1] = short.numerator, short.denominator
            starts.append(place + metre.units * np.arange(count))
            metres.append(own)
        ends = starts[-1][-1] + Metre(*metres[-1][-1].tolist()).units
        return cls(_steps(np.append(np.concatenate(starts), ends), steps_per_beat), np.concatenate(metres))


def _steps(units: np.ndarray, steps_per_beat: int) -> np.ndarray:
    """The nearest step of each, the later one of two."""
    return np.asarray((2 * units * steps_per_beat + UNIT) // (2 * UNIT), np.int64)
