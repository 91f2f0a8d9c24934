"""Every loss against an independent computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from test_token_networks import batch, discriminator, generator, spec
from torch.nn import functional as F

from rgan_kit.config import TrainOptions
from rgan_kit.contracts import Batch, PluginError, Relaxation, SeriesSpec, Stage, StepContext
from rgan_kit.training.engine import Engine
from rgan_kit.training.schedule import Place
from rgan_kit.training.updates import Updater
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.objectives.adversarial import OBJECTIVES as ADVERSARIAL
from rgan_kit_plugins.objectives.adversarial import OBJECTIVES as GAMES
from rgan_kit_plugins.objectives.adversarial.game import Adversarial, gradient_penalty, r1_penalty
from rgan_kit_plugins.objectives.adversarial.players import cross_entropy, in_order, players
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import negative_log_likelihood


def objective(game: str = "non-saturating", **options) -> Adversarial:
    chosen = next(each for each in OBJECTIVES if each.name == game)
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


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


REAL, FAKE = [0.3, -1.2, 2.0], [0.5, -2.0]
MEAN_REAL, MEAN_FAKE = mean(REAL), mean(FAKE)
BY_HAND = {
    "minimax": (
        -mean(math.log(sigmoid(x)) for x in REAL) - mean(math.log(1 - sigmoid(x)) for x in FAKE),
        mean(math.log(1 - sigmoid(x)) for x in FAKE),
    ),
    "non-saturating": (
        -mean(math.log(sigmoid(x)) for x in REAL) - mean(math.log(1 - sigmoid(x)) for x in FAKE),
        -mean(math.log(sigmoid(x)) for x in FAKE),
    ),
    "least-squares": (
        mean((x - 1) ** 2 for x in REAL) / 2 + mean(x**2 for x in FAKE) / 2,
        mean((x - 1) ** 2 for x in FAKE) / 2,
    ),
    "hinge": (mean(max(0, 1 - x) for x in REAL) + mean(max(0, 1 + x) for x in FAKE), -MEAN_FAKE),
    "relativistic-average": (
        -mean(math.log(sigmoid(x - MEAN_FAKE)) for x in REAL)
        - mean(math.log(1 - sigmoid(x - MEAN_REAL)) for x in FAKE),
        -mean(math.log(sigmoid(x - MEAN_REAL)) for x in FAKE)
        - mean(math.log(1 - sigmoid(x - MEAN_FAKE)) for x in REAL),
    ),
    "wasserstein": (MEAN_FAKE - MEAN_REAL, -MEAN_FAKE),
    "wasserstein-gp": (MEAN_FAKE - MEAN_REAL, -MEAN_FAKE),
}
"""Discriminator's and generator's loss of each game, from its paper's formula, number by number."""


@pytest.mark.parametrize("game", BY_HAND)
def test_each_game_is_that_of_its_paper(game):
    chosen = next(each for each in OBJECTIVES if each.name == game)
    options = chosen.options(**({"label_smoothing": 0.0} if "label_smoothing" in chosen.options.model_fields else {}))
    made = players(game, options)
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    assert made.discriminator(real, fake).item() == pytest.approx(BY_HAND[game][0], rel=1e-5)
    assert made.generator(real, fake).item() == pytest.approx(BY_HAND[game][1], rel=1e-5)


def test_relativistic_pairs_are_those_of_the_paper():
    made = players("relativistic", None)
    real, fake = torch.tensor(REAL[:2]), torch.tensor(FAKE)
    pairs = list(zip(REAL, FAKE, strict=False))
    by_hand = mean(-math.log(sigmoid(r - f)) for r, f in pairs), mean(-math.log(sigmoid(f - r)) for r, f in pairs)
    assert made.discriminator(real, fake).item() == pytest.approx(by_hand[0], rel=1e-5)
    assert made.generator(real, fake).item() == pytest.approx(by_hand[1], rel=1e-5)


def test_every_adversarial_objective_is_checked_by_hand():
    assert {each.name for each in ADVERSARIAL} == {*BY_HAND, "relativistic"}


def test_clipping_keeps_the_weights_of_the_critic_small_and_no_others():
    made = objective("wasserstein", weight_limit=0.01)
    networks = {"generator": made.generator, "discriminator": made.discriminator}
    updater = Updater(networks, TrainOptions(), Engine("cpu", "float32", 0))
    stage = Stage("adversarial", 1.0, made.stages()[-1].phases)
    for phase in stage.phases:
        updater.run(phase, context(), Place(stage, 0, 0.0, False))
    assert max(weight.abs().max().item() for weight in made.discriminator.parameters()) <= 0.01
    assert max(weight.abs().max().item() for weight in made.generator.parameters()) > 0.01


