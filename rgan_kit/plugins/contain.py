"""Calls a plugin's code so that nothing which it raises gets further than its caller, and so that it comes back.

``except Exception`` is not enough: a plugin may call ``sys.exit``, raise ``KeyboardInterrupt`` or a ``BaseException``
of its own. Only Ctrl-C is the user's, and an exception does not say whether it was pressed: a signal does, so it is
counted.

A call with a limit is ended by SIGALRM, which reaches Python code and whatever waits in the system. Two things escape
it, and end the process, where that is the program's own: code that catches whatever it is stopped with (exit code 3),
and C code that never lets the interpreter run (``faulthandler`` needs no interpreter, but knows one exit code: 1). In
another thread than the main one, and where there is no SIGALRM, only the last of the three is there.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, Final, TypeVar, cast

from rgan_kit.errors import ExitCode

ResultT = TypeVar("ResultT")

GRACE: Final = 5
"""Seconds between stopping a call and ending the process, and again before C code is ended."""

LONGEST: Final = 2000
"""Characters that an error is described in."""


class Escape(Exception):  # noqa: N818 - no error of ours
    """Stands for what a plugin raised that is no ``Exception``; its cause."""


class TookTooLong(BaseException):
    """A plugin's code did not come back in time; its ``except Exception`` does not catch this."""


def describe(error: BaseException) -> str:
    """An exception in one line."""
    if isinstance(error, Escape):
        return str(error)
    try:
        text = " ".join(str(error).split())
    except BaseException:  # a plugin's own class
        text = "(it cannot be put in words)"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text) - LONGEST:,} more characters)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@dataclass
class _Process:
    """Attributes:
    ours: whether the process is the program's own, which may end it.
    interrupts: how often Ctrl-C was pressed.
    watched_since: when ``faulthandler`` was last told to wait; 0 where it does not.
    """

    ours: bool = False
    interrupts: int = 0
    watched_since: float = 0.0


_process = _Process()


def on_interrupt(number: int, frame: FrameType | None) -> None:
    """A handler of SIGINT like Python's own that counts."""
    _process.interrupts += 1
    signal.default_int_handler(number, frame)


@dataclass(frozen=True)
class Asking:
    """A handler of SIGINT that raises nothing, so that a ``KeyboardInterrupt`` beside it is a plugin's.

    Attributes:
        ask: what it does.
    """

    ask: Callable[[int], None]

    def __call__(self, number: int, _: FrameType | None) -> None:
        """As signals call it."""
        self.ask(number)


def own_process() -> None:
    """Says that this process is the program's own: Ctrl-C is counted from here on, and what cannot be stopped is
    ended."""
    _process.ours = True
    if _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, on_interrupt)


def interrupted() -> bool:
    """Whether the user has pressed Ctrl-C, in a process of the program's own."""
    return _process.interrupts > 0


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


class contained:  # noqa: N801 - a context manager, as contextlib writes its own
    """What happens inside raises an ``Exception``, or ``KeyboardInterrupt`` where the user pressed Ctrl-C.

    Args:
        what: is done, in words: "importing plugin x"; for messages.
        seconds: that it may take; 0 for as long as it likes.

    Raises:
        Escape: what was raised is no ``Exception``; it took too long.
    """

    def __init__(self, what: str = "", seconds: float = 0.0) -> None:
        self._what, self._seconds, self._rings = what, seconds, 0
        self._handler: Any = None
        self._timed = False

    def __enter__(self) -> None:
        self._interrupts = _process.interrupts
        self._main = _in_main_thread()
        if self._main:
            self._handler = signal.getsignal(signal.SIGINT)
            if self._handler is signal.default_int_handler:
                signal.signal(signal.SIGINT, on_interrupt)
            if self._seconds and hasattr(signal, "setitimer"):
                self._timed = signal.getsignal(signal.SIGALRM) is signal.SIG_DFL  # else somebody uses it
        if self._timed:
            signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, 1.0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._timed:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        if self._main and self._handler in (signal.default_int_handler, on_interrupt):
            signal.signal(signal.SIGINT, self._handler)  # also where a plugin has set one of its own
        if self._interrupts != _process.interrupts:  # whatever the plugin made of it
            raise KeyboardInterrupt from error
        if error is None or isinstance(error, Exception):
            return
        if isinstance(error, KeyboardInterrupt) and not self._certain():
            return
        raise Escape(describe(error)) from error

    def _certain(self) -> bool:
        """Whether a ``KeyboardInterrupt`` would have been counted if it was the user's."""
        known = (signal.default_int_handler, on_interrupt, signal.SIG_IGN, signal.SIG_DFL)
        return not self._main or self._handler in known or isinstance(self._handler, Asking)

    def _ring(self, _: int, __: FrameType | None) -> None:
        self._rings += 1
        if self._rings > GRACE and _process.ours:
            sys.stderr.write(
                f"error: {self._what} does not come back after {self._seconds:g} s and cannot be stopped.\n"
                "       Leave it out with RGANKIT_BLOCK, or uninstall it; RGANKIT_TIMEOUT=120 gives it more time.\n"
            )
            sys.stderr.flush()
            os._exit(ExitCode.PLUGIN)
        raise TookTooLong(f"{self._what} took more than {self._seconds:g} s (RGANKIT_TIMEOUT=120 gives it more)")


class last_resort:  # noqa: N801
    """Ends the process of the program where C code keeps the interpreter for itself: ``faulthandler`` prints who called
    it, and exits with 1. It costs a thread, so that one serves all of a walk over plugins."""

    def __enter__(self) -> last_resort:
        return self

    def __exit__(self, *_: object) -> None:
        if _process.watched_since:
            _process.watched_since = 0.0
            faulthandler.cancel_dump_traceback_later()

    def wait(self, seconds: float) -> None:
        """Begins anew to wait for a call that may take this long."""
        now = time.monotonic()
        if _process.ours and seconds and now - _process.watched_since > 1:
            _process.watched_since = now
            faulthandler.dump_traceback_later(seconds + 2 * GRACE, exit=True, file=2)


def under_name(name: str, function: Callable[[], ResultT]) -> ResultT:
    """Calls a function from a frame that is called ``name`` in what ``faulthandler`` prints."""
    code: CodeType = _calling.__code__.replace(co_name=name)
    return cast("ResultT", FunctionType(code, {})(function))


def _calling(function: Callable[[], ResultT]) -> ResultT:
    return function()
