"""The decoding process: ``python -m rgan_kit_plugins.domains.frames.worker``.

Every user's file is opened here and nowhere else, so that one on which a library crashes, hangs or runs out of memory
costs that file and not the training. Requests come as lines of JSON; see ``messages`` for what goes back.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import numpy as np

from rgan_kit_plugins.domains.frames import animations, arrays, pictures, videos
from rgan_kit_plugins.domains.frames.messages import End, send
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError
from rgan_kit_plugins.domains.frames.signatures import HEAD, WORDS, printable, sniff

MOST_MEMORY: Final = 2**32


def decode(kind: str, files: list[Path], preparation: Preparation) -> Iterator[np.ndarray | End]:
    """Frames of a user's file, or of several pictures as one recording; ``End`` follows every recording."""
    if kind == "picture":
        return pictures.decode(files, preparation)
    (file,) = files
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    known = sniff(head)
    if known is None or known[0] != kind:
        really = f"it is a {WORDS[known[0]]}" if known else f"it begins with {printable(head)}"
        raise UnreadableError("it is empty" if not head else f"this is no {WORDS[kind]}, {really}")  # type: ignore[index]
    if kind == "video":
        return videos.decode(file, known[1], preparation)
    decoders = {"animation": animations.decode, "array": arrays.decode_array, "archive": arrays.decode_archive}
    return decoders[kind](file, preparation)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        preparation = Preparation(**request["preparation"])
        try:
            for event in decode(request["kind"], [Path(file) for file in request["files"]], preparation):
                if isinstance(event, End):
                    send(answers, {"end": {"fps": event.fps, "label": event.label}})
                else:
                    send(answers, {"frames": len(event)}, event)
            send(answers, {"done": True})
        except BrokenPipeError:
            return
        except Exception as error:  # whatever a library makes of a stranger's file
            send(answers, {"error": pictures.describe(error)})


def _limit_memory() -> None:
    """Caps what this process may allocate; mapped files do not count. Not every system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serves standard input; what libraries print goes nowhere."""
    answers: IO[bytes] = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    _limit_memory()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