def test_soft_samples_are_relaxed_and_hard_ones_are_not():
    for relaxation, hard in (("straight-through", True), ("soft", False)):
        values = objective(relaxation=relaxation)._fake(context()).values
        assert bool(((values - values.round()).abs() < 1e-6).all()) == hard


def test_series_take_the_lengths_of_real_ones_and_what_is_known_of_them_and_when():
    made = objective()
    made.data = SeriesSpec(1, 9, ("x",), np.zeros(1), np.ones(1))
    made.generator = Ramp()
    real = Batch(torch.rand(2, 5, 1), torch.tensor([5, 3]), known=torch.rand(2, 5) < 0.5, times=torch.rand(2, 5))
    fake = made._fake(StepContext(real, 0.0, 9))
    assert fake.known is real.known and fake.times is real.times
    assert fake.values.shape == (2, 5, 1)
    assert fake.lengths.tolist() == [5, 3]


class Ramp(torch.nn.Module):
    """A generator without likelihood."""

    def generate(self, size, length, **_):
        return Batch(torch.linspace(0, 1, length).expand(size, length)[:, :, None], torch.full((size,), length))


def test_smoothing_lets_real_sequences_count_for_less_than_one():
    by_hand = -mean(0.9 * math.log(sigmoid(x)) + 0.1 * math.log(1 - sigmoid(x)) for x in REAL)
    by_hand -= mean(math.log(1 - sigmoid(x)) for x in FAKE)
    assert cross_entropy(torch.tensor(REAL), torch.tensor(FAKE), 0.1).item() == pytest.approx(by_hand, rel=1e-5)


def test_scores_of_steps_count_where_there_are_steps():
    made = objective(step_weight=0.5, label_smoothing=0.0, likelihood_weight=0.0)
    torch.manual_seed(4)
    loss = made.generator_loss(context())
    torch.manual_seed(4)
    fake = made.generator.generate(2, 7, relaxation=Relaxation(2.0))
    scores = made.discriminator(fake)
    steps = [scores.steps[row, step].item() for row in range(2) for step in range(int(fake.lengths[row]))]
    by_hand = mean(-math.log(sigmoid(x)) for x in scores.sequence.tolist())
    by_hand += 0.5 * mean(-math.log(sigmoid(x)) for x in steps)
    assert loss.value.item() == pytest.approx(by_hand, rel=1e-5)


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
    values = one_hot(data)

    assert r1_of(critic, data).item() == pytest.approx(mean(norms(critic, values, data.lengths)), rel=1e-5)


def dense(data: Batch) -> Batch:
    return Batch(one_hot(data), data.lengths, data.labels)


def one_hot(data: Batch) -> torch.Tensor:
    values = F.one_hot(data.values, 7).double()
    values[1, 2:] = 0.0  # padding
    return values


def norms(critic: torch.nn.Module, values: torch.Tensor, lengths: torch.Tensor) -> list[float]:
    """``||∇_x D(x)||²`` of each sequence by central differences."""
    totals, step = [0.0] * len(values), 1e-5
    for index in torch.cartesian_prod(*(torch.arange(size) for size in values.shape)).tolist():
        shift = torch.zeros_like(values)
        shift[tuple(index)] = step
        above, below = (critic(Batch(values + sign * shift, lengths)).sequence.sum().item() for sign in (1, -1))
        totals[index[0]] += ((above - below) / (2 * step)) ** 2
    return totals


def test_the_gradient_penalty_equals_finite_differences():
    critic, data = discriminator().double().eval(), batch()
    fake = generator().generate(2, 6)
    torch.manual_seed(3)
    got = gradient_penalty(critic, dense(data), fake)
    torch.manual_seed(3)
    share = torch.rand(2, 1, 1, dtype=torch.float64)
    time = max(4, fake.values.shape[1])
    left = F.pad(one_hot(data), (0, 0, 0, time - 4))
    right = F.pad(fake.values.detach().double(), (0, 0, 0, time - fake.values.shape[1]))
    between, lengths = share * left + (1 - share) * right, torch.maximum(data.lengths, fake.lengths)
    by_hand = mean((math.sqrt(square) - 1) ** 2 for square in norms(critic, between, lengths))
    assert got.item() == pytest.approx(by_hand, rel=1e-5)


