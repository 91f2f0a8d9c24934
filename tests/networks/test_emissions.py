"""How a step is drawn: the likelihood against the formulas, and draws against the likelihood."""

from __future__ import annotations

import dataclasses
import itertools
import math
from importlib.metadata import EntryPoint

import emission_parts as parts
import numpy as np
import pytest
import torch
from series_parts import generator

from rgan_kit import hookspecs
from rgan_kit.contracts import Batch, Column, SeriesSpec, UsageError
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.registry import Registry
from rgan_kit.testing.examples import example_spec
from rgan_kit.testing.subjects import contracts
from rgan_kit.training.moments import measure
from rgan_kit_plugins.emissions import build, chosen
from rgan_kit_plugins.generators import RecurrentGeneratorOptions

CASES = {
    "joint": lambda: parts.spec(parts.numbers(3)),
    "bernoulli-nade": parts.binary,
    "logistic": parts.grid,
    "mixed": parts.every_column,
}


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_the_likelihood_of_a_step_is_that_of_the_formulas_column_by_column(name, seen):
    data = CASES[name]()
    model = parts.emission(name, data, mixture=3)
    hidden, previous = parts.given(model, 6, seen)
    values = model.draw(hidden, previous, torch.randn(6, model.noise_size, generator=torch.Generator().manual_seed(1)))
    found = model.log_prob(values, hidden, previous)
    for row in range(6):
        arrays = (each[row].detach().double().numpy() for each in (values, hidden, previous))
        assert found[row].item() == pytest.approx(parts.nats_by_columns(model, data, *arrays), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ["bernoulli", "bernoulli-nade"])
def test_steps_of_two_values_are_drawn_as_often_as_their_probability_says(name):
    """Of all eight, which add up to one."""
    model = parts.emission(name, parts.binary(3))
    every = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=3)))
    probability = model.log_prob(every, *parts.given(model, 8)).exp().detach().numpy()
    assert probability.sum() == pytest.approx(1, abs=1e-5)
    count = 40_000
    noise = torch.randn(count, model.noise_size, generator=torch.Generator().manual_seed(0))
    drawn = model.draw(*parts.given(model, count), noise).detach()
    places = ((drawn + 1) / 2) @ torch.tensor([4.0, 2.0, 1.0])
    share = np.bincount(places.round().long().numpy(), minlength=8) / count
    np.testing.assert_allclose(share, probability, atol=0.01)  # four standard errors


def test_joint_steps_lie_where_their_density_says_bounds_included():
    """Of 60,000 draws the share in each cell of the plane, and on the bound, against the integral of the density."""
    data = parts.spec(parts.numbers(2))
    assert [0, 1] in data.bounds.tolist()
    model = parts.emission("joint", data, mixture=3)
    count = 60_000
    noise = torch.randn(count, model.noise_size, generator=torch.Generator().manual_seed(0))
    drawn = model.draw(*parts.given(model, count), noise).detach()
    low, high = drawn.amin(0), drawn.amax(0)
    fine = [torch.linspace(float(a) - 0.1, float(b) + 0.1, 801) for a, b in zip(low, high, strict=True)]
    plane = torch.cartesian_prod(*fine)
    bound = model.bounds(plane)[0][:, 1]
    nats = model.log_prob(plane, *parts.given(model, len(plane))).detach()
    inside = (nats.exp() * (plane[:, 1] > bound + 1e-5)).reshape(801, 801)
    on_it = torch.stack([fine[0], model.bounds(torch.stack([fine[0], fine[0]], dim=1))[0][:, 1]], dim=1)
    edge = model.log_prob(on_it, *parts.given(model, 801)).exp().detach()
    steps = [float(axis[1] - axis[0]) for axis in fine]
    on_bound = float(edge.sum()) * steps[0]
    assert float(inside.sum()) * steps[0] * steps[1] + on_bound == pytest.approx(1, abs=0.01)
    drawn_bound = model.bounds(drawn)[0][:, 1]
    assert (drawn[:, 1] - drawn_bound <= 1e-5).double().mean().item() == pytest.approx(on_bound, abs=0.01)
    expected = (inside.sum(1) * steps[1] + edge) * steps[0]
    for place in range(100, 801, 100):  # the distribution of the first feature
        below = (drawn[:, 0] <= fine[0][place]).double().mean().item()
        assert below == pytest.approx(float(expected[: place + 1].sum()), abs=0.012)
    below = inside.sum(0).cumsum(0) * steps[0] * steps[1]  # of the second, off the bound
    off = drawn[:, 1] - drawn_bound > 1e-5
    for place in range(100, 801, 100):
        share = ((drawn[:, 1] <= fine[1][place]) & off).double().mean().item()
        assert share == pytest.approx(float(below[place]), abs=0.012)


