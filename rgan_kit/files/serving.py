"""The other side of a sandbox: a program that answers requests about strangers' files. Standard library alone.

``python -P serving.py PROGRAM MEMORY MAPS`` loads the program by its path, caps memory, says that it is ready and then
answers one request after the other. The program defines

- ``answer(request, content)``: an iterable of ``(header, payload)``, for the header (JSON-able) and the content (bytes)
  of a request; a payload is bytes or any contiguous buffer;
- and, if it likes, ``describe(error)``: why a file that raised this cannot be used, in words.

Messages both ways are frames: sizes of header and payload (uint32 and uint64, little-endian), the header as JSON, and
the payload. No pickle, and nothing that a program or a library prints, crosses the pipes.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any, BinaryIO, Final

FRAME: Final = struct.Struct("<IQ")
MOST_HEADER: Final = 2**24


def send(stream: BinaryIO, header: dict[str, Any], payload: Any = b"") -> None:
    """Writes one message."""
    text = json.dumps(header).encode()
    view = memoryview(payload)
    content = view.cast("B") if view.nbytes else b""
    stream.write(FRAME.pack(len(text), len(content)) + text)
    stream.write(content)


def receive(stream: BinaryIO, most: int = 2**62) -> tuple[dict[str, Any], bytes]:
    """Reads one message with a payload of at most ``most`` bytes.

    Raises:
        EOFError: the other side is gone, or says what no honest one would.
    """
    length, size = FRAME.unpack(_exactly(stream, FRAME.size))
    if length > MOST_HEADER or size > most:
        raise EOFError
    try:
        header = json.loads(_exactly(stream, length))
    except (ValueError, RecursionError):
        raise EOFError from None
    if not isinstance(header, dict):
        raise EOFError
    return header, _exactly(stream, size)


def serve(program: ModuleType, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answers until there is nothing more to read."""
    while True:
        try:
            header, content = receive(incoming)
        except EOFError:
            return
        try:
            for answer, payload in program.answer(header, content):
                send(outgoing, {"answer": answer}, payload)
            send(outgoing, {"done": True})
        except BrokenPipeError:
            return
        except Exception as error:  # whatever a library makes of a stranger's file
            send(outgoing, {"refused": _describe(program, error)})
        outgoing.flush()


def load(path: str) -> ModuleType:
    """The program, as a module that nothing else imports."""
    spec = spec_from_file_location("rgankit_sandboxed", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    program = module_from_spec(spec)
    sys.modules[spec.name] = program  # dataclasses look themselves up there
    spec.loader.exec_module(program)
    return program


def cap_memory(most: int, *, maps: bool) -> None:
    """Caps what this process may allocate, where the system can; with ``maps``, mapped files do not count."""
    try:
        import resource
    except ImportError:
        return
    limits = {resource.RLIMIT_DATA: most, resource.RLIMIT_CORE: 0}
    if not maps:
        limits[resource.RLIMIT_AS] = most
    for limit, value in limits.items():
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _describe(program: ModuleType, error: Exception) -> str:
    if hasattr(program, "describe"):
        return str(program.describe(error))[:1000]
    if isinstance(error, MemoryError):
        return "it takes more memory than a file should"
    return f"it cannot be read ({' '.join(str(error).split())[:300] or type(error).__name__})"


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content


def main() -> None:
    """Keeps standard output for messages: libraries print to it."""
    outgoing = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123 - pathlib would cost its import
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    path, most, maps = sys.argv[1:]
    try:
        program = load(path)
        cap_memory(int(most), maps=maps == "True")
    except Exception as error:
        send(outgoing, {"broken": f"{type(error).__name__}: {error}"[:500]})
        outgoing.flush()
        return
    send(outgoing, {"ready": True})
    outgoing.flush()
    serve(program, sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
