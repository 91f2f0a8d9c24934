"""What a trainer tells while it works: to whoever watches, and to ``metrics.jsonl``."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rgan_kit.storage import cannot_write, write_whole


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        step: steps done.
        steps: steps in all.
        stage: name of the stage.
        rate: sequences a second, over the last lines of metrics.
        seconds_left: at that rate.
        metrics: the newest figures.
    """

    step: int
    steps: int
    stage: str
    rate: float
    seconds_left: float
    metrics: Mapping[str, float]


class Reporter(Protocol):
    """Whoever watches a training; the command line has one for terminals and one for files."""

    def message(self, text: str) -> None:
        """Something worth a line."""
        ...

    def progress(self, progress: Progress) -> None:
        """Every ``train.log_every`` steps."""
        ...

    def samples(self, step: int, lines: Sequence[str]) -> None:
        """Samples, every ``train.sample_every`` steps."""
        ...

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """An evaluation; ``moment`` says of what."""
        ...


class Silent:
    """A reporter that keeps quiet."""

    def message(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def samples(self, step: int, lines: Sequence[str]) -> None:
        """Nothing."""

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """Nothing."""


class MetricsFile:
    """``metrics.jsonl``: one JSON object a line, with its step; figures that are no numbers are null.

    Args:
        path: where it lies.
        after: lines of later steps are dropped: a resumed run writes them again.
    """

    def __init__(self, path: Path, after: int) -> None:
        self.path = path
        if path.exists():
            kept = [line for line in path.read_text(encoding="utf-8").splitlines() if _step(line) <= after]
            write_whole(path, "".join(f"{line}\n" for line in kept).encode())

    def write(self, step: int, document: Mapping[str, Any]) -> None:
        """Adds a line."""
        cleaned = {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in document.items()}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **cleaned}, ensure_ascii=False) + "\n")
        except OSError as error:
            raise cannot_write(self.path, error) from error


def _step(line: str) -> float:
    """The step of a line; infinite for one cut short by a kill."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


class Clock:
    """Times steps, without what happens in between."""

    def __init__(self, step: int) -> None:
        self._step, self._since = step, time.perf_counter()

    def lap(self, step: int) -> tuple[int, float]:
        """Steps and seconds since the lap before."""
        now = time.perf_counter()
        passed = step - self._step, now - self._since
        self._step, self._since = step, now
        return passed

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What happens inside does not count."""
        started = time.perf_counter()
        yield
        self._since += time.perf_counter() - started