def test_pixels_are_drawn_as_often_as_their_probability_says():
    """Of all 8 times 8 steps, the darkest and brightest ones included, which add up to one."""
    data = parts.grid(2, most=7)
    model = parts.emission("logistic", data, mixture=2)
    every = torch.cartesian_prod(torch.linspace(-1, 1, 8), torch.linspace(-1, 1, 8))
    probability = model.log_prob(every, *parts.given(model, 64)).exp().detach().numpy()
    assert probability.sum() == pytest.approx(1, abs=1e-4)
    count = 60_000
    noise = torch.randn(count, model.noise_size, generator=torch.Generator().manual_seed(0))
    drawn = model.draw(*parts.given(model, count), noise).detach()
    level = ((drawn + 1) / 2 * 7).round().long()
    share = np.bincount((level[:, 0] * 8 + level[:, 1]).numpy(), minlength=64) / count
    np.testing.assert_allclose(share, probability, atol=0.01)


def test_mixed_steps_are_drawn_as_often_as_their_probability_says():
    """The category, the number of few values and the flag, whatever the two others are: counted against a sum over the
    grid and an integral."""
    data = parts.every_column()
    model = parts.emission("mixed", data, mixture=2)
    count = 20_000
    noise = torch.randn(count, model.noise_size, generator=torch.Generator().manual_seed(0))
    drawn = model.draw(*parts.given(model, count), noise).detach()
    assert set(drawn[:, :3].sum(1).round().tolist()) == {-1.0}  # one level holds
    place = drawn[:, :3].argmax(1) * 10 + ((drawn[:, 3] + 1) * 2).round().long() * 2 + (drawn[:, 5] > 0).long()
    share = np.bincount(place.numpy(), minlength=30) / count
    fine, free = torch.linspace(-1, 1.6, 131), torch.linspace(-4, 4, 321)  # fine is never below zero
    expected = []
    for level, few, flag in itertools.product(range(3), range(5), (-1.0, 1.0)):
        pairs = torch.cartesian_prod(fine, free)
        head = torch.full((len(pairs), 3), -1.0)
        head[:, level] = 1
        rest = torch.full((len(pairs), 1), 1.0)
        values = torch.cat([head, rest * (few / 2 - 1), pairs[:, :1], rest * flag, pairs[:, 1:]], dim=1)
        expected.append(float(model.log_prob(values, *parts.given(model, len(values))).exp().sum().detach()) * 0.025)
    assert sum(expected) == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(share, expected, atol=0.015)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_noise_of_a_joint_sample_is_what_its_density_says(cell):
    """``log p(x) = log N(noise; 0, 1) - log |dx/dnoise|`` over whole sequences, of one component and without bounds."""
    values = parts.numbers(1)
    data = parts.spec(np.concatenate([values, values[::-1]], axis=2))
    model = generator(cell, data, autoregressive=True, emission="joint", mixture=1).eval()
    noise = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    both = torch.zeros(1, 4, 4)
    both[0, :, 0], both[0, :, 2] = noise[:, 0], noise[:, 1]

    def drawn(flat: torch.Tensor) -> torch.Tensor:
        whole = torch.zeros(1, 4, 4).index_copy(2, torch.tensor([0, 2]), flat.view(1, 4, 2))
        return model(whole).flatten()

    sample = model(both).detach()
    nats = model.log_probs(Batch(sample, torch.tensor([4]))).sum().item()
    jacobian = torch.autograd.functional.jacobian(drawn, noise[:, :2].flatten())
    standard = -0.5 * (noise[:, :2].square() + math.log(2 * math.pi)).sum()
    assert nats == pytest.approx((standard - torch.linalg.slogdet(jacobian).logabsdet).item(), abs=2e-3)


