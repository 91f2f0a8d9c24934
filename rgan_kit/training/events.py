"""What happens in a training, told to whoever watches, to files of the run and to the hooks of plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rgan_kit.config import RunConfig
from rgan_kit.contracts import RunInfo, SampleSet
from rgan_kit.plugins.host import PluginHost
from rgan_kit.training.history import History
from rgan_kit.training.reporting import MetricsFile, Reporter

LINES_SHOWN = 4
"""Samples that whoever watches sees at once; hooks are told of all."""


class Events:
    """Passes on what happens.

    Args:
        host: of the plugins that are told.
        reporter: whoever watches.
    """

    def __init__(self, host: PluginHost, reporter: Reporter) -> None:
        self._host, self._reporter = host, reporter
        self._step = 0

    def open(self, config: RunConfig, folder: Path, step: int) -> None:
        """Of which run, which goes on after ``step`` steps; lines of later ones are dropped."""
        self._run = RunInfo(folder.name, folder, config.recipe, config.to_dict(), config.train.loggers)
        self._file, self._step = MetricsFile(folder / "metrics.jsonl", step), step
        self._history = History(folder, step)

    def start(self) -> None:
        """The training begins.

        Raises:
            RganKitError: a logger cannot work, which the user should know before waiting for hours.
        """
        self._host.notify("rgankit_train_start", run=self._run, step=self._step)

    def metrics(self, step: int, figures: Mapping[str, float], **more: Any) -> None:
        """Figures of a step, and what else its line is to hold."""
        self._step = step
        self._file.write(step, {**more, **figures})
        self._host.notify("rgankit_step_end", run=self._run, step=step, metrics=figures)

    def drawn(self, step: int, lines: Sequence[str], distinct: float) -> None:
        """Samples as lines, and the share of those that are distinct."""
        self.metrics(step, {"samples/distinct": distinct})
        self._reporter.samples(step, [*lines[:LINES_SHOWN], f"({distinct:.0%} of {len(lines)} are distinct)"])

    def samples(self, step: int, drawn: SampleSet, lines: Sequence[str], files: Sequence[Path]) -> None:
        """The same as decoded, as lines, as files, now that these are written, and as arrays."""
        told = {"samples": drawn.samples, "lines": lines, "files": files, "outputs": drawn.outputs}
        self._host.notify("rgankit_samples", run=self._run, step=step, **told)

    def overview(self, step: int, told: Mapping[str, Any]) -> None:
        """What a report shows of samples, see ``Overview``."""
        self._history.add(step, told)

    def evaluation(self, step: int, moment: str, figures: Mapping[str, float]) -> None:
        """An evaluation; ``moment`` is empty where it is none of those of the table."""
        self.metrics(step, {f"evaluation/{name}": value for name, value in figures.items()})
        self._reporter.evaluation(moment or f"step {step}", figures)

    def warning(self, text: str) -> None:
        """Something that the user should look at."""
        self._reporter.message(f"warning: {text}")
        self._history.add(self._step, {"warning": text})
        self._host.notify("rgankit_warning", run=self._run, step=self._step, text=text)

    def checkpoint(self, step: int, path: Path) -> None:
        """A checkpoint lies at ``path``."""
        self._host.notify("rgankit_checkpoint_saved", run=self._run, step=step, path=path)

    def table(self, rows: Sequence[tuple[str, Mapping[str, float]]], reference: Mapping[str, float]) -> None:
        """What came of it, as the user will see it."""
        self._host.notify("rgankit_table", run=self._run, rows=rows, reference=reference)

    def end(self, status: str) -> None:
        """The training is over."""
        self._history.ended(self._step, status)
        self._host.notify("rgankit_train_end", run=self._run, status=status)
