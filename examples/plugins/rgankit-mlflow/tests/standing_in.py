"""What of mlflow the logger uses, in memory. A test holds its signatures to those of the library, where it is."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace


class Metric:
    def __init__(self, key, value, timestamp, step):
        self.key, self.value, self.timestamp, self.step = key, value, timestamp, step


class Param:
    def __init__(self, key, value):
        self.key, self.value = key, value


class MlflowClient:
    """Everything that was said, in ``runs``; ``broken`` makes it refuse."""

    experiments: dict = {}  # noqa: RUF012 - what a server remembers
    runs: dict = {}  # noqa: RUF012
    broken = False

    def __init__(self, tracking_uri=None):
        if self.broken:
            raise ConnectionError("nobody there")

    def get_experiment_by_name(self, name):
        number = self.experiments.get(name)
        return None if number is None else SimpleNamespace(experiment_id=number)

    def create_experiment(self, name):
        return self.experiments.setdefault(name, str(len(self.experiments)))

    def create_run(self, experiment_id, tags=None, run_name=None):
        run_id = f"run-{len(self.runs)}"
        self.runs[run_id] = SimpleNamespace(
            name=run_name, experiment=experiment_id, tags=dict(tags), metrics=[], params={}, status="RUNNING", files={}
        )
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def update_run(self, run_id, status=None):
        self.runs[run_id].status = status

    def log_batch(self, run_id, metrics=(), params=()):
        assert len(params) <= 100, "MLflow refuses more at once"
        self.runs[run_id].metrics += [(metric.key, metric.value, metric.step) for metric in metrics]
        self.runs[run_id].params |= {param.key: param.value for param in params}

    def log_text(self, run_id, text, artifact_file):
        self.runs[run_id].files[artifact_file] = text

    def log_artifact(self, run_id, local_path, artifact_path=None):
        self.runs[run_id].files[f"{artifact_path}/{local_path.rpartition('/')[2]}"] = local_path

    def set_tag(self, run_id, key, value):
        self.runs[run_id].tags[key] = value

    def set_terminated(self, run_id, status=None):
        self.runs[run_id].status = status


def install(monkeypatch) -> type[MlflowClient]:
    """Puts a fresh one where ``import mlflow`` finds it."""
    client = type("MlflowClient", (MlflowClient,), {"experiments": {}, "runs": {}, "broken": False})
    library, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    vars(library).update(MlflowClient=client, entities=entities)
    vars(entities).update(Metric=Metric, Param=Param)
    monkeypatch.setitem(sys.modules, "mlflow", library)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    return client
