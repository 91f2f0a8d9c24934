"""Clips in files and model files are those of the networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from frame_parts import CELLS, encoder, generator, spec

from rgan_kit.contracts import FrameSpec
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.verify import SHAPES, check_structure, compare
from rgan_kit.nn import from_uint8, to_uint8
from rgan_kit.runtime.manifest import TensorInfo
from rgan_kit.runtime.untrusted.operators import ALLOWED


def test_all_shades_survive_the_way_to_the_network_and_back():
    shades = torch.arange(256, dtype=torch.uint8).view(1, 2, 4, 16, 2)
    assert from_uint8(shades).shape == (1, 2, 2, 4, 16)
    assert from_uint8(shades).min() == -1
    assert from_uint8(shades).max() == 1
    assert torch.equal(to_uint8(from_uint8(shades)), shades)


def test_a_sampler_is_a_frozen_copy_that_draws_what_the_network_draws():
    model = generator(latent_size=3, dropout=0.4)
    sampler, noise, latent = model.sampler(), torch.randn(2, 5, 3), torch.randn(2, 3)
    expected = to_uint8(model.eval().frames(noise, latent))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    assert torch.equal(sampler(noise, latent), expected)
    assert not any(parameter.requires_grad for parameter in sampler.parameters())


def check_generator(cell: str, data: FrameSpec, path: Path, **options) -> None:
    model = generator(cell, data, **options)
    inputs, outputs = inputs_of(data, model), outputs_of(data)
    sampler = model.sampler()
    graph = to_onnx(sampler, example_inputs(inputs, 3, 5), inputs, outputs, 18)
    onnx.save(graph, path)
    check_structure(graph, path)
    assert {node.op_type for node in graph.graph.node} <= ALLOWED
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(given):
        return {"frames": session.run(None, {name: value.numpy() for name, value in given.items()})[0]}

    assert compare(sampler, run, inputs, outputs)["largest_difference"] <= 1


def check_encoder(cell: str, data: FrameSpec, path: Path, **options) -> None:
    module = encoder(cell, data, **options).exportable()
    picture = (data.height, data.width, data.channels)
    inputs = [
        TensorInfo(name="frames", dtype="uint8", shape=("batch", "time", *picture)),
        TensorInfo(name="lengths", dtype="int64", shape=("batch",)),
    ]
    outputs = [TensorInfo(name=name, dtype="float32", shape=("batch", 4)) for name in ("mean", "log_variance")]

    def given(batch: int, time: int) -> dict[str, torch.Tensor]:
        frames = torch.randint(256, (batch, time, *picture), dtype=torch.uint8)
        return {"frames": frames, "lengths": torch.arange(time, time - batch, -1).clamp(min=1)}

    graph = to_onnx(module, given(3, 5), inputs, outputs, 18)
    onnx.save(graph, path)
    check_structure(graph, path)
    assert {node.op_type for node in graph.graph.node} <= ALLOWED
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for batch, time in SHAPES:
        example = given(batch, time)
        got = session.run(None, {name: value.numpy() for name, value in example.items()})
        for mine, theirs in zip(module(**example), got, strict=True):
            np.testing.assert_allclose(theirs, mine.numpy(), atol=1e-5)


def test_clips_from_a_model_file_are_those_of_torch(tmp_path):
    check_generator("gru", spec(9, 16, labels=("a", "b")), tmp_path / "model.onnx", latent_size=4)


def test_a_posterior_from_a_model_file_is_that_of_torch(tmp_path):
    check_encoder("lstm", spec(9, 16), tmp_path / "encoder.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("labels", [(), ("a", "b")])
@pytest.mark.parametrize(
    "options", [{}, {"latent_size": 4, "layers": 2}, {"latent_size": 4, "noise_size": 1, "likelihood": True}]
)
def test_every_generator_exports_alike(cell, labels, options, tmp_path):
    check_generator(cell, spec(17, 8, 3, labels), tmp_path / "model.onnx", **options)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", [(8, 8), (33, 20)])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_encoder_exports_alike(cell, size, layers, tmp_path):
    check_encoder(cell, spec(*size, 3), tmp_path / "encoder.onnx", layers=layers)
