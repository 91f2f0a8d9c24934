"""Reading a CSV file into float32 ``[rows, columns]``: seconds of this project's reader and of pandas, in turns, in one
process.

Both start from the file on disk and end with the same array, which is compared. The reader also finds out separator,
header and the kinds of the columns; ``load`` is all that a training does with the file (a SHA-256 of it, the split, the
windows, the scaling).

    python benchmarks/ingest_series.py [FILE.csv] [--rows 200000] [--columns 12] [--rounds 9] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from rgan_kit_plugins.domains.series import SPEC
from rgan_kit_plugins.domains.series.reading import content_of
from rgan_kit_plugins.domains.series.tables import read_table


def write_file(path: Path, rows: int, columns: int) -> None:
    """Random walks with an ISO time column, nine significant digits a number."""
    walks = np.random.default_rng(0).standard_normal((rows, columns)).cumsum(0)
    moments = pd.date_range("2024-01-01", periods=rows, freq="min").strftime("%Y-%m-%d %H:%M:%S")
    frame = pd.DataFrame(walks, columns=[f"sensor_{place}" for place in range(columns)])
    frame.insert(0, "time", moments)
    frame.to_csv(path, index=False, float_format="%.9g")


def with_reader(path: Path) -> np.ndarray:
    """This project's reader."""
    table = read_table(path, content_of(path))
    columns = [column for column in table.columns if column.kind == "number"]
    values = np.empty((table.rows, len(columns)), np.float32)
    for place, column in enumerate(columns):
        values[:, place] = column.numbers()
    return values


def with_pandas(path: Path, header: int | None) -> np.ndarray:
    """pandas as people use it."""
    frame = pd.read_csv(path, header=header)
    return frame.select_dtypes("number").to_numpy(np.float32)


def ratio(own: list[float], other: list[float]) -> float:
    """The median over rounds, whose two halves follow each other closely: a busy machine slows both."""
    return statistics.median(a / b for a, b in zip(own, other, strict=True))


def measure(path: Path, header: int | None, rounds: int) -> dict[str, float]:
    """Figures of one file."""
    ours, theirs = with_reader(path), with_pandas(path, header)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, equal_nan=True)
    options = SPEC.options()
    ways: dict[str, Callable[[], object]] = {
        "pandas": lambda: with_pandas(path, header),
        "reader": lambda: with_reader(path),
        "load": lambda: SPEC.load(options, path, 0),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "values": int(ours.size),
        **{f"{name}_ms": round(1e3 * statistics.median(taken), 1) for name, taken in times.items()},
        **{f"{name}_over_pandas": round(ratio(times[name], times["pandas"]), 2) for name in ("reader", "load")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="a table of numbers; made up where not given")
    parser.add_argument("--no-header", action="store_true", help="the file has no header")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder, "walks.csv")
        if arguments.file is None:
            write_file(path, arguments.rows, arguments.columns)
        result = measure(path, None if arguments.no_header else 0, arguments.rounds)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
