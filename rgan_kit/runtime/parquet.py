"""Samples as the bytes of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rgan_kit.errors import DeviceError

if TYPE_CHECKING:
    from rgan_kit.contracts.data import Kind


def parquet_bytes(rows: Iterable[Mapping[str, Any]], kind: Kind, about: Mapping[str, str]) -> bytes:
    """A file of one row a sample.

    Columns: ``sample`` int64; ``label`` where there are classes; ``text`` where samples are text; and ``tokens``
    list<int64>; or ``series`` list<float32> or ``frames`` binary, step by step and row by row, beside ``shape``
    list<int64>.

    Args:
        rows: with ``sample``, maybe ``label`` and ``text``, and the array of the kind.
        kind: of the model.
        about: written into the file's metadata.

    Raises:
        DeviceError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DeviceError(
            "Writing Parquet needs pyarrow, which this environment does not have.",
            'Install it with: pip install "rgan-kit[series]", or write JSON lines: --format jsonl',
        ) from None
    taken = [_flat(row, kind) for row in rows]
    types = {"tokens": pa.list_(pa.int64()), "series": pa.list_(pa.float32()), "frames": pa.binary()}
    fields = [
        ("sample", pa.int64()), ("label", pa.string()), ("text", pa.string()), (kind, types[kind]),
        ("shape", pa.list_(pa.int64())),
    ]  # fmt: skip
    schema = pa.schema(
        [field for field in fields if taken and field[0] in taken[0]],
        metadata={f"rgan_kit.{name}": value for name, value in about.items()},
    )
    table = pa.Table.from_pylist(taken, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _flat(row: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    value = row[kind]
    if kind == "tokens":
        return dict(row)
    return {**row, kind: value.tobytes() if kind == "frames" else value.ravel(), "shape": list(value.shape)}
