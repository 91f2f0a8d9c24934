"""What a training leaves, and that it goes on where it stopped, bit for bit."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support import call, settings

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import DataError, DeviceError, ExitCode, Loss, Phase, RganKitError
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.checkpoints import CheckpointFolder
from rgan_kit.training.engine import Engine, resolve_device
from rgan_kit.training.reporting import Silent
from rgan_kit.training.resuming import resume
from rgan_kit.training.session import begin, load_dataset, load_trained
from rgan_kit.training.state import Interrupted

CADENCE = ("train.checkpoint_every=4", "train.evaluate_every=5", "train.sample_every=7", "train.log_every=2")


def config(*more: str, recipe: str = "lstm-gan", steps: int = 16):
    pairs = [word for word in settings(*CADENCE, *more) if word != "--set"]
    if recipe == "lstm-lm":
        pairs = [pair for pair in pairs if not pair.startswith("discriminator.")]
    return resolve(Request(recipe=recipe, settings=pairs, steps=steps), installed_registry())


def start(folder: Path, *more: str, **fields):
    resolved = config(*more, **fields)
    return begin(resolved, load_dataset(resolved), installed_registry(), folder, Silent())


def final_weights(run: Path, step: int = 16) -> dict[str, torch.Tensor]:
    folder = run / "checkpoints" / f"step-{step:08d}"
    return load_file(folder / "model.safetensors") | load_file(folder / "training.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    start(folder).train()
    return folder


def test_a_run_on_disk_is_as_the_architecture_says(trained):
    assert {path.name for path in trained.iterdir()} == {
        "config.toml", "data.json", "metrics.jsonl", "history.jsonl", "samples", "checkpoints",
    }  # fmt: skip
    newest = trained / "checkpoints" / "step-00000040"
    assert {path.name for path in newest.iterdir()} == {"model.safetensors", "training.safetensors", "state.json"}
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert {"likelihood/loss", "likelihood/gradient_norm", "sequences_per_second"} <= lines[1].keys()
    assert any("samples/distinct" in line for line in lines)
    assert any("evaluation/valid" in line for line in lines)
    assert (trained / "samples" / "step-00000040" / "samples.txt").read_text(encoding="utf-8").count("\n") == 64


def test_training_raises_the_likelihood_of_held_out_data(trained):
    state = json.loads((trained / "checkpoints" / "step-00000040" / "state.json").read_text())
    moments = {row["moment"]: row["figures"] for row in state["evaluations"]}
    assert list(moments) == ["start", "after pretraining", "after adversarial"]
    assert moments["after pretraining"]["heldout_nll"] < moments["start"]["heldout_nll"] - 0.3


def test_the_same_seed_gives_the_same_bits(uninterrupted, tmp_path):
    start(tmp_path / "again").train()
    assert same(final_weights(uninterrupted), final_weights(tmp_path / "again"))


def test_a_run_replays_from_its_config(uninterrupted, tmp_path):
    answer = call("train", "--config", uninterrupted / "config.toml", "--run", tmp_path / "replay", folder=tmp_path)
    assert answer.code == 0, answer.err
    assert same(final_weights(uninterrupted), final_weights(tmp_path / "replay"))


@pytest.mark.parametrize("stop", [1, 4, 9, 13, 15])
def test_interrupt_and_resume_equals_uninterrupted(uninterrupted, tmp_path, stop):
    trainer = start(tmp_path / "run")
    original = trainer.step

    def step():
        if trainer.state.step + 1 == stop:
            trainer.request_stop(ExitCode.INTERRUPTED)
        return original()

    trainer.step = step
    with pytest.raises(Interrupted) as caught:
        trainer.train()
    assert caught.value.exit_code == 130
    resume(tmp_path / "run", None, installed_registry(), Silent()).train()
    assert same(final_weights(uninterrupted), final_weights(tmp_path / "run"))
    steps = [json.loads(line)["step"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)


def test_resuming_from_an_earlier_checkpoint_arrives_at_the_same(uninterrupted, tmp_path):
    shutil.copytree(uninterrupted, tmp_path / "run")
    earlier = CheckpointFolder(tmp_path / "run" / "checkpoints").steps()[0]
    trainer = resume(tmp_path / "run", f"step-{earlier:08d}", installed_registry(), Silent())
    assert trainer.state.step == earlier < 16
    trainer.train()
    assert same(final_weights(uninterrupted), final_weights(tmp_path / "run"))


@pytest.mark.parametrize("earlier_release", [False, True])
def test_a_run_stopped_before_its_first_evaluation_exports_its_newest_weights(tmp_path, earlier_release):
    trainer = start(tmp_path / "run", "train.evaluate_every=100")
    if earlier_release:
        trainer.state.best = {"step": 0, "figures": {}}
    original = trainer.step

    def step():
        if trainer.state.step + 1 == 3:
            trainer.request_stop(ExitCode.INTERRUPTED)
        return original()

    trainer.step = step
    with pytest.raises(Interrupted):
        trainer.train()
    assert load_trained(tmp_path / "run", None, installed_registry()).step == 3


def test_what_ends_worse_than_it_began_is_said(tmp_path):
    trainer = start(tmp_path / "run", "train.generator_learning_rate=1", "train.evaluate_every=100")
    said: list[str] = []
    trainer.reporter.message = said.append
    trainer.train()
    assert any(line.startswith("warning: heldout_nll is worse than before the training") for line in said)


def test_old_checkpoints_go_and_the_best_stays(tmp_path):
    trainer = start(tmp_path / "run", "train.keep_checkpoints=1", "train.checkpoint_every=1")
    trainer.train()
    kept = CheckpointFolder(tmp_path / "run" / "checkpoints").steps()
    assert kept == sorted({16, trainer.state.best["step"]})


@pytest.mark.parametrize("file", ["model.safetensors", "training.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_checkpoint_is_one_error_and_the_previous_is_offered(uninterrupted, tmp_path, file, damage):
    shutil.copytree(uninterrupted, tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / "step-00000016" / file
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-7])
    else:
        path.unlink()
    answer = call("train", "--resume", tmp_path / "run")
    assert answer.code == (ExitCode.DATA), answer.err
    assert answer.err.count("error:") == 1
    assert str(path) in answer.err
    offered = answer.err.split("--checkpoint ")[1].strip()
    assert offered == sorted(each.name for each in path.parent.parent.iterdir())[-2]
    assert "Traceback" not in answer.err
    assert call("train", "--resume", tmp_path / "run", "--checkpoint", offered).code == 0
    assert same(final_weights(uninterrupted), final_weights(tmp_path / "run"))


def test_a_full_disk_is_one_error_and_the_last_checkpoint_stands(tmp_path, monkeypatch):
    import rgan_kit.training.checkpoints as module

    trainer = start(tmp_path / "run")
    write = module.write_whole

    def full(path: Path, content: bytes) -> None:
        if trainer.state.step >= 8 and path.name == "training.safetensors":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(module, "write_whole", full)
    with pytest.raises(RganKitError, match=r"(?s)step-00000008: cannot be written: No space left.*Free some space"):
        trainer.train()
    monkeypatch.undo()
    folder = CheckpointFolder(tmp_path / "run" / "checkpoints")
    assert max(folder.steps()) < 8
    assert not list(folder.folder.glob(".*"))
    resume(tmp_path / "run", None, installed_registry(), Silent()).train()


def test_nothing_is_trained_on_gradients_that_are_not_finite(tmp_path):
    trainer = start(tmp_path / "run")
    before = {name: tensor.clone() for name, tensor in trainer.networks["generator"].state_dict().items()}
    place = trainer.schedule.at(0)

    def loss(context):
        value = trainer.networks["generator"].log_probs(context.batch).sum() * math.inf
        return Loss(value)

    broken = Phase("broken", ("generator",), loss)
    with pytest.raises(RganKitError, match="no finite gradient 10 times in a row"):
        for _ in range(10):
            trainer.updater.run(broken, trainer.batches.of_step(0, place), place)
    after = trainer.networks["generator"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_only_the_networks_of_a_phase_move(tmp_path):
    trainer = start(tmp_path / "run")
    place = trainer.schedule.at(15)
    discriminator_phase = place.stage.phases[0]
    before = {name: [p.clone() for p in network.parameters()] for name, network in trainer.networks.items()}
    trainer.updater.run(discriminator_phase, trainer.batches.of_step(15, place), place)
    moved = {
        name: any(not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True))
        for name, network in trainer.networks.items()
    }
    assert moved == {"generator": False, "discriminator": True}


def test_the_gradient_is_clipped_to_its_norm(tmp_path):
    trainer = start(tmp_path / "run", "train.clip_norm=0.01")
    place = trainer.schedule.at(0)
    figures = trainer.updater.run(place.stage.phases[0], trainer.batches.of_step(0, place), place)
    norm = torch.stack([p.grad.norm() for p in trainer.networks["generator"].parameters()]).norm()
    assert figures["likelihood/gradient_norm"] > 0.01
    assert norm.item() == pytest.approx(0.01, rel=1e-3)


def test_the_average_is_the_exponential_moving_average(tmp_path):
    trainer = start(tmp_path / "run", "train.average_decay=0.5")
    parameter = next(iter(trainer.networks["generator"].parameters()))
    expected = parameter.detach().clone()
    for step in range(12):
        trainer.step()
        decay = min(0.5, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * parameter.detach()
    average = next(iter(trainer.updater.averaged["generator"].parameters()))
    torch.testing.assert_close(average, expected)


def test_each_network_and_phase_has_its_learning_rate(tmp_path):
    trainer = start(
        tmp_path / "run", "train.schedule=constant", "train.generator_learning_rate=0.01",
        "train.discriminator_learning_rate=0.02", "objective.generator_learning_rate=0.005",
    )  # fmt: skip
    trainer.step()
    assert trainer.updater.optimizers["generator"].param_groups[0]["lr"] == 0.01
    trainer.state.step = 15
    trainer.step()
    assert trainer.updater.optimizers["generator"].param_groups[0]["lr"] == 0.005
    assert trainer.updater.optimizers["discriminator"].param_groups[0]["lr"] == 0.02


def test_bfloat16_autocast_trains(tmp_path):
    trainer = start(tmp_path / "run", "train.precision=bfloat16", steps=4)
    assert math.isfinite(float(trainer.step()["likelihood/loss"]))
    assert next(iter(trainer.networks["generator"].parameters())).dtype == torch.float32


def test_changed_data_is_not_resumed(tmp_path):
    data = tmp_path / "names.txt"
    data.write_text("\n".join(f"name{chr(97 + i % 26)}{i}" for i in range(60)))
    pairs = [word for word in settings(*CADENCE) if word != "--set"]
    resolved = resolve(Request(recipe="lstm-gan", data=data, settings=pairs, steps=4), installed_registry())
    begin(resolved, load_dataset(resolved), installed_registry(), tmp_path / "run", Silent()).train()
    data.write_text(data.read_text() + "\nanother")
    with pytest.raises(DataError, match="the data has changed"):
        resume(tmp_path / "run", None, installed_registry(), Silent())


def test_a_device_that_is_not_there_is_named():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(DeviceError, match="sees no CUDA device"):
        resolve_device("cuda")
    assert resolve_device("auto").type == "cpu"


def test_threads_are_those_of_the_fastest_measurement(monkeypatch):
    import rgan_kit.training.engine as module

    monkeypatch.setattr(module, "_seconds", lambda step, threads: {1: 2.0, 2: 1.0}.get(threads, 3.0))
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: range(4), raising=False)
    before = torch.get_num_threads()
    try:
        assert Engine("cpu", "float32", 0).settle_threads(0, lambda: None) == 2
        assert torch.get_num_threads() == 2
        assert Engine("cpu", "float32", 0).settle_threads(3, lambda: None) == 3
    finally:
        torch.set_num_threads(before)


def test_the_likelihood_baseline_trains_without_a_discriminator(tmp_path):
    trainer = start(tmp_path / "run", recipe="lstm-lm", steps=4)
    trainer.train()
    assert set(trainer.networks) == {"generator"}
