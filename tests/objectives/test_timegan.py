"""The losses of TimeGAN are those of the paper's own code, computed here number by number; its generator is made of
three networks."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from rgan_kit.contracts import Batch, BuildContext, DataSpec, StepContext
from rgan_kit.testing.examples import LENGTH, example_batch, example_spec
from rgan_kit_plugins.latent_series import LATENT_SERIES, TIMEGAN_ROLES
from rgan_kit_plugins.objectives.latent import OBJECTIVES
from rgan_kit_plugins.objectives.latent.timegan import TimeGan, moment_distance
from rgan_kit_plugins.recipes import RECIPES

NETWORKS = LATENT_SERIES[: len(TIMEGAN_ROLES)]
OBJECTIVE = next(each for each in OBJECTIVES if each.name == "timegan")
RECIPE = next(each for each in RECIPES if each.name == "timegan")
SMALL = {"layers": 2}


def networks(data: DataSpec) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for role, spec in zip(TIMEGAN_ROLES, NETWORKS, strict=True):
        size = {"hidden_size": 5} if role == "embedder" else {}
        made[role] = spec.build(spec.options(**SMALL, **size), data, BuildContext(role, dict(made)))
    return made


# --- the losses ---


@pytest.fixture
def case():
    """Networks, a batch of series of several lengths, and everything that the losses look at, as numpy arrays."""
    data = example_spec("series")
    torch.manual_seed(0)
    made = networks(data)
    batch = example_batch(data)
    objective = TimeGan(OBJECTIVE.options(), made)
    context = StepContext(batch, 0.5, LENGTH)
    with torch.no_grad():
        real = (batch.values + 1) / 2
        torch.manual_seed(3)
        early = made["generator"].draw(torch.rand_like(real), batch.labels, batch.lengths)
        late = made["supervisor"](early)
        latent = made["embedder"](real)
        seen = {
            "real": real, "latent": latent, "told": made["supervisor"](latent), "recovered": made["recovery"](latent),
            "x_hat": made["recovery"](late), "y_real": made["discriminator"](latent)[..., 0],
            "y_late": made["discriminator"](late)[..., 0], "y_early": made["discriminator"](early)[..., 0],
        }  # fmt: skip
    arrays = SimpleNamespace(**{name: value.double().numpy() for name, value in seen.items()})
    return objective, context, arrays, batch.lengths.tolist()


def value(loss, context) -> float:
    torch.manual_seed(3)
    return loss(context).value.item()


def mean_square(one: np.ndarray, other: np.ndarray, lengths: list[int], shift: int = 0) -> float:
    """Over the steps that count, one number after the other."""
    apart = [
        (one[row, step + shift, feature] - other[row, step, feature]) ** 2
        for row, length in enumerate(lengths) for step in range(length - shift) for feature in range(one.shape[2])
    ]  # fmt: skip
    return sum(apart) / len(apart)


def cross_entropy(logits: np.ndarray, wanted: float, lengths: list[int]) -> float:
    chances = [1 / (1 + math.exp(-logits[row, step])) for row, length in enumerate(lengths) for step in range(length)]
    return -sum(math.log(chance if wanted else 1 - chance) for chance in chances) / len(chances)


def moments(arrays, lengths: list[int]) -> float:
    apart = []
    for statistic in (np.mean, lambda values: math.sqrt(np.var(values) + 1e-6)):
        each = [
            abs(statistic(arrays.x_hat[rows, step, f]) - statistic(arrays.real[rows, step, f]))
            for step in range(max(lengths)) for f in range(3)
            for rows in [[row for row, length in enumerate(lengths) if step < length]]
        ]  # fmt: skip
        apart.append(sum(each) / len(each))
    return sum(apart)


def test_the_embedding_is_learnt_by_ten_times_the_root_of_its_error(case):
    objective, context, arrays, lengths = case
    error = mean_square(arrays.recovered, arrays.real, lengths)
    assert value(objective.reconstruction_loss, context) == pytest.approx(10 * math.sqrt(error), rel=1e-5)


def test_the_supervisor_foretells_the_next_latent_step(case):
    objective, context, arrays, lengths = case
    expected = mean_square(arrays.latent, arrays.told, lengths, shift=1)
    assert value(objective.supervised_loss, context) == pytest.approx(expected, rel=1e-5)


def test_the_joint_losses_are_those_of_the_paper(case):
    objective, context, arrays, lengths = case
    supervised = mean_square(arrays.latent, arrays.told, lengths, shift=1)
    error = mean_square(arrays.recovered, arrays.real, lengths)
    embedding = 10 * math.sqrt(error) + 0.1 * supervised
    generator = (
        cross_entropy(arrays.y_late, 1, lengths) + cross_entropy(arrays.y_early, 1, lengths)
        + 100 * math.sqrt(supervised) + 100 * moments(arrays, lengths)
    )  # fmt: skip
    discriminator = (
        cross_entropy(arrays.y_real, 1, lengths) + cross_entropy(arrays.y_late, 0, lengths)
        + cross_entropy(arrays.y_early, 0, lengths)
    )  # fmt: skip
    assert value(objective.embedding_loss, context) == pytest.approx(embedding, rel=1e-5)
    assert value(objective.generator_loss, context) == pytest.approx(generator, rel=1e-4)
    assert value(objective.discriminator_loss, context) == pytest.approx(discriminator, rel=1e-5)


def test_series_of_one_step_have_nothing_to_foretell():
    objective = TimeGan(OBJECTIVE.options(), networks(example_spec("series")))
    batch = Batch(torch.rand(2, 1, 3), torch.tensor([1, 1]))
    assert objective.supervised_loss(StepContext(batch, 0.0, 1)).value.item() == 0


def test_equal_series_have_no_distance_of_moments():
    values, mask = torch.rand(4, 5, 2), torch.ones(4, 5, dtype=torch.bool)
    assert moment_distance(values, values.clone(), mask).item() == 0


# --- the stages ---


def test_stages_and_the_critics_condition_are_those_of_the_paper():
    objective = TimeGan(OBJECTIVE.options(), {})
    embedding, supervision, joint = objective.stages()
    assert [phase.networks for phase in (*embedding.phases, *supervision.phases)] == [
        ("embedder", "recovery"),
        ("supervisor",),
    ]
    assert [(phase.networks, phase.repeats, phase.own_batch) for phase in joint.phases] == [
        (("generator", "supervisor"), 2, True), (("embedder", "recovery"), 2, True), (("discriminator",), 1, True),
    ]  # fmt: skip
    asks = joint.phases[-1].condition
    assert asks({"discriminator/loss": 0.16}) and not asks({"discriminator/loss": 0.15})


def test_the_exported_generator_is_made_of_three_networks():
    assert [name for name, use in RECIPE.uses.items() if use.averaged] == ["recovery", "generator", "supervisor"]
    data = example_spec("series")
    made = networks(data)
    composed = OBJECTIVE.compose(None, {name: made[name] for name in ("generator", "supervisor", "recovery")}, data)
    noise = torch.randn(2, 4, 3)
    uniform = 0.5 * (1 + torch.erf(noise / math.sqrt(2)))
    expected = made["recovery"](made["supervisor"](made["generator"](uniform)))
    torch.testing.assert_close(composed(noise), 2 * expected - 1)
    low, high = torch.from_numpy(data.minimum), torch.from_numpy(data.maximum)
    torch.testing.assert_close(composed.sampler()(noise), low + expected * (high - low), atol=1e-5, rtol=1e-5)
