"""Every built-in recipe on every kind of embedded data: the exported file's size, the seconds of the export, its parity
error and samples a second on one CPU thread. As a Markdown table.

    python benchmarks/exports.py [--recipes lstm-gan,…] [--data text,melody,…] [--steps 3] [--results FILE.jsonl]
    python benchmarks/exports.py --table --results FILE.jsonl

Networks have their real, default sizes; they are trained for a few steps only, as none of these figures depends on
more. Rows that are in the results file are not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from recipes import DATA, recipes_of

from rgan_kit.runtime.benchmark import measure_file

COLUMNS = ("recipe", "data", "kB", "export s", "parity", "samples/s, batch 1", "samples/s, batch 256")


def rgankit(*words: object) -> dict[str, Any]:
    """A command's document; its error where it has none."""
    command = [sys.executable, "-m", "rgan_kit", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return {"error": {"problem": done.stderr[-300:]}}


def row_of(recipe: str, data: str, steps: int) -> dict[str, Any]:
    """One row; what went wrong where something did."""
    about = DATA[data]
    settings = [*about.settings, "train.threads=1", "train.evaluation_samples=32", "train.batch_size=8"]
    row: dict[str, Any] = {"recipe": recipe, "data": data}
    with tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder) / "run", Path(folder) / "model.onnx"
        words = [word for setting in settings for word in ("--set", setting)]
        trained = rgankit("train", "--plugin", recipe, "--domain", about.domain, "--steps", steps, "--run", run, *words)
        if "error" in trained:
            return {**row, "error": trained["error"]["problem"]}
        began = time.perf_counter()
        exported = rgankit("export", run, "--out", out)
        if "error" in exported:
            return {**row, "error": exported["error"]["problem"]}
        row["export_s"] = round(time.perf_counter() - began, 1)
        _, measured = measure_file(out, provider="cpu", batches=(1, 256))
    speeds = {each.batch: each.samples_per_s for each in measured}
    return {**row, "bytes": exported["bytes"], "parity": exported["parity"], "samples_per_s": speeds}


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    if "error" in row:
        cells = [row["recipe"], row["data"], row["error"].replace("\n", " ")[:120], *[""] * 4]
    else:
        speeds = {int(batch): f"{speed:,.0f}" for batch, speed in row["samples_per_s"].items()}
        parity = row["parity"]
        if "tokens_compared" in parity:
            error = f"{parity['tokens_at_boundary']} of {parity['tokens_compared']} tokens"
        else:
            error = f"{parity['largest_difference']:.1e}"
        size = f"{row['bytes'] / 1000:,.0f}"
        cells = [row["recipe"], row["data"], size, f"{row['export_s']:g}", error, speeds[1], speeds[256]]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="")
    parser.add_argument("--data", default=",".join(DATA))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--results", type=Path, default=Path("exports.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what the results file holds")
    arguments = parser.parse_args()
    lines = arguments.results.read_text().splitlines() if arguments.results.exists() else []
    rows = {(row["recipe"], row["data"]): row for row in map(json.loads, lines)}
    for data in [] if arguments.table else arguments.data.split(","):
        names = recipes_of(DATA[data].kind)
        for recipe in [name for name in names if not arguments.recipes or name in arguments.recipes.split(",")]:
            if (recipe, data) in rows:
                continue
            rows[recipe, data] = row_of(recipe, data, arguments.steps)
            with arguments.results.open("a") as file:
                file.write(json.dumps(rows[recipe, data]) + "\n")
    print("\n".join([f"| {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * (len(COLUMNS) - 2)]))
    print("\n".join(shown(rows[key]) for key in sorted(rows)))


if __name__ == "__main__":
    main()
