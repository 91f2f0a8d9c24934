"""Series by the protocol of published comparisons (TimeGAN: Yoon et al. 2019), and by a stricter one.

    python benchmarks/published.py [--data market|sines|FILE.csv] [--recipe lstm-lm] [--seeds 0,1,2,3,4] [--set k=v …]
    python benchmarks/published.py --table RESULTS.jsonl

Windows of 24 rows, every row begins one; each column from its smallest to its largest value as 0 to 1; as many samples
as windows. The scores are those of ``rgan_kit/evaluation/series_scores.py``:

- discriminative: a GRU of half as many units as there are columns tells real windows from samples, both split at
  random; |accuracy on what it was not trained on - 0.5|.
- predictive: the mean absolute error on real windows of a network that was trained on samples to tell the last column
  of the next row; beside it, of one trained on real windows.
- strict: a GRU of 24 units, on levels and on differences of neighbouring rows, both kinds split at the same time. Rows
  below zero where no real value is, and (prices) out of order.

Beside every figure stands its control: one half of the real windows in place of the samples, the other half in place of
the real ones. The generator is trained on all real windows, as is the custom: these are figures of closeness and not of
news. Nothing is left to be held out, so that weights are chosen by the last tenth of the rows, which are trained on
too. Minutes are of one processor, training alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from rgan_kit.evaluation import series_scores
from rgan_kit.plugins.registry import default_registry
from rgan_kit.training.session import load_trained
from rgan_kit_plugins.worlds import market

LENGTH = 24
DAYS, SINES = 3685, 10_000
Figures = dict[str, float]


def table(data: str, folder: Path) -> Path:
    """The file to train on: the user's own, or the embedded one, written into a folder."""
    if data not in ("market", "sines"):
        return Path(data)
    path, rng = folder / f"{data}.csv", np.random.default_rng(0)
    if data == "market":
        rows, names = market.days(DAYS, rng), market.NAMES
    else:  # five independent curves, as TimeGAN has them
        frequency, phase = rng.uniform(0, 0.1, (2, SINES, 1, 5))
        curves = (np.sin(frequency * np.arange(LENGTH)[:, None] + phase) + 1) / 2
        number = np.repeat(np.arange(SINES), LENGTH)[:, None]
        rows, names = np.concatenate([number, curves.reshape(-1, 5)], 1), ("sequence", *"abcde")
    np.savetxt(path, rows, delimiter=",", header=",".join(names), comments="", fmt="%.6f")
    return path


def has_names(line: str) -> bool:
    """Whether the first line of a table names its columns."""
    return any(part.strip()[:1].isalpha() for part in line.split(","))


def windows(path: Path, sequences: bool) -> np.ndarray:
    """Real windows ``[n, 24, columns]`` in the data's own units; of whole sequences where the file holds those."""
    with path.open() as file:
        rows = np.loadtxt(path, delimiter=",", skiprows=int(has_names(file.readline())))
    if sequences:
        return rows[:, 1:].reshape(-1, LENGTH, rows.shape[1] - 1)
    return np.lib.stride_tricks.sliding_window_view(rows, LENGTH, axis=0).transpose(0, 2, 1).copy()


