"""What the columns of a table are for: values, time, sequence, class."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Tally
from rgan_kit_plugins.domains.series.columns import LONGEST_WORD, Cells, ColumnError, Table
from rgan_kit_plugins.domains.series.options import SeriesOptions

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
_SHOWN: Final = 6


@dataclass(frozen=True)
class Roles:
    """Names of columns.

    Attributes:
        values: those that are modelled.
        words: those of ``values`` that hold words and no numbers.
        time, label: None where there is none.
        id: one or two that tell sequences apart; none where each file is one.
        notes: what was decided and why, in words for people.
        tally: columns that are left out.
    """

    values: tuple[str, ...]
    words: frozenset[str] = frozenset()
    time: str | None = None
    id: tuple[str, ...] = ()
    label: str | None = None
    notes: dict[str, str] = field(default_factory=dict)
    tally: Tally | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that has a role."""
        return tuple(dict.fromkeys([*self.values, *self.id, *(n for n in (self.time, self.label) if n)]))


def words_of(options: SeriesOptions) -> frozenset[str]:
    """Columns that the options say hold words: ids, classes, and those to be read as words."""
    named = {*options.categorical, options.label, options.id, *options.id.split(",")}
    return frozenset(name.strip() for name in named) - {"", "auto", "none"}


def decide(table: Table, options: SeriesOptions, *, many_files: bool, label: bool) -> Roles:
    """The roles that the options name, and those that names and values suggest.

    Args:
        table: one that is typical of all.
        options: of the domain.
        many_files: each file is a sequence unless an id column is named.
        label: whether ``options.label`` is a column of the data (and not of the labels file).

    Raises:
        DataError: a column is not there, or none is left to be modelled.
    """
    own_label = options.label if label and options.label else None
    for name in [*options.columns, *options.categorical, *([own_label] if own_label else [])]:
        if table.get(name) is None:
            raise _absent(table, name)
    finding = _Finding(table, {*options.columns, *options.categorical}, own_label, options.id == "auto")
    identity = _asked_id(table, options.id)
    if options.id == "auto" and not many_files:
        identity = finding.named_id()
    if options.time == "auto":
        time, identity = finding.time(identity)
    elif options.time == "none":
        time = None
    else:
        time = options.time
        if table.get(time) is None:
            raise _absent(table, time)
        identity = finding.completed_id(time, identity)
    notes = {**finding.notes, "time": f"column '{time}'" if time else "no column"}
    notes["sequences"] = f"by column{'s' * (len(identity) > 1)} {_quoted(identity)}" if identity else "one a file"
    return _with_values(table, options, Roles((), frozenset(), time, identity, own_label, notes))


def _asked_id(table: Table, asked: str) -> tuple[str, ...]:
    if asked in ("auto", "none"):
        return ()
    names = (asked,) if table.get(asked) is not None else tuple(name.strip() for name in asked.split(","))
    for name in names:
        if table.get(name) is None:
            raise _absent(table, name)
    return names


def _with_values(table: Table, options: SeriesOptions, roles: Roles) -> Roles:
    """The roles, with the columns to be modelled: those asked for, or all numbers and all words of few kinds."""
    taken = {roles.time, roles.label, *roles.id}
    if options.columns:
        values = tuple(dict.fromkeys([*options.columns, *options.categorical]))
        left_out = {}
    else:
        free = [column for column in table.columns if column.name not in taken]
        left_out = {each.name: why for each in free if (why := _why_not(each, options))}
        values = tuple(column.name for column in free if column.name not in left_out)
    if left_out:
        roles.notes["columns left out"] = _some([f"{name} ({why})" for name, why in left_out.items()])
    words = frozenset(n for n in values if (column := table.get(n)) is not None and column.kind == "text")
    if not (options.columns or options.categorical) and len(words) == len(values):
        values = ()
    for name in words if options.columns else ():
        _check_levels(table, name, options)
    if not values:
        raise DataError(
            f"{table.file}: no column of numbers is left to be modelled; it has {_some(list(table.names))}.",
            "Give a table with a column of numbers, or name those to be modelled, which may hold words: "
            '--set domain.columns=\'["a","b"]\'',
        )
    mend = "domain.max_levels keeps words of more kinds, domain.columns names those to be read"
    tally = Tally("columns", "left out", len(left_out), len(table.columns), mend)
    return Roles(values, words, roles.time, roles.id, roles.label, roles.notes, tally)


def _why_not(column: Cells, options: SeriesOptions) -> str:
    """Why a column is not modelled; empty where it is."""
    if column.kind == "moment":
        return "moments"
    if column.kind == "number":
        return ""
    try:
        _, levels = column.classes()
    except ColumnError as error:
        return error.problem.rsplit(": ", 1)[-1].rstrip(".")
    if any(len(level) >= LONGEST_WORD for level in levels):
        return f"words of {LONGEST_WORD:,} signs and more"
    if column.name in options.categorical or len(levels) <= options.max_levels:
        return ""
    try:
        column.numbers()
    except ColumnError as error:
        return f"words of {len(levels):,} kinds, {error.problem.rsplit(': ', 1)[-1].rstrip('.')}"
    return "words"


def _check_levels(table: Table, name: str, options: SeriesOptions) -> None:
    column = table.get(name)
    assert column is not None
    _, levels = column.classes()
    if len(levels) > options.max_levels and name not in options.categorical:
        try:
            column.numbers()
        except ColumnError as error:
            raise ColumnError(
                error.problem, f"It holds words of {len(levels):,} kinds; see domain.max_levels."
            ) from None


class _Finding:
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
                    f"column '{time}' repeats; with {_quoted(more)} each is there once, so that {_quoted(found)} "
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


def _absent(table: Table, name: str) -> DataError:
    near = difflib.get_close_matches(name, table.names, n=3)
    mend = f"Did you mean {' or '.join(near)}?" if near else f"It has: {_some(list(table.names))}."
    return DataError(f"{table.file}: there is no column '{name:.100}'.", mend)


def _quoted(names: tuple[str, ...]) -> str:
    return " and ".join(f"'{name}'" for name in names)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
