"""Reporters: a live display on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from rgan_kit.cli.console import shown, talk
from rgan_kit.evaluation.report import one_line

if TYPE_CHECKING:
    from rgan_kit.contracts import Figure
    from rgan_kit.training.reporting import Progress

LINES_BETWEEN_PLAIN = 10
"""Without a terminal, so many reports of progress make one line."""


def duration(seconds: float) -> str:
    """``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class PlainReporter:
    """One line now and then, for files and pipes.

    Args:
        known: how figures are shown.
    """

    def __init__(self, known: Mapping[str, Figure]) -> None:
        self._known = known
        self._console = talk()
        self._count = 0

    def __enter__(self) -> PlainReporter:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _line(self, text: str) -> None:
        self._console.print(shown(text), markup=False, soft_wrap=True)

    def message(self, text: str) -> None:
        """As it is."""
        self._line(text)

    def progress(self, progress: Progress) -> None:
        """Every tenth report, and the last."""
        self._count += 1
        if self._count % LINES_BETWEEN_PLAIN and progress.step < progress.steps:
            return
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in progress.metrics.items() if "/" in name)
        self._line(
            f"{progress.stage} {progress.step}/{progress.steps}  {progress.rate:.0f} sequences/s  "
            f"{duration(progress.seconds_left)} left  {metrics}"
        )

    def samples(self, step: int, lines: Sequence[str]) -> None:
        """All lines, under the step."""
        for line in (f"samples at step {step}:", *(f"  {line}" for line in lines)):
            self._line(line)

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """One line."""
        self._line(one_line(moment, figures, self._known))


class LiveReporter:
    """A display that is drawn over, for terminals.

    Args:
        known: how figures are shown.
    """

    def __init__(self, known: Mapping[str, Figure]) -> None:
        self._known = known
        self._console = talk()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}  {task.fields[speed]}", markup=False),
        )
        self._task = self._bar.add_task("starting", total=1, speed="")
        self._metrics: dict[str, float] = {}
        self._samples: Sequence[str] = ()
        self._evaluation: tuple[str, Mapping[str, float]] | None = None
        self._live = Live(self._draw(), console=self._console, refresh_per_second=4, redirect_stdout=False)

    def __enter__(self) -> LiveReporter:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _draw(self) -> Any:
        parts: list[Any] = [self._bar]
        if self._metrics:
            phases = Table.grid(padding=(0, 2))
            names = sorted({name.split("/")[0] for name in self._metrics if "/" in name})
            for phase in names:
                own = {n.split("/", 1)[1]: v for n, v in self._metrics.items() if n.startswith(f"{phase}/")}
                phases.add_row(
                    Text(phase), *(Text(f"{name.replace('_', ' ')} {value:.4g}") for name, value in own.items())
                )
            parts.append(phases)
        if self._evaluation:
            parts.append(Text(one_line(*self._evaluation, self._known)))
        parts.extend(Text(f"  {shown(line)}", overflow="ellipsis", no_wrap=True) for line in self._samples)
        return Group(*parts)

    def message(self, text: str) -> None:
        """Above the display, where it stays."""
        self._console.print(shown(text), markup=False, soft_wrap=True)

    def progress(self, progress: Progress) -> None:
        """Moves the bar."""
        speed = f"{progress.rate:.0f} sequences/s  {duration(progress.seconds_left)} left"
        self._bar.update(
            self._task, description=progress.stage, completed=progress.step, total=progress.steps, speed=speed
        )
        self._metrics = (
            {**self._metrics, **progress.metrics} if progress.stage == self._stage else dict(progress.metrics)
        )
        self._stage = progress.stage
        self._live.update(self._draw())

    _stage = ""

    def samples(self, step: int, lines: Sequence[str]) -> None:
        """Replaces the samples shown."""
        self._samples = lines
        self._live.update(self._draw())

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """Replaces the evaluation shown; those at the end of a stage stay above the display."""
        self._evaluation = (moment, figures)
        if not moment.startswith("step "):
            self.message(one_line(moment, figures, self._known))
        self._live.update(self._draw())


def make_reporter(known: Mapping[str, Figure]) -> PlainReporter | LiveReporter:
    """By whether stderr is a terminal.

    Args:
        known: how figures are shown.
    """
    return LiveReporter(known) if talk().is_terminal else PlainReporter(known)
