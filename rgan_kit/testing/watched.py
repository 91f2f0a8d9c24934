"""A process that is ended where it goes quiet: a stranger's code may wait or loop for ever."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rgan_kit.files.sandbox import kill_with_children

POLL: Final = 0.1
"""Seconds from look to look."""

LOADING: Final = 60.0
"""Seconds that importing torch and a stranger's code may take at least."""

MOST_TALK: Final = 16 * 2**20
"""Bytes of what a process says that are kept: a plugin may print without end."""


def watch(words: Sequence[str], environment: Mapping[str, str], answer: Path, talk: Path, seconds: float) -> int | None:
    """Runs a program that writes ``answer`` line by line.

    Args:
        words: the command line.
        environment: of the process.
        answer: the file that it writes; its start, up to the first line, has all the time that it needs.
        talk: takes stdout and stderr; begins anew where it grows too large.
        seconds: that may pass from one line to the next; ``LOADING`` at least until the second one.

    Returns:
        The exit code, or None where a line took too long. Either way the process is ended, and with it what it started
        in its own group, where there are such things.
    """
    with talk.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own program
            words, env=dict(environment), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            return _wait(process, answer, talk, seconds)
        finally:
            kill_with_children(process)
            process.wait()


def _wait(process: subprocess.Popen[bytes], answer: Path, talk: Path, seconds: float) -> int | None:
    size, since = 0, time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(POLL)
        if talk.stat().st_size > MOST_TALK:
            os.truncate(talk, 0)
        now, written = time.monotonic(), answer.stat().st_size if answer.exists() else 0
        if written != size or not written:
            size, since = written, now
        elif now - since > seconds and (now - since > LOADING or _lines(answer) > 1):
            return None


def _lines(answer: Path) -> int:
    return answer.read_bytes().count(b"\n")
