"""The likelihood of series, and samples that agree with it, against independent computations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from series_parts import CELLS, HIGH, LATENT, LOW, batch, generator, spec
from torch.nn import functional as F

from rgan_kit.contracts import Batch, SeriesSpec


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def densities_by_steps(
    model: Any,
    data: Batch[torch.Tensor],
    latent: torch.Tensor | None,
    sees: bool,
    seen: torch.Tensor | None = None,
) -> np.ndarray:
    """Sequence by sequence and step by step, with the formula of the normal density; steps see the values before them,
    or what else is ``seen`` in their place."""
    seen = data.values if seen is None else seen
    expected = np.zeros(tuple(data.values.shape[:2]))
    for row, length in enumerate(data.lengths.tolist()):
        condition = [] if latent is None else [latent[row]]
        if data.labels is not None:
            condition.append(F.one_hot(data.labels[row], 2).float())
        previous, state = torch.zeros(3), model.recurrence.initial_state(torch.zeros(1, 1))
        for step in range(length):
            hidden, state = model.recurrence.step(torch.cat([previous, *condition])[None], state)
            raw = (hidden @ model.output.weight.T + model.output.bias)[0].detach().double().numpy()
            x, weights, density = data.values[row, step].double().numpy(), softmax(raw[4 * model.output.mixture :]), 0.0
            for k in range(model.output.mixture):
                mean, spread = (
                    raw[2 * k : 2 * k + 2],
                    raw[2 * (model.output.mixture + k) : 2 * (model.output.mixture + k) + 2],
                )
                deviation = np.log1p(np.exp(spread)) + model.output.least_deviation
                normal = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
                density += (weights[k] if model.output.mixture > 1 else 1.0) * normal.prod()
            expected[row, step] = np.log(density)
            if sees:
                previous = torch.cat([seen[row, step], torch.ones(1)])
    return expected


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("word_dropout", "mixture"), [(0.0, 1), (0.4, 1), (1.0, 1), (0.0, 4), (1.0, 3)])
def test_densities_equal_a_loop_over_steps(cell, word_dropout, mixture):
    options = {"autoregressive": True, "latent_size": LATENT, "layers": 2}
    model = generator(cell, spec("a", "b"), **options, word_dropout=word_dropout, mixture=mixture).eval()
    data, latent = batch(labels=True), torch.randn(3, LATENT)
    expected = densities_by_steps(model, data, latent, sees=word_dropout < 1)
    np.testing.assert_allclose(model.log_probs(data, latent).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mixture", [1, 5])
def test_the_density_of_a_step_integrates_to_one(mixture):
    data = SeriesSpec(1, 8, ("x",), LOW[:1], HIGH[:1])
    model = generator("gru", data, autoregressive=True, mixture=mixture).eval()
    grid = torch.linspace(-30, 30, 6001)
    pairs = torch.stack([torch.full_like(grid, 0.3), grid], dim=1)[:, :, None]  # the second step runs over the grid
    nats = model.log_probs(Batch(pairs, torch.full((6001,), 2)))[:, 1]
    assert nats.exp().sum().item() * 0.01 == pytest.approx(1, abs=1e-4)


def test_samples_of_a_mixture_are_spread_as_its_density_says():
    """Of 20,000 first steps the share below each bound, against the cumulative distribution of the formula."""
    data = SeriesSpec(1, 8, ("x",), LOW[:1], HIGH[:1])
    model = generator("gru", data, autoregressive=True, mixture=3, least_deviation=0.02).eval()
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor([-0.6, 0.1, 0.8, -3.0, -2.0, -4.0, 1.0, 0.0, -1.0]))
        drawn = model(torch.randn(20_000, 1, 2, generator=torch.Generator().manual_seed(0)))[:, 0, 0].numpy()
    weights = softmax(np.array([1.0, 0.0, -1.0]))
    means, deviations = (-0.6, 0.1, 0.8), [math.log1p(math.exp(raw)) + 0.02 for raw in (-3.0, -2.0, -4.0)]
    for bound in np.linspace(-1.2, 1.2, 25):
        below = [0.5 + math.erf((bound - m) / d / math.sqrt(2)) / 2 for m, d in zip(means, deviations, strict=True)]
        assert np.mean(drawn <= bound) == pytest.approx(weights @ below, abs=0.015)  # four standard errors


def test_one_component_needs_no_weights():
    """Files of runs before there were mixtures have parameters of these shapes."""
    assert generator(autoregressive=True).output.weight.shape == (4, 6)
    assert generator(autoregressive=True).noise_size == 2
    assert generator(autoregressive=True, mixture=3).output.weight.shape == (15, 6)
    assert generator(autoregressive=True, mixture=3).noise_size == 3


def test_hidden_values_are_hidden_in_training_alone():
    model, data = generator("gru", autoregressive=True, word_dropout=0.5), batch()
    drawn = torch.stack([model.log_probs(data)[0] for _ in range(20)])
    assert drawn[:, 0].std() == 0  # there is nothing to hide from the first step
    assert (drawn[:, 1:].std(dim=0) > 0).all()
    model.eval()
    assert torch.equal(model.log_probs(data), model.log_probs(data))


def test_noise_on_what_steps_see_leaves_alone_what_they_are_asked_for():
    model, data = generator("gru", autoregressive=True, dropout=0.0, input_noise=0.3), batch()
    torch.manual_seed(6)
    nats = model.train().log_probs(data).detach().numpy()
    torch.manual_seed(6)
    noisy = data.values + 0.3 * torch.randn_like(data.values)
    np.testing.assert_allclose(nats, densities_by_steps(model, data, None, sees=True, seen=noisy), rtol=1e-4, atol=1e-5)
    plain = densities_by_steps(model, data, None, sees=True)
    np.testing.assert_allclose(model.eval().log_probs(data).detach().numpy(), plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("word_dropout", [0.0, 1.0])
def test_the_noise_of_a_sample_is_what_its_density_says(cell, word_dropout):
    """``log p(x) = log N(noise; 0, 1) - log |dx/dnoise|``: what was drawn and what it is worth agree."""
    model = generator(cell, spec("a", "b"), autoregressive=True, latent_size=LATENT, word_dropout=word_dropout).eval()
    noise, latent, labels = torch.randn(3, 6, 2), torch.randn(3, LATENT), torch.tensor([0, 1, 0])
    values = model(noise, latent, labels).detach()
    nats = model.log_probs(Batch(values, torch.full((3,), 6), labels), latent).sum(dim=1)
    for row in range(3):
        place = slice(row, row + 1)
        jacobian = torch.autograd.functional.jacobian(
            lambda each, place=place: model(each.view(1, 6, 2), latent[place], labels[place]).flatten(),
            noise[row].flatten(),
        )
        standard = -0.5 * (noise[row].square() + math.log(2 * math.pi)).sum()
        expected = standard - torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(nats[row], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("word_dropout", [0.0, 1.0])
def test_only_a_blind_decoder_ignores_what_came_before(word_dropout):
    model = generator("gru", autoregressive=True, word_dropout=word_dropout).eval()
    noise = torch.zeros(2, 5, 2)
    noise[1, 0] = 3.0
    values = model(noise)
    assert torch.equal(values[0, 1:], values[1, 1:]) == (word_dropout == 1)


def test_likelihood_finds_a_process_that_it_can_express():
    """``x_t = 0.8 x_{t-1} + 0.1 e_t``: nats close to the process's own, and samples with its spread and memory."""
    rng = np.random.default_rng(0)
    series = np.zeros((400, 12, 1), np.float32)
    series[:, 0, 0] = rng.normal(0, 0.1 / math.sqrt(1 - 0.64), 400)
    for step in range(1, 12):
        series[:, step, 0] = 0.8 * series[:, step - 1, 0] + 0.1 * rng.standard_normal(400)
    data = SeriesSpec(1, 12, ("x",), np.array([-1], np.float32), np.array([1], np.float32))
    model = generator("gru", data, autoregressive=True, hidden_size=12)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    real = Batch(torch.from_numpy(series), torch.full((400,), 12))
    for _ in range(100):
        optimizer.zero_grad()
        loss = -model.log_probs(real).mean()
        loss.backward()
        optimizer.step()
    entropy = 0.5 * math.log(2 * math.pi * math.e * 0.01)  # of a step, but for the first
    assert loss.item() == pytest.approx(entropy, abs=0.1)
    torch.manual_seed(0)
    drawn = model.sampler()(torch.randn(2000, 12, 1))[:, 3:, 0]
    assert drawn.std().item() == pytest.approx(0.1 / 0.6, rel=0.15)
    assert torch.corrcoef(torch.stack([drawn[:, 1:].flatten(), drawn[:, :-1].flatten()]))[0, 1] > 0.7
