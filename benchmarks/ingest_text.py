"""Text turned into tokens: a million lines as words, and 100 MB of running text as windows; processor time, and memory
at its peak, each in a process of its own.

python benchmarks/ingest_text.py [--lines 1000000] [--megabytes 100] [--script latin|cyrillic|han] [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

WORDS = 30_000
ALPHABETS = {"latin": (97, 26), "cyrillic": (1072, 32), "han": (0x4E00, 3000)}


def vocabulary(script: str, rng: np.random.Generator) -> np.ndarray:
    """Words of two to nine letters."""
    first, size = ALPHABETS[script]
    letters = [chr(first + number) for number in range(size)]
    weights = 1 / np.arange(1, size + 1)
    words = {"".join(rng.choice(letters, rng.integers(2, 10), p=weights / weights.sum())) for _ in range(WORDS)}
    return np.array(sorted(words))


def write_lines(file: Path, lines: int, script: str) -> None:
    """Sentences of five to eleven words, whose frequencies fall as in natural text."""
    rng = np.random.default_rng(0)
    words = rng.permutation(vocabulary(script, rng))
    weights = 1 / np.arange(1, len(words) + 1)
    with file.open("w", encoding="utf-8") as opened:
        for first in range(0, lines, 10_000):
            lengths = rng.integers(5, 12, min(10_000, lines - first))
            drawn = iter(words[rng.choice(len(words), lengths.sum(), p=weights / weights.sum())])
            opened.writelines(" ".join(next(drawn) for _ in range(n)) + "\n" for n in lengths)


def write_running(file: Path, characters: int, script: str) -> None:
    """Blocks of five lines with a blank one between."""
    write_lines(file, min(characters // 30, 200_000), script)
    lines = file.read_text(encoding="utf-8").splitlines()
    text = "\n\n".join("\n".join(lines[first : first + 5]) for first in range(0, len(lines), 5))
    with file.open("w", encoding="utf-8") as opened:
        for start in range(0, characters, len(text)):
            opened.write(text[: characters - start])


def measure(file: Path, options: dict[str, Any]) -> dict[str, float]:
    """Loads a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--load", str(file), json.dumps(options)], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def load(file: Path, options: dict[str, Any]) -> None:
    from rgan_kit_plugins.domains.text import SPEC

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    dataset = SPEC.load(SPEC.options(**options), file, 0)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cpu_seconds": seconds, "kib": peak - before, "samples": len(dataset.train)}))


def main() -> None:
    if sys.argv[1:2] == ["--load"]:
        load(Path(sys.argv[2]), json.loads(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--script", choices=ALPHABETS, default="latin")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, running = Path(folder, "lines.txt"), Path(folder, "running.txt")
        write_lines(lines, arguments.lines, arguments.script)
        characters = arguments.megabytes * 10**6
        write_running(running, characters, arguments.script)
        windows = {"unit": "window", "level": "character"}
        report = {
            "lines as words": measure(lines, {"level": "word"}),
            "windows of characters": measure(running, windows),
        }
        report["windows of characters"]["bytes a character"] = (
            report["windows of characters"]["kib"] * 1024 / characters
        )
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    for name, figures in report.items():
        said = ", ".join(f"{key} {value:,.2f}" for key, value in figures.items())
        print(f"{name:<24} {said}")


if __name__ == "__main__":
    main()
