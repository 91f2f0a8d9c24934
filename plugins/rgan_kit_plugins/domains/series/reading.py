"""One reader for training and for further files: from a path to the rows of all its tables, with what could not be
read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Tally
from rgan_kit.files import Fingerprint, Found, find, nothing_usable
from rgan_kit_plugins.domains.series.clock import TimeColumn, find_clock
from rgan_kit_plugins.domains.series.columns import MAX_CELLS, Cells, HowToRead, Table
from rgan_kit_plugins.domains.series.keys import codes_of
from rgan_kit_plugins.domains.series.order import forget_what_is_not_finite, in_order, without_twins
from rgan_kit_plugins.domains.series.roles import Roles
from rgan_kit_plugins.domains.series.tables import ENDINGS, read_table
from rgan_kit_plugins.domains.series.words import natural, numbered

MAX_BYTES: Final = 2**30
MAX_FILES: Final = 100_000


@dataclass(frozen=True, eq=False)
class Tables:
    """What lies at a path.

    Attributes:
        found: its files.
        tables: those that could be read.
        places: for each table, the place of its file in ``found.files``.
        left_out: all else, and why.
        mark: of the contents.
    """

    found: Found
    tables: list[Table]
    places: list[int]
    left_out: dict[str, str]
    mark: Fingerprint


@dataclass(frozen=True, eq=False)
class Rows:
    """Measurements, one sequence after the other, in the order of time.

    Attributes:
        values: float64 ``[rows, columns]`` in their own units, nan where missing; numbers of ``levels`` for words.
        offsets: int64 ``[sequences + 1]``; sequence ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
        files: int64 ``[sequences]``, the place of the file in what was found.
        jumps: int64, rows before which time jumps.
        levels: for each column, the words in it; empty for numbers.
        labels: int64 ``[rows]``, -1 where there is none; None where the data has no classes.
        label_names: of the classes.
        clock: None where there is no regular time.
        notes: what was found, in words for people.
        tallies: what was not taken as it is.
    """

    values: np.ndarray
    offsets: np.ndarray
    files: np.ndarray
    jumps: np.ndarray
    levels: tuple[tuple[str, ...], ...]
    labels: np.ndarray | None
    label_names: tuple[str, ...]
    clock: TimeColumn | None
    notes: dict[str, str] = field(default_factory=dict)
    tallies: list[Tally] = field(default_factory=list)

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[sequences]``."""
        return np.diff(self.offsets)


def read_tables(path: Path, how: HowToRead, *, leave_out: Sequence[str] = (), held_out: Sequence[str] = ()) -> Tables:
    """All tables at a path that can be read.

    Raises:
        DataError: the single file, or every file of the folder, cannot be read.
    """
    found = find(
        path, ENDINGS, leave_out=leave_out, held_out=held_out, most_bytes_in_all=MAX_BYTES, most_files=MAX_FILES
    )
    read = Tables(found, [], [], dict(found.left_out), Fingerprint())
    cells = 0
    for place, file in enumerate(found.files):
        try:
            content = content_of(file)
            table = read_table(file, content, how)
        except DataError as error:
            if file == path:
                raise
            read.left_out[found.name(file)] = error.problem.removeprefix(f"{file}: ")
            continue
        read.mark.add(content)
        cells += table.rows * len(table.columns)
        if cells > MAX_CELLS:
            raise DataError(f"{path}: more than {MAX_CELLS:,} values.", "Train on a part of it.")
        read.tables.append(table)
        read.places.append(place)
    if not read.tables:
        raise nothing_usable(path, read.left_out, "Give tables with the same columns.")
    return read


