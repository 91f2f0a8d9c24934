"""From a file to a table: columns of numbers, moments or text. The only place that knows pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from rgan_kit.contracts import DataError, DeviceError
from rgan_kit_plugins.domains.series.dialect import MAX_COLUMNS, MISSING, Dialect, find_dialect, unique_names
from rgan_kit_plugins.domains.series.files import PARQUET_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CELLS: Final = 2**26  # 512 MiB as float64
MAX_ROWS: Final = 2**24
MAX_CLASSES: Final = 1_000_000
_BLOCK: Final = 2**20
_ROWS_AT_ONCE: Final = 2**16
_MOMENTS: Final = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")

ColumnKind = Literal["number", "moment", "text"]


class ColumnError(DataError):
    """A column that cannot be used as asked; the message names it, but not its file."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table; ``data`` is a ``pyarrow.ChunkedArray``."""

    name: str
    kind: ColumnKind
    data: Any

    def numbers(self) -> np.ndarray:
        """float64 ``[rows]``; seconds since 1970 for moments; nan where there is none.

        Raises:
            ColumnError: this is text; names the first value that is no number.
        """
        values = np.empty(len(self.data), np.float64)
        self.into(values)
        return values

    def into(self, values: np.ndarray) -> None:
        """Writes ``numbers`` into an array of floats ``[rows]``; too large ones become infinite. Raises as it does."""
        import pyarrow as pa

        if self.kind == "text":
            raise ColumnError(f"column '{self.name}' is not numeric: {self._first_text()}.")
        data = self.data
        try:
            if self.kind == "moment":
                data = data.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
            elif pa.types.is_boolean(data.type):
                data = data.cast(pa.int8())
            if not pa.types.is_float64(data.type):
                data = data.cast(pa.float64(), safe=False)
        except pa.ArrowException as error:
            raise ColumnError(f"column '{self.name}' cannot be read as numbers: {_in_one_line(error)}.") from None
        start = 0
        with np.errstate(over="ignore"):
            for chunk in data.chunks:
                values[start : start + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
                start += len(chunk)
            if self.kind == "moment":
                values /= 1e6

    def classes(self) -> tuple[np.ndarray, list[str]]:
        """int64 ``[rows]`` numbers of the different values, -1 where there is none, and the values as text, in the
        order of their first appearance."""
        import pyarrow as pa

        try:
            data = self.data if pa.types.is_dictionary(self.data.type) else self.data.dictionary_encode()
            chunks = data.unify_dictionaries().chunks
            words = chunks[0].dictionary.to_pylist() if chunks else []
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise ColumnError(f"column '{self.name}' cannot be read as names: {_in_one_line(error)}.") from None
        codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks])
        if len(words) > MAX_CLASSES:
            raise ColumnError(f"column '{self.name}' has {len(words):,} different values.")
        names: dict[str, int] = {}
        places = [names.setdefault(name, len(names)) if name not in MISSING else -1 for name in map(_as_text, words)]
        return np.array([*places, -1], np.int64)[codes], list(names)

    def _first_text(self) -> str:
        for row, scalar in enumerate(self.data.slice(0, _ROWS_AT_ONCE), 1):
            value = scalar.as_py()
            try:
                float(value)
            except (TypeError, ValueError):
                if value is not None:
                    return f"{_as_text(value)!r:.40} in row {row:,}"
        return f"it holds {self.data.type}"


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds: columns of equal length, and what was unusual about it."""

    file: Path
    columns: tuple[Column, ...]
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, none twice."""
        return tuple(column.name for column in self.columns)

    def get(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


def need_pyarrow() -> None:
    """Raises ``DeviceError`` where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise DeviceError(
            "Reading tables needs pyarrow, which this environment does not have.",
            'Install it with: pip install "rgan-kit[series]"',
        )


def read_table(file: Path, content: bytes) -> Table:
    """The table in a file.

    Raises:
        DataError: the file cannot be used; names it and says why.
        DeviceError: pyarrow is not installed.
    """
    need_pyarrow()
    import pyarrow as pa

    try:
        if file.suffix.lower() in PARQUET_ENDINGS:
            return _read_parquet(file, content)
        dialect = find_dialect(file, content)
        return _table(file, _read_csv(file, content, dialect), dialect.names, dialect.notes)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(
            f"{file}: {_in_one_line(error)}.", "Is this file whole, and of the kind that its name says?"
        ) from None


def _read_csv(file: Path, content: bytes, dialect: Dialect) -> Any:
    import pyarrow as pa

    if (cells := _most_cells(content, dialect)) > MAX_CELLS:
        raise DataError(f"{file}: {cells:,} values; at most {MAX_CELLS:,} are held in memory.", "Read fewer columns.")
    try:
        return _parse(content, dialect, dict.fromkeys(_numeric(dialect), pa.float64()))
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):  # a column that only began with numbers is another thing
            return _parse(content, dialect, {}, threads=False)  # fails again, and says in which row
    return _parse(content, dialect, {})


def _numeric(dialect: Dialect) -> list[str]:
    return [name for name, numeric in zip(dialect.names, dialect.numeric, strict=True) if numeric]


def _most_cells(content: bytes, dialect: Dialect) -> int:
    """Values at most: rows times columns. Each needs a byte, so that only large files are worth counting."""
    if len(content) <= MAX_ROWS:
        return len(content)
    signs = np.frombuffer(content, np.uint8)
    ends = sum(int(np.count_nonzero(signs == sign)) for sign in b"\n\r")
    return (ends + 1) * len(dialect.names)


def _parse(content: bytes, dialect: Dialect, types: dict[str, Any], *, threads: bool = True) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(
            use_threads=threads,
            block_size=_BLOCK,
            skip_rows=dialect.skip + dialect.header,
            column_names=list(dialect.names),
            encoding="utf8" if dialect.encoding == "utf-8" else dialect.encoding,
        ),
        parse_options=csv.ParseOptions(delimiter=dialect.separator),
        convert_options=csv.ConvertOptions(
            column_types=types,
            null_values=list(MISSING),
            decimal_point=dialect.decimal,
            timestamp_parsers=[csv.ISO8601, *_MOMENTS],
        ),
    )


def _read_parquet(file: Path, content: bytes) -> Table:
    """Only as many rows as the bounds allow are ever asked for: what a file claims to hold may be a lie. Every batch is
    validated in full, since what works on it later trusts its indices."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet.ParquetFile(pa.BufferReader(content)).schema_arrow
    # One long text that a million rows repeat is stored once; so it must stay in memory.
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
    reader = parquet.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
    schema = reader.schema_arrow
    if len(schema) > MAX_COLUMNS or reader.metadata.num_columns > MAX_COLUMNS:
        raise DataError(f"{file}: {len(schema):,} columns; at most {MAX_COLUMNS:,} are read.", "Keep those you need.")
    kept = [place for place, kind in enumerate(schema.types) if not pa.types.is_nested(kind)]
    if reader.metadata.num_rows > MAX_ROWS or reader.metadata.num_rows * max(1, len(kept)) > MAX_CELLS:
        raise DataError(
            f"{file}: it claims {reader.metadata.num_rows:,} rows of {len(kept):,} columns; at most {MAX_ROWS:,} "
            f"rows and {MAX_CELLS:,} values are held in memory.",
            "Train on a part of it.",
        )
    batches = list(_batches(file, reader, [schema.names[place] for place in kept], len(kept)))
    flat = pa.schema([schema.field(place) for place in kept])
    table = pa.Table.from_batches(batches, schema=batches[0].schema if batches else flat)
    notes = [] if len(kept) == len(schema) else ["columns of lists or structures were left out"]
    return _table(file, table, unique_names(table.schema.names), notes)


def _batches(file: Path, reader: Any, names: list[str], columns: int) -> Iterator[Any]:
    rows = size = 0
    for batch in reader.iter_batches(_ROWS_AT_ONCE, columns=names, use_threads=False):
        batch.validate(full=True)
        rows += batch.num_rows
        size += batch.nbytes
        if rows > MAX_ROWS or rows * max(1, columns) > MAX_CELLS or size > 8 * MAX_CELLS:
            raise DataError(f"{file}: it holds more than {MAX_CELLS:,} values.", "Train on a part of it.")
        yield batch


def _table(file: Path, arrow: Any, names: tuple[str, ...], notes: list[str]) -> Table:
    if arrow.num_rows > MAX_ROWS:
        raise DataError(f"{file}: {arrow.num_rows:,} rows; at most {MAX_ROWS:,} are read.", "Train on a part of it.")
    if arrow.num_rows == 0:
        raise DataError(f"{file}: there are no rows in it.", "Give a table with at least 10 rows.")
    columns = tuple(Column(name, _kind(data.type), data) for name, data in zip(names, arrow.columns, strict=True))
    return Table(file, columns, arrow.num_rows, tuple(notes))


def _kind(arrow_type: Any) -> ColumnKind:
    from pyarrow import types

    if types.is_timestamp(arrow_type) or types.is_date(arrow_type):
        return "moment"
    numeric = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return "number" if any(check(arrow_type) for check in numeric) else "text"


def _as_text(value: Any) -> str:
    """A value as a class or an id is called: printable, 1.0 as 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in str(value).strip())[:200]


def _in_one_line(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    if "straddling object" in words:
        return f"a row or a field is longer than {_BLOCK:,} bytes"
    return "".join(sign if sign.isprintable() else "?" for sign in words)[:300].rstrip(".")
