"""A process that is ended where it goes quiet: a stranger's code may wait or loop for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

POLL: Final = 0.1
"""Seconds from look to look."""


def watch(words: Sequence[str], environment: Mapping[str, str], answer: Path, talk: Path, seconds: float) -> int | None:
    """Runs a program that writes ``answer`` line by line.

    Args:
        words: the command line.
        environment: of the process.
        answer: the file that it writes; its start, up to the first line, has all the time that it needs.
        talk: takes stdout and stderr.
        seconds: that may pass from one line to the next.

    Returns:
        The exit code, or None where a line took too long. Either way nothing that it started is left behind.
    """
    with talk.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own program
            words, env=dict(environment), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            return _wait(process, answer, seconds)
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], answer: Path, seconds: float) -> int | None:
    size, since = 0, time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(POLL)
        now, written = time.monotonic(), answer.stat().st_size if answer.exists() else 0
        if written != size or not written:
            size, since = written, now
        elif now - since > seconds:
            return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and those that it started, which are a group of their own where there are such things."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
