"""Ends a graph that takes too long.

onnxruntime looks between two operations whether it should stop, inside a ``Scan`` too, so another thread can ask it to
and the run raises. One single operation that takes for ever (a convolution of a million by a million) looks nowhere,
and neither does the loading of a graph; there only the end of the whole process helps, which a program like ``rgankit``
can afford and a library cannot choose for its caller.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rgan_kit.errors import DataError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE: Final = 600.0
"""Seconds that one call of a graph may take unless the caller says otherwise."""

GRACE: Final = 5.0
"""Seconds between asking a graph to stop and ending the process."""

TICK: Final = 0.1
"""Seconds between two looks at the clock."""

IDLE_TICKS: Final = 50


@dataclass(frozen=True)
class Limit:
    """How long a call of a graph may take.

    Attributes:
        seconds: None for as long as it likes.
        ends_process: whether the process ends (exit code 4, a line on stderr) where a call cannot be stopped otherwise.
    """

    seconds: float | None = None
    ends_process: bool = False

    @contextlib.contextmanager
    def watch(self, source: str, options: Any = None) -> Iterator[None]:
        """Watches over what runs inside.

        Args:
            source: names the file in messages.
            options: the ``onnxruntime.RunOptions`` of the call; None while a graph is loaded.

        Raises:
            DataError: it took too long and was stopped, whatever it raised for that.
        """
        if self.seconds is None:
            yield
            return
        call = _Call(self, source, options, time.monotonic() + self.seconds)
        _watcher.add(call)
        try:
            yield
        except Exception as error:
            if call.asked:
                raise DataError(*call.message()) from error
            raise
        finally:
            _watcher.remove(call)


NO_LIMIT: Final = Limit()


@dataclass(eq=False)
class _Call:
    """One call of a graph."""

    limit: Limit
    source: str
    options: Any
    deadline: float
    asked: bool = False

    def look(self, now: float) -> None:
        """Asks the graph to stop when it is time, and ends the process where that was of no use."""
        if now >= self.deadline and not self.asked:
            self.asked = True
            if self.options is not None:
                self.options.terminate = True
        if now >= self.deadline + GRACE and self.limit.ends_process:
            sys.stderr.write("error: {}\n{}\n".format(*self.message()))
            sys.stderr.flush()
            os._exit(ExitCode.DATA)

    def message(self) -> tuple[str, str]:
        """Problem and hint."""
        return (
            f"{self.source}: one call of the graph took more than {self.limit.seconds:g} s and was stopped.",
            "Draw fewer or shorter samples at once, or allow more time (--timeout, timeout=).",
        )


class _Watcher:
    """One thread for all calls, which costs a call next to nothing; it ends when idle for a while."""

    def __init__(self) -> None:
        self._calls: set[_Call] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, call: _Call) -> None:
        with self._lock:
            self._calls.add(call)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="rgan-kit watchdog", daemon=True)
                self._thread.start()

    def remove(self, call: _Call) -> None:
        with self._lock:
            self._calls.discard(call)

    def _watch(self) -> None:
        idle = 0
        while True:
            time.sleep(TICK)
            with self._lock:
                calls = list(self._calls)
                idle = 0 if calls else idle + 1
                if idle > IDLE_TICKS:
                    self._thread = None
                    return
            for call in calls:
                call.look(time.monotonic())


_watcher = _Watcher()