@pytest.mark.parametrize("name", ["joint", "bernoulli", "bernoulli-nade", "logistic", "mixed"])
def test_gradients_of_draws_reach_all_that_draws_depend_on(name):
    data = parts.binary() if name == "bernoulli" else CASES[name]()
    model = parts.emission(name, data, mixture=3).train()
    hidden, previous = parts.given(model, 32)
    hidden = hidden.clone().requires_grad_()
    model.draw(hidden, previous, torch.randn(32, model.noise_size)).sum().backward()
    assert hidden.grad is not None and hidden.grad.abs().sum() > 0
    assert model.straight_through == (name != "joint")


def test_constant_columns_keep_the_value_of_the_step_before():
    data = parts.spec(parts.numbers(2), Column("of the sequence", constant=True), Column("of the step"))
    data = dataclasses.replace(data, bounds=None)
    model = parts.emission("mixed", data)
    hidden, previous = parts.given(model, 5)
    drawn = model.draw(hidden, previous, torch.randn(5, model.noise_size))
    assert torch.equal(drawn[:, 0], previous[:, 0])
    first = model.draw(*parts.given(model, 5, seen=False), torch.randn(5, model.noise_size))
    assert len(first[:, 0].unique()) == 5
    other = drawn.clone()
    other[:, 0] += 0.5  # costs nothing of its own, and moves what comes after
    with torch.no_grad():
        model.from_earlier.zero_()
        model.linear.within.zero_()
        assert torch.equal(model.log_prob(other, hidden, previous), model.log_prob(drawn, hidden, previous))


def test_the_linear_part_is_least_squares():
    """Against numpy's, for a feature that sees the step before and an earlier feature."""
    values = parts.numbers(3)
    data = parts.spec(values)
    model = parts.emission("joint", data)
    scaled = (values.astype(np.float64) - data.minimum) / (data.maximum - data.minimum) * 2 - 1
    before, now = scaled[:, :-1].reshape(-1, 3), scaled[:, 1:].reshape(-1, 3)
    known = np.concatenate([np.ones((len(now), 1)), before, now[:, :2]], 1)
    weights, left, *_ = np.linalg.lstsq(known, now[:, 2], rcond=None)
    np.testing.assert_allclose(model.linear.offset[1, 2], weights[0], atol=1e-4)
    np.testing.assert_allclose(model.linear.past[:, 2], weights[1:4], atol=1e-4)
    np.testing.assert_allclose(model.linear.within[:2, 1, 2], weights[4:], atol=1e-4)
    assert model.linear.deviation[1, 2].item() == pytest.approx(math.sqrt(left[0] / len(now)), rel=1e-3)


def test_bounds_are_those_that_no_step_breaks_and_some_come_near():
    rng = np.random.default_rng(0)
    low = rng.uniform(1, 2, (50, 6))
    far = np.stack([low, np.maximum(low, low + 0.1 * rng.normal(size=low.shape)), low + 100, low - 1.5], 2)
    data = SeriesSpec(4, 6, tuple("abcd"), far.min((0, 1)), far.max((0, 1)))
    assert measure(parts.Drawn(far), data)[1].tolist() == [[-1, 0], [-1, 1], [-1, 2], [0, 1]]


