"""Phases: batches of their own, inner steps, conditions and frozen networks."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import registry_with

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import Batch, Loss, RganKitError, SeriesSpec
from rgan_kit.training.engine import Engine
from rgan_kit.training.session import load_dataset, make_trainer

SETTINGS = ("domain.embedded_sequences=60", "train.schedule=constant")


@pytest.fixture(scope="module")
def registry():
    return registry_with(named="named_parts")


@pytest.fixture
def trainer(registry, tmp_path):
    made = resolve(Request("judged", "series", settings=SETTINGS, steps=40), registry)
    trainer = make_trainer(made, load_dataset(made), registry, tmp_path / "run")
    for network in trainer.networks.values():
        network.train()
    return trainer


def weights(network) -> list[torch.Tensor]:
    return [tensor.detach().clone() for tensor in network.state_dict().values()]


def moved(before, network) -> bool:
    return any(not torch.equal(a, b) for a, b in zip(before, weights(network), strict=True))


def test_a_phase_with_its_own_batch_takes_a_new_one_each_time_and_sees_every_sample(trainer):
    place = trainer.schedule.at(0)
    (judge,) = place.stage.phases
    size, samples = trainer.batches.order.batch_size, len(trainer.dataset.train)
    shared = trainer.batches.of_step(0, place).batch.values
    drawn = [trainer.batches.of_phase(judge, repeat, step, place).batch.values
             for step in range(3) for repeat in range(2)]  # fmt: skip
    assert not any(torch.equal(shared, each) for each in drawn)
    epoch = torch.cat(drawn)[: min(samples, 6 * size)].flatten(1)
    assert len(torch.unique(epoch, dim=0)) == len(epoch)
    again = trainer.batches.of_phase(judge, 1, 2, place).batch.values
    assert torch.equal(again, drawn[-1])


def test_the_phases_of_a_step_share_its_batch_and_inner_steps_take_their_own(trainer):
    trainer.state.step = 20
    trainer.step()
    contexts = trainer.objective.contexts
    assert len(contexts) == 2
    assert not torch.equal(contexts[0].batch.values, contexts[1].batch.values)


def test_inner_steps_move_a_network_as_often(trainer):
    trainer.step()
    steps = {int(state["step"]) for state in trainer.updater.optimizers["judge"].state.values()}
    assert steps == {2}
    assert trainer.updater.averages["judge"].updates == 2


def test_a_condition_that_says_no_moves_nothing_not_even_by_momentum(trainer):
    place = trainer.schedule.at(20)
    *_, second, _ = place.stage.phases
    context = trainer.batches.of_step(20, place)
    trainer.updater.latest["judge/loss"] = 1.0
    trainer.updater.run(second, context, place)  # gives the optimizer its momentum
    network = trainer.networks["discriminator_2"]
    before, moments = weights(network), trainer.updater.state()
    moments = {name: value.clone() for name, value in moments.items()}
    trainer.updater.latest["judge/loss"] = -1.0
    for count in (1, 2):
        figures = trainer.updater.run(second, context, place)
        assert figures["second/skipped"] == count
        assert "second/loss" in figures and "second/gradient_norm" not in figures
    assert not moved(before, network)
    after = trainer.updater.state()
    assert all(torch.equal(moments[name], after[name]) for name in moments)
    trainer.updater.latest["judge/loss"] = torch.tensor(1.0)
    assert trainer.updater.run(second, context, place)["second/skipped"] == 2
    assert moved(before, network)


def test_a_condition_sees_the_loss_that_has_just_been_computed(trainer):
    place = trainer.schedule.at(20)
    first = place.stage.phases[0]
    asked = []
    watching = replace(
        first, condition=lambda figures: bool(asked.append(dict(figures))) or figures["first/loss"] > 1e9
    )
    before = weights(trainer.networks["discriminator"])
    figures = trainer.updater.run(watching, trainer.batches.of_step(20, place), place)
    assert asked[0]["first/loss"] == float(figures["first/loss"])
    assert not moved(before, trainer.networks["discriminator"])


def test_a_frozen_network_keeps_its_weights_and_statistics_and_drops_nothing(trainer):
    place = trainer.schedule.at(20)
    generator = place.stage.phases[-1]
    judge = trainer.networks["judge"]
    assert generator.frozen == ("judge",) and judge.training
    before = weights(judge)
    seen = []
    handle = judge.layers[2].register_forward_hook(lambda module, given, made: seen.append(torch.equal(given[0], made)))
    trainer.updater.run(generator, trainer.batches.of_step(20, place), place)
    handle.remove()
    assert seen == [True] and not moved(before, judge) and all(module.training for module in judge.modules())
    thawed = replace(generator, frozen=())
    trainer.updater.run(thawed, trainer.batches.of_step(20, place), place)
    assert moved(before, judge)  # its running statistics: what freezing is for


def test_recurrent_layers_of_a_frozen_network_lose_their_dropout_and_get_it_back():
    from rgan_kit.nn import as_they_are

    layers = torch.nn.LSTM(2, 3, 2, dropout=0.5, batch_first=True)
    values = torch.randn(2, 4, 2, requires_grad=True)
    with as_they_are(layers):
        first, second = layers(values)[0], layers(values)[0]
        assert torch.equal(first, second) and layers.training  # cuDNN needs training mode for gradients
    assert layers.dropout == 0.5
    first.sum().backward()
    assert values.grad is not None


def test_the_guard_counts_each_phase_by_itself(trainer):
    place = trainer.schedule.at(20)
    first, judge, *_ = place.stage.phases
    context = trainer.batches.of_step(20, place)

    def infinite(context):
        return Loss(trainer.networks["discriminator"](context.batch).sequence.sum() * float("inf"))

    broken = replace(first, loss=infinite)
    for _ in range(9):
        trainer.updater.run(broken, context, place)
        trainer.updater.run(judge, context, place)
    assert trainer.updater.skipped == {"first": 9}
    with pytest.raises(RganKitError, match="The first phase gave no finite gradient 10 times in a row"):
        trainer.updater.run(broken, context, place)


def test_an_objectives_parameters_have_the_learning_rate_of_the_objective(trainer):
    before = trainer.objective.weight.item()
    trainer.state.step = 20
    trainer.step()
    assert trainer.updater.optimizers["objective"].param_groups[0]["lr"] == 0.02
    assert trainer.objective.weight.item() != before


def test_what_a_network_was_built_with_as_fixed_stays_so(trainer):
    from rgan_kit.training.updates import Updater

    judge = trainer.networks["judge"]
    judge.layers[0].requires_grad_(False)
    updater = Updater(trainer.networks, trainer.config.train, trainer.engine)
    place = trainer.schedule.at(0)
    before = judge.layers[0].weight.clone()
    updater.run(place.stage.phases[0], trainer.batches.of_step(0, place), place)
    assert torch.equal(judge.layers[0].weight, before) and not judge.layers[0].weight.requires_grad


def test_what_is_known_and_when_reaches_networks_unharmed():
    rng = np.random.default_rng(0)
    spec = SeriesSpec(2, 5, ("a", "b"), np.zeros(2, np.float32), np.ones(2, np.float32))
    known, times = rng.random((3, 5, 2)) < 0.5, rng.random((3, 5)).astype(np.float32)
    batch = Batch(rng.random((3, 5, 2), np.float32), np.array([5, 2, 4]), np.array([0, 1, 0]), known, times)
    placed = Engine("cpu", "float32", 0).place(batch, spec)
    assert placed.known.dtype == torch.bool and np.array_equal(placed.known.numpy(), known)
    assert placed.times.dtype == torch.float32 and np.array_equal(placed.times.numpy(), times)
    assert np.array_equal(placed.labels.numpy(), batch.labels)
    bare = Engine("cpu", "float32", 0).place(replace(batch, known=None, times=None, labels=None), spec)
    assert (bare.known, bare.times, bare.labels) == (None, None, None)


def test_chance_is_a_function_of_the_seed_and_the_step():
    def drawn(seed: int, step: int) -> tuple[float, float, float]:
        Engine("cpu", "float32", seed).seed_step(step)
        return torch.rand(()).item(), float(np.random.rand()), random.random()

    for one, other, again in zip(drawn(3, 7), drawn(3, 8), drawn(3, 7), strict=True):
        assert one == again != other
    assert all(one != other for one, other in zip(drawn(3, 7), drawn(4, 7), strict=True))


def test_every_step_of_a_training_has_chance_of_its_own(trainer):
    seen = []
    for step in (20, 21):
        trainer.state.step = step
        trainer.step()
        seen.append(torch.rand(()).item())
    assert seen[0] != seen[1]
