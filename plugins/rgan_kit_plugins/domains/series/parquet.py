"""Tables in Parquet files, which may claim anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.cells import Style
from rgan_kit_plugins.domains.series.columns import (
    MAX_CELLS,
    MAX_ROWS,
    Cells,
    HowToRead,
    Table,
    as_texts,
    check_rows,
    columns_of,
)
from rgan_kit_plugins.domains.series.dialect import MAX_COLUMNS, unique_names

_ROWS_AT_ONCE: Final = 2**16


def read_parquet(file: Path, content: bytes, how: HowToRead) -> Table:
    """The table in a file.

    Only as many rows as the bounds allow are ever asked for: what a file claims to hold may be a lie. Every batch is
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
    arrow = pa.Table.from_batches(batches, schema=batches[0].schema if batches else flat)
    check_rows(file, arrow)
    notes = [] if len(kept) == len(schema) else ["columns of lists or structures were left out"]
    columns = [
        _typed(name, data, how) for name, data in zip(unique_names(arrow.schema.names), arrow.columns, strict=True)
    ]
    return Table(file, tuple(columns), arrow.num_rows, tuple(notes))


def _typed(name: str, data: Any, how: HowToRead) -> Cells:
    """A column whose type says what it is."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_timestamp(data.type) or types.is_date(data.type):
        seconds = data.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy()
        zone = "+00:00" if types.is_timestamp(data.type) and data.type.tz else ""
        return Cells(name, "moment", seconds / 1e6, Style(form=f"%Y-%m-%d %H:%M:%S{zone}" if zone else ""))
    ((cells, _),), stray = columns_of(pa.table({name: data}), (name,), ".", how)
    return cells if not len(stray) else Cells(name, "text", as_texts(data))


def _batches(file: Path, reader: Any, names: list[str], columns: int) -> Iterator[Any]:
    rows = size = 0
    for batch in reader.iter_batches(_ROWS_AT_ONCE, columns=names, use_threads=False):
        batch.validate(full=True)
        rows += batch.num_rows
        size += batch.nbytes
        if rows > MAX_ROWS or rows * max(1, columns) > MAX_CELLS or size > 8 * MAX_CELLS:
            raise DataError(f"{file}: it holds more than {MAX_CELLS:,} values.", "Train on a part of it.")
        yield batch
