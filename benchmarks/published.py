"""Series by the protocol of published comparisons (TimeGAN: Yoon et al. 2019), and by a stricter one.

    python benchmarks/published.py [--data market|sines|FILE.csv] [--recipe lstm-lm] [--seeds 0,1,2,3,4] [--set k=v …]

Windows of 24 rows, every row begins one; each column from its smallest to its largest value as 0 to 1; as many samples
as windows. Beside every figure stands its control: one half of the real windows in place of the samples, the other half
in place of the real ones.

- discriminative: a GRU of half as many units as there are columns is trained for 2,000 steps of 128 windows to tell
  real ones from samples, on 80 % of both, drawn at random; |accuracy on the rest - 0.5|.
- predictive: a GRU of the same size is trained on samples for 5,000 steps to tell the last column of the next row from
  the others of this one; its mean absolute error on real windows. Beside it, one trained on real windows.
- strict: a GRU of 24 units, the split by time with a window's length between (of samples: any), and another one on the
  differences of neighbouring rows. Rows out of order (prices) and below zero where no real value is.

The real windows overlap and the generator was trained on nearly all of them, as is the custom: these are figures of
closeness and not of news. Minutes are of one processor, training alone.
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
from torch import nn

from rgan_kit.plugins.registry import default_registry
from rgan_kit.training.session import load_trained
from rgan_kit_plugins.worlds import market

LENGTH, BATCH = 24, 128
DAYS, SINES = 3685, 10_000


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


def windows(path: Path, sequences: bool) -> np.ndarray:
    """Real windows ``[n, 24, columns]`` in the data's own units; of whole sequences where the file holds those."""
    with path.open() as file:
        named = any(part.strip()[:1].isalpha() for part in file.readline().split(","))
    rows = np.loadtxt(path, delimiter=",", skiprows=int(named))
    if sequences:
        return rows[:, 1:].reshape(-1, LENGTH, rows.shape[1] - 1)
    return np.lib.stride_tricks.sliding_window_view(rows, LENGTH, axis=0).transpose(0, 2, 1).copy()


def trained(path: Path, arguments: argparse.Namespace, seed: int, folder: Path, count: int) -> tuple[np.ndarray, float]:
    """Samples of the weights that are kept, in the data's own units, and the CPU-minutes of the training."""
    run = folder / f"run-{seed}"
    words = ["train", "--plugin", arguments.recipe, "--domain", "series", "--data", str(path), "--seed", str(seed)]
    settings = ["train.threads=1", *arguments.set]
    if arguments.data == "sines":
        settings.append("domain.id=sequence")
    else:
        settings += ["domain.stride=1", f"domain.window_length={LENGTH}", "domain.validation_share=0.02"]
    for setting in settings:
        words += ["--set", setting]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(
        [sys.executable, "-m", "rgan_kit", *words, "--run", str(run), "--json"], check=True, stdout=subprocess.DEVNULL
    )
    minutes = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / 60
    generator = load_trained(run, None, default_registry()).generator
    torch.manual_seed(seed)
    sampler, parts = generator.sampler(), []
    with torch.no_grad():
        for first in range(0, count, 512):
            noise = torch.randn(min(512, count - first), LENGTH, generator.noise_size)
            latent = {"latent": torch.randn(len(noise), generator.latent_size)} if generator.latent_size else {}
            made = sampler(noise=noise, **latent)
            parts.append((made[0] if isinstance(made, tuple) else made).numpy())
    return np.concatenate(parts), minutes