def test_samples_never_break_a_bound_in_own_units():
    data = parts.spec(parts.numbers(3) + 50)
    model = generator("gru", data, autoregressive=True, emission="joint", mixture=2).eval()
    series = model.sampler()(torch.randn(500, 6, model.noise_size))
    assert [0, 1] in data.bounds.tolist()
    assert (series[:, :, 0] <= series[:, :, 1]).all()
    assert (series[:, :, 0] == series[:, :, 1]).any()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (lambda: parts.spec(parts.numbers(2)), "joint"),
        (lambda: SeriesSpec(1, 3, ("x",), np.zeros(1, np.float32), np.ones(1, np.float32)), "joint"),
        (parts.binary, "bernoulli-nade"),
        (parts.grid, "mixed"),
        (parts.every_column, "mixed"),
    ],
)
def test_auto_goes_by_the_columns(data, expected):
    assert chosen("auto", data()) == expected
    assert chosen("mixture", data()) == "mixture"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("joint", parts.every_column, "c is categorical"),
        ("bernoulli", parts.every_column, "c, few, fine and 1 more are not of two values"),
        ("bernoulli-nade", parts.grid, "p0, p1 are not of two values"),
        ("logistic", parts.every_column, "c, free are not on a grid"),
        ("Joint", parts.grid, "No emission is called 'Joint'"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_by_name(name, data, reason):
    with pytest.raises(UsageError, match=reason):
        parts.emission(name, data())


SHAKY = """
import torch
from torch import nn

from rgan_kit import hookimpl
from rgan_kit.contracts import EmissionSpec


def build(options, data, hidden_size):
    from rgan_kit.nn import Emission

    class Laplace(Emission):
        def __init__(self):
            super().__init__()
            self.features = self.noise_size = data.features
            self.mean = nn.Linear(hidden_size, data.features)

        def log_prob(self, values, hidden, previous):
            return torch.distributions.Laplace(self.mean(hidden), 0.1).log_prob(values).sum(-1)

        def draw(self, hidden, previous, noise):
            uniform = torch.special.ndtr(noise).clamp(1e-6, 1 - 1e-6)
            return torch.distributions.Laplace(self.mean(hidden), 0.1).icdf(uniform)

    return Laplace()


@hookimpl
def rgankit_emissions():
    return [EmissionSpec(name="laplace", summary="Laplace noise", kinds=frozenset({"series"}), build=build)]
"""


def test_a_plugin_can_bring_an_emission(tmp_path, monkeypatch):
    """It is named by the generator's option, drawn from, and has its requirements tried."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shaky_emission.py").write_text(SHAKY)
    host = PluginHost([EntryPoint("shaky", "shaky_emission", hookspecs.ENTRY_POINT_GROUP)], environ={})
    registry = Registry(host)
    monkeypatch.setattr("rgan_kit.plugins.registry.default_registry", lambda: registry)
    data = parts.spec(parts.numbers(3))
    model = generator("gru", data, autoregressive=True, emission="laplace")
    assert model.generate(4, 5).values.shape == (4, 5, 3)
    assert model.log_probs(model.generate(4, 5)).isfinite().all()
    found = contracts(registry, frozenset(record.qualified for record in host.records))
    tried = next(contract for name, contract in found.items() if name == "emission laplace")
    requirements = tried()
    requirements.test_draws_and_nats_have_the_expected_shape(example_spec("series"))
    requirements.test_what_is_drawn_is_as_likely_as_it_says(example_spec("series"))
    requirements.test_it_says_whether_it_fits(example_spec("series"))


def test_binary_features_begin_as_often_1_as_in_the_data():
    values = np.random.default_rng(0).random((50, 20, 3)) < np.array([0.1, 0.5, 0.9])
    data = parts.spec(values.astype(np.float32), *(Column(name, grid=1.0) for name in "abc"))
    independent, in_turn = (
        build(RecurrentGeneratorOptions(emission=name), data, 5) for name in ("bernoulli", "bernoulli-nade")
    )
    assert torch.sigmoid(independent.bias).detach().numpy() == pytest.approx([0.1, 0.5, 0.9], abs=0.03)
    assert torch.sigmoid(in_turn.heads[0].bias[:, 0]).detach().numpy() == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@pytest.mark.parametrize("features", [5, 140])
def test_few_features_and_many_come_to_later_columns_alike(features):
    """By one product, and by a running sum."""
    model = parts.emission("bernoulli-nade", parts.binary(features))
    innovations = torch.randn(3, features)
    found = model._earlier(innovations)
    for column in range(features):
        expected = innovations[:, :column] @ model.from_earlier[:column]
        torch.testing.assert_close(found[:, column], expected, rtol=1e-4, atol=1e-5)
