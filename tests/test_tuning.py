"""How a training is tuned: optimizers, groups, rates, accumulation, and an end where nothing gets better."""

from __future__ import annotations

import pytest
import torch
from support import call, settings
from test_going_on import going_on
from test_train import final_weights, same, start

from rgan_kit.contracts import UsageError
from rgan_kit.training.pace import rehearsed_seconds
from rgan_kit.training.schedule import warmed_up

CONSTANT = "train.schedule=constant"


def moved(trainer, steps: int = 1) -> dict[str, torch.Tensor]:
    """How far the generator's parameters have moved after some steps."""
    before = {name: each.detach().clone() for name, each in trainer.networks["generator"].named_parameters()}
    for _ in range(steps):
        trainer.step()
    return {name: each.detach() - before[name] for name, each in trainer.networks["generator"].named_parameters()}


def gradient(trainer) -> dict[str, torch.Tensor]:
    """Of the first step, before clipping."""
    place = trainer.schedule.at(0)
    trainer.engine.seed_step(0)
    trainer.networks["generator"].zero_grad()
    place.stage.phases[0].loss(trainer.batches.of_step(0, place)).value.backward()
    named = trainer.networks["generator"].named_parameters()
    return {name: each.grad.clone() for name, each in named}


def test_stochastic_gradient_descent_goes_down_the_gradient(tmp_path):
    more = (CONSTANT, "train.optimizer=sgd", "train.clip_norm=0", "train.momentum=0.5", "generator.dropout=0")
    trainer = start(tmp_path / "run", *more, recipe="lstm-lm")
    expected = gradient(trainer)
    for name, change in moved(trainer).items():
        torch.testing.assert_close(change, -0.02 * expected[name], rtol=1e-4, atol=1e-7)


def test_rmsprop_is_that_of_hinton(tmp_path):
    more = (CONSTANT, "train.optimizer=rmsprop", "train.clip_norm=0", "train.beta2=0.9", "generator.dropout=0")
    trainer = start(tmp_path / "run", *more, recipe="lstm-lm")
    expected = gradient(trainer)
    for name, change in moved(trainer).items():
        mean_square = 0.1 * expected[name] ** 2
        torch.testing.assert_close(
            change, -0.02 * expected[name] / (mean_square.sqrt() + 1e-8), rtol=1e-3, atol=1e-6
        )  # fmt: skip


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_each_optimizer_resumes_to_the_same_bits(tmp_path, optimizer):
    more = (CONSTANT, f"train.optimizers={{discriminator='{optimizer}'}}", "train.momentum=0.5")
    more += ("train.rate_factors={'generator.embedding'=0.5}", "train.decayed=matrices", "train.weight_decay=0.01")
    start(tmp_path / "whole", *more).train()
    trainer = start(tmp_path / "run", *more)
    steps = trainer.steps()
    while next(steps) < 13:
        pass
    steps.close()
    going_on(tmp_path / "run")[0].train()
    assert same(final_weights(tmp_path / "whole"), final_weights(tmp_path / "run"))


def test_groups_learn_by_their_factor_and_biases_are_not_decayed(tmp_path):
    more = (CONSTANT, "train.weight_decay=0.1", "train.decayed=matrices")
    factors = "train.rate_factors={'generator'=0.5, 'generator.embedding'=0}"
    trainer = start(tmp_path / "run", *more, factors, recipe="lstm-lm")
    changes = moved(trainer)
    assert all((change == 0).all() == name.startswith("embedding") for name, change in changes.items())
    groups = {(group["lr"], group["weight_decay"]) for group in trainer.updater.optimizers["generator"].param_groups}
    assert groups == {(0.0, 0.1), (0.01, 0.1), (0.01, 0.0)}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("train.rate_factors={'generator.embeding'=1}", "no parameter's name begins so"),
        ("train.optimizers={judge='sgd'}", "no such network"),
        ("train.phase_learning_rates={likelyhood=0.1}", "no such phase"),
        ("train.optimizer=adam", "train.optimizer"),
        ("train.phase_learning_rates={likelihood=0}", "train.phase_learning_rates"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, option, message):
    with pytest.raises(UsageError, match=message):
        start(tmp_path / "run", option)
    assert not (tmp_path / "run").exists()


