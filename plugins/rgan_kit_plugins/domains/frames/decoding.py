"""The training's side of the decoding process: starts it, asks it, and outlives it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from threading import Timer
from types import TracebackType
from typing import Final, Self

import numpy as np

from rgan_kit_plugins.domains.frames.finding import Source
from rgan_kit_plugins.domains.frames.messages import End, receive
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError

_MODULE: Final = "rgan_kit_plugins.domains.frames.worker"


class DecodingProcess:
    """Decodes files one after the other in a process of its own, which is started again after a file that killed it.

    Args:
        preparation: of all files.
        seconds: that a file may take.
    """

    def __init__(self, preparation: Preparation, seconds: float) -> None:
        self.preparation = preparation
        self.seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._started()  # it imports its libraries while this process looks for files
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def decode(self, source: Source) -> Iterator[np.ndarray | End]:
        """uint8 ``[frames, height, width, channels]``, and ``End`` after every recording.

        Raises:
            UnreadableError: the file cannot be used; says why. What came before does not count.
        """
        process = self._started()
        late = False

        def kill() -> None:
            nonlocal late
            late = True
            process.kill()

        timer = Timer(self.seconds, kill)
        timer.start()
        try:
            yield from self._answers(process, source)
        except (EOFError, BrokenPipeError):
            self._process = None
            code = process.wait()
            if late:
                raise UnreadableError(f"decoding it took more than {self.seconds:g} seconds") from None
            raise UnreadableError(f"the decoder died of it ({_describe_exit(code)})") from None
        except GeneratorExit:
            self._stop()  # its answers to this request would be taken for those to the next
            raise
        finally:
            timer.cancel()

    def _answers(self, process: subprocess.Popen[bytes], source: Source) -> Iterator[np.ndarray | End]:
        assert process.stdin is not None and process.stdout is not None
        request = {
            "kind": source.kind,
            "files": [str(file) for file in source.files],
            "preparation": asdict(self.preparation),
        }
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        shape = (-1, self.preparation.height, self.preparation.width, self.preparation.channels)
        while True:
            header, payload = receive(process.stdout)
            if "error" in header:
                raise UnreadableError(header["error"])
            if "done" in header:
                return
            yield End(**header["end"]) if "end" in header else np.frombuffer(payload, np.uint8).reshape(shape)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # -P: a file av.py in the folder where the user works is not the library
            command = [sys.executable, "-P", "-m", _MODULE]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