class Judge(nn.Module):
    """A GRU whose last state, or every state, becomes one number."""

    def __init__(self, columns: int, hidden: int) -> None:
        super().__init__()
        self.rnn, self.out = nn.GRU(columns, hidden, batch_first=True), nn.Linear(hidden, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """``[n, time, columns]`` to ``[n, time]``."""
        return self.out(self.rnn(values)[0])[..., 0]


def discriminative(
    real: np.ndarray, fake: np.ndarray, seed: int, hidden: int, by_time: bool, steps: int = 2000
) -> float:
    """|accuracy - 0.5| of a judge on what it was not trained on."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    sides = []
    for windows_, ordered in ((real, by_time), (fake, False)):
        order = np.arange(len(windows_)) if ordered else rng.permutation(len(windows_))
        cut = int(0.8 * len(order))
        sides.append((windows_[order[:cut]], windows_[order[cut + LENGTH * ordered :]]))
    (real_in, real_out), (fake_in, fake_out) = (
        tuple(torch.from_numpy(part.astype(np.float32)) for part in side) for side in sides
    )
    judge = Judge(real.shape[2], hidden)
    optimizer = torch.optim.Adam(judge.parameters(), lr=1e-3)
    for _ in range(steps):
        picked = [part[torch.from_numpy(rng.integers(len(part), size=BATCH))] for part in (real_in, fake_in)]
        scores = judge(torch.cat(picked))[:, -1]
        loss = nn.functional.binary_cross_entropy_with_logits(scores, torch.arange(2).repeat_interleave(BATCH).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = (judge(real_out)[:, -1] < 0).float().mean() + (judge(fake_out)[:, -1] >= 0).float().mean()
    return abs(float(right) / 2 - 0.5)


def predictive(source: np.ndarray, real: np.ndarray, seed: int, steps: int = 5000) -> float:
    """Mean absolute error on real windows of a network that was trained on others."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    values, target = (torch.from_numpy(part.astype(np.float32)) for part in (source, real))
    network = Judge(real.shape[2] - 1, max(1, real.shape[2] // 2))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(steps):
        picked = values[torch.from_numpy(rng.integers(len(values), size=BATCH))]
        loss = (torch.sigmoid(network(picked[:, :-1, :-1])) - picked[:, 1:, -1]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return float((torch.sigmoid(network(target[:, :-1, :-1])) - target[:, 1:, -1]).abs().mean())


def judged(
    real: np.ndarray, fake: np.ndarray, seed: int, own: tuple[np.ndarray, np.ndarray] | None
) -> dict[str, float]:
    """All figures of samples, both as 0 to 1; ``own`` are both in their own units, to be looked at row by row."""
    half = max(1, real.shape[2] // 2)
    figures = {
        "discriminative": discriminative(real, fake, seed, half, by_time=False),
        "predictive": predictive(fake, real, seed),
        "strict levels": discriminative(real, fake, seed, 24, by_time=True),
        "strict differences": discriminative(np.diff(real, axis=1), np.diff(fake, axis=1), seed, 24, by_time=True),
    }
    if own is not None:
        positive = own[0].min((0, 1)) >= 0
        figures["below zero"] = float((own[1][..., positive] < 0).any(-1).mean()) if positive.any() else 0.0
        if own[0].shape[2] == len(market.NAMES):
            figures["out of order"] = float(1 - market.in_order(own[1]).mean())
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="market")
    parser.add_argument("--recipe", default="lstm-lm")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--results", type=Path, help="a line of JSON a seed")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows: dict[str, list[dict[str, float]]] = {"control": [], arguments.recipe: []}
    with tempfile.TemporaryDirectory() as folder:
        path = table(arguments.data, Path(folder)).absolute()
        real = windows(path, sequences=arguments.data == "sines")
        low = real.min((0, 1))
        span = np.maximum(real.max((0, 1)) - low, 1e-12)
        scaled = (real - low) / span
        for seed in map(int, arguments.seeds.split(",")):
            samples, minutes = trained(path, arguments, seed, Path(folder), len(real))
            halves = np.random.default_rng(seed).permutation(len(real))
            one, other = (np.sort(part) for part in np.array_split(halves, 2))
            rows["control"].append(judged(scaled[one], scaled[other], seed, None))
            found = judged(scaled, (samples - low) / span, seed, (real, samples))
            found |= {"predictive of real": predictive(scaled, scaled, seed), "minutes": minutes}
            rows[arguments.recipe].append(found)
            if arguments.results:
                with arguments.results.open("a") as file:
                    file.write(
                        json.dumps({"data": arguments.data, "seed": seed, "control": rows["control"][-1], **found})
                        + "\n"
                    )
    names = list(rows[arguments.recipe][0])
    print(f"| {arguments.data} | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for who, found in rows.items():
        cells = []
        for name in names:
            values = [each[name] for each in found if name in each]
            cells.append(f"{statistics.mean(values):.4f} ({min(values):.4f}–{max(values):.4f})" if values else "–")
        print(f"| {who} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
