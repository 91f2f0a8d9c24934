"""Strangers' files are opened in a process apart: a crash, a hang or too much memory costs one file and nothing else.

What runs there is a program of the domain's own, loaded by its path; ``serving`` says what it defines.

    PROGRAM = Path(__file__).with_name("worker.py")

    with Sandbox(PROGRAM, seconds=10, memory=2**31) as sandbox:
        for outcome in sandbox.each([Question({"file": str(file)}) for file in files]):
            try:
                for answer in outcome:
                    ...
            except UnreadableError as error:
                ...
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rgan_kit.errors import DeviceError
from rgan_kit.files import serving
from rgan_kit.files.refusals import UnreadableError

MOST_ANSWER: Final = 2**28
"""Bytes of one answer; a process that says more is ended."""

_SECONDS_TO_START: Final = 60.0
_SECONDS_TO_END: Final = 0.5
_WATCH_EVERY: Final = 0.2
_MOST_WORKERS: Final = 4


@dataclass(frozen=True)
class Question:
    """What the program is asked: JSON-able words, and bytes (of a file that it does not have to open itself)."""

    header: dict[str, Any]
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Answer:
    """What it says, one of several to a request. It may have been taken over by the file: check it before use."""

    header: Any
    payload: bytes = field(default=b"", repr=False)


class Sandbox:
    """One process, started at once so that it loads its libraries meanwhile, and again after a file that killed it.

    It has a folder of its own for temporary files, which goes with it, and no working folder of the user's.

    Args:
        program: path of the Python file that answers.
        seconds: that a request may take, not counting those in which its answers are not asked for.
        memory: bytes that the process may allocate.
        maps: whether it may map larger files into memory.
        noun: what the program is, for messages: ``the MIDI parser``.
        hint: what to do where it does not start: ``pip install …``.
    """

    def __init__(
        self,
        program: Path,
        *,
        seconds: float,
        memory: int,
        maps: bool = False,
        noun: str = "the decoder",
        hint: str = "",
    ) -> None:
        self.seconds, self.noun, self.hint = seconds, noun, hint
        self._arguments = [str(program), str(memory), str(maps)]
        self._folder = tempfile.TemporaryDirectory(prefix="rgankit-")
        self._deadline = math.inf
        self._late = False
        self._closed = threading.Event()
        self._ready = False
        self._process: subprocess.Popen[bytes] | None = self._start()
        self._watch = threading.Thread(target=self._keep_time, daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process and forgets its temporary files."""
        self._closed.set()
        self._watch.join()
        self._end(patience=0)
        self._folder.cleanup()

    def each(self, requests: Sequence[Question]) -> Iterator[Iterator[Answer]]:
        """For every request, in order, its answers; what is not taken of them is passed over.

        Iterating the answers raises ``UnreadableError`` where the file cannot be used: the program says so, or it
        crashed, or ran out of time or memory. Answers before that do not count.

        Raises:
            DeviceError: the program does not even start.
        """
        done = 0
        feeder: threading.Thread | None = None
        try:
            while done < len(requests):
                process = self._get_ready()
                feeder = threading.Thread(target=_feed, args=(process, requests[done:]), daemon=True)
                feeder.start()
                while done < len(requests) and self._process is process:
                    done += 1
                    answers = self._answers(process)
                    yield answers
                    with contextlib.suppress(UnreadableError):
                        for _ in answers:
                            pass
                feeder.join()
                feeder = None
        finally:
            if feeder is not None or done < len(requests):
                self._end(patience=0)  # its answers to what was left would be taken for those to the next requests

    def ask(self, request: Question) -> list[Answer]:
        """All answers to one request.

        Raises:
            UnreadableError: the file cannot be used; says why.
            DeviceError: the program does not even start.
        """
        (outcome,) = self.ask_in_turn([request])
        if isinstance(outcome, UnreadableError):
            raise outcome
        return outcome

    def ask_in_turn(self, requests: Sequence[Question]) -> list[list[Answer] | UnreadableError]:
        """All answers to each request, or why it cannot be used.

        Raises:
            DeviceError: the program does not even start.
        """
        outcomes: list[list[Answer] | UnreadableError] = []
        for answers in self.each(requests):
            try:
                outcomes.append(list(answers))
            except UnreadableError as error:
                outcomes.append(error)
        return outcomes

    def _answers(self, process: subprocess.Popen[bytes]) -> Iterator[Answer]:
        left = self.seconds
        while True:
            began = time.monotonic()
            try:
                header, payload = self._receive(process, left)
            except EOFError:
                raise UnreadableError(self._fate()) from None
            left -= time.monotonic() - began
            if "answer" in header:
                yield Answer(header["answer"], payload)
            elif "refused" in header:
                raise UnreadableError(str(header["refused"])[:1000])
            else:
                return

    def _receive(self, process: subprocess.Popen[bytes], seconds: float) -> tuple[dict[str, Any], bytes]:
        assert process.stdout is not None
        self._late = False
        self._deadline = time.monotonic() + max(seconds, 0.0)
        try:
            return serving.receive(process.stdout, MOST_ANSWER)  # type: ignore[arg-type]
        finally:
            self._deadline = math.inf

    def _fate(self) -> str:
        """Why the process that just ended did so."""
        status = self._end(_SECONDS_TO_END)
        if self._late:
            return f"{self.noun} takes more than {self.seconds:g} seconds for it"
        return f"{self.noun} crashes on it ({_ending(status)})"

    def _start(self) -> subprocess.Popen[bytes]:
        own = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": self._folder.name}
        if path := os.environ.get("PYTHONPATH"):  # which may be relative to the folder that it does not work in
            own["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, path.split(os.pathsep)))
        # -P: a file av.py in the folder where the user works is not the library
        return subprocess.Popen(  # noqa: S603 - our own program, by its path
            [sys.executable, "-P", serving.__file__, *self._arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **own}, cwd=self._folder.name, start_new_session=True,
        )  # fmt: skip

    def _get_ready(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process, self._ready = self._start(), False
        if not self._ready:
            try:
                header, _ = self._receive(self._process, _SECONDS_TO_START)
                reason = header.get("broken")
            except EOFError:
                reason = _ending(self._end(_SECONDS_TO_END))
            if reason is not None:
                self._end(patience=0)
                raise DeviceError(f"{self.noun} does not start in a process of its own ({reason}).", self.hint)
            self._ready = True
        return self._process

    def _keep_time(self) -> None:
        while not self._closed.wait(_WATCH_EVERY):
            process = self._process
            if time.monotonic() > self._deadline and process is not None:
                self._late = True
                kill_with_children(process)

    def _end(self, patience: float) -> int:
        """Ends the process and those that it started, leaving it so many seconds to do so by itself; its status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        kill_with_children(process)
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what was not written yet has nowhere to go
                pipe.close()
        return status


def ask_all(
    program: Path, requests: Sequence[Question], *, a_worker: int, **options: Any
) -> list[list[Answer] | UnreadableError]:
    """The answers to every request, or why it cannot be used, in order; by several sandboxes at once where there are
    enough requests.

    Args:
        program: as in ``Sandbox``.
        requests: small ones; all answers are held.
        a_worker: requests that make it worth to start another sandbox.
        options: of the sandboxes.

    Raises:
        DeviceError: the program does not start.
    """
    if not requests:
        return []
    count = max(1, min(_MOST_WORKERS, os.cpu_count() or 1, len(requests) // a_worker))
    with ThreadPoolExecutor(count) as threads:
        shares = [requests[number::count] for number in range(count)]
        parts = list(threads.map(lambda share: _ask_some(program, share, options), shares))
    outcomes: list[list[Answer] | UnreadableError] = [[] for _ in requests]
    for number, part in enumerate(parts):
        outcomes[number::count] = part
    return outcomes


def _ask_some(
    program: Path, requests: Sequence[Question], options: dict[str, Any]
) -> list[list[Answer] | UnreadableError]:
    with Sandbox(program, **options) as sandbox:
        return sandbox.ask_in_turn(requests)


def _feed(process: subprocess.Popen[bytes], requests: Sequence[Question]) -> None:
    """Sends requests, ahead of their answers: waiting for each would cost two switches between processes a file."""
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):  # the process has ended; what it did not answer is sent again
        for request in requests:
            serving.send(process.stdin, request.header, request.content)  # type: ignore[arg-type]
        process.stdin.flush()


def kill_with_children(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those that it started, which are a group of their own where there are such things."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _ending(status: int) -> str:
    if status >= 0:
        return f"it ended with {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
