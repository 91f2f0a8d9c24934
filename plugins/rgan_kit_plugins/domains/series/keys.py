"""Which columns say when a row was taken, and which sequence it is of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.series.columns import Cells, Table

SAMPLE_ID: Final = "sample"
"""The id column that is written where the data had none, or one of two columns."""

_TIMES: Final = frozenset(
    {"time", "t", "ts", "timestamp", "datetime", "date", "date_time", "step", "index", "year", "seconds", "time_s",
     "month", "week", "day"}
)  # fmt: skip
_IDS: Final = frozenset(
    {"id", "sequence", "series", SAMPLE_ID, "trial", "episode", "subject", "patient", "unit", "group", "track", "run",
     "symbol", "ticker", "user", "customer", "device", "participant", "session", "engine", "person", "player"}
)  # fmt: skip
_ENOUGH_STEPS: Final = 8  # that are equal, for a column to be a count and not data
_MOST_CANDIDATES: Final = 12


class KeyFinder:
    """Looks for the columns of time and sequence.

    Args:
        table: one that is typical of all.
        taken: columns that are modelled, whatever they look like.
        label: the column of classes, which tells sequences apart only where nothing else does.
        free_id: whether the columns of the sequence are to be found.
    """

    def __init__(self, table: Table, taken: set[str], label: str | None, free_id: bool) -> None:
        self.table, self.taken, self.label, self.free_id = table, taken, label, free_id
        self.notes: dict[str, str] = {}
        self._known: dict[tuple[str, ...], int] = {}

    def named_id(self) -> tuple[str, ...]:
        """A column that is called so, and whose values do not number the rows."""
        for column in self.table.columns:
            name = column.name.lower()
            if column.name in self.taken or column.name == self.label:
                continue
            if (name in _IDS or name.removesuffix("_id") in _IDS) and _is_whole(column):
                _, names = column.classes()
                if 1 < len(names) <= self.table.rows // 2:
                    return (column.name,)
        return ()

    def time(self, identity: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        """The first column of moments, where possible one that no sequence has twice; else one that is called so and
        only rises; else a first column that counts. And the columns of the sequence, where they follow from it."""
        free = [each for each in self.table.columns if each.name not in {*self.taken, *identity, self.label}]
        moments = [column for column in free if column.kind == "moment"]
        for column in moments:
            completed = self.completed_id(column.name, identity)
            if self._repeats(column, completed) == 0:
                return column.name, completed
        if moments:
            return moments[0].name, identity
        for column in free:
            called = column.name.lower() in _TIMES
            if column.kind != "number" or not (called or column is self.table.columns[0]):
                continue
            order, inside = self._inside(identity)
            steps = np.diff(column.numbers()[order])[inside]
            if len(steps) and bool((steps > 0).all()):
                if called or (len(steps) >= _ENOUGH_STEPS and np.ptp(steps) <= 1e-9 * steps[0]):
                    return column.name, identity
            elif called and (completed := self.completed_id(column.name, identity)) != identity:
                return column.name, completed
        return None, identity

    def completed_id(self, time: str, identity: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of the sequence and, where times repeat within it, those that make them single."""
        column = self.table.get(time)
        assert column is not None
        if not self.free_id or self._repeats(column, identity) == 0 or len(identity) > 1:
            return identity
        for more in self._candidates(column, identity):
            found = (*identity, *more)
            if self._repeats(column, found) == 0:
                self.notes["times"] = (
                    f"column '{time}' repeats; with {quoted(more)} each is there once, so that {quoted(found)} "
                    "tells sequences apart (domain.id decides)"
                )
                return found
        return identity

    def _candidates(self, time: Cells, identity: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Columns that may tell sequences apart: words, whole numbers of few kinds, the class, then two of them."""
        taken = {*self.taken, *identity, time.name, self.label}
        often = np.unique(time.numbers(), return_counts=True)[1].max(initial=1)
        names: list[str] = []
        for kind, most in (("text", self.table.rows // 2), ("number", min(self.table.rows // 2, 2 * int(often)))):
            for column in self.table.columns:
                if column.kind == kind and column.name not in taken and _is_whole(column):
                    _, different = column.classes()
                    if 1 < len(different) <= most:
                        names.append(column.name)
        names = names[:_MOST_CANDIDATES]
        yield from ((name,) for name in names)
        if self.label is not None:
            yield (self.label,)
        if not identity:
            yield from combinations(names, 2)

    def _repeats(self, time: Cells, identity: tuple[str, ...]) -> int:
        """Rows whose time another row of the same sequence has."""
        asked = (time.name, *identity)
        if asked not in self._known:
            codes, _ = codes_of(self.table, identity)
            times = time.numbers()
            if identity or (np.diff(times) < 0).any():
                order = np.lexsort((times, codes))
                codes, times = codes[order], times[order]
            same = (np.diff(codes) == 0) & (np.diff(times) == 0)
            self._known[asked] = int(np.count_nonzero(same & (codes[1:] >= 0)))
        return self._known[asked]

    def _inside(self, identity: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        """An order of the rows that puts those of a sequence together, and for each but the last, bool ``[rows - 1]``,
        whether the next one belongs to the same."""
        if not identity:
            return np.arange(self.table.rows), np.ones(max(0, self.table.rows - 1), np.bool_)
        codes, _ = codes_of(self.table, identity)
        order = np.argsort(codes, kind="stable")
        return order, np.diff(codes[order]) == 0


def codes_of(table: Table, identity: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """int64 ``[rows]``, which sequence each row is of, -1 for none; and what each is called. Without columns of a
    sequence, all rows are of one."""
    if not identity:
        return np.zeros(table.rows, np.int64), [table.file.name]
    columns = [table.get(name) for name in identity]
    found = [column.classes() for column in columns if column is not None]
    codes, names = found[0]
    for more, others in found[1:]:
        joined = np.where((codes < 0) | (more < 0), -1, codes * len(others) + more)
        different, first, places = np.unique(joined, return_index=True, return_inverse=True)
        names = [f"{names[codes[row]]} / {others[more[row]]}" for row in first[different >= 0].tolist()]
        codes = places - (1 if different[0] < 0 else 0)
    return codes.astype(np.int64), names


def _is_whole(column: Cells) -> bool:
    """Whether this is a column of words or of whole numbers."""
    if column.kind != "number":
        return column.kind == "text"
    numbers = column.numbers()
    known = numbers[np.isfinite(numbers)]
    return bool((known == np.rint(known)).all())


def quoted(names: tuple[str, ...]) -> str:
    """``'store' and 'item'``."""
    return " and ".join(f"'{name}'" for name in names)
