"""How a video's pictures are to be seen: turned, mirrored, and with pixels that are no squares."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_SANE_ASPECTS: Final = (0.1, 10.0)


@dataclass(frozen=True)
class Display:
    """From pictures as they are stored to pictures as they are seen: first transposed, then mirrored.

    Attributes:
        transposed: rows become columns.
        left_right, up_down: mirrored that way, of what is seen then.
        aspect: width of a stored pixel by its height.
    """

    transposed: bool = False
    left_right: bool = False
    up_down: bool = False
    aspect: float = 1.0

    def seen(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a stored picture as it is seen."""
        wide = max(1, round(width * self.aspect))
        return (wide, height) if self.transposed else (height, wide)

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """``[height, width, channels]`` as it is seen."""
        pixels = pixels.swapaxes(0, 1) if self.transposed else pixels
        return pixels[:: -1 if self.up_down else 1, :: -1 if self.left_right else 1]


def display_of(frame: Any, aspect: float) -> Display:
    """Of a decoded frame with pixels of this aspect."""
    matrix = frame.side_data.get("DISPLAYMATRIX") if len(frame.side_data) else None
    content = b"" if matrix is None else bytes(matrix)
    if len(content) != struct.calcsize("9i"):
        return Display(aspect=aspect)
    return from_matrix(struct.unpack("9i", content), aspect)


def from_matrix(matrix: tuple[int, ...], aspect: float = 1.0) -> Display:
    """From the nine numbers of ISO 14496-12, 6.2.2, row by row: x and y of what is stored, times them, are x and y of
    what is seen. A turn that is no multiple of 90° counts as the nearest."""
    across, down, from_y_across, from_y_down = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(across) + abs(from_y_down) >= abs(down) + abs(from_y_across):
        return Display(False, across < 0, from_y_down < 0, aspect)
    return Display(True, from_y_across < 0, down < 0, aspect)


def aspect_of(stream: Any) -> float:
    """Width of a stored pixel by its height, as the container or the codec says, if that makes sense."""
    ratio = stream.sample_aspect_ratio
    return float(ratio) if ratio and _SANE_ASPECTS[0] <= ratio <= _SANE_ASPECTS[1] else 1.0
