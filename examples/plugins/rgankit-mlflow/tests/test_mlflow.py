"""A training becomes a run in MLflow, with everything that it told."""

import importlib.util
import inspect
import json
import math
import subprocess
import sys

import pytest
import standing_in
from rgankit_mlflow import logger

from rgan_kit.contracts import DeviceError, RunInfo
from rgan_kit.testing.loggers import LoggerContract

CONFIG = {"recipe": "lstm-gan", "generator": {"hidden_size": 64, "name": "lstm"}, "seed": 0}


@pytest.fixture
def server(monkeypatch):
    return standing_in.install(monkeypatch)


@pytest.fixture
def run(tmp_path):
    return RunInfo("mine", tmp_path, "lstm-gan", CONFIG, ("mlflow",))


@pytest.mark.usefixtures("server")
class TestMlflow(LoggerContract):
    logger, name, plugin = logger, "mlflow", "rgankit_mlflow"


def test_metrics_parameters_and_status_arrive(server, run):
    logger.rgankit_train_start(run, 0)
    logger.rgankit_step_end(10, {"generator/loss": 1.5, "odd:name": math.nan})
    logger.rgankit_checkpoint_saved(10, run.folder / "checkpoints")
    logger.rgankit_train_end("done")
    (told,) = server.runs.values()
    assert told.name == "mine"
    assert told.status == "FINISHED"
    assert told.params == {"recipe": "lstm-gan", "generator.hidden_size": "64", "generator.name": "lstm", "seed": "0"}
    assert told.metrics[0] == ("generator/loss", 1.5, 10)
    assert told.metrics[1][0] == "odd_name"
    assert told.tags["rgan_kit.checkpoint_step"] == "10"


def test_samples_warnings_and_the_table_are_artifacts(server, run, tmp_path):
    logger.rgankit_train_start(run, 0)
    files = [tmp_path / f"{number}{suffix}" for suffix in (".png", ".wav", ".mid") for number in range(9)]
    logger.rgankit_samples(10, ["a", "b"], files)
    for text in ("look", "look again"):
        logger.rgankit_warning(10, text)
    logger.rgankit_table([("start", {"valid": 0.5})], {"valid": 1.0})
    logger.rgankit_train_end("done")
    (told,) = server.runs.values()
    table = told.files.pop("table.json")
    assert json.loads(table) == {"rows": [{"moment": "start", "valid": 0.5}], "reference": {"valid": 1.0}}
    assert told.files.pop("samples/step-00000010/lines.txt") == "a\nb\n"
    assert [told.files.pop(f"warnings/step-00000010-{number}.txt") for number in (1, 2)] == ["look\n", "look again\n"]
    kept = [f"{number}.png" for number in range(4)] + ["0.wav", "1.wav"]
    assert list(told.files) == [f"samples/step-00000010/{name}" for name in kept]


def test_a_resumed_training_goes_on_in_the_same_run(server, run):
    logger.rgankit_train_start(run, 0)
    logger.rgankit_train_end("interrupted")
    assert server.runs["run-0"].status == "KILLED"
    logger.rgankit_train_start(run, 5)
    logger.rgankit_step_end(6, {"loss": 1.0})
    assert list(server.runs) == ["run-0"]
    assert server.runs["run-0"].status == "RUNNING"
    logger.rgankit_train_end("failed")
    assert server.runs["run-0"].status == "FAILED"


def test_trainings_share_an_experiment_that_can_be_named(server, run, monkeypatch):
    for name in ("rgan-kit", "rgan-kit", "another"):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        logger.rgankit_train_start(run, 0)
        logger.rgankit_train_end("done")
    assert [told.experiment for told in server.runs.values()] == ["0", "0", "1"]


def test_more_parameters_than_one_request_takes(server, run):
    config = {"domain": {f"option_{number}": "x" * 1000 for number in range(250)}}
    logger.rgankit_train_start(RunInfo("mine", run.folder, "lstm-gan", config, ("mlflow",)), 0)
    logger.rgankit_train_end("done")
    assert len(server.runs["run-0"].params) == 250


def test_nobody_asked_and_nothing_is_imported_or_told(server, run):
    server.broken = True
    logger.rgankit_train_start(RunInfo("mine", run.folder, "lstm-gan", CONFIG, ("tensorboard",)), 0)
    logger.rgankit_step_end(1, {"loss": 1.0})
    logger.rgankit_train_end("done")
    assert not server.runs


def test_a_server_that_does_not_answer_is_said_before_the_training_begins(server, run):
    server.broken = True
    with pytest.raises(DeviceError, match="nobody there") as caught:
        logger.rgankit_train_start(run, 0)
    assert "MLFLOW_TRACKING_URI" in caught.value.hint


def test_without_mlflow_the_line_to_install_it_is_said(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(DeviceError) as caught:
        logger.rgankit_train_start(run, 0)
    assert 'pip install "rgankit-mlflow[mlflow]"' in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_what_stands_in_for_mlflow_has_the_signatures_of_mlflow():
    """Every argument that the tests' stand-in takes is one of the library's, in the same place."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    pairs = [(standing_in.Metric.__init__, Metric.__init__), (standing_in.Param.__init__, Param.__init__)]
    methods = [name for name, each in vars(standing_in.MlflowClient).items() if inspect.isfunction(each)]
    pairs += [(getattr(standing_in.MlflowClient, name), getattr(MlflowClient, name)) for name in methods]
    for own, real in pairs:
        names, known = list(inspect.signature(own).parameters), list(inspect.signature(real).parameters)
        assert [name for name in known if name in names] == names, own.__qualname__
        required = [name for name, each in inspect.signature(real).parameters.items() if each.default is each.empty]
        assert set(required) <= set(names), own.__qualname__


def test_describing_the_plugin_imports_no_mlflow():
    program = "import sys, rgankit_mlflow; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
