"""Variational objectives against closed forms, finite differences, and a model whose likelihood is known exactly."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rgan_kit.contracts import Batch, PluginError, StepContext, TokenSpec
from rgan_kit.nn import padding_mask
from rgan_kit.training import importance
from rgan_kit.training.importance import importance_weighted
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.encoders import ENCODERS
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.objectives.variational import VariationalOptions
from rgan_kit_plugins.objectives.variational.annealing import divergence_weight
from rgan_kit_plugins.objectives.variational.evidence import free_bits, kl_divergence, reparameterised

PAD, BOS, EOS = 0, 1, 2
LONGEST = 3
SPEC = TokenSpec(5, BOS, EOS, PAD, max_length=LONGEST)


def part(parts, cell: str, *extra, data=SPEC, **options):
    torch.manual_seed(3)
    chosen = next(each for each in parts if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data, *extra)


def networks(latent_size: int = 2, **options) -> dict[str, torch.nn.Module]:
    return {
        "generator": part(GENERATORS, "lstm", latent_size=latent_size, **options),
        "encoder": part(ENCODERS, "gru", latent_size),
        "discriminator": part(DISCRIMINATORS, "gru"),
    }


def objective(name: str = "evidence-lower-bound", made=None, **options):
    spec = next(each for each in OBJECTIVES if each.name == name)
    made = made or networks()
    return spec.build(spec.options(**options), {need: made[need] for need in spec.needs}, SPEC)


def batch() -> Batch[torch.Tensor]:
    values = torch.tensor([[3, 4, EOS], [4, EOS, PAD], [3, 3, 4], [EOS, PAD, PAD]])
    return Batch(values, torch.tensor([3, 2, 3, 1]))


def context(progress: float = 0.9) -> StepContext:
    return StepContext(batch(), progress, LONGEST + 1)


def test_the_divergence_equals_its_monte_carlo_estimate():
    mean, log_variance = torch.tensor([0.0, 1.5, -0.4]).double(), torch.tensor([0.0, -2.0, 0.7]).double()
    torch.manual_seed(0)
    drawn = reparameterised(mean.expand(50_000, 3), log_variance.expand(50_000, 3))
    log_posterior = -(log_variance + (drawn - mean).square() / log_variance.exp()) / 2
    estimate = (log_posterior + drawn.square() / 2).mean(dim=0)
    torch.testing.assert_close(kl_divergence(mean, log_variance).double(), estimate, atol=0.02, rtol=0.02)
    assert kl_divergence(mean, log_variance)[0] == 0


def test_free_bits_cost_the_same_whether_used_or_not():
    divergence = torch.tensor([[0.1, 2.0, 0.9], [0.3, 4.0, 0.0]], requires_grad=True)  # means 0.2, 3 and 0.45
    assert free_bits(divergence, 0.0).item() == pytest.approx(3.65)
    total = free_bits(divergence, 0.5)
    assert total.item() == pytest.approx(0.5 + 3.0 + 0.5)
    total.backward()
    assert divergence.grad.tolist() == [[0, 0.5, 0], [0, 0.5, 0]]


def weights(**options) -> list[float]:
    chosen = VariationalOptions(beta=2.0, annealing_share=0.5, **options)
    return [divergence_weight(chosen, progress) for progress in (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0)]


def test_the_weight_of_the_divergence_rises_as_it_is_told():
    assert weights(annealing="none") == [2.0] * 7
    assert weights(annealing="linear") == pytest.approx([0, 0.5, 1, 1.5, 2, 2, 2])
    logistic = weights(annealing="logistic")
    span = 1 / (1 + math.exp(-5)) - 1 / (1 + math.exp(5))
    assert logistic[1] == pytest.approx(2 * (1 / (1 + math.exp(2.5)) - 1 / (1 + math.exp(5))) / span)
    assert [logistic[place] for place in (0, 2, 4, 5, 6)] == pytest.approx([0, 1, 2, 2, 2])


def test_the_weight_rises_anew_in_every_cycle():
    assert weights(annealing="cyclical", cycles=2) == pytest.approx([0, 1, 2, 2, 0, 2, 2])
    assert weights(annealing="cyclical", cycles=1) == pytest.approx(weights(annealing="linear"))


def test_the_loss_is_the_negative_bound_in_nats_a_position():
    made = networks()
    loss = objective(made=made, annealing="linear", annealing_share=1.0, beta=0.5, free_bits=0.2)
    torch.manual_seed(7)
    got = loss.loss(context(0.6))
    mean, log_variance = made["encoder"](batch())
    torch.manual_seed(7)
    latent = mean + torch.randn(4, 2) * log_variance.exp().sqrt()
    reconstruction = -sum(
        made["generator"]
        .log_probs(Batch(batch().values[i : i + 1], batch().lengths[i : i + 1]), latent[i : i + 1])
        .sum()
        .item()
        for i in range(4)
    )
    divergence = (log_variance.exp() + mean**2 - 1 - log_variance) / 2
    priced = sum(max(0.2, divergence[:, j].mean().item()) for j in range(2))
    assert got.value.item() == pytest.approx((reconstruction + 0.6 * 0.5 * priced * 4) / 9, rel=1e-5)
    assert got.metrics["reconstruction"].item() == pytest.approx(reconstruction / 4, rel=1e-5)
    assert got.metrics["kl"].item() == pytest.approx(divergence.sum().item() / 4, rel=1e-4)
    assert got.metrics["kl_weight"] == pytest.approx(0.3)


def test_a_unit_is_active_where_its_posterior_mean_varies():
    made = networks(latent_size=3)
    with torch.no_grad():
        made["encoder"].posterior.weight[1] = 0.0
        made["encoder"].posterior.weight[[0, 2]] *= 20
    assert objective(made=made).loss(context()).metrics["active_units"].item() == 2


def test_the_gradient_of_the_bound_equals_finite_differences(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # float32 is too coarse for differences
    made = {name: network.double() for name, network in networks().items()}
    loss = objective(made=made, free_bits=0.01)

    def value() -> torch.Tensor:
        torch.manual_seed(1)
        return loss.loss(context()).value

    value().backward()
    encoder, generator = made["encoder"], made["generator"]
    for parameter in (encoder.forwards.rnn.weight_hh_l0, encoder.posterior.weight, generator.from_latent.weight):
        for index in ((0, 0), (1, -1), (2, -1)):
            sides = []
            for step in (1e-6, -1e-6):
                parameter.data[index] += step
                sides.append(value().item())
                parameter.data[index] -= step
            assert parameter.grad[index].item() == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-4, abs=1e-8)


def test_a_generator_without_a_latent_is_named():
    made = {**networks(), "generator": part(GENERATORS, "lstm")}
    with pytest.raises(PluginError, match="RecurrentTokenGenerator has no latent"):
        objective(made=made)


def test_a_generator_without_a_likelihood_is_named_before_the_training():
    with pytest.raises(PluginError, match="Linear has no log_probs"):
        objective(made={**networks(), "generator": torch.nn.Linear(1, 1)})


@pytest.fixture(scope="module")
def exact():
    """Every sequence of a tiny language, and its exact likelihood under a model with one latent dimension."""
    made = networks(latent_size=1)
    for network in made.values():
        network.double().eval()
    torch.manual_seed(2)
    with torch.no_grad():
        made["generator"].from_latent.weight.normal_(std=3.0)  # so that the latent matters
        made["encoder"].posterior.bias.copy_(torch.tensor([1.0, 0.3]))
    bodies = [body for length in range(LONGEST + 1) for body in itertools.product((3, 4), repeat=length)]
    # One that is cut at the longest length has no end token; what it would say next does not count.
    sequences = [[*body] if len(body) == LONGEST else [*body, EOS] for body in bodies]
    values = torch.tensor([sequence + [PAD] * (LONGEST - len(sequence)) for sequence in sequences])
    everything = Batch(values, torch.tensor([len(sequence) for sequence in sequences]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    given = torch.stack(
        [
            made["generator"].log_probs(everything, torch.full((len(values), 1), node, dtype=torch.float64)).sum(dim=1)
            for node in nodes
        ]
    )
    log_weights = torch.from_numpy(np.log(weights / math.sqrt(2 * math.pi)))
    return made, everything, (given + log_weights[:, None]).logsumexp(dim=0).detach()


def test_the_probabilities_of_all_sequences_sum_to_one(exact):
    _, everything, likelihood = exact
    assert len(everything.lengths) == 15
    assert likelihood.exp().sum().item() == pytest.approx(1, abs=1e-6)


def test_bounds_lie_between_the_evidence_and_the_likelihood_and_rise_with_samples(exact):
    made, everything, likelihood = exact
    times = 400
    often = Batch(everything.values.repeat(times, 1), everything.lengths.repeat(times))
    torch.manual_seed(0)
    bounds = [importance_weighted(**_two(made), batch=often, samples=k).view(times, -1).mean(dim=0) for k in (1, 4, 16)]
    with torch.no_grad():
        mean, log_variance = made["encoder"](often)
        given = made["generator"].log_probs(often, reparameterised(mean, log_variance)).sum(dim=1)
    evidence = (given - kl_divergence(mean, log_variance).sum(dim=1)).double().view(times, -1).mean(dim=0)
    torch.testing.assert_close(bounds[0], evidence, atol=0.1, rtol=0)  # one sample is the bound itself
    assert (bounds[0] < bounds[1]).all()
    assert (bounds[1] < bounds[2] + 0.01).all()
    assert (bounds[2] < likelihood + 0.02).all()
    assert (likelihood - bounds[0]).min() > 0.02  # the posterior is not the true one, so there is a gap to close


def test_many_samples_reach_the_likelihood_whatever_fits_into_memory(exact, monkeypatch):
    made, everything, likelihood = exact
    sizes: list[int] = []
    log_probs = made["generator"].log_probs
    monkeypatch.setattr(
        made["generator"], "log_probs", lambda batch, latent: (sizes.append(len(latent)), log_probs(batch, latent))[1]
    )
    monkeypatch.setattr(importance, "AT_ONCE", 9000)
    torch.manual_seed(0)
    bound = importance_weighted(**_two(made), batch=everything, samples=12_005)
    assert 8000 < max(sizes) * LONGEST <= 9000
    assert sum(sizes) == 12_005 * 15
    assert bound.dtype == torch.float64
    torch.testing.assert_close(bound, likelihood, atol=0.03, rtol=0)


def _two(made):
    return {"generator": made["generator"], "encoder": made["encoder"]}


def test_the_labels_of_a_sequence_go_with_it_through_every_sample(monkeypatch):
    data = replace(SPEC, labels=("a", "b"))
    made = {"generator": part(GENERATORS, "lstm", data=data, latent_size=1).eval(), "encoder": networks(1)["encoder"]}
    with torch.no_grad():
        made["generator"].from_latent.weight.zero_()
        made["encoder"].posterior.weight.zero_()
        made["encoder"].posterior.bias.zero_()  # the posterior is the prior: every sample weighs alike
    labelled = Batch(batch().values, batch().lengths, torch.tensor([0, 1, 1, 0]))
    got = importance_weighted(**made, batch=labelled, samples=3)
    expected = made["generator"].log_probs(labelled, torch.zeros(4, 1)).sum(dim=1)
    torch.testing.assert_close(got.float(), expected)


# --- a posterior for every step ---


class PerStep(torch.nn.Module):
    """``x_t = W z_t + b + s e_t`` with a latent for every step: the sequences' likelihood has a closed form."""

    latent_size, noise_size, deviation = 0, 2, 0.3

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[0.6, 0.8], [0.8, -0.6], [0.0, 0.0]]) * torch.tensor([1.0, 0.5]))
        self.bias = torch.nn.Parameter(torch.tensor([0.1, -0.2, 0.3]))

    def log_probs(self, batch, latent):
        made = torch.distributions.Normal(latent @ self.weight.T + self.bias, self.deviation)
        return made.log_prob(batch.values).sum(dim=2) * padding_mask(batch.lengths, batch.values.shape[1])

    def likelihood(self, batch):
        covariance = self.weight @ self.weight.T + self.deviation**2 * torch.eye(3)
        made = torch.distributions.MultivariateNormal(self.bias, covariance)
        return (made.log_prob(batch.values) * padding_mask(batch.lengths, batch.values.shape[1])).sum(dim=1)


