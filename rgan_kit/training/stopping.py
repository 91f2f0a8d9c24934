"""Ctrl-C and SIGTERM while a training runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rgan_kit.errors import ExitCode
from rgan_kit.plugins.contain import Asking, on_interrupt

if TYPE_CHECKING:
    from rgan_kit.training.trainer import Trainer


@contextmanager
def stoppable(trainer: Trainer) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the training to save and stop; a second one stops it at once. Threads other than the main
    one hear of no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    codes = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
    before = {number: signal.getsignal(number) for number in codes}

    def stop(number: int) -> None:
        trainer.reporter.message("stopping after this step, and saving; once more stops at once")
        trainer.request_stop(codes[signal.Signals(number)])
        for each in codes:
            signal.signal(each, signal.SIG_DFL if each is signal.SIGTERM else on_interrupt)

    for number in codes:
        signal.signal(number, Asking(stop))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
