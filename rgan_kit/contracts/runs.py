"""What a lifecycle hook is told about the run that it watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunInfo:
    """A training run.

    Attributes:
        name: the last part of its folder.
        folder: where it is written.
        recipe: what it trains.
        config: the resolved configuration, as written into ``config.toml``.
        loggers: names of the loggers asked for (``train.loggers``); a logger that is not among them stays quiet.
    """

    name: str
    folder: Path
    recipe: str
    config: Mapping[str, Any] = field(default_factory=dict)
    loggers: tuple[str, ...] = ()
