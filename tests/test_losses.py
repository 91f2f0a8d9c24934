"""Every loss against an independent computation."""

from __future__ import annotations

import math

import pytest
import torch
from test_token_networks import batch, discriminator, generator, spec
from torch.nn import functional as F

from rgan_kit.contracts import Batch, PluginError, Scores, StepContext
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.objectives.adversarial import NonSaturating, cross_entropy, r1_penalty
from rgan_kit_plugins.objectives.likelihood import negative_log_likelihood


def objective(**options) -> NonSaturating:
    chosen = next(each for each in OBJECTIVES if each.name == "non-saturating")
    networks = {"generator": generator(), "discriminator": discriminator()}
    return chosen.build(chosen.options(**options), networks, spec())


def context(progress: float = 0.0) -> StepContext:
    return StepContext(batch(), progress, 7)


def test_likelihood_is_nats_a_position():
    model = generator().eval()
    total = sum(
        model.log_probs(batch())[row, step].item() for row, length in ((0, 4), (1, 2)) for step in range(length)
    )
    assert negative_log_likelihood(model, batch()).item() == pytest.approx(-total / 6)


def test_a_generator_without_likelihood_is_named():
    with pytest.raises(PluginError, match="Linear has no log_probs"):
        negative_log_likelihood(torch.nn.Linear(1, 1), batch())


@pytest.mark.parametrize("target", [0.0, 0.9, 1.0])
def test_cross_entropy_equals_its_definition_in_a_loop(target):
    sequence, steps = torch.tensor([0.3, -1.2]), torch.tensor([[0.5, -2.0, 1.0], [0.1, 9.0, 9.0]])
    lengths = torch.tensor([3, 1])

    def entropy(logit: float) -> float:
        p = 1 / (1 + math.exp(-logit))
        return -(target * math.log(p) + (1 - target) * math.log(1 - p))

    got_sequence, got_steps = cross_entropy(Scores(sequence, steps), lengths, target)
    assert got_sequence.item() == pytest.approx(sum(map(entropy, [0.3, -1.2])) / 2, rel=1e-5)
    assert got_steps.item() == pytest.approx(sum(map(entropy, [0.5, -2.0, 1.0, 0.1])) / 4, rel=1e-5)


def test_the_adversarial_losses_are_those_of_the_paper():
    made = objective(likelihood_weight=0.0, step_weight=0.0, label_smoothing=0.0)
    torch.manual_seed(4)
    loss = made.generator_loss(context())
    torch.manual_seed(4)
    fake = made.generator.generate(2, 7)
    d_fake = torch.sigmoid(made.discriminator(fake).sequence)
    assert loss.value.item() == pytest.approx(-d_fake.log().mean().item(), rel=1e-5)
    torch.manual_seed(4)
    loss = made.discriminator_loss(context())
    d_real = torch.sigmoid(made.discriminator(batch()).sequence)
    assert loss.value.item() == pytest.approx(-(d_real.log().mean() + (1 - d_fake).log().mean()).item(), rel=1e-5)


def test_terms_add_up_with_their_weights():
    made = objective(likelihood_weight=0.5, adversarial_weight=2.0)
    torch.manual_seed(4)
    loss = made.generator_loss(context())
    expected = 2.0 * loss.metrics["adversarial"] + 0.5 * negative_log_likelihood(made.generator, batch())
    assert loss.value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_discriminator_phase_gives_the_generator_no_gradient():
    made = objective()
    made.discriminator_loss(context()).value.backward()
    assert all(parameter.grad is None for parameter in made.generator.parameters())


def test_r1_equals_finite_differences():
    critic, data = discriminator().double().eval(), batch()
    values = F.one_hot(data.values, 7).double()

    def score(at: torch.Tensor) -> float:
        return critic(Batch(at, data.lengths)).sequence.sum().item()

    total, step = 0.0, 1e-5
    for index in torch.cartesian_prod(torch.arange(2), torch.arange(4), torch.arange(7)).tolist():
        shift = torch.zeros_like(values)
        shift[tuple(index)] = step
        total += ((score(values + shift) - score(values - shift)) / (2 * step)) ** 2
    assert r1_of(critic, data).item() == pytest.approx(total / 2, rel=1e-5)


def r1_of(critic: torch.nn.Module, data: Batch) -> torch.Tensor:
    return r1_penalty(critic, data, 7)


def test_the_double_backward_of_r1_equals_finite_differences():
    critic, data = discriminator().double().eval(), batch()
    parameter = critic.forwards.rnn.weight_hh_l0
    (gradient,) = torch.autograd.grad(r1_of(critic, data), parameter)
    step = 1e-6
    for index in ((0, 0), (5, 3), (17, 2)):
        parameter.data[index] += step
        above = r1_of(critic, data).item()
        parameter.data[index] -= 2 * step
        below = r1_of(critic, data).item()
        parameter.data[index] += step
        assert gradient[index].item() == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-9)


def test_the_temperature_cools_geometrically():
    made = objective(temperature_start=2.0, temperature_end=0.5)
    assert [made.temperature(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 1.0, 0.5])


def test_a_stage_without_a_share_is_left_out():
    assert [stage.name for stage in objective(pretraining_share=1.0).stages()] == ["pretraining"]
    assert [stage.name for stage in objective(pretraining_share=0.0).stages()] == ["adversarial"]
    assert [stage.name for stage in objective().stages()] == ["pretraining", "adversarial"]
