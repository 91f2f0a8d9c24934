"""The rows of all tables, one sequence after the other, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.roles import Roles
from rgan_kit_plugins.domains.series.tables import Table

MAX_LABELS: Final = 1000
_REGULAR: Final = 0.9
_LARGEST: Final = 1e37  # the span of two such numbers is still a float32


@dataclass(frozen=True)
class Clock:
    """A time column whose step is regular.

    Attributes:
        name: of the column.
        moments: whether it holds dates and times (as seconds since 1970), or plain numbers.
        start, step: of the first sequence.
    """

    name: str
    moments: bool
    start: float
    step: float


@dataclass(frozen=True, eq=False)
class Rows:
    """Measurements.

    Attributes:
        values: float32 ``[rows, columns]`` in their own units, nan where missing.
        offsets: int64 ``[sequences + 1]``; sequence ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
        names: what the user calls each sequence.
        jumps: int64, rows before which time jumps.
        labels: int64 ``[rows]``, -1 where there is none; None where the data has no classes.
        label_names: of the classes.
        clock: None where there is no regular time.
        notes: what was found, in words for people.
    """

    values: np.ndarray
    offsets: np.ndarray
    names: list[str]
    jumps: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...]
    clock: Clock | None
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[sequences]``."""
        return np.diff(self.offsets)


@dataclass(frozen=True, eq=False)
class Part:
    """What one table gives: columns as arrays ``[rows]``, ids as numbers of ``names``."""

    values: np.ndarray
    codes: np.ndarray
    names: list[str]
    times: np.ndarray | None
    labels: list[str | None] | None
    beyond: int


def part_of(table: Table, roles: Roles, name: str) -> Part:
    """The columns of a table that have a role.

    Raises:
        DataError: one is missing or of another kind; does not name the file.
    """
    needed = [*roles.values, *(name for name in (roles.time, roles.id, roles.label) if name)]
    absent = [each for each in needed if table.get(each) is None]
    if absent:
        raise DataError(f"it has no column {', '.join(repr(each) for each in absent[:5])}.")
    found = {each: table.get(each) for each in needed}
    values = np.empty((table.rows, len(roles.values)), np.float32)
    for place, each in enumerate(roles.values):
        column = found[each]
        assert column is not None
        column.into(values[:, place])
    beyond = _forget_what_is_not_finite(values)
    identity, time, label = (found.get(each) if each else None for each in (roles.id, roles.time, roles.label))
    codes, names = identity.classes() if identity else (np.zeros(table.rows, np.int64), [name])
    labels = None
    if label:
        places, words = label.classes()
        labels = [None if place < 0 else words[place] for place in places]
    return Part(values, codes, names, time.numbers() if time and time.kind != "text" else None, labels, beyond)


def _forget_what_is_not_finite(values: np.ndarray) -> int:
    """Makes values missing that are infinite or beyond ±1e37, in place; returns how many they were."""
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(values) <= _LARGEST)
    wrong &= ~np.isnan(values)
    values[wrong] = np.nan
    return int(np.count_nonzero(wrong))


def join(parts: Sequence[Part], roles: Roles, moments: bool, row_labels: Sequence[str | None] | None = None) -> Rows:
    """All tables as one, rows of a sequence together and in the order of their time.

    Args:
        parts: of the tables, in order.
        roles: of the columns.
        moments: whether the time column holds dates and times.
        row_labels: the class of each row, from a labels file.

    Raises:
        DataError: the classes are too many.
    """
    notes: dict[str, str] = {}
    shifts = np.cumsum([0, *(len(part.names) for part in parts)])
    codes = np.concatenate(
        [np.where(part.codes < 0, -1, part.codes + s) for part, s in zip(parts, shifts, strict=False)]
    )
    names = [name for part in parts for name in part.names]
    values = np.concatenate([part.values for part in parts]) if len(parts) > 1 else parts[0].values
    times = None
    if all(part.times is not None for part in parts) and roles.time:
        times = np.concatenate([part.times for part in parts if part.times is not None])
    words = list(row_labels) if row_labels is not None else _joined_labels(parts)
    order = _order(codes, times, notes)
    if order is not None:
        values, codes = values[order], codes[order]
        times = None if times is None else times[order]
        words = None if words is None else [words[place] for place in order]
    starts = np.flatnonzero(np.diff(codes, prepend=-2))
    offsets = np.append(starts, len(codes)).astype(np.int64)
    labels, label_names = (None, ()) if words is None else _number(words)
    clock, jumps = (None, np.zeros(0, np.int64)) if times is None else _clock(times, offsets, roles, moments, notes)
    if beyond := sum(part.beyond for part in parts):
        notes["not finite"] = f"{beyond:,} values are infinite or beyond 1e37; they count as missing"
    return Rows(values, offsets, [names[code] for code in codes[starts]], jumps, labels, label_names, clock, notes)


def _joined_labels(parts: Sequence[Part]) -> list[str | None] | None:
    if any(part.labels is None for part in parts):
        return None
    return [word for part in parts for word in part.labels or ()]


def _order(codes: np.ndarray, times: np.ndarray | None, notes: dict[str, str]) -> np.ndarray | None:
    """Puts the rows of a sequence together and in the order of time, and drops those of no sequence; None where they
    are so already."""
    lost = int(np.count_nonzero(codes < 0))
    if lost:
        notes["rows without id"] = f"{lost:,} rows say not which sequence they belong to; they were left out"
    order = np.argsort(codes, kind="stable")
    if times is not None and not np.isnan(times).any():
        same = np.diff(codes[order]) == 0
        if (np.diff(times[order])[same] < 0).any():
            notes["order"] = "rows were put in the order of their time"
            order = np.lexsort((times, codes))
    order = order[lost:]
    return None if np.array_equal(order, np.arange(len(codes))) else order


def _number(words: Sequence[str | None]) -> tuple[np.ndarray, tuple[str, ...]]:
    different = {word for word in words if word is not None}
    if len(different) > MAX_LABELS:
        raise DataError(
            f"The labels have {len(different):,} different values; at most {MAX_LABELS:,} classes are learnt.",
            "Is domain.label the name of a column of measurements?",
        )
    names = tuple(sorted(different, key=_natural))
    places = {name: place for place, name in enumerate(names)}
    return np.array([-1 if word is None else places[word] for word in words], np.int64), names


def _natural(word: str) -> tuple[int, float, str]:
    try:
        return (0, float(word), word)
    except ValueError:
        return (1, 0.0, word)


def _clock(
    times: np.ndarray, offsets: np.ndarray, roles: Roles, moments: bool, notes: dict[str, str]
) -> tuple[Clock | None, np.ndarray]:
    """The regular step of the time column, where nine in ten steps are equal, and the rows where time jumps."""
    inside = np.ones(len(times), np.bool_)
    inside[offsets[:-1]] = False
    steps = np.diff(times, prepend=np.nan)
    known = steps[inside & np.isfinite(steps)]
    step = float(np.median(known)) if len(known) else 0.0
    even = np.abs(steps - step) <= 0.01 * step
    if step <= 0 or np.count_nonzero(even[inside]) < _REGULAR * np.count_nonzero(inside):
        notes["step of time"] = "irregular; rows count as evenly spaced, and no time is written with samples"
        return None, np.zeros(0, np.int64)
    jumps = np.flatnonzero(inside & ~even)
    assert roles.time is not None
    seconds = " s" if moments else ""
    notes["step of time"] = (
        f"{step:g}{seconds}, with {len(jumps):,} jumps" if len(jumps) else f"{step:g}{seconds}, regular"
    )
    return Clock(roles.time, moments, float(times[0]), step), jumps
