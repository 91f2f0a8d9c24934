"""What the columns of a table are for: values, time, sequence, class."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.tables import Column, Table

SAMPLE_ID: Final = "sample"
"""The id column that is written where the data had none."""

_TIMES: Final = frozenset(
    {"time", "t", "ts", "timestamp", "datetime", "date", "date_time", "step", "index", "year", "seconds", "time_s"}
)
_IDS: Final = frozenset(
    {"id", "sequence", "series", SAMPLE_ID, "trial", "episode", "subject", "patient", "unit", "group", "track", "run"}
)
_ENOUGH_STEPS: Final = 8  # that are equal, for a column to be a count and not data
_SHOWN: Final = 6


@dataclass(frozen=True)
class Roles:
    """Names of columns.

    Attributes:
        values: those that are modelled.
        time, id, label: None where there is none.
        notes: what was decided and why, in words for people.
    """

    values: tuple[str, ...]
    time: str | None
    id: str | None
    label: str | None
    notes: dict[str, str]


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
    notes: dict[str, str] = {}
    named = [*options.columns, *(n for n in (options.time, options.id) if n not in ("auto", "none"))]
    own_label = options.label if label and options.label else None
    for name in [*named, *([own_label] if own_label else [])]:
        if table.get(name) is None:
            raise _absent(table, name)
    taken = {*options.columns, own_label}
    identity = _role(options.id, lambda: None if many_files else _find_id(table, taken))
    time = _role(options.time, lambda: _find_time(table, taken | {identity}, identity))
    notes["time"] = f"column '{time}'" if time else "no column"
    notes["sequences"] = f"by column '{identity}'" if identity else "one a file"
    taken |= {identity, time}
    if options.columns:
        return Roles(options.columns, time, identity, own_label, notes)
    numeric = [column.name for column in table.columns if column.kind == "number" and column.name not in taken]
    others = [column for column in table.columns if column.kind != "number" and column.name not in taken]
    if others:
        notes["columns left out"] = _some([f"{column.name} ({_nature(column)})" for column in others])
    if not numeric:
        raise DataError(
            f"{table.file}: no column of numbers is left to be modelled; it has {_some(list(table.names))}.",
            'Give a table with a column of numbers, or name its columns: --set domain.columns=\'["a","b"]\'',
        )
    return Roles(tuple(numeric), time, identity, own_label, notes)


def _role(asked: str, find: Callable[[], str | None]) -> str | None:
    if asked == "none":
        return None
    return find() if asked == "auto" else asked


def _find_time(table: Table, taken: set[str | None], identity: str | None) -> str | None:
    """The first column of moments; else one that is called so and only rises; else a first column that counts."""
    free = [column for column in table.columns if column.name not in taken]
    moments = [column.name for column in free if column.kind == "moment"]
    if moments:
        return moments[0]
    order, inside = _inside(table, identity)
    for column in free:
        called = column.name.lower() in _TIMES
        if column.kind == "number" and (called or column is table.columns[0]):
            steps = np.diff(column.numbers()[order])[inside]
            rises = len(steps) > 0 and bool((steps > 0).all())
            if rises and (called or (len(steps) >= _ENOUGH_STEPS and np.ptp(steps) <= 1e-9 * steps[0])):
                return column.name
    return None


def _inside(table: Table, identity: str | None) -> tuple[np.ndarray, np.ndarray]:
    """An order of the rows that puts those of a sequence together, and for each but the last, bool ``[rows - 1]``,
    whether the next one belongs to the same."""
    column = table.get(identity) if identity else None
    if column is None:
        return np.arange(table.rows), np.ones(max(0, table.rows - 1), np.bool_)
    codes, _ = column.classes()
    order = np.argsort(codes, kind="stable")
    return order, np.diff(codes[order]) == 0


def _find_id(table: Table, taken: set[str | None]) -> str | None:
    """A column that is called so, and whose values do not number the rows."""
    for column in table.columns:
        name = column.name.lower()
        if column.name in taken or not (name in _IDS or name.removesuffix("_id") in _IDS):
            continue
        _, names = column.classes()
        if 1 < len(names) <= table.rows // 2:
            return column.name
    return None


def _absent(table: Table, name: str) -> DataError:
    near = difflib.get_close_matches(name, table.names, n=3)
    mend = f"Did you mean {' or '.join(near)}?" if near else f"It has: {_some(list(table.names))}."
    return DataError(f"{table.file}: there is no column '{name:.100}'.", mend)


def _nature(column: Column) -> str:
    if column.kind == "moment":
        return "moments"
    try:
        column.numbers()
    except DataError as error:
        return error.problem.rsplit(": ", 1)[-1].rstrip(".")
    return column.kind


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
