"""From a file to a table: columns of numbers, moments or words. The only place that reads with pyarrow."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import DataError, DeviceError
from rgan_kit_plugins.domains.series.cells import MISSING, Meaning, Style, meaning_of
from rgan_kit_plugins.domains.series.columns import BLOCK, Cells, Table, in_one_line
from rgan_kit_plugins.domains.series.dialect import MAX_COLUMNS, Head, last_rows, look, unique_names

CSV_ENDINGS: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
PARQUET_ENDINGS: Final = (".parquet", ".pq")
ENDINGS: Final = (*CSV_ENDINGS, *PARQUET_ENDINGS)
MAX_BYTES: Final = 2**30
MAX_CELLS: Final = 2**26  # 512 MiB as float64
MAX_ROWS: Final = 2**24

_ROWS_AT_ONCE: Final = 2**16
_TOTAL: Final = re.compile(
    r"(grand )?(sub)?totals?|sum|average|mean|summe|gesamt|mittelwert|durchschnitt", re.IGNORECASE
)


@dataclass(frozen=True)
class HowToRead:
    """What is known of columns before they are read.

    Attributes:
        words: names of columns that are words, whatever they look like (ids, classes).
        date_format: of dates (see ``moments``), or ``auto``.
    """

    words: frozenset[str] = frozenset()
    date_format: str = "auto"


def need_pyarrow() -> None:
    """Raises ``DeviceError`` where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise DeviceError(
            "Reading tables needs pyarrow, which this environment does not have.",
            'Install it with: pip install "rgan-kit[series]"',
        )


def read_table(file: Path, content: bytes, how: HowToRead = HowToRead()) -> Table:
    """The table in a file.

    Raises:
        DataError: the file cannot be used; names it and says why.
        DeviceError: pyarrow is not installed.
    """
    need_pyarrow()
    import pyarrow as pa

    try:
        if file.name.lower().endswith(PARQUET_ENDINGS):
            return _read_parquet(file, content, how)
        return _read_csv(file, unpacked(file, content), how)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(
            f"{file}: {in_one_line(error)}.", "Is this file whole, and of the kind that its name says?"
        ) from None


def unpacked(file: Path, content: bytes) -> bytes:
    """What a file that ends in .gz holds, up to a bound; others as they are.

    Raises:
        DataError: it is damaged, or holds too much.
    """
    if not file.name.lower().endswith(".gz"):
        return content
    parts, size, rest = [], 0, content
    try:
        while rest:  # several members may follow each other
            unpacker = zlib.decompressobj(wbits=31)
            parts.append(unpacker.decompress(rest, MAX_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MAX_BYTES:
                raise DataError(f"{file}: it holds more than {MAX_BYTES / 2**30:.0f} GiB.", "Train on a part of it.")
            if not unpacker.eof:
                raise DataError(f"{file}: it ends too early.", "Get the file again.")
            rest = unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise DataError(f"{file}: it is no gzip file ({in_one_line(error)}).", "Get the file again.") from None
    return b"".join(parts)


def _read_csv(file: Path, content: bytes, how: HowToRead) -> Table:
    head = look(file, content)
    end, behind = last_rows(content, head)
    if (cells := _most_cells(content, head)) > MAX_CELLS:
        raise DataError(f"{file}: {cells:,} values; at most {MAX_CELLS:,} are held in memory.", "Read fewer columns.")
    arrow = _parsed(memoryview(content)[:end], head, how)
    _check_rows(file, arrow)
    columns, stray = _columns(arrow, head.names, head.dialect.decimal, how, head.least)
    notes = [*head.notes, *(note for _, note in columns if note)]
    kept = np.ones(arrow.num_rows, np.bool_)
    kept[stray] = False
    cells_of = [column for column, _ in columns] if kept.all() else [column.without(kept) for column, _ in columns]
    shown = [*(_shown(arrow, row) for row in stray.tolist()[:3]), *(line[:60] for line in behind)]
    if shown:
        words = ", ".join(repr("".join(sign if sign.isprintable() else "?" for sign in line)) for line in shown)
        notes.append(f"lines that are no rows were left out ({words})")
    rows = int(np.count_nonzero(kept))
    return Table(file, tuple(cells_of), rows, tuple(notes), len(stray) + len(behind), head.dialect)


def _shown(arrow: Any, row: int) -> str:
    return ",".join("" if value is None else str(value) for value in arrow.slice(row, 1).to_pylist()[0].values())[:60]


def _parsed(content: memoryview, head: Head, how: HowToRead) -> Any:
    import pyarrow as pa

    text, types = pa.string(), {"number": pa.float64(), "long whole": pa.int64(), "text": pa.string()}
    asked = {
        name: text if name in how.words else types[kind] for name, kind in zip(head.names, head.kinds, strict=True)
    }
    try:
        return _parse(content, head, asked, MISSING if head.gaps else ("",))
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error) and head.dialect.encoding != "latin-1":  # only its beginning was ASCII
            latin = head.dialect.model_copy(update={"encoding": "latin-1"})
            return _parsed(content, replace(head, dialect=latin), how)
        if "conversion error" not in str(error):
            return _parse(content, head, {}, threads=False)  # fails again, and says in which row
    if not head.gaps:  # to look for texts that stand for nothing takes as long as all the rest
        return _parsed(content, replace(head, gaps=True), how)
    # A column that only began with numbers is another thing.
    return _parse(content, head, {name: kind for name, kind in asked.items() if kind == text})


def _parse(
    content: memoryview,
    head: Head,
    types: dict[str, Any],
    missing: Sequence[str] = MISSING,
    *,
    threads: bool = True,
) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(
            use_threads=threads,
            block_size=BLOCK,
            skip_rows=head.skip + head.header,
            column_names=list(head.names),
            encoding="latin-1" if head.dialect.encoding == "latin-1" else "utf8",
        ),
        parse_options=csv.ParseOptions(delimiter=head.dialect.separator),
        convert_options=csv.ConvertOptions(
            column_types=types,
            null_values=list(missing),
            decimal_point=head.dialect.decimal,
            true_values=[],
            false_values=[],
            timestamp_parsers=[],
        ),
    )


