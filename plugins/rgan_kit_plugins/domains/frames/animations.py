"""GIFs: measured by their blocks before anything is decompressed, then decoded through Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.frames.messages import End
from rgan_kit_plugins.domains.frames.pictures import check_size, fit, guard
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError, paced

MOST_PIXELS: Final = 2**28
"""Of all frames together: one gibibyte decoded."""

_BROWSERS_TAKE: Final = 0.1
"""Seconds a frame, where a GIF says hardly any."""
_SHORTEST: Final = 0.02
_LONGEST_REPEAT: Final = 64

_IMAGE, _EXTENSION, _TRAILER, _CONTROL = 0x2C, 0x21, 0x3B, 0xF9


@dataclass(frozen=True)
class Measure:
    """What a GIF will be when it is decoded: size of its canvas, and seconds of each frame."""

    width: int
    height: int
    seconds: tuple[float, ...]


def decode(file: Path, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The frames of a GIF; one that is shown for twice as long as the shortest comes twice.

    Raises:
        UnreadableError: it is damaged, or its frames together are too large (which is known before any is decoded).
    """
    measure = measure_blocks(file.read_bytes())
    seconds = measure.seconds
    pixels = measure.width * measure.height * len(seconds)
    if pixels > MOST_PIXELS:
        raise UnreadableError(
            f"{len(seconds):,} frames of {measure.width:,} × {measure.height:,} would take {4 * pixels / 2**30:.1f} "
            f"GiB; at most {4 * MOST_PIXELS / 2**30:.0f} GiB are decoded"
        )
    shortest = min(seconds)
    frames = _frames(file, len(seconds), preparation)
    if preparation.fps:
        begins = accumulate(seconds[:-1], initial=0.0)
        counted = paced(zip(frames, begins, strict=True), preparation.fps, seconds[-1])
    else:
        repeats = (min(round(each / shortest), _LONGEST_REPEAT) for each in seconds)
        counted = zip(frames, repeats, strict=True)
    yield from preparation.batches(chain.from_iterable(repeat(frame, times) for frame, times in counted))
    yield End(fps=preparation.fps or 1 / shortest)


def measure_blocks(content: bytes) -> Measure:
    """Walks the blocks of a GIF (GIF89a specification, sections 17 to 27) with nothing decompressed.

    Raises:
        UnreadableError: its blocks end before they should.
    """
    seconds: list[float] = []
    delay = 0
    try:
        width, height = _word(content, 6), _word(content, 8)
        place = 13 + _table(content[10])
        while place < len(content) and content[place] != _TRAILER:
            if content[place] == _IMAGE:
                width = max(width, _word(content, place + 1) + _word(content, place + 5))
                height = max(height, _word(content, place + 3) + _word(content, place + 7))
                seconds.append(delay / 100 if delay / 100 >= _SHORTEST else _BROWSERS_TAKE)
                delay = 0
                place += 11 + _table(content[place + 9])
            elif content[place] == _EXTENSION:
                if content[place + 1] == _CONTROL:
                    delay = _word(content, place + 4)
                place += 2
            else:
                raise UnreadableError(f"it is damaged (no block begins at byte {place:,})")
            while content[place]:
                place += content[place] + 1
            place += 1
    except IndexError:
        raise UnreadableError("it is damaged (it ends too soon)") from None
    if not (seconds and width and height):
        raise UnreadableError("there is no frame in it")
    return Measure(width, height, tuple(seconds))


def _word(content: bytes, place: int) -> int:
    return content[place] | content[place + 1] << 8


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _frames(file: Path, count: int, preparation: Preparation) -> Iterator[np.ndarray]:
    from PIL import Image

    guard()
    with Image.open(file, formats=("GIF",)) as animation:
        for number in range(count):
            animation.seek(number)
            check_size(animation.size)
            yield fit(animation, preparation)
