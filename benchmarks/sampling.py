"""Sampling through the exported graph against the same sampler in eager torch, in turn, on one thread.

    python benchmarks/sampling.py MODEL RUN [--batch 256] [--time 100] [--rounds 10] [--json]

MODEL is what ``rgankit export RUN`` wrote. Both get the same noise, and their tokens are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from rgan_kit.plugins.registry import default_registry
from rgan_kit.runtime import load, noise
from rgan_kit.training.session import load_trained


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
    sampler = load_trained(arguments.run, None, default_registry()).generator.sampler()  # type: ignore[operator]
    drawn = noise.uniform(0, 0, arguments.batch, arguments.time)
    seconds: dict[str, list[float]] = {"onnxruntime": [], "torch": []}
    for round_number in range(arguments.rounds + 1):
        began = time.perf_counter()
        exported = model.run(noise=drawn, temperature=1.0)["tokens"]
        between = time.perf_counter()
        with torch.no_grad():
            eager = sampler(torch.from_numpy(drawn), torch.tensor(1.0))[0].numpy()
        if round_number:
            seconds["onnxruntime"].append(between - began)
            seconds["torch"].append(time.perf_counter() - between)
    ratios = [t / o for t, o in zip(seconds["torch"], seconds["onnxruntime"], strict=True)]
    row = {
        "batch": arguments.batch,
        "time": arguments.time,
        "onnxruntime_sequences_per_s": round(arguments.batch / statistics.median(seconds["onnxruntime"])),
        "torch_sequences_per_s": round(arguments.batch / statistics.median(seconds["torch"])),
        "ratio_median": round(statistics.median(ratios), 2),
        "ratio_lowest": round(min(ratios), 2),
        "sequences_that_differ": int(np.any(exported != eager, axis=1).sum()),
    }
    print(json.dumps(row, indent=2) if arguments.json else "  ".join(f"{k} {v}" for k, v in row.items()))


if __name__ == "__main__":
    main()
