"""Misfortunes of a training that have to end in one clear message, with nothing lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from support import call, settings
from test_train import CADENCE, config, final_weights, same, start

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import (
    DeviceError,
    DomainSpec,
    ExitCode,
    Loss,
    MetricSpec,
    PluginError,
    RganKitError,
    UsageError,
)
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.checkpoints import CheckpointFolder
from rgan_kit.training.reporting import Silent
from rgan_kit.training.resuming import resume
from rgan_kit.training.session import RunExistsError, begin, load_dataset, load_trained
from rgan_kit.training.state import Interrupted


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("misfortune") / "run"
    start(folder).train()
    return folder


def test_without_a_moving_average_a_run_trains_saves_resumes_and_exports(tmp_path):
    trainer = start(tmp_path / "run", "train.average_decay=0", steps=4)
    trainer.train()
    assert trainer.updater.averaged["generator"] is trainer.networks["generator"]
    resume(tmp_path / "run", None, installed_registry(), Silent()).train()
    exported = load_trained(tmp_path / "run", "step-00000004", installed_registry())
    mine = dict(trainer.networks["generator"].named_parameters())
    assert all(torch.equal(parameter, mine[name]) for name, parameter in exported.generator.named_parameters())


def test_a_phase_that_never_has_a_finite_gradient_ends_the_training_beside_one_that_has(tmp_path, caplog):
    trainer = start(tmp_path / "run", "objective.pretraining_share=0", steps=40)
    generator_phase = trainer.schedule.spans[0][0].phases[1]
    loss = generator_phase.loss
    object.__setattr__(generator_phase, "loss", lambda context: Loss(loss(context).value * float("nan")))
    with pytest.raises(RganKitError, match="The generator phase gave no finite gradient 10 times in a row"):
        trainer.train()
    assert caplog.text.count("gave no finite gradient") == 1
    assert trainer.state.step == 9


def test_a_run_exports_where_its_data_is_gone_and_says_so_when_resumed(tmp_path):
    data = tmp_path / "lines.txt"
    data.write_text("\n".join(f"line {chr(97 + i % 26)} of {i}" for i in range(60)))
    pairs = [word for word in settings(*CADENCE) if word != "--set"]
    resolved = resolve(Request(recipe="lstm-gan", data=data, settings=pairs, steps=4), installed_registry())
    begin(resolved, load_dataset(resolved), installed_registry(), tmp_path / "run", Silent()).train()
    data.unlink()
    assert load_trained(tmp_path / "run", None, installed_registry()).data.spec.vocab_size > 4
    answer = call("train", "--resume", tmp_path / "run")
    assert answer.code == ExitCode.DATA
    assert "lines.txt" in answer.err


def test_what_is_saved_after_going_back_stays_and_what_was_later_goes(tmp_path):
    trainer = start(tmp_path / "run", "train.checkpoint_every=2", steps=20)
    trainer.train()
    folder = CheckpointFolder(tmp_path / "run" / "checkpoints")
    before = final_weights(tmp_path / "run", 20)
    earliest = folder.steps()[0]
    again = resume(tmp_path / "run", f"step-{earliest:08d}", installed_registry(), Silent())
    again.request_stop(ExitCode.INTERRUPTED)
    with pytest.raises(Interrupted):
        again.train()
    assert folder.steps()[-1] == earliest + 1
    resume(tmp_path / "run", None, installed_registry(), Silent()).train()
    assert same(before, final_weights(tmp_path / "run", 20))


def test_half_deleted_and_half_written_checkpoints_are_swept_away(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    checkpoints = tmp_path / "run" / "checkpoints"
    for left in (".step-00000009.tmp", ".step-00000003.old"):
        (checkpoints / left).mkdir()
    resume(tmp_path / "run", None, installed_registry(), Silent()).train()
    assert not list(checkpoints.glob(".*"))


def test_two_processes_do_not_train_one_run(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    earliest = min(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    first, second = (resume(tmp_path / "run", earliest, installed_registry(), Silent()) for _ in range(2))
    seen = []
    original = first.step

    def step():
        with pytest.raises(UsageError, match="being trained by another process") as caught:
            second.train()
        seen.append(caught)
        return original()

    first.step = step
    first.train()
    assert seen


def test_a_changed_configuration_is_not_resumed(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    file = tmp_path / "run" / "config.toml"
    file.write_text(file.read_text().replace("batch_size = 16", "batch_size = 17"))
    with pytest.raises(UsageError, match=r"config.toml is not what it was"):
        resume(tmp_path / "run", None, installed_registry(), Silent())


def test_a_new_version_of_a_plugin_is_told_of(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    file = tmp_path / "run" / "config.toml"
    file.write_text(file.read_text().replace('rgan-kit = "', 'rgan-kit = "9.'))
    said = []
    reporter = Silent()
    reporter.message = said.append
    resume(tmp_path / "run", None, installed_registry(), reporter)
    assert "the run began with rgan-kit 9." in said[0]


def test_a_metric_that_raises_is_named_and_the_training_goes_on(tmp_path, caplog, monkeypatch):
    def raising(samples):
        raise KeyError("oops")

    trainer = start(tmp_path / "run", steps=6)
    spec = MetricSpec(name="bad", summary="", kinds=frozenset({"tokens"}), compute=raising)
    trainer.assessor._metrics._offers.insert(0, (spec, "stranger:bad"))
    trainer.train()
    assert caplog.text.count("metric stranger:bad raised KeyError") == 1
    assert "valid" in trainer.state.evaluations[-1]["figures"]


def test_an_objective_that_raises_is_blamed(tmp_path):
    trainer = start(tmp_path / "run", steps=6)
    object.__setattr__(trainer.schedule.spans[0][0].phases[0], "loss", lambda context: {}["oops"])
    with pytest.raises(PluginError, match=r"rgan-kit: objective non-saturating, phase likelihood, raised KeyError"):
        trainer.train()


def test_running_out_of_memory_is_nobodys_fault(tmp_path):
    def hungry(context):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")

    trainer = start(tmp_path / "run", steps=6)
    object.__setattr__(trainer.schedule.spans[0][0].phases[0], "loss", hungry)
    with pytest.raises(RganKitError, match="not enough memory") as caught:
        trainer.train()
    assert caught.value.exit_code == ExitCode.FAILED


def test_a_training_that_cannot_begin_leaves_no_folder(tmp_path, monkeypatch):
    from rgan_kit.training import session

    monkeypatch.setattr(session, "describe_data", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(RganKitError, match="Free some space"):
        start(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    trainer = start(tmp_path / "run")
    refused = DeviceError("train.loggers asks for tensorboard, which is not installed.")
    monkeypatch.setattr(trainer.registry.host, "notify", lambda *_, **__: (_ for _ in ()).throw(refused))
    with pytest.raises(DeviceError):
        trainer.train()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_never_begun_in(finished):
    with pytest.raises(RunExistsError, match="--resume"):
        start(finished)


def test_a_strangers_domain_does_not_change_what_a_recipe_trains_on(monkeypatch):
    registry = installed_registry()
    mine = next(offer for offer in registry.offers(DomainSpec) if offer.spec.name == "text")
    theirs = type(mine)(mine.spec, type(mine.plugin)("x", "aaa", "1", "x"))
    monkeypatch.setitem(registry._offers, DomainSpec, [theirs, mine])
    assert config().domain.distribution == "rgan-kit"
    named = resolve(Request(recipe="lstm-gan", domain="text"), registry)
    assert named.domain.distribution == "rgan-kit"


def test_held_out_likelihood_is_taken_from_all_over_the_data():
    from rgan_kit.contracts import evenly

    picked = evenly(3200, 1000)
    assert (len(picked), picked[0], picked[-1]) == (1000, 0, 3199)
    assert len(set(picked.tolist())) == 1000
    assert evenly(7, 1000).tolist() == list(range(7))


def test_metrics_of_a_resumed_run_have_no_hole(finished):
    steps = [json.loads(line)["step"] for line in (finished / "metrics.jsonl").read_text().splitlines()]
    assert set(range(2, 17, 2)) <= set(steps)
