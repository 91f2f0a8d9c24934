"""Whole processes: seconds of ``rgankit --help`` and of ``rgankit sample`` on a small model, and of a bare Python; with
``--plugins 200`` also of ``rgankit --help`` beside so many installed plugins. Processor seconds stand beside those of
the clock, since other programs on a machine change them less.

python benchmarks/startup.py [MODEL] [--plugins 200] [--runs 9] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLUGIN = """
from rgan_kit import hookimpl

@hookimpl
def rgankit_recipes():
    from rgan_kit.contracts import RecipeSpec
    return [RecipeSpec(name="{name}", summary="one of many", generator="lstm", objective="maximum-likelihood")]
"""


def seconds(command: list[str], site: Path | None) -> tuple[float, float]:
    """Of one process: by the clock, and of the processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(site)} if site else None
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def install(site: Path, count: int) -> None:
    """Distributions on the path, each with a plugin and a description as long as they usually are."""
    for name in (f"many{number:03d}" for number in range(count)):
        (site / f"{name}.py").write_text(PLUGIN.replace("{name}", name))
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        heading = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: rgan-kit>=0.1\n\n"
        (info / "METADATA").write_text(heading + "What it does, in many words.\n" * 200)
        (info / "entry_points.txt").write_text(f"[rgan_kit.plugins]\n{name} = {name}\n")


def measure(model: Path | None, plugins: int, site: Path, runs: int) -> dict[str, dict[str, float]]:
    """Median, lowest and highest of each command, the first round left out."""
    program = str(Path(sys.executable).with_name("rgankit"))
    commands: dict[str, tuple[list[str], Path | None]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], None),
        "rgankit --help": ([program, "--help"], None),
        "rgankit plugins list": ([program, "plugins", "list"], None),
    }
    if plugins:
        commands[f"rgankit --help, {plugins} plugins"] = ([program, "--help"], site)
    if model is not None:
        commands["rgankit sample MODEL -n 10"] = ([program, "sample", str(model), "-n", "10"], None)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, (command, where) in commands.items():
            taken = seconds(command, where)
            if run:
                times[name].append(taken)
    rows = {}
    for name, taken_by_name in times.items():
        clock, processor = zip(*taken_by_name, strict=True)
        rows[name] = {
            "median_s": round(statistics.median(clock), 3),
            "lowest_s": round(min(clock), 3),
            "highest_s": round(max(clock), 3),
            "processor_s": round(statistics.median(processor), 3),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--plugins", type=int, default=0)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), arguments.plugins)
        rows = measure(arguments.model, arguments.plugins, Path(folder), arguments.runs)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for name, row in rows.items():
        print(
            f"{name:<28} median {row['median_s']} s  ({row['lowest_s']} to {row['highest_s']}), "
            f"processor {row['processor_s']} s"
        )


if __name__ == "__main__":
    main()
