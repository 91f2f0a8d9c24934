"""Data in memory becomes the file that a user would bring, named by its content, and is read as such.

So there is one reader, a run can be resumed by whoever has the file, and the same data is the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rgan_kit.errors import DataError, DeviceError
from rgan_kit.storage import cannot_write, write_whole

FOLDER = "data"
SERIES_ID = "sample"


@dataclass(frozen=True)
class Kept:
    """Where data lies.

    Attributes:
        path: of the file or folder.
        domain: that it is meant for; None where its name says it.
        options: of the domain that make it what it was in memory, as ``{"domain.id": "sample"}``.
    """

    path: Path
    domain: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def kept(data: Any, root: Path) -> Kept:
    """Data as a file.

    Args:
        data: a path; strings, each a sample; a table (of pandas, polars, Arrow, or a mapping of columns); an array,
            float ``[time]``, ``[time, features]`` or ``[samples, time, features]``, or uint8 ``[clips, time, height,
            width, channels]``; or scores that have ``dumps_midi`` (symusic's).
        root: where runs lie; data lies in ``data`` below.

    Raises:
        DataError: it is none of these, or empty.
        DeviceError: tables need pyarrow, which is not there.
        RganKitError: it cannot be written.
    """
    if isinstance(data, str | os.PathLike):
        return Kept(Path(data))
    if isinstance(data, np.ndarray):
        return _array(data, root)
    if isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__") or hasattr(data, "__dataframe__"):
        return Kept(_table(_arrow(data), root), "series")
    items = list(data) if isinstance(data, Sequence) else []
    if items and all(isinstance(item, str) for item in items):
        return Kept(_texts(items, root), "text")
    if items and all(hasattr(item, "dumps_midi") for item in items):
        return Kept(_scores(items, root), "music")
    raise DataError(
        f"data is a {type(data).__name__}{' of nothing' if not items else ''}, which no domain reads.",
        "Give a path, strings, a table, an array of numbers or scores.",
    )


def _array(array: np.ndarray, root: Path) -> Kept:
    if array.dtype == np.uint8 and array.ndim == 5:
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        return Kept(_written(file.getvalue(), "clips", ".npy", root), "video", {"domain.axes": "nthwc"})
    if not 1 <= array.ndim <= 3 or array.dtype.kind not in "fiu" or not array.size:
        raise DataError(
            f"data is an array of {array.dtype} {list(array.shape)}, which no domain reads.",
            "Series are numbers [time], [time, features] or [samples, time, features]; clips are uint8 [clips, time, "
            "height, width, channels].",
        )
    rows = array.reshape(-1, 1) if array.ndim == 1 else array.reshape(-1, array.shape[-1])
    columns = {f"x{number}": rows[:, number - 1] for number in range(1, rows.shape[1] + 1)}
    if array.ndim < 3:
        return Kept(_table(_arrow(columns), root), "series")
    columns = {SERIES_ID: np.repeat(np.arange(array.shape[0]), array.shape[1]), **columns}
    return Kept(_table(_arrow(columns), root), "series", {"domain.id": SERIES_ID, "domain.unit": "sequence"})


def _arrow(data: Any) -> Any:
    try:
        import pyarrow
        from pyarrow.interchange import from_dataframe
    except ImportError as error:
        raise DeviceError(
            "Tables and arrays in memory need pyarrow, which this environment does not have.",
            'Install it with: pip install "rgan-kit[series]"',
        ) from error
    try:
        if isinstance(data, Mapping):
            return pyarrow.table(dict(data))
        return pyarrow.table(data) if hasattr(data, "__arrow_c_stream__") else from_dataframe(data)
    except (pyarrow.ArrowException, TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"data is a table that Arrow cannot take: {error}") from error


def _table(table: Any, root: Path) -> Path:
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), file)  # which has versions of other libraries
    return _written(file.getvalue(), "table", ".parquet", root)


def _texts(texts: list[str], root: Path) -> Path:
    if any(len(text.splitlines()) > 1 for text in texts):
        lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
        return _written("".join(f"{line}\n" for line in lines).encode(), "texts", ".jsonl", root)
    return _written("".join(f"{text}\n" for text in texts).encode(), "texts", ".txt", root)


def _scores(scores: list[Any], root: Path) -> Path:
    contents = [score.dumps_midi() for score in scores]
    name = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:16]
    folder = root / FOLDER / f"scores-{name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(contents, 1):
            write_whole(folder / f"{number:06d}.mid", content, force=False)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def _written(content: bytes, stem: str, ending: str, root: Path) -> Path:
    path = root / FOLDER / f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        write_whole(path, content)
    return path