class PosteriorPerStep(torch.nn.Module):
    """The true posterior, which is diagonal as the columns of the weight are orthogonal; off by a shift."""

    def __init__(self, model: PerStep, shift: float = 0.0) -> None:
        super().__init__()
        self.model, self.shift = model, torch.nn.Parameter(torch.tensor(shift))

    def forward(self, batch):
        weight, variance = self.model.weight, self.model.deviation**2
        precision = 1 + weight.square().sum(dim=0) / variance
        mean = (batch.values - self.model.bias) @ weight / variance / precision
        return mean + self.shift, (-precision.log()).expand_as(mean)


def steps_batch() -> Batch[torch.Tensor]:
    torch.manual_seed(4)
    return Batch(torch.randn(5, 6, 3), torch.tensor([6, 1, 3, 6, 2]))


def test_a_posterior_for_every_step_bounds_the_exact_likelihood_and_reaches_it():
    model, data = PerStep(), steps_batch()
    with torch.no_grad():
        exact, true = model.likelihood(data), importance_weighted(model, PosteriorPerStep(model), data, 1)
        torch.testing.assert_close(true.float(), exact, rtol=1e-4, atol=1e-4)  # every draw weighs the same
        torch.manual_seed(0)
        few, many = (importance_weighted(model, PosteriorPerStep(model, 0.3), data, k) for k in (1, 20_000))
        assert (few.sum() < exact.sum()) and (many - exact).abs().max() < 0.2


