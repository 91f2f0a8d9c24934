"""Whole processes: seconds of ``rgankit --help`` and of ``rgankit sample`` on a small model, and of a bare Python.

python benchmarks/startup.py MODEL [--runs 9] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def seconds(command: list[str]) -> float:
    """Of one process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    program = str(Path(sys.executable).with_name("rgankit"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "rgankit --help": [program, "--help"],
        "rgankit plugins list": [program, "plugins", "list"],
        "rgankit sample MODEL -n 10": [program, "sample", str(arguments.model), "-n", "10"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(arguments.runs + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if run:
                times[name].append(taken)
    rows = {
        name: {"median_s": round(statistics.median(t), 3), "lowest_s": round(min(t), 3), "highest_s": round(max(t), 3)}
        for name, t in times.items()
    }
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for name, row in rows.items():
        print(f"{name:<28} median {row['median_s']} s  ({row['lowest_s']} to {row['highest_s']})")


if __name__ == "__main__":
    main()
