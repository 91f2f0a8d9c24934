"""What of wandb the logger uses, in memory. A test holds its signatures to those of the library, where it is."""

from __future__ import annotations

import sys
from types import ModuleType


class Run:
    def __init__(self, **about):
        self.about, self.id = about, about["id"] or f"run-{len(RUNS)}"
        self.logged, self.alerts, self.axes, self.summary, self.code = [], [], {}, {}, None

    def log(self, data):
        self.logged.append(dict(data))

    def define_metric(self, name, step_metric=None):
        self.axes[name] = step_metric

    def alert(self, title, text):
        assert len(title) <= 64, "W&B refuses more"
        self.alerts.append((title, text))

    def finish(self, exit_code=None):
        self.code = exit_code


class Table:
    def __init__(self, columns=None, data=None):
        assert all(len(row) == len(columns) for row in data)
        self.columns, self.data = columns, data


class Image:
    def __init__(self, data_or_path):
        self.path = data_or_path


class Audio:
    def __init__(self, data_or_path):
        self.path = data_or_path


RUNS: list[Run] = []
broken = False


def init(project=None, dir=None, id=None, name=None, config=None, resume=None):
    if broken:
        raise ConnectionError("nobody there")
    RUNS.append(Run(project=project, dir=dir, id=id, name=name, config=config, resume=resume))
    return RUNS[-1]


def install(monkeypatch) -> ModuleType:
    """Puts it where ``import wandb`` finds it, with no runs."""
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "broken", False)
    RUNS.clear()
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module