def test_the_evidence_of_steps_counts_each_of_them_and_none_of_the_padding():
    model, data = PerStep(), steps_batch()
    made = {"generator": model, "encoder": PosteriorPerStep(model, 0.1)}
    loss = objective("evidence-lower-bound", made, annealing="none", free_bits=0.0)
    context = StepContext(data, 0.0, 6)
    torch.manual_seed(0)
    values = torch.stack([loss.loss(context).value.detach() for _ in range(400)])
    gap = 0.1**2 / 2 * (1 + model.weight.square().sum(dim=0) / model.deviation**2).sum()  # KL to the true posterior
    expected = (gap * data.lengths.sum() - model.likelihood(data).sum()) / data.lengths.sum()
    assert values.mean().item() == pytest.approx(expected.item(), abs=4 * values.std().item() / 20)
    torch.manual_seed(1)
    first = loss.loss(context)
    noisy = replace(data, values=data.values + 50 * ~padding_mask(data.lengths, 6)[:, :, None])
    torch.manual_seed(1)
    second = loss.loss(StepContext(noisy, 0.0, 6))
    assert first.value.item() == second.value.item()
    assert first.metrics["kl"].item() == second.metrics["kl"].item() and first.metrics["active_units"] == 2


def test_half_of_what_the_discriminator_sees_is_reconstructed_and_half_from_the_prior(monkeypatch):
    made = networks()
    loss = objective("vae-gan", made)
    with torch.no_grad():
        made["encoder"].posterior.weight.zero_()
        made["encoder"].posterior.bias.copy_(torch.tensor([50.0, -50.0, -30.0, -30.0]))
    latents = []
    generate = made["generator"].generate
    monkeypatch.setattr(
        made["generator"],
        "generate",
        lambda *args, **more: (latents.append(more["latent"]), generate(*args, **more))[1],
    )
    loss.discriminator_loss(context())
    posterior = torch.tensor([50.0, -50.0])
    torch.testing.assert_close(latents[0][::2], posterior.expand(2, 2), atol=1e-4, rtol=0)
    assert latents[0][1::2].abs().max() < 10


