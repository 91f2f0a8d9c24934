"""Networks on series as ONNX graphs: they compute what torch computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import emission_parts as parts
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from series_parts import CELLS, LATENT, encoder, generator, spec

from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of, step_inputs_of, step_outputs_of
from rgan_kit.export.verify import SHAPES, check_structure, compare
from rgan_kit.export.verify_steps import compare_steps
from rgan_kit.runtime.manifest import TensorInfo


def exported(module: Any, example: dict[str, torch.Tensor], inputs: Any, outputs: Any, path: Path) -> Any:
    model = to_onnx(module, example, inputs, outputs, 18)
    onnx.save(model, str(path))
    check_structure(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [info.name for info in outputs]

    def run(given: Any) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {name: each.numpy() for name, each in given.items()}), strict=True))

    return run


def check_sampler(tmp_path: Path, cell: str, *labels: str, **options: Any) -> None:
    model = generator(cell, spec(*labels), **options)
    inputs, outputs = inputs_of(model.data, model), outputs_of(model.data)
    run = exported(model.sampler(), example_inputs(inputs, 3, 5), inputs, outputs, tmp_path / "model.onnx")
    assert compare(model.sampler(), run, inputs, outputs)["largest_difference"] < 1e-5


def check_encoder(tmp_path: Path, cell: str, **options: Any) -> None:
    module = encoder(cell, **options).exportable()
    inputs = [
        TensorInfo(name="series", dtype="float32", shape=("batch", "time", 2)),
        TensorInfo(name="lengths", dtype="int64", shape=("batch",)),
    ]
    outputs = [TensorInfo(name=name, dtype="float32", shape=("batch", LATENT)) for name in ("mean", "log_variance")]
    example = {"series": torch.randn(3, 5, 2), "lengths": torch.tensor([5, 2, 3])}
    run = exported(module, example, inputs, outputs, tmp_path / "encoder.onnx")
    for size, time in SHAPES:
        lengths = torch.arange(size) % time + 1
        given = {"series": torch.randn(size, time, 2), "lengths": lengths.flip(0)}
        for mine, theirs in zip(module(**given), run(given).values(), strict=True):
            np.testing.assert_allclose(theirs, mine.numpy(), atol=1e-5)


def test_exported_networks_compute_what_torch_computes(tmp_path):
    """One after the other in one process: torch's own export of a second recurrent layer loses its free time."""
    check_sampler(tmp_path, "lstm", autoregressive=True, latent_size=LATENT)
    check_sampler(tmp_path, "gru", autoregressive=True, mixture=4, emission="joint")
    check_encoder(tmp_path, "gru")


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("labels", "options"),
    [
        ((), {}),
        (("a", "b"), {"latent_size": LATENT, "layers": 2}),
        ((), {"autoregressive": True}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "layers": 2, "word_dropout": 0.3}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "word_dropout": 1.0}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "mixture": 7}),
        ((), {"autoregressive": True, "mixture": 2, "word_dropout": 1.0}),
    ],
)
def test_every_sampler_can_be_exported(tmp_path, cell, labels, options):
    check_sampler(tmp_path, cell, *labels, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("joint", lambda: parts.spec(parts.numbers(5))),
        ("bernoulli", parts.binary),
        ("bernoulli-nade", lambda: parts.binary(12)),
        ("logistic", parts.grid),
        ("mixed", parts.every_column),
    ],
)
def test_every_emission_can_be_exported(tmp_path, name, data):
    """Whole sequences, and a step after another."""
    model = generator("lstm", data(), autoregressive=True, emission=name, mixture=3, reading_size=4)
    inputs, outputs = inputs_of(model.data, model), outputs_of(model.data)
    run = exported(model.sampler(), example_inputs(inputs, 3, 5), inputs, outputs, tmp_path / "model.onnx")
    assert compare(model.sampler(), run, inputs, outputs)["largest_difference"] < 1e-5
    stepper = model.stepper()
    inputs = step_inputs_of(model.data, model, stepper.state_shapes)
    outputs = step_outputs_of(model.data, stepper.state_shapes)
    run = exported(stepper, example_inputs(inputs, 3, 1), inputs, outputs, tmp_path / "step.onnx")
    assert compare_steps(stepper, run, inputs, outputs)["largest_difference"] < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_every_encoder_can_be_exported(tmp_path, cell, layers):
    check_encoder(tmp_path, cell, layers=layers)