def _most_cells(content: bytes, head: Head) -> int:
    """Values at most: rows times columns. Each needs a byte, so that only large files are worth counting."""
    if len(content) <= MAX_CELLS:
        return len(content)
    ends = content.count(b"\n") or content.count(b"\r")
    return (ends + 1) * len(head.names)


def _columns(
    arrow: Any, names: tuple[str, ...], decimal: str, how: HowToRead, least: tuple[int, ...] = ()
) -> tuple[list[tuple[Cells, str]], np.ndarray]:
    """The columns, each with what was decided about it, and int64, the rows that are none."""
    from pyarrow import types

    columns: list[tuple[Cells, str]] = []
    stray: list[np.ndarray] = []
    for place, (name, data) in enumerate(zip(names, arrow.columns, strict=True)):
        own_least = least[place] if least else 0
        numeric = (types.is_integer, types.is_floating, types.is_decimal, types.is_null)
        if any(check(data.type) for check in numeric):
            columns.append((Cells(name, "number", data, least=own_least), ""))
            continue
        words = _as_texts(data)
        meaning = Meaning("text") if name in how.words else _meaning(words, decimal, how.date_format)
        stray.append(meaning.stray if meaning.kind != "text" else _totals(words))
        held = words if meaning.values is None else meaning.values
        note = f"column '{name}': {meaning.note}" if meaning.note else ""
        columns.append((Cells(name, meaning.kind, held, meaning.style, own_least), note))
    return columns, np.unique(np.concatenate([np.zeros(0, np.int64), *stray]))


def _as_texts(data: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(data.type) or types.is_string(data.type):
        return data
    return data.cast(pa.string(), safe=False)


def _meaning(words: Any, decimal: str, date_format: str) -> Meaning:
    """Each different text is looked at once, where they are stored so."""
    import pyarrow as pa
    from pyarrow import types

    if not types.is_dictionary(words.type):
        return meaning_of(words, decimal, date_format)
    chunks = words.unify_dictionaries().chunks
    if not chunks or not types.is_string(chunks[0].dictionary.type):
        return Meaning("text")
    own = meaning_of(pa.chunked_array([chunks[0].dictionary]), decimal, date_format)
    if own.values is None or len(own.stray):
        return Meaning("text")
    codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks])
    return Meaning(own.kind, np.append(own.values, np.nan)[codes], own.stray, own.style, own.note)


def _totals(words: Any) -> np.ndarray:
    """The last row, where it is called a total and no other row is called so."""
    from pyarrow import types

    last = len(words) - 1
    if types.is_dictionary(words.type) or last < 10:
        return np.zeros(0, np.int64)
    word = (words[last].as_py() or "").strip()
    alone = (
        _TOTAL.fullmatch(word) is not None and word not in words.slice(max(0, last - 1000), min(last, 1000)).to_pylist()
    )
    return np.array([last] if alone else [], np.int64)


def _read_parquet(file: Path, content: bytes, how: HowToRead) -> Table:
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
    arrow = pa.Table.from_batches(batches, schema=batches[0].schema if batches else flat)
    _check_rows(file, arrow)
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
    ((cells, _),), stray = _columns(pa.table({name: data}), (name,), ".", how)
    return cells if not len(stray) else Cells(name, "text", _as_texts(data))


def _batches(file: Path, reader: Any, names: list[str], columns: int) -> Iterator[Any]:
    rows = size = 0
    for batch in reader.iter_batches(_ROWS_AT_ONCE, columns=names, use_threads=False):
        batch.validate(full=True)
        rows += batch.num_rows
        size += batch.nbytes
        if rows > MAX_ROWS or rows * max(1, columns) > MAX_CELLS or size > 8 * MAX_CELLS:
            raise DataError(f"{file}: it holds more than {MAX_CELLS:,} values.", "Train on a part of it.")
        yield batch


def _check_rows(file: Path, arrow: Any) -> None:
    if arrow.num_rows > MAX_ROWS:
        raise DataError(f"{file}: {arrow.num_rows:,} rows; at most {MAX_ROWS:,} are read.", "Train on a part of it.")
    if arrow.num_rows == 0:
        raise DataError(f"{file}: there are no rows in it.", "Give a table with at least 10 rows.")