def test_the_double_backward_of_the_gradient_penalty_equals_finite_differences():
    critic, data = discriminator().double().eval(), batch()
    fake = generator().generate(2, 6)

    def penalty() -> torch.Tensor:
        torch.manual_seed(3)
        return gradient_penalty(critic, dense(data), fake)

    check_gradient(penalty, critic.backwards.rnn.weight_hh_l0)


def check_gradient(function, parameter: torch.nn.Parameter, step: float = 1e-6) -> None:
    (gradient,) = torch.autograd.grad(function(), parameter)
    for index in ((0, 0), (5, 3), (17, 2)):
        parameter.data[index] += step
        above = function().item()
        parameter.data[index] -= 2 * step
        below = function().item()
        parameter.data[index] += step
        assert gradient[index].item() == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-9)


def r1_of(critic: torch.nn.Module, data: Batch) -> torch.Tensor:
    return r1_penalty(critic, dense(data))


def test_the_double_backward_of_r1_equals_finite_differences():
    critic, data = discriminator().double().eval(), batch()
    check_gradient(lambda: r1_of(critic, data), critic.forwards.rnn.weight_hh_l0)


def test_the_gradient_penalty_counts_with_its_weight():
    values = []
    for weight in (0.5, 4.0):
        made = objective("wasserstein-gp", gradient_penalty=weight)
        made.discriminator.eval()
        torch.manual_seed(2)
        loss = made.discriminator_loss(context())
        values.append((weight, loss.value.item(), float(loss.metrics["gap"]), loss.metrics["penalty"].item()))
    for weight, value, gap, penalty in values:
        assert value == pytest.approx(weight * penalty - gap, rel=1e-5)
    assert values[0][2:] == values[1][2:]
    assert values[0][3] > 0


def test_accuracy_is_the_share_of_pairs_in_order():
    real, fake = [0.5, -3.0, 2.0, 0.5], [0.5, -7.0, 1.0]
    pairs = [1.0 if x > y else 0.5 if x == y else 0.0 for x in real for y in fake]
    assert in_order(torch.tensor(real), torch.tensor(fake)).item() == pytest.approx(mean(pairs))
    shifted = in_order(torch.tensor(real) - 9, torch.tensor(fake) - 9).item()
    assert shifted == pytest.approx(mean(pairs))  # there is no threshold


@pytest.mark.parametrize("game", [each.name for each in GAMES])
def test_a_game_shows_accuracy_and_a_critic_its_gap(game):
    made = objective(game)
    made.discriminator.eval()
    torch.manual_seed(2)
    figures = made.discriminator_loss(context()).metrics
    torch.manual_seed(2)
    with torch.no_grad():
        fake = made.discriminator(made._fake(context())).sequence
        real = made.discriminator(batch()).sequence
    if game.startswith("wasserstein"):
        assert "accuracy" not in figures
        assert float(figures["gap"]) == pytest.approx(float(real.mean() - fake.mean()), abs=1e-5)
    else:
        assert "gap" not in figures
        assert float(figures["accuracy"]) == pytest.approx(mean(float(x > y) for x in real for y in fake))


def test_a_lazy_r1_penalty_weighs_as_much_as_one_in_every_step():
    made, lazy = objective(r1_weight=0.3), objective(r1_weight=0.3, r1_interval=4)
    assert [phase.name for phase in lazy.stages()[-1].phases] == ["discriminator", "r1", "generator"]
    assert lazy.stages()[-1].phases[1].interval == 4
    lazy.discriminator.eval()
    penalty = r1_penalty(lazy.discriminator, lazy._dense(batch())).item()
    assert lazy.r1_loss(context()).value.item() == pytest.approx(4 * 0.15 * penalty, rel=1e-5)
    assert "r1" not in lazy.discriminator_loss(context()).metrics
    assert "r1" in made.discriminator_loss(context()).metrics


def test_the_temperature_cools_geometrically():
    made = objective(temperature_start=2.0, temperature_end=0.5)
    assert [made.temperature(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 1.0, 0.5])


def test_a_stage_without_a_share_is_left_out():
    assert [stage.name for stage in objective(pretraining_share=1.0).stages()] == ["pretraining"]
    assert [stage.name for stage in objective(pretraining_share=0.0).stages()] == ["adversarial"]
    assert [stage.name for stage in objective().stages()] == ["pretraining", "adversarial"]
