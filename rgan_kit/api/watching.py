"""Who watches a training that Python code began: a display on stderr, and the code's own callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from rgan_kit.cli.progress import make_reporter
from rgan_kit.errors import ExitCode
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.metrics import known_figures
from rgan_kit.training.reporting import Progress, Reporter, Silent


class Callback(Silent):
    """A callback: override what it is to hear of, ``message``, ``progress``, ``samples`` or ``evaluation``."""


Watcher = Callable[[Progress], object] | Callback
"""A function of every line of metrics, which ends the training by returning True; or a ``Callback``."""


class Watching:
    """A reporter that passes on what it hears.

    Attributes:
        latest: the newest figures by name.
        stop: asks the training to save and stop.
    """

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self.stop: Callable[[ExitCode], None] = lambda code: None
        self._reporters: list[Reporter] = []
        self._functions: list[Callable[[Progress], object]] = []

    @contextmanager
    def by(self, shown: bool, callbacks: Sequence[Watcher]) -> Iterator[None]:
        """Inside, these hear of everything.

        Args:
            shown: whether there is a display on stderr.
            callbacks: of the user.
        """
        with ExitStack() as stack:
            display: list[Reporter] = []
            if shown:
                reporter = make_reporter(known_figures(installed_registry()))
                stack.enter_context(reporter)
                display.append(reporter)
            self._reporters = [*display, *(each for each in callbacks if isinstance(each, Callback))]
            self._functions = [each for each in callbacks if not isinstance(each, Callback)]
            try:
                yield
            finally:
                self._reporters, self._functions = [], []

    def message(self, text: str) -> None:
        """Something worth a line."""
        for each in self._reporters:
            each.message(text)

    def progress(self, progress: Progress) -> None:
        """A line of metrics."""
        self.latest.update(progress.metrics)
        for each in self._reporters:
            each.progress(progress)
        if True in [each(progress) for each in self._functions]:
            self.stop(ExitCode.INTERRUPTED)

    def samples(self, step: int, lines: Sequence[str]) -> None:
        """Samples as lines."""
        for each in self._reporters:
            each.samples(step, lines)

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """An evaluation."""
        self.latest.update({f"evaluation/{name}": value for name, value in figures.items()})
        for each in self._reporters:
            each.evaluation(moment, figures)
