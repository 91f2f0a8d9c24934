"""How pictures of any size become frames of one size: cropping, scaling by area, colour, and steps of equal time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Final, TypeVar

import numpy as np

LONGEST_PAUSE: Final = 10.0
"""Seconds between two frames; a longer pause, or time that runs backwards, is a fault of the file."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_AT_ONCE: Final = 2**20

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Preparation:
    """What is done to every file.

    Attributes:
        height, width, channels: of the frames; one channel is grey, three are red, green and blue.
        crop: whether what does not fit the shape is cut off evenly; else the picture is squeezed.
        fps: frames a second to take; 0 for every frame as it comes.
        axes: the order of an array's axes (clip ``n``, time ``t``, ``h``, ``w``, channel ``c``), or ``auto``.
        labels: the array of an ``.npz`` that holds the classes; empty for ``labels`` or ``label``, if there.
        strip: frames side by side in a picture, along its longer side; 0 where a picture is one frame.
        frame_step: of so many frames one is taken.
    """

    height: int
    width: int
    channels: int
    crop: bool = True
    fps: float = 0.0
    axes: str = "auto"
    labels: str = ""
    strip: int = 0
    frame_step: int = 1

    @property
    def bytes_a_frame(self) -> int:
        """Of memory."""
        return self.height * self.width * self.channels

    def box(self, height: int, width: int) -> tuple[float, float, float, float]:
        """What is kept of a picture: left, top, right, bottom, in its pixels."""
        if not self.crop:
            return 0.0, 0.0, float(width), float(height)
        scale = min(height / self.height, width / self.width)
        left, top = (width - scale * self.width) / 2, (height - scale * self.height) / 2
        return left, top, width - left, height - top

    def kept(self, height: int, width: int) -> float:
        """The share of a picture's area that is kept."""
        left, top, right, bottom = self.box(height, width)
        return (right - left) * (bottom - top) / (height * width)

    def rate(self, own: float | None) -> float | None:
        """Frames a second of what is taken of a recording that has so many."""
        fps = self.fps or own
        return fps / self.frame_step if fps else None

    def scale(self, frames: np.ndarray) -> np.ndarray:
        """uint8 ``[frames, any height, any width, 1 or 3]`` to ``[frames, height, width, channels]``; every new pixel
        is the mean of the area that it covers."""
        height, width = frames.shape[1:3]
        left, top, right, bottom = self.box(height, width)
        if (height, width) != (self.height, self.width):
            rows = area_weights(height, self.height, top, bottom)
            columns = area_weights(width, self.width, left, right)
            scaled = np.einsum("ih,nhwc->niwc", rows, frames.astype(np.float32), optimize=True)
            scaled = np.einsum("jw,niwc->nijc", columns, scaled, optimize=True)
            frames = np.rint(scaled).astype(np.uint8)
        return self.colour(frames)

    def colour(self, frames: np.ndarray) -> np.ndarray:
        """uint8 ``[..., 1 or 3]`` to ``[..., channels]``."""
        if frames.shape[-1] == self.channels:
            return frames
        if self.channels == 1:
            return np.rint(frames @ _LUMA).astype(np.uint8)[..., None]
        return np.repeat(frames, 3, axis=-1)

    def batches(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Single frames ``[height, width, channels]``, one of ``frame_step``, joined to about a megabyte each."""
        most = max(1, _AT_ONCE // self.bytes_a_frame)
        held: list[np.ndarray] = []
        for frame in islice(frames, 0, None, self.frame_step):
            held.append(frame)
            if len(held) == most:
                yield np.stack(held)
                held.clear()
        if held:
            yield np.stack(held)


def area_weights(size: int, new_size: int, begin: float, end: float) -> np.ndarray:
    """float32 ``[new_size, size]``: what share each old pixel has in each new one, where the new ones divide
    ``begin..end`` evenly."""
    edges = np.linspace(begin, end, new_size + 1)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(overlap, 0, None)
    shares: np.ndarray = weights / weights.sum(1, keepdims=True)
    return shares.astype(np.float32)


def paced(items: Iterable[tuple[ItemT, float]], fps: float, usual: float) -> Iterator[tuple[ItemT, int]]:
    """How often each of a row of pictures is shown, so that there are ``fps`` a second.

    Args:
        items: pictures with the second at which each begins.
        fps: frames a second.
        usual: seconds of the last picture, and of any whose own duration makes no sense.
    """
    elapsed, shown = 0.0, 0
    for (item, begins), (_, ends) in pairwise(chain(items, [(None, math.inf)])):
        seconds = ends - begins
        elapsed += seconds if 0 <= seconds <= LONGEST_PAUSE else usual
        due = math.ceil(elapsed * fps - 1e-6)
        assert item is not None
        yield item, due - shown
        shown = due
