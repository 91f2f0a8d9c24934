"""Bars as a sequence of symbols tells them, counted while it is decoded."""

from __future__ import annotations

from rgan_kit_plugins.domains.music.metres import UNIT, Metre
from rgan_kit_plugins.domains.music.vocabulary import metre_of


class BarCount:
    """Where bars begin, one after the other.

    Args:
        metre: until another one is announced.
        steps_per_beat: of the grid.

    Attributes:
        starts: the step at which each bar begins.
        changes: step, numerator and denominator of each metre.
    """

    def __init__(self, metre: Metre, steps_per_beat: int) -> None:
        self._metre, self._now = metre, metre
        self._steps_per_beat = steps_per_beat
        self._units = 0  # at which the present bar ends
        self.starts: list[int] = []
        self.changes: list[tuple[int, int, int]] = []

    @property
    def end(self) -> int:
        """The step at which the present bar ends; 0 before the first one."""
        return (2 * self._units * self._steps_per_beat + UNIT) // (2 * UNIT)

    def announce(self, number: int) -> None:
        """A metre, as the number of its symbol, from the next bar on."""
        self._metre = metre_of(number)

    def begin(self) -> None:
        """The next bar."""
        start = self.end
        if not self.starts or self._metre != self._now:
            self.changes.append((start, self._metre.numerator, self._metre.denominator))
        self._now = self._metre
        self.starts.append(start)
        self._units += self._metre.units