@pytest.mark.parametrize("game", ["non-saturating", "relativistic-average"])
def test_the_autoencoder_s_loss_is_the_bound_and_the_game_with_their_weights(game):
    loss = objective("vae-gan", game=game, adversarial_weight=0.3, likelihood_weight=2.0)
    torch.manual_seed(4)
    got = loss.generator_loss(context(0.1))
    expected = 2.0 * got.metrics["evidence"] + 0.3 * got.metrics["adversarial"]
    assert got.value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert got.metrics["kl_weight"] == 1.0  # annealing belongs to the pretraining


def test_without_pretraining_the_annealing_is_in_the_game():
    loss = objective("vae-gan", pretraining_share=0.0, annealing_share=0.5)
    assert [stage.name for stage in loss.stages()] == ["adversarial"]
    assert loss.generator_loss(context(0.1)).metrics["kl_weight"] == pytest.approx(0.2)


def test_the_game_teaches_the_generator_and_never_the_encoder():
    made = networks()
    loss = objective("vae-gan", made, likelihood_weight=0.0)
    loss.generator_loss(context()).value.backward()
    assert made["generator"].from_latent.weight.grad.abs().sum() > 0
    assert all(each.grad is None or not each.grad.any() for each in made["encoder"].parameters())


def test_the_discriminator_s_loss_moves_the_discriminator_alone():
    made = networks()
    loss = objective("vae-gan", made)
    loss.discriminator_loss(context()).value.backward()
    assert all(each.grad is None for name in ("generator", "encoder") for each in made[name].parameters())
    assert all(each.grad.abs().sum() > 0 for each in made["discriminator"].parameters())


def test_stages_are_the_autoencoder_s_and_then_the_game_s():
    pretraining, adversarial = objective("vae-gan", critic_steps=2).stages()
    assert [phase.networks for phase in pretraining.phases] == [("encoder", "generator")]
    assert [phase.networks for phase in adversarial.phases] == [("discriminator",), ("encoder", "generator")]
    assert [phase.interval for phase in adversarial.phases] == [1, 2]


def test_the_autoencoder_s_game_has_a_lazy_penalty_too():
    lazy = objective("vae-gan", r1_weight=0.4, r1_interval=8)
    phases = lazy.stages()[-1].phases
    assert [(phase.name, phase.networks, phase.interval) for phase in phases] == [
        ("discriminator", ("discriminator",), 1), ("r1", ("discriminator",), 8),
        ("generator", ("encoder", "generator"), 1),
    ]  # fmt: skip
    penalty = lazy.r1_loss(context())
    assert penalty.value.item() == pytest.approx(8 * 0.2 * penalty.metrics["r1"].item(), rel=1e-5)
    assert penalty.value.item() > 0
