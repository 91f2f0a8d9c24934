"""The networks on clips meet their requirements, and compute what independent computations compute."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from frame_parts import CELLS, CRITICS, clips, critic, encoder, generator, longer, spec

from rgan_kit.contracts import Autoregressive, Batch
from rgan_kit_plugins.convolutions import FrameWriter, halvings

SIZES = ((8, 8), (16, 16), (9, 21), (5, 33), (1, 1))


# --- Sizes ---


def test_the_smallest_grid_has_four_to_seven_pixels_a_side():
    assert [halvings(side) for side in range(1, 8)] == [0] * 7
    assert {side // 2 ** halvings(side) for side in range(8, 500)} == {4, 5, 6, 7}


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("latent_size", [0, 3])
def test_frames_of_any_size_are_drawn_and_read(height, width, latent_size):
    data = spec(height, width)
    made = generator("gru", data, latent_size=latent_size).generate(4, 5)
    assert made.values.shape == (4, 5, 2, height, width)
    assert made.values.abs().max() <= 1
    assert made.lengths.tolist() == [5] * 4
    for name in CRITICS:
        scores = critic(name, data)(made)
        assert scores.sequence.shape == (4,)
        assert scores.steps.shape == (4, 5)
    mean, log_variance = encoder("gru", data)(made)
    assert mean.shape == log_variance.shape == (4, 4)


# --- Padding, batches, order ---


@pytest.mark.parametrize("name", CRITICS)
def test_padding_changes_no_score(name):
    model = critic(name, spec(labels=("a", "b")), minibatch_statistics=True).eval()
    short = clips(4, 5, spec(labels=("a", "b")))
    expected, got = model(short), model(longer(short))
    torch.testing.assert_close(got.sequence, expected.sequence)
    torch.testing.assert_close(got.steps[:, :5], expected.steps)
    counts = torch.arange(8) < short.lengths[:, None]
    assert got.steps[~counts].abs().sum() == 0


@pytest.mark.parametrize("name", CRITICS)
def test_a_clip_of_any_length_scores_in_a_batch_as_it_does_alone(name):
    model, batch = critic(name).eval(), clips(5, 6)
    together = model(batch)
    for row, length in enumerate(batch.lengths.tolist()):
        alone = model(Batch(batch.values[row : row + 1, :length], batch.lengths[row : row + 1]))
        torch.testing.assert_close(alone.sequence[0], together.sequence[row])
        torch.testing.assert_close(alone.steps[0], together.steps[row, :length])


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_no_posterior(cell):
    model, short = encoder(cell, layers=2).eval(), clips(4, 5)
    torch.testing.assert_close(model(longer(short)), model(short))


def test_a_clip_depends_on_no_other_of_its_batch():
    model, noise, latent = generator(latent_size=3), torch.randn(4, 5, 3), torch.randn(4, 3)
    halves = [model.frames(noise[rows], latent[rows]) for rows in (slice(2), slice(2, 4))]
    torch.testing.assert_close(torch.cat(halves), model.frames(noise, latent))


def test_only_clip_discriminators_mind_the_order_of_frames():
    batch = clips(1, 6)
    mixed = Batch(batch.values[:, [3, 0, 5, 1, 4, 2]], batch.lengths)
    differences = {
        name: (critic(name).eval()(batch).sequence - critic(name).eval()(mixed).sequence).abs().item()
        for name in CRITICS
    }
    assert differences.pop("image") < 1e-6
    assert min(differences.values()) > 1e-6


def test_mocogan_scores_frames_one_by_one_and_the_clip_as_a_whole():
    model, batch = critic("mocogan").eval(), clips(1, 6)
    changed = Batch(batch.values.clone(), batch.lengths)
    changed.values[:, 2] *= -1
    before, after = model(batch), model(changed)
    others = [0, 1, 3, 4, 5]
    torch.testing.assert_close(after.steps[:, others], before.steps[:, others])
    assert (after.steps[:, 2] - before.steps[:, 2]).abs() > 1e-6
    assert (after.sequence - before.sequence).abs() > 1e-6


@pytest.mark.parametrize("name", ["conv3d", "mocogan"])
def test_the_score_of_a_whole_clip_sees_every_frame_beside_every_other_one(name):
    model = critic(name, whole_clip=True).eval()
    clip = clips(1, 6).values.requires_grad_()
    score = model(Batch(clip, torch.tensor([6]))).sequence.sum()
    (first,) = torch.autograd.grad(score, clip, create_graph=True)
    (mixed,) = torch.autograd.grad(first[:, 0].square().sum(), clip)
    assert (mixed.abs().flatten(2).sum(dim=2) > 0).all(), "how much the first frame counts depends on all of them"


@pytest.mark.parametrize("name", ["conv3d", "mocogan"])
def test_padding_changes_no_score_of_a_whole_clip(name):
    model, short = critic(name, whole_clip=True).eval(), clips(4, 5)
    torch.testing.assert_close(model(longer(short)).sequence, model(short).sequence)


@pytest.mark.parametrize("name", ["conv3d", "mocogan"])
def test_a_whole_clip_is_spectrally_normalised_too(name):
    model = critic(name, whole_clip=True, spectral_norm=True)
    bounded = [each for each in model.modules() if hasattr(each, "parametrizations")]
    assert any(isinstance(each, torch.nn.Conv1d) for each in bounded)


def test_a_motion_of_few_numbers_says_no_more_than_they():
    model = generator(latent_size=4, motion_size=2)
    hidden = torch.randn(3, 5, 6) * 100
    assert model.motion(hidden).shape == (3, 5, 2)
    assert model.motion(hidden).abs().max() <= 1
    assert model.writer.enter.in_features == 4 + 2
    assert generator(latent_size=4).writer.enter.in_features == 4 + 6, "as it was in runs from before"


def test_steps_of_a_motion_of_few_numbers_are_those_of_the_clip():
    model = generator(latent_size=4, motion_size=2)
    noise, latent = torch.randn(3, 5, model.noise_size), torch.randn(3, 4)
    whole, stepper = model.sampler()(noise, latent), model.stepper()
    states = [torch.zeros(3, *shape) for shape in stepper.state_shapes]
    for step in range(5):
        frame, *states = stepper(noise[:, step], *states, latent=latent)
        assert (frame.int() - whole[:, step].int()).abs().max() <= 1


def test_a_style_changes_every_layer_and_pictures_without_one_are_as_they_were():
    torch.manual_seed(0)
    writer = FrameWriter(5, 3, 16, 16, 2, style=4)
    vectors, style = torch.randn(3, 5), torch.randn(3, 4)
    with torch.no_grad():
        writer.style.weight.zero_(), writer.style.bias.zero_()
    torch.testing.assert_close(writer(vectors, style), writer(vectors))
    for row in range(writer.style.out_features):
        with torch.no_grad():
            writer.style.bias.zero_()
            writer.style.bias[row] = 0.5
        assert (writer(vectors, style) - writer(vectors)).abs().max() > 1e-5, f"nothing sees number {row}"
    assert FrameWriter(5, 3, 16, 16, 2).style is None


# --- Labels and regularisers ---


@pytest.mark.parametrize("name", CRITICS)
def test_what_a_label_adds_is_its_projection_on_what_was_read(name):
    data = spec(labels=("a", "b"))
    model, batch = critic(name, data).eval(), clips(2, 5, data)
    vectors = [each.weight for each in model.modules() if isinstance(each, torch.nn.Embedding)]
    scores = []
    for factor in (0.0, 1.0, 2.0):
        with torch.no_grad():
            for vector in vectors:
                vector.copy_(factor * torch.ones_like(vector))
        scores.append(model(batch))
    for read in (lambda each: each.sequence, lambda each: each.steps):
        none, once, twice = map(read, scores)
        torch.testing.assert_close(twice - none, 2 * (once - none))  # linear in the label's vector
        assert (once - none).abs().max() > 1e-5


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("asked", [True, False])
def test_minibatch_statistics_are_seen_where_asked_for(name, asked):
    model, batch = critic(name, minibatch_statistics=asked).eval(), clips(4, 5)
    other = Batch(batch.values.clone(), batch.lengths)
    other.values[1:] = other.values[:1]  # all like the first
    mine, theirs = model(batch), model(other)
    seen = [bool((a[0] - b[0]).abs().max() > 1e-7) for a, b in ((mine.sequence, theirs.sequence),)]
    if name in ("image", "mocogan"):
        seen.append(bool((mine.steps[0] - theirs.steps[0]).abs().max() > 1e-7))
    assert seen == [asked] * len(seen)


@pytest.mark.parametrize("name", CRITICS)
def test_spectral_normalisation_bounds_every_layer(name):
    model, batch = critic(name, spectral_norm=True), clips()
    for _ in range(30):
        model(batch)
    layers = [each for each in model.modules() if hasattr(each, "parametrizations")]
    kinds = {type(each).__name__.removeprefix("Parametrized") for each in layers}
    assert kinds == {"Linear"} | ({"Conv3d"} if name in ("conv3d", "mocogan") else set()) | (
        {"Conv2d"} if name != "conv3d" else set()
    )
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


# --- Gradients, chance ---


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", CRITICS)
def test_every_parameter_receives_a_gradient(cell, name):
    data = spec(labels=("a", "b"))
    model, judge = generator(cell, data, latent_size=3, layers=2), critic(name, data)
    scores = judge(model.generate(4, 5, labels=torch.tensor([0, 1, 0, 1])))
    (scores.sequence.square().sum() + scores.steps.square().sum()).backward()
    for network in (model, judge):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_of_encoder_and_decoder_receives_a_gradient(cell):
    model, reader, batch = generator(cell, latent_size=4, likelihood=True), encoder(cell), clips()
    mean, log_variance = reader(batch)
    model.log_probs(batch, mean + (log_variance / 2).exp()).sum().backward()
    for name, parameter in itertools.chain(model.named_parameters(), reader.named_parameters()):
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", CRITICS)
def test_the_gradient_of_a_gradient_penalty_equals_finite_differences(name):
    torch.set_default_dtype(torch.float64)
    try:
        model, batch = critic(name, spec(5, 5, 1)).eval(), clips(2, 3, spec(5, 5, 1))
    finally:
        torch.set_default_dtype(torch.float32)
    values = batch.values.double().requires_grad_()

    def penalty() -> torch.Tensor:
        score = model(Batch(values, batch.lengths)).sequence.sum()
        return torch.autograd.grad(score, values, create_graph=True)[0].square().sum()

    weight = next(each for each in model.parameters() if each.ndim > 3)  # of the first convolution
    (gradient,) = torch.autograd.grad(penalty(), weight)
    direction, step = torch.randn_like(weight), 1e-6
    with torch.no_grad():
        weight += step * direction
    above = penalty()
    with torch.no_grad():
        weight -= 2 * step * direction
    slope = (above - penalty()) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-4, atol=1e-9)
    assert slope != 0


def test_the_same_seed_draws_the_same_clips():
    model, drawn = generator(latent_size=3, data=spec(labels=("a", "b"))), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(model.generate(3, 4))
    assert torch.equal(drawn[0].values, drawn[1].values)
    assert torch.equal(drawn[0].labels, drawn[1].labels)
    assert not torch.equal(drawn[0].values, drawn[2].values)


def test_a_frame_shows_its_past_noise_and_its_latent_and_label():
    data = spec(labels=("a", "b"))
    model, noise, latent, labels = generator("lstm", data, latent_size=3), torch.randn(1, 6, 3), torch.randn(1, 3), [0]
    base = model.frames(noise, latent, torch.tensor(labels))
    other = noise.clone()
    other[:, 2] += 1
    moved = (model.frames(other, latent, torch.tensor(labels)) - base).abs().amax((0, 2, 3, 4))
    assert (moved[:2] == 0).all()
    assert (moved[2:] > 0).all()
    assert (model.frames(noise, latent + 1, torch.tensor(labels)) - base).abs().amin((0, 1)).max() > 0
    assert (model.frames(noise, latent, torch.tensor([1])) - base).abs().max() > 0


# --- Likelihood ---


def test_a_gan_generator_has_no_likelihood_and_a_decoder_has():
    assert not isinstance(generator(), Autoregressive)
    assert isinstance(generator(likelihood=True), Autoregressive)


@pytest.mark.parametrize("cell", CELLS)
def test_the_likelihood_is_the_normal_density_of_all_pixels(cell):
    data = spec(labels=("a", "b"))
    model, batch, latent = generator(cell, data, latent_size=4, likelihood=True), clips(3, 5, data), torch.randn(3, 4)
    with torch.no_grad():
        model.log_deviation.fill_(-0.13)
    torch.manual_seed(5)
    got = model.log_probs(batch, latent).detach().numpy()
    torch.manual_seed(5)
    mean = model.frames(torch.randn(3, 5, 3), latent, batch.labels).detach().double().numpy()
    deviation = np.exp(-1.3) + 2 / 255
    expected = np.zeros((3, 5))
    for row, length in enumerate(batch.lengths.tolist()):
        for step in range(length):
            for pixel, centre in zip(batch.values[row, step].flatten().tolist(), mean[row, step].flat, strict=True):
                density = np.exp(-(((pixel - centre) / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi))
                expected[row, step] += np.log(density)
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_the_likelihood_ignores_padding():
    model, short, latent = generator(latent_size=4, likelihood=True), clips(), torch.randn(3, 4)
    with torch.no_grad():
        model.recurrence.rnn.weight_ih_l0[:, :6] = 0  # no noise: it would be another for another length
    got = model.log_probs(longer(short), latent)
    torch.testing.assert_close(got[:, :5], model.log_probs(short, latent))
    assert got[:, 5:].abs().sum() == 0


def test_no_pixel_is_known_better_than_a_file_knows_it():
    model = generator(likelihood=True)
    with torch.no_grad():
        model.log_deviation.fill_(-50.0)
    assert model.deviation.item() == pytest.approx(2 / 255)
