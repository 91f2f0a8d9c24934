"""Workers that parse files: a crash, a hang or too much memory loses one file and nothing else."""

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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DeviceError
from rgan_kit_plugins.domains.music.songs import Song, unpack
from rgan_kit_plugins.domains.music.worker import FRAME

_PROGRAM: Final = Path(__file__).with_name("worker.py")
_SECONDS_TO_START: Final = 60.0
_SECONDS_A_FILE: Final = 10.0
_SECONDS_TO_END: Final = 0.5
_WATCH_EVERY: Final = 0.2
_LONGEST_ANSWER: Final = 2**26
_SCORES_A_WORKER: Final = 2000  # starting one costs as much as parsing as many
_MOST_WORKERS: Final = 4

Parcel = tuple[bytes, bytes]
"""A score to parse: ``m`` (MIDI) or ``a`` (ABC), and its content."""


class Worker:
    """One process, started at once, and again when it is needed after it died.

    Args:
        seconds: most for a file.
        program: what runs; it says when it is ready, and then answers.
    """

    def __init__(self, seconds: float = _SECONDS_A_FILE, program: Path = _PROGRAM) -> None:
        self._seconds = seconds
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="rgankit-music-")
        self._deadline = math.inf
        self._late = False
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = self._start()
        self._ready = False
        self._watch = threading.Thread(target=self._keep_time, daemon=True)
        self._watch.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._watch.join()
        self._end(patience=0)
        self._folder.cleanup()

    def parse(self, pieces: Sequence[Parcel]) -> list[Song | str]:
        """The song of every piece, or the reason why there is none.

        Raises:
            DeviceError: the parser does not even start.
        """
        songs: list[Song | str] = []
        while len(songs) < len(pieces):
            process = self._get_ready()
            feeder = threading.Thread(target=_feed, args=(process, pieces[len(songs) :]), daemon=True)
            feeder.start()
            try:
                while len(songs) < len(pieces):
                    songs.append(_song(*self._answer(process, self._seconds)))
            except EOFError:
                songs.append(self._fate())
            feeder.join()
        return songs

    def _fate(self) -> str:
        """Why the process that just ended did so."""
        status = self._end(_SECONDS_TO_END)
        if self._late:
            return f"takes longer than {self._seconds:g} s to parse"
        return f"crashes the parser ({_ending(status)})"

    def _start(self) -> subprocess.Popen[bytes]:
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": self._folder.name}
        return subprocess.Popen(  # noqa: S603 - our own program, by its path
            [sys.executable, "-P", str(self._program)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=variables, cwd=self._folder.name, start_new_session=True,
        )  # fmt: skip

    def _get_ready(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process, self._ready = self._start(), False
        if not self._ready:
            try:
                self._answer(self._process, _SECONDS_TO_START)
            except EOFError:
                raise DeviceError(
                    f"symusic does not load in a process of its own ({_ending(self._end(_SECONDS_TO_END))}).",
                    'Install it again: pip install --force-reinstall "symusic>=0.5.8"',
                ) from None
            self._ready = True
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
        """The next frame; EOFError where the process ends or is ended before that."""
        assert process.stdout is not None
        self._late = False
        self._deadline = time.monotonic() + seconds
        try:
            head = process.stdout.read(FRAME.size)
            if len(head) < FRAME.size:
                raise EOFError
            said, size = FRAME.unpack(head)
            if size > _LONGEST_ANSWER or len(answer := process.stdout.read(size)) < size:
                raise EOFError
        finally:
            self._deadline = math.inf
        return said, answer

    def _keep_time(self) -> None:
        while not self._closed.wait(_WATCH_EVERY):
            if time.monotonic() > self._deadline and self._process is not None:
                self._late = True
                _kill_with_children(self._process)

    def _end(self, patience: float) -> int:
        """Ends the process and those that it started, leaving it so many seconds to do so by itself; its status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        _kill_with_children(process)
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what was not written yet has nowhere to go
                pipe.close()
        return status


def _feed(process: subprocess.Popen[bytes], pieces: Sequence[Parcel]) -> None:
    """Sends pieces, ahead of their answers: waiting for each would cost two switches between processes a file."""
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):  # the process has ended; what it did not answer is sent again
        for kind, content in pieces:
            process.stdin.write(FRAME.pack(kind, len(content)) + content)
        process.stdin.flush()


def _song(said: bytes, answer: bytes) -> Song | str:
    if said != b"s":
        return f"cannot be parsed: {answer.decode('utf-8', 'replace')}"
    try:
        return unpack(answer)
    except ValueError as error:
        return str(error)


def _kill_with_children(process: subprocess.Popen[bytes]) -> None:
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


def parse_all(pieces: Sequence[Parcel]) -> list[Song | str]:
    """The song of every score, in order, or the reason why there is none.

    Raises:
        DeviceError: symusic is not installed, or does not load.
    """
    if find_spec("symusic") is None:
        raise DeviceError(
            "Reading music needs symusic, which this environment does not have.",
            'Install it with: pip install "rgan-kit[music]"',
        )
    if not pieces:
        return []
    count = max(1, min(_MOST_WORKERS, os.cpu_count() or 1, len(pieces) // _SCORES_A_WORKER))
    with ThreadPoolExecutor(count) as threads:
        parts = list(threads.map(_parse_some, [pieces[number::count] for number in range(count)]))
    songs: list[Song | str] = [""] * len(pieces)
    for number, part in enumerate(parts):
        songs[number::count] = part
    return songs


def _parse_some(pieces: Sequence[Parcel]) -> list[Song | str]:
    with Worker() as worker:
        return worker.parse(pieces)
