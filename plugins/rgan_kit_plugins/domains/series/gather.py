"""From a path to the rows of all its tables, with the roles of their columns, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.files import content_of, find, fingerprint
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.roles import Roles, decide
from rgan_kit_plugins.domains.series.rows import Part, Rows, join, part_of
from rgan_kit_plugins.domains.series.tables import MAX_CELLS, ColumnError, Table, need_pyarrow, read_table


@dataclass(frozen=True, eq=False)
class Gathered:
    """What was read.

    Attributes:
        rows: of all tables.
        roles: of their columns.
        origin: what was read, in words for people.
        one_a_file: each file is one sequence.
        fingerprint: SHA-256 (hex) of the names and bytes of all files.
        refused: files that were left out, and why.
    """

    rows: Rows
    roles: Roles
    origin: str
    one_a_file: bool
    fingerprint: str
    refused: dict[str, str]


def gather(path: Path, options: SeriesOptions) -> Gathered:
    """Reads the tables at ``path`` and decides what their columns are for.

    Raises:
        DataError: nothing can be read, or the labels do not fit.
        DeviceError: pyarrow is not installed.
    """
    need_pyarrow()
    label_file = Path(options.label_file) if options.label_file else None
    tables, refused, contents = read_tables(path, label_file)
    common, _ = Counter(table.names for table in tables).most_common(1)[0]
    typical = next(table for table in tables if table.names == common)
    try:
        roles = decide(typical, options, many_files=len(tables) > 1, label=label_file is None)
    except ColumnError as error:
        raise DataError(f"{typical.file}: {error.problem}") from None
    parts = _parts(path, tables, roles, refused)
    row_labels = None
    if label_file is not None:
        content = content_of(label_file)
        contents.append((f"labels/{label_file.name}", content))
        row_labels = _labels(label_file, content, options, parts)
    rows = join(parts, roles, _has_moments(tables, roles), row_labels)
    files = f"{count_of(len(parts), 'file')} in {path}" if path.is_dir() else str(path)
    origin = f"{files}, {len(rows.values):,} rows in {count_of(len(rows.names), 'sequence')}"
    notes = sorted({note for table in tables for note in table.notes})
    origin += "".join(f"; {note}" for note in notes)
    return Gathered(rows, roles, origin, len(parts) > 1 and not roles.id, fingerprint(contents), refused)


def read_tables(
    path: Path, leave_out: Path | None = None
) -> tuple[list[Table], dict[str, str], list[tuple[str, bytes]]]:
    """All tables that can be read, the others with the reason, and (name, SHA-256) of all contents.

    Raises:
        DataError: the single file, or every file of the folder, cannot be read.
    """
    found = find(path, leave_out)
    refused = dict(found.refused)
    tables: list[Table] = []
    contents: list[tuple[str, bytes]] = []
    cells = 0
    for file in found.files:
        content = content_of(file)
        name = file.name if file == path else file.relative_to(path).as_posix()
        contents.append((name, bytes.fromhex(fingerprint([("", content)]))))
        try:
            table = read_table(file, content)
        except DataError as error:
            if file == path:
                raise
            refused[name] = error.problem.removeprefix(f"{file}: ")
            continue
        cells += table.rows * len(table.columns)
        if cells > MAX_CELLS:
            raise DataError(f"{path}: more than {MAX_CELLS:,} values.", "Train on a part of it.")
        tables.append(table)
    if not tables:
        raise _none_left(path, refused)
    return tables, refused, contents


def join_tables(path: Path, tables: Sequence[Table], roles: Roles) -> Rows:
    """All tables as one.

    Raises:
        DataError: a table lacks a column, or has text where numbers should be.
    """
    refused: dict[str, str] = {}
    parts = _parts(path, tables, roles, refused)
    if refused:
        name, why = next(iter(refused.items()))
        raise DataError(f"{path / name}: {why}")
    return join(parts, roles, _has_moments(tables, roles))


def _has_moments(tables: Sequence[Table], roles: Roles) -> bool:
    columns = [table.get(roles.time) for table in tables] if roles.time else []
    return any(column is not None and column.kind == "moment" for column in columns)


def _parts(path: Path, tables: Sequence[Table], roles: Roles, refused: dict[str, str]) -> list[Part]:
    parts = []
    for table in tables:
        name = table.file.name if table.file == path else table.file.relative_to(path).as_posix()
        try:
            parts.append(part_of(table, roles, name))
        except DataError as error:
            if table.file == path:
                raise DataError(f"{table.file}: {error.problem}", error.mend) from None
            refused[name] = error.problem
    if not parts:
        raise _none_left(path, refused)
    return parts


def _none_left(path: Path, refused: dict[str, str]) -> DataError:
    reasons = "".join(f" {name}: {why}" for name, why in list(refused.items())[:5])
    return DataError(f"{path}: no file in this folder can be used.{reasons}", "Give tables with the same columns.")


def _labels(file: Path, content: bytes, options: SeriesOptions, parts: Sequence[Part]) -> list[str | None]:
    """The class of each row of the data: by row, or by the id (or file name) in the first column of the labels."""
    table = read_table(file, content)
    rows = sum(len(part.codes) for part in parts)
    column = table.get(options.label) if options.label else table.columns[-1]
    if column is None:
        raise DataError(f"{file}: there is no column '{options.label}'; it has {', '.join(table.names[:10])}.")
    if not options.label and len(table.columns) > 2:
        raise DataError(
            f"{file}: it has {len(table.columns):,} columns; which one is the class?",
            f"Say it, for example: --set domain.label={table.names[-1]}",
        )
    try:
        codes, words = column.classes()
        places, keys = table.columns[0].classes()
    except ColumnError as error:
        raise DataError(f"{file}: {error.problem}") from None
    classes = [None if code < 0 else words[code] for code in codes]
    if table.rows == rows:
        return classes
    by_key = {keys[place]: word for place, word in zip(places, classes, strict=True) if place >= 0}
    names = [name for part in parts for name in part.names]
    known = [by_key.get(name, by_key.get(Path(name).stem)) for name in names]
    if all(word is None for word in known):
        raise DataError(
            f"{file}: it has {table.rows:,} rows and the data {rows:,}, and its first column '{table.names[0]}' names "
            "no sequence of the data.",
            "Give as many rows as the data has, or one row for each id or file name.",
        )
    shifts = np.cumsum([0, *(len(part.names) for part in parts)])
    numbered = (np.where(part.codes < 0, -1, part.codes + shift) for part, shift in zip(parts, shifts, strict=False))
    return [None if code < 0 else known[code] for code in np.concatenate(list(numbered))]


def count_of(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
