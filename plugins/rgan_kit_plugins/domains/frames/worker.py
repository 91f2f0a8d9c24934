"""What runs in the sandbox: every user's file is opened here and nowhere else, so that one on which a library crashes,
hangs or runs out of memory costs that file and not the training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.frames import animations, arrays, pictures, videos
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.pictures import describe
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.signatures import HEAD, WORDS, Kind, printable, sniff

__all__ = ["answer", "decode", "describe"]


def answer(request: dict[str, Any], content: bytes) -> Iterator[tuple[dict[str, Any], Any]]:
    """``{"frames": n}`` with their bytes, and ``{"end": …}`` after every recording."""
    preparation = Preparation(**request["preparation"])
    for event in decode(request["kind"], [Path(file) for file in request["files"]], preparation):
        if isinstance(event, End):
            yield {"end": asdict(event)}, b""
        else:
            yield {"frames": len(event)}, np.ascontiguousarray(event)


def decode(kind: Kind, files: list[Path], preparation: Preparation) -> Iterator[np.ndarray | End]:
    """Frames of a user's file, or of several pictures as one recording; ``End`` follows every recording."""
    if kind == "picture":
        return pictures.decode(files, preparation)
    (file,) = files
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    known = sniff(head)
    if kind == "animation" and known is not None and known[0] == "picture":  # an animated one
        return animations.decode(file, known[1], preparation)
    if known is None or known[0] != kind:
        really = f"it is a {WORDS[known[0]]}" if known else f"it begins with {printable(head)}"
        raise UnreadableError("it is empty" if not head else f"this is no {WORDS[kind]}, {really}")
    if kind == "video":
        return videos.decode(file, known[1], preparation)
    if kind == "animation":
        return animations.decode_gif(file, preparation)
    return (arrays.decode_array if kind == "array" else arrays.decode_archive)(file, preparation)
