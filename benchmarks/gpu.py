"""Sampling on a CUDA device: the whole-sequence graph and the step graph with IO binding under onnxruntime's CUDA
provider, eager torch, and torch with its steps captured as CUDA graphs; symbols and series, batch 1 to 4,096. As a
Markdown table, with how far the outputs are from the CPU's.

    python benchmarks/gpu.py [--batch 1,16,256,4096] [--seconds 2] [--json]

Networks are untrained. Where there is no device, or onnxruntime has no CUDA provider, rows say "not measured"; those of
the CPU are measured everywhere.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from targets import SERIES, generator_of, session_of

from rgan_kit.contracts import TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.export.graph import EXAMPLE_BATCH, EXAMPLE_TIME, LOWEST_OPSET, to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, step_inputs_of, step_outputs_of
from rgan_kit.runtime import providers
from rgan_kit.runtime.benchmark import measure
from rgan_kit.runtime.manifest import Manifest
from rgan_kit.runtime.opened import Opened
from rgan_kit.runtime.stream import Step
from rgan_kit.runtime.untrusted.files import ModelFacts

SYMBOLS = TokenSpec(vocab_size=92, bos=1, eos=2, pad=0, max_length=40)
NOT_MEASURED = "not measured"
WAYS = ("onnxruntime cpu", "onnxruntime cuda", "step cpu", "step cuda", "torch cuda", "torch cuda graphs")
COLUMNS = ("model", "way", "batch", "samples/s", "p50 ms", "agreement with the CPU")


@dataclass(frozen=True)
class Case:
    """A model in every form.

    Attributes:
        name: shown.
        spec: of its data.
        generator: the network.
        whole: session of the whole-sequence graph by device.
        step: the step file by device.
    """

    name: str
    spec: DataSpec
    generator: Any
    whole: dict[str, Any]
    step: dict[str, Step]


def has_cuda() -> tuple[bool, bool]:
    """Whether torch, and whether onnxruntime, has a CUDA device."""
    offered = providers.CUDA in providers.onnxruntime().get_available_providers()
    return torch.cuda.is_available(), torch.cuda.is_available() and offered


def case_of(name: str, spec: DataSpec, generator: Any, devices: list[str]) -> Case:
    """Exports a generator in both forms, without the checks of an export."""
    with tempfile.TemporaryDirectory() as folder:
        session_of(spec, generator, Path(folder))
        whole = (Path(folder) / "model.onnx").read_bytes()
        stepper = generator.stepper().eval()
        inputs = step_inputs_of(spec, generator, stepper.state_shapes)
        outputs = step_outputs_of(spec, stepper.state_shapes)
        model = to_onnx(stepper, example_inputs(inputs, EXAMPLE_BATCH, EXAMPLE_TIME), inputs, outputs, LOWEST_OPSET)
        onnx.save(model, Path(folder) / "step.onnx")
        step = (Path(folder) / "step.onnx").read_bytes()
    manifest = Manifest.model_construct(
        kind=spec.kind, role="step", states=stepper.state_shapes, inputs=tuple(inputs), outputs=tuple(outputs),
        end_token=spec.eos if isinstance(spec, TokenSpec) else None, labels=(), latent_size=0,
        noise_size=0 if isinstance(spec, TokenSpec) else int(generator.noise_size),
    )  # fmt: skip
    facts = ModelFacts(0, 8, LOWEST_OPSET, "", {}, 0, 0, (), (), {})
    steps = {
        device: Step(Opened("step.onnx", manifest, facts, providers.session(step, "step.onnx", request=device)))
        for device in devices
    }
    wholes = {device: providers.session(whole, "model.onnx", request=device) for device in devices}
    return Case(name, spec, generator, wholes, steps)


def calls(case: Case, batch: int, cuda: bool) -> Iterator[tuple[str, Callable[[], np.ndarray] | None]]:
    """Every way by its name; None where this machine lacks what it needs."""
    given = example_inputs(inputs_of(case.spec, case.generator), batch, case.spec.max_length)
    arrays = {name: tensor.numpy() for name, tensor in given.items()}
    for device in ("cpu", "cuda"):
        yield f"onnxruntime {device}", _whole(case, device, arrays)
    for device in ("cpu", "cuda"):
        yield f"step {device}", _steps(case, device, arrays)
    yield "torch cuda", _eager(case, given) if cuda else None
    yield "torch cuda graphs", _captured(case, given) if cuda else None


def _whole(case: Case, device: str, arrays: dict[str, np.ndarray]) -> Callable[[], np.ndarray] | None:
    session = case.whole.get(device)
    if session is None:
        return None
    binding, name = session.io_binding(), session.get_outputs()[0].name
    for key, value in arrays.items():
        placed = providers.onnxruntime().OrtValue.ortvalue_from_numpy(value, device)
        binding.bind_ortvalue_input(key, placed)

    def call() -> np.ndarray:
        binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)
        return np.asarray(binding.get_outputs()[0].numpy())

    return call


def _steps(case: Case, device: str, arrays: dict[str, np.ndarray]) -> Callable[[], np.ndarray] | None:
    step = case.step.get(device)
    return None if step is None else lambda: np.stack(list(step.drive(**arrays)), axis=1)


def _eager(case: Case, given: dict[str, torch.Tensor]) -> Callable[[], np.ndarray]:
    sampler = case.generator.sampler().cuda().eval()
    placed = {name: tensor.cuda() for name, tensor in given.items()}
    return lambda: _first(sampler(**placed)).cpu().numpy()


def _captured(case: Case, given: dict[str, torch.Tensor]) -> Callable[[], np.ndarray]:
    """One CUDA graph of a whole sequence, replayed (https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs)."""
    sampler = case.generator.sampler().cuda().eval()
    placed = {name: tensor.cuda() for name, tensor in given.items()}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            sampler(**placed)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = _first(sampler(**placed))

    def call() -> np.ndarray:
        graph.replay()
        return np.asarray(made.cpu().numpy())

    return call


def _first(made: Any) -> torch.Tensor:
    return made[0] if isinstance(made, tuple) else made


def agreement(mine: np.ndarray, reference: np.ndarray) -> str:
    """Of what a way made with what the CPU made. A loop of steps stops when all sequences have ended."""
    if mine.dtype == np.int64:
        time = min(mine.shape[1], reference.shape[1])
        ended = np.cumsum(reference[:, :time] == SYMBOLS.eos, axis=1) - (reference[:, :time] == SYMBOLS.eos) > 0
        same = ((mine[:, :time] == reference[:, :time]) | ended).all(axis=1)
        return f"{same.mean():.2%} of sequences"
    return f"within {np.abs(mine - reference).max():.1e}"


def rows_of(case: Case, batch: int, cuda: bool, seconds: float) -> Iterator[dict[str, Any]]:
    """A row for every way."""
    reference: np.ndarray | None = None
    for way, call in calls(case, batch, cuda):
        row: dict[str, Any] = {"model": case.name, "way": way, "batch": batch}
        if call is None:
            yield {**row, "samples/s": NOT_MEASURED, "p50 ms": NOT_MEASURED, "agreement with the CPU": NOT_MEASURED}
            continue
        made = call()
        reference = made if reference is None else reference
        timed = measure(call, batch, case.spec.max_length, way, way.rsplit(maxsplit=1)[-1], seconds)
        row |= {"samples/s": f"{timed.samples_per_s:,.0f}", "p50 ms": f"{timed.p50_ms:.2f}"}
        yield {**row, "agreement with the CPU": agreement(made, reference)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", default="1,16,256,4096")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    by_torch, by_onnxruntime = has_cuda()
    devices = ["cpu", "cuda"] if by_onnxruntime else ["cpu"]
    cases = [
        case_of("symbols, 40 steps, LSTM 128", SYMBOLS, generator_of(SYMBOLS, hidden_size=128).eval(), devices),
        case_of(
            "series, 24 x 6, LSTM 100", SERIES, generator_of(SERIES, hidden_size=100, noise_size=6).eval(), devices
        ),
    ]
    rows = []
    with torch.no_grad():
        for case in cases:
            for batch in map(int, arguments.batch.split(",")):
                rows += list(rows_of(case, batch, by_torch, arguments.seconds))
    if arguments.json:
        print(json.dumps({"device": torch.cuda.get_device_name() if by_torch else None, "rows": rows}, indent=2))
        return
    print(f"device: {torch.cuda.get_device_name() if by_torch else 'none'}\n")
    print("\n".join([f"| {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * (len(COLUMNS) - 2)]))
    for row in rows:
        print(f"| {' | '.join(str(row[column]) for column in COLUMNS)} |")


if __name__ == "__main__":
    main()
