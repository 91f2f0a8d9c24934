"""The two cases that sampling is held to, on one thread, by CPU time, without any training.

    python benchmarks/targets.py [--rounds 7] [--json]

- symbols: vocabulary 5,000, length 20, hidden size 32; at least 4,500 sequences a CPU second
- series: 24 steps of 6 features, LSTM of 100; at least 1.5 times eager torch, which is timed in turn with it: both the
  module that is exported and the generator as it is trained
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from rgan_kit.contracts import SeriesSpec, TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.export.graph import EXAMPLE_BATCH, EXAMPLE_TIME, LOWEST_OPSET, to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.runtime import providers
from rgan_kit_plugins.generators import GENERATORS

BATCHES = (1, 16, 64, 256)
SYMBOLS = TokenSpec(vocab_size=5000, bos=1, eos=2, pad=0, max_length=20)
SERIES = SeriesSpec(6, 24, tuple("abcdef"), np.zeros(6), np.ones(6))


def generator_of(spec: DataSpec, **options: Any) -> Any:
    """An untrained LSTM: its speed is that of a trained one."""
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == "lstm")
    return chosen.build(chosen.options(**options), spec)


def session_of(spec: DataSpec, generator: Any, folder: Path) -> Any:
    """The exported sampler on one CPU thread."""
    inputs, outputs = inputs_of(spec, generator), outputs_of(spec)
    example = example_inputs(inputs, EXAMPLE_BATCH, EXAMPLE_TIME)
    model = to_onnx(generator.sampler().eval(), example, inputs, outputs, LOWEST_OPSET)
    path = folder / "model.onnx"
    onnx.save(model, path)
    return providers.session(path.read_bytes(), "model.onnx", request="cpu", threads=1)


def cpu_seconds(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Of every way, in turn; the first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.process_time()
            way()
            if number:
                taken[name].append(time.process_time() - began)
    return taken


def case(session: Any, spec: DataSpec, generator: Any, batch: int, rounds: int) -> dict[str, Any]:
    """Sequences a CPU second of each way, and how often eager torch's speed onnxruntime has."""
    given = example_inputs(inputs_of(spec, generator), batch, spec.max_length)
    arrays = {name: tensor.numpy() for name, tensor in given.items()}
    sampler = generator.sampler().eval()
    ways: dict[str, Callable[[], Any]] = {
        "onnxruntime": lambda: session.run(None, arrays),
        "torch_sampler": lambda: sampler(**given),
    }
    if isinstance(spec, SeriesSpec):
        ways["torch_network"] = lambda: generator(given["noise"])
    with torch.no_grad():
        taken = cpu_seconds(ways, rounds)
    row: dict[str, Any] = {"batch": batch}
    row |= {name: round(batch / statistics.median(times)) for name, times in taken.items()}
    for name in list(ways)[1:]:
        ratios = [theirs / ours for theirs, ours in zip(taken[name], taken["onnxruntime"], strict=True)]
        row[f"ratio_to_{name}"] = round(statistics.median(ratios), 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    symbols = generator_of(SYMBOLS, hidden_size=32, embedding_size=32)
    series = generator_of(SERIES, hidden_size=100, noise_size=6)
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, spec, generator in (
        ("symbols: vocabulary 5,000, length 20, hidden 32", SYMBOLS, symbols.eval()),
        ("series: 24 x 6, LSTM 100", SERIES, series.eval()),
    ):
        with tempfile.TemporaryDirectory() as folder:
            session = session_of(spec, generator, Path(folder))
        rows[name] = [case(session, spec, generator, batch, arguments.rounds) for batch in BATCHES]
    if arguments.json:
        print(json.dumps({"onnxruntime": onnxruntime.__version__, "torch": torch.__version__, **rows}, indent=2))
        return
    for name, found in rows.items():
        print(f"{name}, sequences a CPU second:")
        for row in found:
            print("  " + ", ".join(f"{key} {value:,}" for key, value in row.items()))


if __name__ == "__main__":
    main()
