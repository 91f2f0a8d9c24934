"""Sampling through the exported graph against eager torch, in turn, on one thread: the same sampler, whose products of
weights are taken once, and the network as it is trained.

    python benchmarks/sampling.py MODEL RUN [--batch 256] [--time 100] [--rounds 10] [--json]

MODEL is what ``rgankit export RUN`` wrote. All get the same noise, and their tokens are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rgan_kit.nn import pick
from rgan_kit.plugins.registry import default_registry
from rgan_kit.runtime import load, noise
from rgan_kit.training.session import load_trained


def by_network(network: Any, drawn: torch.Tensor) -> torch.Tensor:
    """The network as it is trained, step by step: what one runs who does not export."""
    data = network.data
    previous = torch.full((len(drawn),), data.bos)
    condition = network.condition(previous, None, None)
    state, alive = network.recurrence.initial_state(condition), torch.ones_like(previous, dtype=torch.bool)
    tokens = []
    for uniform in drawn.T:
        logits, state = network.step(network.embedding(previous) + condition, previous, state)
        previous = torch.where(alive, pick(logits, uniform, torch.tensor(1.0)), data.pad)
        alive = alive & (previous != data.eos)
        tokens.append(previous)
    return torch.stack(tokens, dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--time", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load(arguments.model, threads=1)
    network: Any = load_trained(arguments.run, None, default_registry()).generator
    sampler = network.sampler()
    drawn = noise.uniform(0, 0, arguments.batch, arguments.time)
    noise_tensor = torch.from_numpy(drawn)
    ways: dict[str, Callable[[], Any]] = {
        "onnxruntime": lambda: model.run(noise=drawn, temperature=1.0)["tokens"],
        "torch_sampler": lambda: sampler(noise_tensor, torch.tensor(1.0))[0].numpy(),  # noqa: PLW0108 - to be timed
        "torch_network": lambda: by_network(network, noise_tensor).numpy(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    tokens: dict[str, Any] = {}
    with torch.no_grad():
        for round_number in range(arguments.rounds + 1):
            for name, way in ways.items():
                began = time.perf_counter()
                tokens[name] = way()
                if round_number:
                    seconds[name].append(time.perf_counter() - began)
    row: dict[str, Any] = {"batch": arguments.batch, "time": arguments.time}
    for name in ways:
        row[f"{name}_sequences_per_s"] = round(arguments.batch / statistics.median(seconds[name]))
    for name in ("torch_sampler", "torch_network"):
        ratios = [mine / ours for mine, ours in zip(seconds[name], seconds["onnxruntime"], strict=True)]
        row[f"ratio_to_{name}"] = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        row[f"sequences_unlike_{name}"] = int(np.any(tokens["onnxruntime"] != tokens[name], axis=1).sum())
    print(json.dumps(row, indent=2) if arguments.json else "\n".join(f"{k}: {v}" for k, v in row.items()))


if __name__ == "__main__":
    main()
