"""From a file to a table: columns of numbers, moments or words. The only place that reads with pyarrow."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import DataError, DeviceError
from rgan_kit.files import UnreadableError, as_utf8
from rgan_kit_plugins.domains.series.cells import MISSING
from rgan_kit_plugins.domains.series.columns import (
    BLOCK,
    MAX_CELLS,
    HowToRead,
    Table,
    check_rows,
    columns_of,
    in_one_line,
)
from rgan_kit_plugins.domains.series.dialect import FirstLines, fields_of, look
from rgan_kit_plugins.domains.series.parquet import read_parquet

CSV_ENDINGS: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
PARQUET_ENDINGS: Final = (".parquet", ".pq")
ENDINGS: Final = (*CSV_ENDINGS, *PARQUET_ENDINGS)
MAX_BYTES: Final = 2**30

_AS_IT_LOOKS: Final = HowToRead()
_LAST_LINES: Final = 3
_TAIL: Final = 2**16


def need_pyarrow() -> None:
    """Raises ``DeviceError`` where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise DeviceError(
            "Reading tables needs pyarrow, which this environment does not have.",
            'Install it with: pip install "rgan-kit[series]"',
        )


def read_table(file: Path, content: bytes, how: HowToRead = _AS_IT_LOOKS) -> Table:
    """The table in a file.

    Raises:
        DataError: the file cannot be used; names it and says why.
        DeviceError: pyarrow is not installed.
    """
    need_pyarrow()
    import pyarrow as pa

    try:
        if file.name.lower().endswith(PARQUET_ENDINGS):
            return read_parquet(file, content, how)
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
    try:
        content, wide = as_utf8(content)
    except UnreadableError as error:
        raise error.of(file) from None
    head = look(file, content, wide)
    end, behind = _last_rows(content, head)
    if (cells := _most_cells(content, head)) > MAX_CELLS:
        raise DataError(f"{file}: {cells:,} values; at most {MAX_CELLS:,} are held in memory.", "Read fewer columns.")
    arrow = _parsed(memoryview(content)[:end], head, how)
    check_rows(file, arrow)
    columns, stray = columns_of(arrow, head.names, head.dialect.decimal, how, head.least)
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


def _parsed(content: memoryview, head: FirstLines, how: HowToRead) -> Any:
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
    head: FirstLines,
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


def _most_cells(content: bytes, head: FirstLines) -> int:
    """Values at most: rows times columns. Each needs a byte, so that only large files are worth counting."""
    if len(content) <= MAX_CELLS:
        return len(content)
    signs = np.frombuffer(content, np.uint8)
    parts = [signs[start : start + BLOCK] for start in range(0, len(signs), BLOCK)]
    feeds, returns = (sum(int(np.count_nonzero(part == sign)) for part in parts) for sign in b"\n\r")
    return ((feeds or returns) + 1) * len(head.names)


def _last_rows(content: bytes, head: FirstLines) -> tuple[int, list[str]]:
    """Where a table ends: behind it there may be up to three lines that have another number of fields than it has
    columns (a total, a number of rows, a remark).

    Returns:
        Bytes of the table, and the lines behind it, without those that are empty.
    """
    tail = content[-_TAIL:]
    begins, end, lines = len(content) - len(tail), len(tail), []
    for _ in range(_LAST_LINES):
        whole = tail[:end].rstrip(b"\r\n")
        start = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
        line = whole[start:].decode("latin-1" if head.dialect.encoding == "latin-1" else "utf-8", "replace")
        fields = fields_of([line], head.dialect.separator) if line.count('"') % 2 == 0 else []
        if not start or not fields or len(fields[0]) == len(head.names):
            break
        end = start
        lines.append(line)
    return begins + end, lines
