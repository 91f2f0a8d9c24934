"""Time columns whose step is regular: in seconds, in months or weekdays of the calendar, or in plain numbers."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, Field

from rgan_kit.files import DecoderManifest
from rgan_kit_plugins.domains.series import moments

_REGULAR: Final = 0.9
_FARTHEST: Final = 250_000_000_000  # seconds: the year 9892
_LARGEST: Final = 1e37
_MOST_STEPS: Final = 12 * 200_000
_HEAD: Final = 1000  # rows that are looked at first
_HOLIDAYS: Final = 5
"""Weekdays apart that are no jump: markets are closed on some."""

Unit = Literal["second", "month", "end of month", "weekday"]


class TimeColumn(BaseModel):
    """A time column whose step is regular.

    Attributes:
        name: of the column.
        moments: whether it holds dates and times, or plain numbers.
        start: of the first sequence; of moments in seconds since 1970, as the clock there shows.
        step: seconds, or months or weekdays of the calendar as ``unit`` says, or in the unit of plain numbers.
        unit: of the step of moments; months that are counted from their last day are ``end of month``, and weekdays
            are those from Monday to Friday.
        form: of moments, as ``moments`` writes them; empty for ``2024-01-31 12:00:00`` (or the date alone).
    """

    model_config = DecoderManifest.model_config

    name: Annotated[str, Field(min_length=1, max_length=200)]
    moments: bool
    start: Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]
    step: Annotated[float, Field(gt=0, le=_LARGEST)]
    unit: Unit = "second"
    form: Annotated[str, Field(max_length=100)] = ""

    def times(self, steps: int) -> list[str]:
        """The time column of a sequence, from its start in even steps; dates beyond any calendar are cut at its end."""
        if self.unit != "second" and self.moments:
            return moments.write(self._by_calendar(steps), self.form or "%Y-%m-%d")
        when = self.start + self.step * np.arange(steps)
        if not self.moments:
            return [str(int(each)) if each.is_integer() else f"{each:.12g}" for each in when.tolist()]
        days = self.step % moments.DAY == 0 and self.start % moments.DAY == 0
        fraction = (np.rint(when * 1e6) % 1_000_000).any()
        return moments.write(when, self.form or ("%Y-%m-%d" if days else _LONG + (".%f" if fraction else "")))

    def _by_calendar(self, steps: int) -> np.ndarray:
        start = float(np.clip(self.start, -_FARTHEST, _FARTHEST))
        first, seconds = np.datetime64(int(start // moments.DAY), "D"), start % moments.DAY
        ahead = np.clip(np.rint(self.step * np.arange(steps)), 0, _MOST_STEPS).astype(np.int64)
        if self.unit == "weekday":
            found = np.busday_offset(first, ahead, roll="forward")
        else:
            month = first.astype("datetime64[M]")
            months = month + ahead
            last = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) - 1
            days = last if self.unit == "end of month" else np.minimum((first - month).astype(np.int64), last)
            found = months.astype("datetime64[D]") + days
        whole: np.ndarray = found.astype(np.int64) * float(moments.DAY) + seconds
        return whole


_LONG: Final = "%Y-%m-%d %H:%M:%S"


def find_clock(
    name: str, times: np.ndarray, offsets: np.ndarray, *, dates: bool, form: str = "", ahead: int = 0
) -> tuple[TimeColumn | None, np.ndarray, str]:
    """The regular step of a time column, where nine in ten steps are equal.

    Args:
        name: of the column.
        times: float64 ``[rows]``, nan where missing.
        offsets: int64 ``[sequences + 1]``.
        dates: whether these are moments, in seconds since 1970.
        form: of moments.
        ahead: how far their clock is ahead of that of Greenwich, in seconds.

    Returns:
        The clock, or None; the rows before which time jumps; and both in words for people.
    """
    inside = np.ones(len(times), np.bool_)
    inside[offsets[:-1]] = False
    unit: Unit = "second"
    counted = times
    if dates and (found := _months(times + ahead)) is not None:
        counted, unit = found
    step, even = _step(counted, inside)
    if dates and not even.any() and (weekdays := _weekdays(times + ahead)) is not None:
        step, even = _step(weekdays, inside)
        even |= (np.diff(weekdays, prepend=np.nan) <= _HOLIDAYS * step) & even.any()
        unit = "weekday"
    if not even.any():
        words = "irregular; rows count as evenly spaced, and no time is written with samples"
        return None, np.zeros(0, np.int64), words
    jumps = np.flatnonzero(inside & ~even)
    word = "" if not dates else " s" if unit == "second" else f" {unit.removeprefix('end of ')}{'s' * (step != 1)}"
    start = float(times[0]) + (ahead if dates else 0)
    clock = TimeColumn(name=name, moments=dates, start=start, step=step, unit=unit, form=form)
    regular = f", with {len(jumps):,} jumps" if len(jumps) else ", regular"
    return clock, jumps, f"{step:g}{word}{regular}"


def _step(counted: np.ndarray, inside: np.ndarray) -> tuple[float, np.ndarray]:
    """The step in the middle, and bool ``[rows]``, which have it; none where it is not nine in ten."""
    steps = np.diff(counted, prepend=np.nan)
    known = steps[inside & np.isfinite(steps)]
    step = float(np.median(known)) if len(known) else 0.0
    even = np.abs(steps - step) <= 0.01 * step
    if step <= 0 or np.count_nonzero(even[inside]) < _REGULAR * np.count_nonzero(inside):
        even[:] = False
    return step, even


def _weekdays(times: np.ndarray) -> np.ndarray | None:
    """Moments as numbers of weekdays, where all are from Monday to Friday and of one time of the day; else None."""
    if not np.isfinite(times).all() or np.ptp(times % moments.DAY) > 0 or np.abs(times).max() > _FARTHEST:
        return None
    days = (times // moments.DAY).astype(np.int64).astype("datetime64[D]")
    if not np.is_busday(days).all():
        return None
    return np.busday_count(np.datetime64("1970-01-01"), days).astype(np.float64)


def _months(times: np.ndarray) -> tuple[np.ndarray, Unit] | None:
    """Moments as numbers of months, where all are of one day (or all of the last one) and one time of it, and of
    several months; else None."""
    known = times[np.isfinite(times)]
    if len(known) < 2 or np.ptp(known[:_HEAD] % moments.DAY) > 0:  # as in most tables; a remainder takes long
        return None
    if np.ptp(known % moments.DAY) > 0 or np.abs(known).max() > _FARTHEST:
        return None
    days = (times // moments.DAY)[np.isfinite(times)].astype(np.int64).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    within = (days - months.astype("datetime64[D]")).astype(np.int64)
    last = ((months + 1).astype("datetime64[D]") - days).astype(np.int64) == 1
    numbers = np.full(len(times), np.nan)
    numbers[np.isfinite(times)] = months.astype(np.int64)
    if np.ptp(numbers[np.isfinite(times)]) == 0:
        return None
    if np.ptp(within) == 0:
        return numbers, "month"
    return (numbers, "end of month") if last.all() else None
