"""What the columns of a table are for: values, time, sequence, class."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, Field

from rgan_kit.contracts import DataError, Tally
from rgan_kit.files import DecoderManifest
from rgan_kit_plugins.domains.series.columns import LONGEST_WORD, Cells, ColumnError, Table
from rgan_kit_plugins.domains.series.encoding import Name
from rgan_kit_plugins.domains.series.keys import KeyFinder, quoted
from rgan_kit_plugins.domains.series.options import SeriesOptions

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


class Recorded(BaseModel):
    """How the data were read, so that further files are read alike.

    Attributes:
        id: names of the columns that tell sequences apart.
        time, label: names of columns, or None.
        window: rows in a window; 0 where samples are whole sequences.
        forward_fill: whether missing values were filled with the one before.
        date_format: as the option has it.
    """

    model_config = DecoderManifest.model_config

    id: Annotated[tuple[Name, ...], Field(max_length=8)]
    time: Name | None
    label: Name | None
    window: Annotated[int, Field(ge=0, le=4096)]
    forward_fill: bool
    date_format: Annotated[str, Field(min_length=1, max_length=100)] = "auto"


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
    finding = KeyFinder(table, {*options.columns, *options.categorical}, own_label, options.id == "auto")
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
    notes["sequences"] = f"by column{'s' * (len(identity) > 1)} {quoted(identity)}" if identity else "one a file"
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
        roles.notes["columns left out"] = some([f"{name} ({why})" for name, why in left_out.items()])
    words = frozenset(n for n in values if (column := table.get(n)) is not None and column.kind == "text")
    if not (options.columns or options.categorical) and len(words) == len(values):
        values = ()
    for name in words if options.columns else ():
        _check_levels(table, name, options)
    if not values:
        raise DataError(
            f"{table.file}: no column of numbers is left to be modelled; it has {some(list(table.names))}."
            + (f" Left out: {roles.notes['columns left out']}." if left_out else ""),
            "Give a table with a column of numbers, or name those to be modelled, which may hold words: "
            '--set domain.columns=\'["a","b"]\'',
        )
    hint = "domain.max_levels keeps words of more kinds, domain.columns names those to be read"
    tally = Tally("columns", "left out", len(left_out), len(table.columns), hint)
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


def _absent(table: Table, name: str) -> DataError:
    near = difflib.get_close_matches(name, table.names, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {some(list(table.names))}."
    return DataError(f"{table.file}: there is no column '{name:.100}'.", hint)


def some(names: list[str], most: int = _SHOWN) -> str:
    """Names in a row, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
