"""Animated pictures through Pillow; GIFs are measured by their blocks before anything is decompressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.pictures import check_size, fit, guard
from rgan_kit_plugins.domains.frames.preparation import Preparation, paced

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


def decode_gif(file: Path, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The frames of a GIF; one that is shown for twice as long as the shortest comes twice.

    Raises:
        UnreadableError: it is damaged, or its frames together are too large (which is known before any is decoded).
    """
    measure = measure_blocks(file.read_bytes())
    _check_together(len(measure.seconds), measure.width, measure.height)
    frames = _gif_frames(file, len(measure.seconds), preparation)
    yield from _shown(frames, measure.seconds, (measure.height, measure.width), preparation)


def decode(file: Path, image_format: str, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The frames of an animated PNG or WebP, likewise.

    Raises:
        UnreadableError: its frames together are too large.
    """
    from PIL import Image

    guard()
    frames: list[np.ndarray] = []  # as small as they are asked for: how long each is shown is known when it is decoded
    seconds: list[float] = []
    with Image.open(file, formats=(image_format,)) as animation:
        check_size(animation.size)
        count = getattr(animation, "n_frames", 1)
        _check_together(count, *animation.size)
        size = animation.size[::-1]
        for number in range(count):
            animation.seek(number)
            frames.append(fit(animation, preparation))
            shown = float(animation.info.get("duration", 0)) / 1000
            seconds.append(shown if shown >= _SHORTEST else _BROWSERS_TAKE)
    yield from _shown(iter(frames), tuple(seconds), size, preparation)


def _check_together(count: int, width: int, height: int) -> None:
    if (pixels := width * height * count) > MOST_PIXELS:
        raise UnreadableError(
            f"{count} frames of {width:,} × {height:,} would take {4 * pixels / 2**30:.1f} "
            f"GiB; at most {4 * MOST_PIXELS / 2**30:.0f} GiB are decoded"
        )


def _shown(
    frames: Iterator[np.ndarray], seconds: tuple[float, ...], size: tuple[int, int], preparation: Preparation
) -> Iterator[np.ndarray | End]:
    """Frames as often as they are shown. The last one's time is often a pause before the repetition: it counts for no
    more than the longest before it, and the rest is said."""
    shortest = min(seconds)
    last = min(seconds[-1], max(seconds[:-1], default=seconds[-1]))
    lost = 0
    if preparation.fps:
        begins = accumulate(seconds[:-1], initial=0.0)
        counted = paced(zip(frames, begins, strict=True), preparation.fps, last)
        lost = round((seconds[-1] - last) * preparation.fps)
    else:
        wanted = [round(each / shortest) for each in (*seconds[:-1], last)]
        repeats = [min(each, _LONGEST_REPEAT) for each in wanted]
        counted = zip(frames, repeats, strict=True)
        lost = sum(wanted) - sum(repeats) + round(seconds[-1] / shortest) - wanted[-1]
    yield from preparation.batches(chain.from_iterable(repeat(frame, times) for frame, times in counted))
    why = f"repetitions of a picture that stands still, such as {max(seconds):g} s at the end" if lost else ""
    yield End(preparation.rate(1 / shortest), size=size, lost=lost, why_lost=why)


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


def _gif_frames(file: Path, count: int, preparation: Preparation) -> Iterator[np.ndarray]:
    from PIL import Image

    guard()
    with Image.open(file, formats=("GIF",)) as animation:
        for number in range(count):
            animation.seek(number)
            check_size(animation.size)
            yield fit(animation, preparation)