def content_of(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error


def typical(tables: Sequence[Table]) -> Table:
    """The first of those with the most frequent columns."""
    common, _ = Counter(table.names for table in tables).most_common(1)[0]
    return next(table for table in tables if table.names == common)


def rows_of(
    read: Tables,
    roles: Roles,
    *,
    levels: Mapping[str, Sequence[str]] | None = None,
    row_labels: Sequence[str | None] | None = None,
) -> Rows:
    """All tables as one, rows of a sequence together and in the order of their time. Tables that do not fit are left
    out, and go into ``read.left_out``.

    Args:
        read: the tables.
        roles: of their columns.
        levels: the words that a column of words may have; None for those that are there.
        row_labels: the class of each row, from a labels file.

    Raises:
        DataError: the only table does not fit, a word is not known, times repeat, or the classes are too many.
    """
    parts = _parts(read, roles)
    notes: dict[str, str] = {}
    codes = _numbered_on(parts)
    of_file = np.repeat([part.place for part in parts], [len(part.names) for part in parts])
    times = _joined([part.times for part in parts])
    words = [list(row_labels)] if row_labels is not None else [part.labels for part in parts if part.labels is not None]
    labels, label_names = numbered(words) if (words and roles.label) or row_labels is not None else (None, ())
    columns = [_column(parts, place, name, (levels or {}).get(name)) for place, name in enumerate(roles.values)]
    order, tallies = in_order(codes, times, sum(table.stray for table in read.tables), read.found.path, roles, notes)
    values = np.empty((len(roles.values), len(codes) if order is None else len(order)))  # a column after the other
    for place, (column, _) in enumerate(columns):
        values[place] = column if order is None else column[order]
    if order is not None:
        codes = codes[order]
        times = None if times is None else times[order]
        labels = None if labels is None else labels[order]
    tallies.append(forget_what_is_not_finite(values))
    kept = without_twins(codes, times, values, notes, tallies, read.found.path, roles)
    if kept is not None:
        values, codes, times = values[:, kept], codes[kept], times[kept] if times is not None else None
        labels = None if labels is None else labels[kept]
    starts = np.flatnonzero(np.diff(codes, prepend=-2))
    offsets = np.append(starts, len(codes)).astype(np.int64)
    clock, jumps = _clock(times, offsets, parts, roles, notes)
    names = tuple(tuple(own) for _, own in columns)
    return Rows(values.T, offsets, of_file[codes[starts]], jumps, names, labels, label_names, clock, notes, tallies)


def labels_of(file: Path, content: bytes, label: str, read: Tables, roles: Roles) -> list[str | None]:
    """The class of each row of the data: by row, or by the id (or file name) in the first column of the labels.

    Raises:
        DataError: the labels do not fit.
    """
    table = read_table(file, content, HowToRead())
    names = table.names
    if label and label not in names:
        raise DataError(f"{file}: there is no column '{label}'; it has {', '.join(names[:10])}.")
    if not label and len(names) > 2:
        raise DataError(
            f"{file}: it has {len(names):,} columns; which one is the class?",
            f"Say it, for example: --set domain.label={names[-1]}",
        )
    own = label or names[-1]
    table = read_table(file, content, HowToRead(words=frozenset({own, names[0]})))
    codes, words = _classes(table, own)
    places, keys = _classes(table, names[0])
    classes = [None if code < 0 else words[code] for code in codes]
    parts = _parts(read, roles)
    rows = sum(len(part.codes) for part in parts)
    if table.rows == rows:
        return classes
    by_key = {keys[place]: word for place, word in zip(places, classes, strict=True) if place >= 0}
    known = [by_key.get(name, by_key.get(Path(name).stem)) for part in parts for name in part.names]
    if all(word is None for word in known):
        raise DataError(
            f"{file}: it has {table.rows:,} rows and the data {rows:,}, and its first column '{names[0]}' names "
            "no sequence of the data.",
            "Give as many rows as the data has, or one row for each id or file name.",
        )
    return [None if code < 0 else known[code] for code in _numbered_on(parts)]


@dataclass(frozen=True, eq=False)
class _TablePart:
    """What one table gives; ids are numbers of ``names``."""

    table: Table
    place: int
    columns: list[Cells]
    codes: np.ndarray
    names: list[str]
    times: np.ndarray | None
    labels: list[str | None] | None


def _numbered_on(parts: Sequence[_TablePart]) -> np.ndarray:
    """int64 ``[rows]``: the sequence of each row of all tables, those of a table numbered on from the one before; -1
    for none."""
    if len(parts) == 1:
        return parts[0].codes
    shifts = np.cumsum([0, *(len(part.names) for part in parts)])
    return np.concatenate([np.where(p.codes < 0, -1, p.codes + s) for p, s in zip(parts, shifts, strict=False)])


def _parts(read: Tables, roles: Roles) -> list[_TablePart]:
    parts = []
    for table, place in zip(read.tables, read.places, strict=True):
        name = read.found.name(table.file)
        try:
            parts.append(_part(table, place, roles))
        except DataError as error:
            if table.file == read.found.path:
                raise DataError(f"{table.file}: {error.problem}", error.hint) from None
            read.left_out[name] = error.problem
    if not parts:
        raise nothing_usable(read.found.path, read.left_out, "Give tables with the same columns.")
    return parts


def _part(table: Table, place: int, roles: Roles) -> _TablePart:
    if absent := [name for name in roles.all if table.get(name) is None]:
        raise DataError(f"it has no column {', '.join(repr(name) for name in absent[:5])}.")
    columns = [column for column in map(table.get, roles.values) if column is not None]
    for column in columns:
        if column.kind == "text" and column.name not in roles.words:
            column.numbers()  # raises, and says which
    codes, names = codes_of(table, roles.id)
    time = table.get(roles.time) if roles.time else None
    labels = None
    if roles.label:
        places, words = _classes(table, roles.label)
        labels = [None if each < 0 else words[each] for each in places.tolist()]
    times = time.numbers() if time is not None and time.kind != "text" else None
    return _TablePart(table, place, columns, codes, names, times, labels)


def _classes(table: Table, name: str) -> tuple[np.ndarray, list[str]]:
    column = table.get(name)
    assert column is not None
    return column.classes()


def _joined(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    known = [each for each in arrays if each is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None


def _column(
    parts: Sequence[_TablePart], place: int, name: str, known: Sequence[str] | None
) -> tuple[np.ndarray, list[str]]:
    """float64 ``[rows]`` and the words that its numbers stand for; none for a column of numbers."""
    cells = [part.columns[place] for part in parts]
    if known is None and all(each.kind != "text" for each in cells):
        return np.concatenate([each.numbers() for each in cells]) if len(cells) > 1 else cells[0].numbers(), []
    read = [each.classes() for each in cells]
    there = {word for _, words in read for word in words}
    levels = sorted(there, key=natural) if known is None else list(known)
    if unknown := there - set(levels):
        raise DataError(
            f"Column '{name}' holds {min(unknown)!r:.40}, which the model does not know.",
            f"It knows {', '.join(levels[:20])}.",
        )
    places = {word: number for number, word in enumerate(levels)}
    numbered = [np.array([*(places[word] for word in words), np.nan])[codes] for codes, words in read]
    return np.concatenate(numbered), levels


def _clock(
    times: np.ndarray | None, offsets: np.ndarray, parts: Sequence[_TablePart], roles: Roles, notes: dict[str, str]
) -> tuple[TimeColumn | None, np.ndarray]:
    if times is None or roles.time is None:
        return None, np.zeros(0, np.int64)
    columns = [column for part in parts if (column := part.table.get(roles.time)) is not None]
    dates = any(column.kind == "moment" for column in columns)
    style = columns[0].style
    clock, jumps, notes["step of time"] = find_clock(
        roles.time, times, offsets, dates=dates, form=style.form, ahead=style.ahead
    )
    return clock, jumps
