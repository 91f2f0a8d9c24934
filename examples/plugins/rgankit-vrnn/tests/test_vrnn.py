"""The parts meet their requirements, and the bound agrees with a likelihood computed another way."""

import math
from typing import ClassVar

import numpy as np
import torch
from rgankit_vrnn import GENERATOR, OBJECTIVE, POSTERIOR
from rgankit_vrnn.bound import divergence, importance_weighted, log_density, terms
from rgankit_vrnn.network import Posterior, VrnnGenerator

from rgan_kit.contracts import Batch, SeriesSpec, StepContext
from rgan_kit.testing import GeneratorContract, ObjectiveContract, RecipeContract

SMALL = {"hidden_size": 6, "step_latent_size": 2}


class TestVrnn(GeneratorContract):
    spec, plugin, options = GENERATOR, "rgankit_vrnn", SMALL


class TestBound(ObjectiveContract):
    spec, plugin = OBJECTIVE, "rgankit_vrnn"
    networks: ClassVar = {"generator": "vrnn", "posterior": "vrnn-posterior"}
    network_options: ClassVar = {"generator": SMALL, "posterior": {"hidden_size": 5}}


class TestRecipe(RecipeContract):
    recipe, domains = "vrnn", ("series",)
    settings = ("generator.hidden_size=6", "train.batch_size=4", "train.evaluation_samples=4",
                "domain.embedded_sequences=40", "objective.importance_samples=2")  # fmt: skip


def tiny(labels: tuple[str, ...] = ()) -> tuple[VrnnGenerator, Posterior]:
    """One feature, a latent of one number, weights that let the latent matter."""
    data = SeriesSpec(1, 2, ("x",), np.zeros(1, np.float32), np.ones(1, np.float32), labels=labels)
    torch.manual_seed(1)
    generator = VrnnGenerator(GENERATOR.options(hidden_size=4, step_latent_size=1, least_deviation=0.2), data)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return generator.double().eval(), Posterior(POSTERIOR.options(hidden_size=4), generator).double().eval()


def exact(generator: VrnnGenerator, batch: Batch) -> torch.Tensor:
    """``log p(x_1, x_2)`` by Gauss-Hermite quadrature over both latents, one sequence and one node at a time."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / math.sqrt(2 * math.pi)
    found = []
    for row, label in zip(
        batch.values, batch.labels if batch.labels is not None else [None] * len(batch.values), strict=True
    ):
        labels = None if label is None else label[None]
        total = torch.zeros(())
        for first, share in zip(nodes, weights, strict=True):
            state = generator.recurrence.initial_state(row[None, 0])
            density, state = step(generator, row[None, 0], torch.full((1, 1), first), labels, state)
            inner = torch.zeros(())
            for second, portion in zip(nodes, weights, strict=True):
                inner = inner + portion * step(generator, row[None, 1], torch.full((1, 1), second), labels, state)[0]
            total = total + share * density * inner
        found.append(total.log())
    return torch.stack(found)


def step(generator, values, node, labels, state):
    """The density of a step, given the standard normal number that its latent is made of; and the next state."""
    past = generator.past(state, labels)
    mean, deviation = generator.prior(past)
    told = generator.read_latent(mean + deviation * node)
    middle, spread = generator.emission(torch.cat([past, told], dim=1))
    density = torch.distributions.Normal(middle, spread).log_prob(values).sum().exp()
    return density, generator.advance(generator.read_values(values), told, state)


@torch.no_grad()
def test_the_bound_lies_below_the_exact_likelihood_and_importance_weights_reach_it():
    torch.set_default_dtype(torch.float64)
    try:
        generator, posterior = tiny(("a", "b"))
        batch = Batch(torch.randn(3, 2, 1), torch.tensor([2, 2, 2]), torch.tensor([0, 1, 1]))
        likelihood, counts = exact(generator, batch), torch.ones(3, 2, dtype=torch.bool)
        torch.manual_seed(0)
        found = [terms(generator, posterior, batch) for _ in range(3000)]
        bounds = torch.stack([(each.given - each.divergence).sum(dim=1) for each in found])
        drawn = torch.stack([(each.given + each.ratio).sum(dim=1) for each in found])
        error = 4 * bounds.std(dim=0) / math.sqrt(3000) + 4 * drawn.std(dim=0) / math.sqrt(3000)
        assert ((bounds.mean(dim=0) - drawn.mean(dim=0)).abs() < error).all()  # the divergence in closed form and drawn
        assert (likelihood - bounds.mean(dim=0) > 0.05).all()
        several = torch.stack([importance_weighted(generator, posterior, batch, counts, 8) for _ in range(300)]).mean(
            dim=0
        )
        many = importance_weighted(generator, posterior, batch, counts, 20_000)
        assert (bounds.mean(dim=0) < several).all() and (several < likelihood + 0.05).all()
        torch.testing.assert_close(many, likelihood, atol=0.05, rtol=0)
    finally:
        torch.set_default_dtype(torch.float32)


def test_densities_and_divergences_are_those_of_torch():
    torch.manual_seed(0)
    values, mean, other = torch.randn(3, 5, 4)
    deviation, spread = torch.rand(2, 5, 4) + 0.1
    one, two = torch.distributions.Normal(mean, deviation), torch.distributions.Normal(other, spread)
    torch.testing.assert_close(log_density(values, (mean, deviation)), one.log_prob(values).sum(dim=1))
    expected = torch.distributions.kl_divergence(one, two).sum(dim=1)
    torch.testing.assert_close(divergence((mean, deviation), (other, spread)), expected)


def test_padding_and_warm_up_count_for_nothing():
    generator, posterior = tiny()
    generator, posterior = generator.float(), posterior.float()
    batch = Batch(torch.tensor([[[0.3], [0.1]], [[0.2], [9.0]]]), torch.tensor([2, 1]))
    torch.manual_seed(0)
    found = terms(generator, posterior, batch)
    assert found.given[1, 1] == found.divergence[1, 1] == found.ratio[1, 1] == 0
    made = OBJECTIVE.build(OBJECTIVE.options(warm_up=0.5), {"generator": generator, "posterior": posterior}, None)
    torch.manual_seed(0)
    loss = made.loss(StepContext(batch, 0.25, 2))
    expected = (0.5 * found.divergence.sum() - found.given.sum()) / 3
    torch.testing.assert_close(loss.value, expected)