def command(path: Path, arguments: argparse.Namespace, seed: int, run: Path) -> list[str]:
    """The training."""
    words = ["train", "--plugin", arguments.recipe, "--domain", "series", "--data", str(path), "--seed", str(seed)]
    settings = ["train.threads=1"]
    if arguments.data == "sines":
        settings.append("domain.id=sequence")
    else:
        rows = path.read_text().splitlines(keepends=True)
        named = [rows[0]] if has_names(rows[0]) else []
        chosen_by = run.with_name(f"{run.name}-chosen-by.csv")
        chosen_by.write_text("".join(named + rows[-max(2 * LENGTH, len(rows) // 10) :]))
        settings += [f"domain.window_length={LENGTH}", f'domain.held_out=["{chosen_by}"]']
    for setting in (*settings, *arguments.set):
        words += ["--set", setting]
    return [sys.executable, "-m", "rgan_kit", *words, "--run", str(run), "--json"]


def samples(run: Path, seed: int, count: int) -> np.ndarray:
    """Of the weights that are kept, in the data's own units: ``[count, 24, columns]``."""
    generator = load_trained(run, None, default_registry()).generator
    torch.manual_seed(seed)
    sampler, parts = generator.sampler(), []
    with torch.no_grad():
        for first in range(0, count, 512):
            noise = torch.randn(min(512, count - first), LENGTH, generator.noise_size)
            latent = {"latent": torch.randn(len(noise), generator.latent_size)} if generator.latent_size else {}
            made = sampler(noise=noise, **latent)
            parts.append((made[0] if isinstance(made, tuple) else made).numpy())
    return np.concatenate(parts)


def judged(real: np.ndarray, made: np.ndarray, seed: int, in_time: bool) -> Figures:
    """The scores of samples, both as 0 to 1."""
    strict = series_scores.strict(real, made, seed, in_time=in_time)
    return {
        "discriminative": series_scores.discriminative(real, made, seed),
        "predictive": series_scores.predictive(made, real, seed),
        **{f"strict, {name}": value for name, value in strict.items()},
    }


def rows_of(real: np.ndarray, made: np.ndarray) -> Figures:
    """What is seen of samples row by row, both in the data's own units."""
    positive = real.min((0, 1)) >= 0
    figures = {"below zero": float((made[..., positive] < 0).any(-1).mean()) if positive.any() else 0.0}
    if real.shape[2] == len(market.NAMES):
        opening, high, low, close = np.moveaxis(made[..., :4], -1, 0)
        figures["out of order"] = float(
            ((low > np.minimum(opening, close)) | (high < np.maximum(opening, close))).mean()
        )
    return figures


def measure(path: Path, arguments: argparse.Namespace, seed: int, folder: Path) -> dict[str, Figures]:
    """A seed: the figures of its control, and of samples of a generator that is trained for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run = folder / f"run-{seed}"
    subprocess.run(command(path, arguments, seed, run), check=True, stdout=subprocess.DEVNULL)
    minutes = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / 60
    in_time = arguments.data != "sines"
    real = windows(path, sequences=not in_time)
    made = samples(run, seed, len(real))
    low = real.min((0, 1))
    span = np.maximum(real.max((0, 1)) - low, 1e-12)
    scaled = (real - low) / span
    halves = np.random.default_rng(seed).permutation(len(real))
    one, other = (np.sort(part) for part in np.array_split(halves, 2))
    found = judged(scaled, (made - low) / span, seed, in_time)
    found |= {"predictive of real": series_scores.predictive(scaled, scaled, seed)}
    return {
        "control": judged(scaled[one], scaled[other], seed, in_time) | rows_of(real, real),
        arguments.recipe: found | rows_of(real, made) | {"minutes": minutes},
    }


def show(lines: list[dict[str, object]]) -> None:
    """One table a data set: a row a recipe, mean (least–most) over its seeds; the control is that of all seeds."""
    for data in dict.fromkeys(line["data"] for line in lines):
        rows: dict[str, list[Figures]] = {}
        for line in lines:
            for who, figures in line["figures"].items() if line["data"] == data else ():  # type: ignore[attr-defined]
                rows.setdefault(who, []).append(figures)
        names = list(dict.fromkeys(name for found in rows.values() for each in found for name in each))
        print(f"| {data} | seeds | {' | '.join(names)} |")
        print("|---" * (len(names) + 2) + "|")
        for who, found in rows.items():
            cells = []
            for name in names:
                values = [each[name] for each in found if name in each]
                cells.append(f"{statistics.mean(values):.4f} ({min(values):.4f}–{max(values):.4f})" if values else "–")
            print(f"| {who} | {len(found)} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="market")
    parser.add_argument("--recipe", default="lstm-lm")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--results", type=Path, help="a line of JSON a seed is added to this file")
    parser.add_argument("--table", type=Path, help="shows the results in this file, and trains nothing")
    arguments = parser.parse_args()
    if arguments.table:
        show([json.loads(line) for line in arguments.table.read_text().splitlines()])
        return
    torch.set_num_threads(1)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        path = table(arguments.data, Path(folder)).absolute()
        for seed in map(int, arguments.seeds.split(",")):
            figures = measure(path, arguments, seed, Path(folder))
            lines.append({"data": Path(arguments.data).stem, "seed": seed, "set": arguments.set, "figures": figures})
            if arguments.results:
                with arguments.results.open("a") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    show(lines)


if __name__ == "__main__":
    main()