def test_learning_rates_rise_from_nothing_in_each_stage_and_go_by_phase(tmp_path):
    rates = "train.phase_learning_rates={generator=0.004}"
    trainer = start(tmp_path / "run", CONSTANT, "train.warmup_steps=4", rates, "objective.pretraining_share=0.5")
    seen = []
    for _ in range(10):
        trainer.step()
        seen.append(trainer.updater.optimizers["generator"].param_groups[0]["lr"])
    assert seen[:5] == pytest.approx([0.005, 0.01, 0.015, 0.02, 0.02])
    assert seen[8:] == pytest.approx([0.001, 0.002])
    assert [warmed_up(step, 0) for step in (0, 9)] == [1, 1]


def test_accumulated_gradients_are_the_mean_of_those_of_their_batches(tmp_path):
    more = (CONSTANT, "train.optimizer=sgd", "train.clip_norm=0", "generator.dropout=0", "train.batch_size=8")
    whole = start(tmp_path / "run", *more, "train.accumulate=3", recipe="lstm-lm")
    place, means = whole.schedule.at(0), None
    for part in range(3):
        whole.networks["generator"].zero_grad()
        context = whole.batches.of_step(0, place, part)
        place.stage.phases[0].loss(context).value.backward()
        found = {name: each.grad / 3 for name, each in whole.networks["generator"].named_parameters()}
        means = found if means is None else {name: means[name] + each for name, each in found.items()}
    order = [whole.batches.order.batch(number).tolist() for number in range(3)]
    assert len({index for batch in order for index in batch}) == 24
    for name, change in moved(whole).items():
        torch.testing.assert_close(change, -0.02 * means[name], rtol=1e-4, atol=1e-7)


def test_a_training_ends_where_nothing_gets_better(tmp_path):
    more = ("train.evaluate_every=1", "train.patience=3", "train.generator_learning_rate=1", CONSTANT)
    trainer = start(tmp_path / "run", *more, "train.keep_checkpoints=9", recipe="lstm-lm", steps=40)
    said: list[str] = []
    trainer.reporter.message = said.append
    state = trainer.train()
    assert 3 < state.step < 40 and state.step == state.best["step"] + 3
    assert f"ended after step {state.step}: 3 evaluations without better weights" in said
    assert state.evaluations[-1]["moment"] == "after pretraining" or len(state.evaluations) == 2
    assert trainer.checkpoints.steps()[-1] == state.step == trainer.gallery.steps()[-1]
    assert going_on(tmp_path / "run")[0].train().step == state.step
    longer = going_on(tmp_path / "run", settings=["train.patience=0"], steps=state.step + 2)[0].train()
    assert longer.step == state.step + 2


def test_how_long_it_will_take_is_said_before_it_begins_and_moves_nothing(tmp_path):
    trainer = start(tmp_path / "run", steps=1000)
    before = {name: each.clone() for name, each in trainer.networks["discriminator"].state_dict().items()}
    assert 1000 * 1e-4 < rehearsed_seconds(trainer) < 1000
    assert all(torch.equal(before[name], each) for name, each in trainer.networks["discriminator"].state_dict().items())
    words = ("train", "--plugin", "lstm-gan", "--steps", 2, *settings())
    answer = call(*words, folder=tmp_path)
    assert answer.code == 0 and "2 steps, about 0:00 and its evaluations" in answer.err
    dry = call(*words, "--dry-run", folder=tmp_path)
    assert "expected: 0:00 on one thread" in dry.out
    assert call(*words, "--dry-run", "--json", folder=tmp_path).document["expected_seconds"] > 0
