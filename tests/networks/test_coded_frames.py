"""Clips by way of codes: what a clip shows is said once, likelihoods are those of independent computations, and files
compute what the networks do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from frame_parts import clips, longer, spec
from torch.distributions import Normal, kl_divergence

from rgan_kit.contracts import Batch, BuildContext, FrameSpec, PluginError
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.verify import check_structure, compare
from rgan_kit.nn import to_uint8
from rgan_kit_plugins.codecs import CODECS
from rgan_kit_plugins.codecs.coded_frames import CodedFrameGenerator
from rgan_kit_plugins.objectives.variational.world_model import bound, some_frames

CODEC, DENSITY = CODECS
SMALL_CODEC: dict[str, Any] = {"content_size": 3, "code_size": 2, "channels": 3, "hidden_size": 6}
SMALL_DENSITY: dict[str, Any] = {"hidden_size": 5, "emission_size": 4, "mixture": 2}
GRIDS = pytest.mark.parametrize("levels", [0, 4])


def networks(data: FrameSpec | None = None, **options: Any) -> dict[str, Any]:
    torch.manual_seed(0)
    data = data or spec()
    codec = CODEC.build(CODEC.options(**(SMALL_CODEC | options)), data, BuildContext("codec", {}))
    with torch.no_grad():
        codec.posterior.weight.mul_(20)  # fresh weights say nearly the same of every frame
    context = BuildContext("generator", {"codec": codec})
    density = DENSITY.build(DENSITY.options(**SMALL_DENSITY), data, context)
    return {"codec": codec.eval(), "generator": density.eval()}


def composed(data: FrameSpec | None = None, **options: Any) -> CodedFrameGenerator:
    made = networks(data, **options)
    return CodedFrameGenerator(made["codec"].writer, made["generator"], data or spec())


@GRIDS
def test_what_a_clip_shows_is_the_same_in_all_of_its_frames(levels):
    made = networks(content_levels=levels)
    torch.manual_seed(1)
    read = made["codec"].encode(clips(3, 5)).values
    drawn = made["generator"](torch.randn(4, 6, made["generator"].noise_size))
    for codes in (read, drawn):
        assert torch.equal(codes[:, :, :3], codes[:, :1, :3].expand(-1, codes.shape[1], -1))
        assert (codes[:, 1:, 3:] - codes[:, :1, 3:]).abs().max() > 1e-3
    assert (drawn[0, 0, :3] - drawn[1, 0, :3]).abs().max() > 1e-3


@GRIDS
def test_padding_changes_no_code_of_a_clip(levels):
    codec, short = networks(content_levels=levels)["codec"], clips(4, 5)
    long = longer(short)
    found = []
    for batch in (short, long):
        torch.manual_seed(2)
        noise = torch.randn(4, 8, 5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "randn_like", lambda like, noise=noise: noise[:, : like.shape[1]])
            found.append(codec.encode(batch))
    for row, length in enumerate(short.lengths.tolist()):
        for mine, theirs in zip(found[0], found[1], strict=True):
            torch.testing.assert_close(theirs[row, :length], mine[row, :length])


def test_a_content_of_levels_lies_on_its_grid_and_lets_gradients_through():
    codec = networks(content_levels=4)["codec"]
    content = codec.encode(clips(3, 5)).values[:, :, :3]
    steps = (content + 1) * 1.5
    torch.testing.assert_close(steps, steps.round())
    content.sum().backward()
    assert codec.posterior.weight.grad.abs().sum() > 0


def test_a_drawn_content_of_levels_lies_on_their_grid():
    density = networks(content_levels=4)["generator"]
    content = density(torch.randn(50, 3, density.noise_size))[:, :, :3]
    steps = (content + 1) * 1.5
    torch.testing.assert_close(steps, steps.round())
    assert len(steps.round().unique()) == 4


def test_nats_and_divergence_of_codes_are_those_of_normal_distributions():
    codec, batch = networks(content_levels=0)["codec"], clips(2, 5)
    batch = replace(batch, lengths=torch.tensor([5, 5]))
    codes = codec.encode(batch)
    read = codec.posterior(codec.reader(batch.values, torch.ones(2, 5, dtype=torch.bool)))
    mean, log_variance = read.chunk(2, dim=2)
    content = Normal(mean[..., :3].mean(1), (log_variance[..., :3].mean(1) / 2).exp())
    own = Normal(mean[..., 3:], (log_variance[..., 3:] / 2).exp())
    standard = Normal(0.0, 1.0)
    nats = own.log_prob(codes.values[..., 3:]).sum(2)
    nats[:, 0] += content.log_prob(codes.values[:, 0, :3]).sum(1)
    divergence = kl_divergence(own, standard).sum(2)
    divergence[:, 0] += kl_divergence(content, standard).sum(1)
    torch.testing.assert_close(codes.nats, nats)
    torch.testing.assert_close(codes.divergence, divergence)


def test_a_content_of_levels_counts_nothing_beside_the_codes_of_frames():
    codec, batch = networks(content_levels=4)["codec"], clips(2, 5)
    batch = replace(batch, lengths=torch.tensor([5, 5]))
    codes = codec.encode(batch)
    read = codec.posterior(codec.reader(batch.values, torch.ones(2, 5, dtype=torch.bool)))[:, :, [3, 4, 8, 9]]
    own = Normal(read[..., :2], (read[..., 2:] / 2).exp())
    torch.testing.assert_close(codes.nats, own.log_prob(codes.values[..., 3:]).sum(2))
    torch.testing.assert_close(codes.divergence, kl_divergence(own, Normal(0.0, 1.0)).sum(2))


@GRIDS
def test_the_bound_is_made_of_pixels_codes_and_what_they_were_drawn_from(levels):
    made = networks(content_levels=levels, deviation=0.3)
    batch, counts = clips(3, 5), torch.arange(5) < clips(3, 5).lengths[:, None]
    torch.manual_seed(3)
    nats = bound(made, batch, counts)
    torch.manual_seed(3)
    codes = made["codec"].encode(batch)
    pixels = Normal(made["codec"].writer.decode(codes.values), 0.3).log_prob(batch.values).sum((2, 3, 4))
    prior = made["generator"].log_probs(Batch(codes.values, batch.lengths))
    expected = ((pixels + prior - codes.nats) * counts).sum(1)
    torch.testing.assert_close(nats, expected, rtol=1e-4, atol=1e-2)


def test_the_codec_learns_from_frames_that_are_there():
    batch = clips(3, 5)
    batch.values[torch.arange(5) >= batch.lengths[:, None]] = 7.0
    some = some_frames(batch, 2)
    assert some.lengths.tolist() == [2, 1, 2]
    assert some.values.shape[1] == 2
    assert (some.values[torch.arange(2) < some.lengths[:, None]] <= 1).all()


def test_a_density_without_a_codec_says_so():
    with pytest.raises(PluginError, match="no network called 'codec'"):
        DENSITY.build(DENSITY.options(), spec(), BuildContext("generator", {}))


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="2 and more"):
        CODEC.options(content_levels=1)


def test_clips_of_data_whose_samples_differ_in_length_do_too():
    data = replace(spec(), length_shares=np.array([0.0, 0.0, 0.5, 0.0, 0.0, 0.5]))
    model = composed(data)
    assert model.variable
    frames, lengths = model.sampler()(torch.randn(40, 6, model.noise_size))
    assert set(lengths.tolist()) == {3, 6}
    assert not frames[lengths == 3][:, 3:].any()


def test_classes_change_what_is_drawn():
    model = composed(spec(labels=("a", "b")))
    noise = torch.randn(2, 4, model.noise_size)
    first, second = (model(noise, torch.full((2,), label)) for label in (0, 1))
    assert (first - second).abs().max() > 1e-4


def test_steps_are_those_of_the_whole_clip():
    model = composed(spec(labels=("a", "b")))
    noise, labels = torch.randn(3, 5, model.noise_size), torch.tensor([0, 1, 0])
    whole, stepper = model.sampler()(noise, labels), model.stepper()
    states = [torch.zeros(3, *shape) for shape in stepper.state_shapes]
    for step in range(5):
        frame, *states = stepper(noise[:, step], *states, labels=labels)
        assert (frame.int() - whole[:, step].int()).abs().max() <= 1


def test_the_sampler_is_a_frozen_copy_without_what_made_codes():
    model = composed()
    sampler, noise = model.sampler(), torch.randn(2, 4, model.noise_size)
    expected = to_uint8(model(noise))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    assert torch.equal(sampler(noise), expected)
    assert not any("reader" in name or "posterior" in name for name, _ in sampler.named_parameters())


@pytest.mark.export
@pytest.mark.slow
@GRIDS
@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_clips_from_a_model_file_are_those_of_torch(levels, labels, tmp_path):
    data = spec(9, 16, labels=labels)
    model = composed(data, content_levels=levels)
    inputs, outputs, sampler = inputs_of(data, model), outputs_of(data), model.sampler()
    graph = to_onnx(sampler, example_inputs(inputs, 3, 5), inputs, outputs, 18)
    onnx.save(graph, tmp_path / "model.onnx")
    check_structure(graph, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])

    def run(given):
        return {"frames": session.run(None, {name: value.numpy() for name, value in given.items()})[0]}

    assert compare(sampler, run, inputs, outputs)["largest_difference"] <= 1
