"""What the decoding process says: a JSON header and, for frames, their bytes. No pickle crosses the pipe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Any

import numpy as np


@dataclass(frozen=True)
class End:
    """The end of a recording.

    Attributes:
        fps: frames a second, if the file says so.
        label: its class, if the file says so.
    """

    fps: float | None = None
    label: str | None = None


def send(stream: IO[bytes], header: dict[str, Any], payload: np.ndarray | None = None) -> None:
    """Writes one message; ``payload`` is uint8."""
    size = 0 if payload is None else payload.nbytes
    text = json.dumps({**header, "bytes": size}).encode()
    stream.write(len(text).to_bytes(4, "little") + text)
    if payload is not None:
        stream.write(np.ascontiguousarray(payload).data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Reads one message.

    Raises:
        EOFError: the other side is gone.
    """
    header = json.loads(_exactly(stream, int.from_bytes(_exactly(stream, 4), "little")))
    return header, _exactly(stream, header["bytes"])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content
