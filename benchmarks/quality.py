"""Every recipe on the embedded language, several seeds: figures under the known grammar, and the exact ones beside.

    python benchmarks/quality.py [--recipes lstm-lm,lstm-gan,gru-gan] [--seeds 0,1,2] [--samples 2000] [--out FILE.json]

The row "after pretraining" of a GAN is the language model that its adversarial stage started from.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FIGURES = ("valid", "grammar_nll", "heldout_nll", "distinct", "verbatim")
SHARES = ("valid", "distinct", "verbatim")


def train(recipe: str, seed: int, samples: int, folder: Path) -> dict[str, Any]:
    """One training, as a user would run it; its JSON document and how long it took."""
    words = ["train", "--plugin", recipe, "--seed", str(seed), "--run", str(folder / f"{recipe}-{seed}"), "--json"]
    words += ["--set", f"train.evaluation_samples={samples}", "--set", "train.threads=1"]
    began = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "rgan_kit", *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return {**json.loads(answer.stdout), "minutes": (time.perf_counter() - began) / 60}


def cell(name: str, values: list[float]) -> str:
    """Mean and range over seeds."""
    scale, unit, digits = (100, " %", 1) if name in SHARES else (1, "", 3)
    mean = f"{scale * statistics.mean(values):.{digits}f}{unit}"
    return f"{mean} ({scale * min(values):.{digits}f}–{scale * max(values):.{digits}f})"


def rows(recipe: str, documents: list[dict[str, Any]]) -> list[str]:
    """Lines of a Markdown table: one a moment."""
    lines = []
    minutes = statistics.mean(document["minutes"] for document in documents)
    for place, evaluation in enumerate(documents[0]["evaluations"]):
        moment = evaluation["moment"] if "kept" not in evaluation["moment"] else "kept for export"
        if moment == "start":
            continue
        figures = [document["evaluations"][place]["figures"] for document in documents]
        cells = [cell(name, [each[name] for each in figures]) for name in FIGURES]
        lines.append(f"| {recipe} | {moment} | {minutes:.1f} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="lstm-lm,lstm-gan,gru-gan")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    results: dict[str, list[dict[str, Any]]] = {}
    print(f"| recipe | moment | minutes | {' | '.join(FIGURES)} |")
    print("|---" * (3 + len(FIGURES)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for recipe in arguments.recipes.split(","):
            results[recipe] = [train(recipe, seed, arguments.samples, Path(folder)) for seed in seeds]
            print("\n".join(rows(recipe, results[recipe])), flush=True)
    reference = next(iter(results.values()))[0]["reference"]
    exact = [f"{100 * reference[n]:.1f} %" if n in SHARES else f"{reference[n]:.3f}" for n in FIGURES if n in reference]
    print(f"exact, of the grammar itself ({', '.join(n for n in FIGURES if n in reference)}): {', '.join(exact)}")
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
