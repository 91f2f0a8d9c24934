"""A training becomes a run in Weights & Biases, with everything that it told."""

import importlib.util
import inspect
import subprocess
import sys

import pytest
import standing_in_for_wandb as standing_in
from rgankit_wandb import logger

from rgan_kit.contracts import DeviceError, RunInfo
from rgan_kit.testing.loggers import LoggerContract

CONFIG = {"generator": {"hidden_size": 64, "name": "lstm"}, "seed": 0}


@pytest.fixture
def library(monkeypatch):
    return standing_in.install(monkeypatch)


@pytest.fixture
def run(tmp_path):
    return RunInfo("mine", tmp_path, "lstm-gan", CONFIG, ("wandb",))


@pytest.mark.usefixtures("library")
class TestWandb(LoggerContract):
    logger, name, plugin = logger, "wandb", "rgankit_wandb"


def test_everything_that_a_training_tells_arrives(library, run, tmp_path):
    logger.rgankit_train_start(run, 0)
    logger.rgankit_step_end(10, {"generator/loss": 1.5})
    files = [tmp_path / f"{number}{suffix}" for suffix in (".png", ".wav", ".mid") for number in range(9)]
    logger.rgankit_samples(10, ["a", "b"], files)
    logger.rgankit_warning(run, "the samples collapse")
    logger.rgankit_checkpoint_saved(tmp_path / "checkpoints")
    logger.rgankit_table([("start", {"valid": 0.1}), ("kept (step 10)", {"valid": 0.9, "length": 3.0})], {"valid": 1.0})
    logger.rgankit_train_end("done")
    (told,) = library.RUNS
    assert told.about["project"] == "rgan-kit" and told.about["name"] == "mine" and told.about["dir"] == str(tmp_path)
    assert told.about["config"] == {"recipe": "lstm-gan", **CONFIG}
    assert told.axes == {"step": None, "*": "step"}
    metrics, samples, table = told.logged
    assert metrics == {"step": 10, "generator/loss": 1.5}
    assert samples["step"] == 10 and samples["samples/text"].data == [["a"], ["b"]]
    assert [len(samples[f"samples/{kind}"]) for kind in ("pictures", "sounds")] == [4, 2]
    assert table["table"].columns == ["figure", "start", "kept (step 10)", "known source"]
    assert table["table"].data == [["valid", 0.1, 0.9, 1.0], ["length", None, 3.0, None]]
    assert told.alerts == [("rgan-kit: mine", "the samples collapse")]
    assert told.summary == {"checkpoint": str(tmp_path / "checkpoints"), "exported/valid": 0.9, "exported/length": 3.0}
    assert told.code == 0


def test_a_resumed_training_goes_on_in_the_same_run(library, run):
    logger.rgankit_train_start(run, 0)
    logger.rgankit_train_end("interrupted")
    logger.rgankit_train_start(run, 5)
    logger.rgankit_train_end("failed")
    first, second = library.RUNS
    assert (first.about["id"], first.about["resume"], first.code) == (None, None, 130)
    assert (second.about["id"], second.about["resume"], second.code) == (first.id, "allow", 1)


def test_the_project_can_be_named(library, run, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "another")
    logger.rgankit_train_start(run, 0)
    logger.rgankit_train_end("done")
    assert library.RUNS[0].about["project"] == "another"


def test_nobody_asked_and_nothing_is_imported_or_told(library, run, monkeypatch):
    monkeypatch.setattr(library, "broken", True)
    logger.rgankit_train_start(RunInfo("mine", run.folder, "lstm-gan", CONFIG, ("tensorboard",)), 0)
    logger.rgankit_step_end(1, {"loss": 1.0})
    logger.rgankit_samples(1, ["a"], [])
    logger.rgankit_table([("start", {})], {})
    logger.rgankit_train_end("done")
    assert not library.RUNS


def test_what_keeps_a_run_from_beginning_is_said_before_the_training_begins(library, run, monkeypatch):
    monkeypatch.setattr(library, "broken", True)
    with pytest.raises(DeviceError, match="nobody there") as caught:
        logger.rgankit_train_start(run, 0)
    assert "WANDB_MODE=offline" in caught.value.hint


def test_without_wandb_the_line_to_install_it_is_said(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(DeviceError) as caught:
        logger.rgankit_train_start(run, 0)
    assert 'pip install "rgankit-wandb[wandb]"' in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")
def test_what_stands_in_for_wandb_has_the_signatures_of_wandb():
    """Every argument that the tests' stand-in takes is one of the library's."""
    import wandb
    from wandb.sdk.wandb_run import Run

    pairs = [(standing_in.init, wandb.init)]
    pairs += [
        (getattr(standing_in.Run, name), getattr(Run, name)) for name in ("log", "define_metric", "alert", "finish")
    ]
    pairs += [(getattr(standing_in, name), getattr(wandb, name)) for name in ("Table", "Image", "Audio")]
    for own, real in pairs:
        known = inspect.signature(real).parameters
        names = set(inspect.signature(own).parameters)
        assert names <= set(known), own.__qualname__
        required = {name for name, each in known.items() if each.default is each.empty and each.kind < each.VAR_KEYWORD}
        assert required <= names | {"args"}, own.__qualname__


def test_describing_the_plugin_imports_no_wandb():
    program = "import sys, rgankit_wandb; sys.exit('wandb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
