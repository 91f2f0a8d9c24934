"""Trainings as runs in MLflow, for ``rgankit train --set train.loggers=mlflow``."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rgan_kit import hookimpl
from rgan_kit.contracts import DeviceError, RunInfo

NAME: Final = "mlflow"
EXPERIMENT: Final = "rgan-kit"
STATUS: Final = {"done": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}
PARAMETERS_AT_ONCE: Final = 100
LONGEST_VALUE: Final = 500
SHOWN: Final = {".png": 4, ".wav": 2}
"""How many files of a kind are kept each time."""

_FOREIGN: Final = re.compile(r"[^\w\-. /]")


class MlflowLogger:
    """One MLflow run for each training, which goes on in it when it is resumed."""

    def __init__(self) -> None:
        self._client: Any = None
        self._run_id = ""
        self._warnings = 0

    @hookimpl
    def rgankit_train_start(self, run: RunInfo, step: int) -> None:
        """Opens or creates the run in MLflow, if this logger was asked for.

        Raises:
            DeviceError: mlflow is not installed, or what it writes to does not answer.
        """
        self._client, self._warnings = None, 0
        if NAME not in run.loggers:
            return
        client_type = _client_type()
        try:
            client = client_type()
            self._run_id = _known_run(client, run.folder) if step else ""
            if not self._run_id:
                self._run_id = _new_run(client, run)
        except Exception as error:  # whatever a store or a network can raise
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise DeviceError(
                f"train.loggers asks for mlflow, which cannot be written to: {reason}",
                "Set MLFLOW_TRACKING_URI to a server or database that answers, or leave mlflow out.",
            ) from error
        self._client = client

    @hookimpl
    def rgankit_step_end(self, step: int, metrics: Mapping[str, float]) -> None:
        """All metrics in one request."""
        if self._client is not None:
            from mlflow.entities import Metric

            now = int(time.time() * 1000)
            found = [Metric(_clean(name), float(value), now, step) for name, value in metrics.items()]
            self._client.log_batch(self._run_id, metrics=found)

    @hookimpl
    def rgankit_samples(self, step: int, lines: Sequence[str], files: Sequence[Path]) -> None:
        """All lines as a text, the first pictures and sounds; all samples stay in the run's folder."""
        if self._client is not None:
            where = f"samples/step-{step:08d}"
            self._client.log_text(self._run_id, "".join(f"{line}\n" for line in lines), f"{where}/lines.txt")
            for suffix, count in SHOWN.items():
                for file in [file for file in files if file.suffix == suffix][:count]:
                    self._client.log_artifact(self._run_id, str(file), where)

    @hookimpl
    def rgankit_warning(self, step: int, text: str) -> None:
        """A text for each."""
        if self._client is not None:
            self._warnings += 1
            self._client.log_text(self._run_id, f"{text}\n", f"warnings/step-{step:08d}-{self._warnings}.txt")

    @hookimpl
    def rgankit_table(self, rows: Sequence[tuple[str, Mapping[str, float]]], reference: Mapping[str, float]) -> None:
        """The table as JSON."""
        if self._client is not None:
            table = {"rows": [{"moment": moment, **figures} for moment, figures in rows], "reference": dict(reference)}
            self._client.log_text(self._run_id, json.dumps(table, indent=1), "table.json")

    @hookimpl
    def rgankit_checkpoint_saved(self, step: int, path: Path) -> None:
        """Where the newest checkpoint lies; the file itself stays where it is."""
        if self._client is not None:
            self._client.set_tag(self._run_id, "rgan_kit.checkpoint", str(path))
            self._client.set_tag(self._run_id, "rgan_kit.checkpoint_step", str(step))

    @hookimpl
    def rgankit_train_end(self, status: str) -> None:
        """Closes the run in MLflow, with how it ended."""
        client, self._client = self._client, None
        if client is not None:
            client.set_terminated(self._run_id, status=STATUS[status])


def _client_type() -> Any:
    try:
        from mlflow import MlflowClient
    except Exception as error:  # a damaged installation may raise anything
        missing = isinstance(error, ModuleNotFoundError) and error.name == NAME
        reason = "is not installed" if missing else f"does not load: {type(error).__name__}: {error}"
        raise DeviceError(
            f"train.loggers asks for mlflow, which {reason}.", 'Install it with: pip install "rgankit-mlflow[mlflow]"'
        ) from error
    return MlflowClient


def _known_run(client: Any, folder: Path) -> str:
    """The MLflow run of a training that goes on; empty where it had none."""
    try:
        run_id = str(json.loads((folder / "mlflow.json").read_text(encoding="utf-8"))["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    client.update_run(run_id, status="RUNNING")
    return run_id


def _new_run(client: Any, run: RunInfo) -> str:
    from mlflow.entities import Param

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    experiment = client.get_experiment_by_name(name)
    number = client.create_experiment(name) if experiment is None else experiment.experiment_id
    tags = {"rgan_kit.recipe": run.recipe, "rgan_kit.folder": str(run.folder)}
    run_id = str(client.create_run(number, tags=tags, run_name=run.name).info.run_id)
    parameters = [Param(_clean(key), value[:LONGEST_VALUE]) for key, value in _flat(run.config)]
    for start in range(0, len(parameters), PARAMETERS_AT_ONCE):
        client.log_batch(run_id, params=parameters[start : start + PARAMETERS_AT_ONCE])
    (run.folder / "mlflow.json").write_text(json.dumps({"run_id": run_id}) + "\n", encoding="utf-8")
    return run_id


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """``generator.hidden_size`` and its value as text, for every value of a nested configuration."""
    for key, value in config.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, str(value)


def _clean(name: str) -> str:
    """A name as MLflow takes it."""
    return _FOREIGN.sub("_", name)


logger = MlflowLogger()
