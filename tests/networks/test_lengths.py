"""Series and frames whose samples differ in length: drawn as often as in the data, seen by every step, in the file."""

from __future__ import annotations

import dataclasses
from typing import Any

import emission_parts as parts
import numpy as np
import onnxruntime
import pytest
import torch
from series_parts import discriminator, generator

from rgan_kit.contracts import Batch, FrameSpec, SeriesSpec, StepContext
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of, step_inputs_of, step_outputs_of
from rgan_kit.export.verify import compare
from rgan_kit.export.verify_steps import compare_steps
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.objectives import OBJECTIVES

SHARES = np.array([0.5, 0.0, 0.3, 0.0, 0.0, 0.2])


def series() -> SeriesSpec:
    return dataclasses.replace(parts.spec(parts.numbers(2)), length_shares=SHARES)


def frames() -> FrameSpec:
    return FrameSpec(6, 8, 8, 1, 8.0, length_shares=SHARES)


def clips(**options: Any) -> Any:
    torch.manual_seed(0)
    spec = next(each for each in GENERATORS if each.name == "gru")
    return spec.build(spec.options(hidden_size=6, channels=4, dropout=0.0, latent_size=2, **options), frames())


MODELS = {
    "from noise": lambda: generator("gru", series()),
    "autoregressive": lambda: generator("lstm", series(), autoregressive=True, emission="joint", latent_size=2),
    "blind": lambda: generator("gru", series(), autoregressive=True, word_dropout=1.0, latent_size=2),
    "frames": clips,
    "frames with a likelihood": lambda: clips(likelihood=True),
}


@pytest.mark.parametrize("name", MODELS)
def test_samples_have_lengths_as_often_as_the_data(name):
    model = MODELS[name]().eval()
    noise = torch.randn(4000, 6, model.noise_size, generator=torch.Generator().manual_seed(0))
    made, lengths = model.sampler()(noise)
    shares = np.bincount(lengths.numpy(), minlength=7)[1:] / 4000
    np.testing.assert_allclose(shares, SHARES, atol=0.04)
    assert not made[torch.arange(6) >= lengths[:, None]].any()
    shorter, cut = model.sampler()(noise[:, :2])
    assert torch.equal(cut, lengths.clamp(max=2)) and shorter.shape[1] == 2


@pytest.mark.parametrize("name", MODELS)
def test_steps_see_how_many_are_left(name):
    """The same noise, another length: another first step."""
    model = MODELS[name]().eval()
    noise = torch.randn(1, 6, model.noise_size)
    latent = torch.zeros(1, 2) if model.latent_size else None
    network = model.frames if name.startswith("frames") else model
    short, long = (network(noise, latent, None, torch.tensor([length])) for length in (1, 6))
    assert not torch.equal(short[:, 0], long[:, 0])


@pytest.mark.parametrize("name", MODELS)
def test_a_game_asks_for_the_lengths_of_real_samples(name):
    model = MODELS[name]()
    made = model.generate(3, 6, lengths=torch.tensor([1, 6, 3]))
    assert made.lengths.tolist() == [1, 6, 3]
    drawn = model.generate(200, 6).lengths
    assert set(drawn.tolist()) == {1, 3, 6}


def test_the_game_tells_its_generator(monkeypatch):
    model = MODELS["from noise"]()
    spec = next(each for each in OBJECTIVES if each.name == "non-saturating")
    asked = {}
    generate = model.generate
    monkeypatch.setattr(model, "generate", lambda *a, **k: asked.update(k) or generate(*a, **k))
    objective = spec.build(spec.options(), {"generator": model, "discriminator": discriminator()}, series())
    real = Batch(torch.zeros(2, 5, 2), torch.tensor([5, 1]))
    fake = objective._fake(StepContext(real, 0.0, 6))
    assert asked["lengths"].tolist() == fake.lengths.tolist() == [5, 1]


def test_the_likelihood_is_that_of_the_length_and_of_the_values_given_it():
    model = MODELS["autoregressive"]().eval()
    values, lengths = torch.rand(3, 6, 2) - 0.5, torch.tensor([1, 3, 6])
    latent = torch.zeros(3, 2)
    nats = model.log_probs(Batch(values, lengths), latent)
    silent = MODELS["autoregressive"]().eval()
    silent.ends.drawn.nats.zero_()
    without = silent.log_probs(Batch(values, lengths), latent)
    torch.testing.assert_close((nats - without)[:, 0], torch.log(torch.tensor([0.5, 0.3, 0.2])))
    assert torch.equal(nats[:, 1:], without[:, 1:])
    other = silent.log_probs(Batch(values[:1], torch.tensor([3])), latent[:1])
    assert other[0, 0] != without[0, 0]  # it knows how long the sample is


@pytest.mark.export
def test_files_give_lengths():
    check_files(MODELS["from noise"]())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["autoregressive", "blind", "frames", "frames with a likelihood"])
def test_every_file_gives_lengths(name):
    check_files(MODELS[name]())


def check_files(model: Any) -> None:
    """The whole model and its steps, against torch and against each other."""
    model = model.eval()
    stepper = model.stepper()
    states = stepper.state_shapes
    whole = inputs_of(model.data, model), outputs_of(model.data, model)
    step = step_inputs_of(model.data, model, states), step_outputs_of(model.data, states, model)

    def run_of(module: Any, ports: Any, time: int) -> Any:
        graph = to_onnx(module, example_inputs(ports[0], 3, time), *ports, 18)
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        names = [info.name for info in ports[1]]
        return lambda given: dict(
            zip(names, session.run(names, {n: each.numpy() for n, each in given.items()}), strict=True)
        )

    assert [info.name for info in whole[1]] == [model.data.kind, "lengths"]
    compare(model.sampler(), run_of(model.sampler(), whole, 5), *whole)
    compare_steps(stepper, run_of(stepper, step, 1), *step)
    given = example_inputs(whole[0], 4, 6)
    made, lengths = model.sampler()(**given)
    state = [torch.zeros(4, *shape) for shape in states]
    rest = {name: given[name] for name in ("latent", "labels") if name in given}
    for time in range(6):
        values, told, *state = stepper(
            given["noise"][:, time], **{f"state_{i}": each for i, each in enumerate(state)}, **rest
        )
        assert torch.equal(told, lengths)
        torch.testing.assert_close(values, made[:, time], atol=1e-5 if values.is_floating_point() else 1, rtol=1e-4)
