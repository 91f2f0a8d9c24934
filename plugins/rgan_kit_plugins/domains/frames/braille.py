"""Small pictures in a line of a terminal, in Braille: eight dots a character."""

from __future__ import annotations

from typing import Final

import numpy as np

from rgan_kit_plugins.domains.frames.preparation import area_weights

_FIRST: Final = 0x2800
_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def braille(pixels: np.ndarray, characters: int) -> str:
    """uint8 ``[height, width, channels]`` in so many characters: a dot is where it is brighter than half way between
    its darkest and its brightest place."""
    height, width = pixels.shape[:2]
    grey = pixels.astype(np.float32).max(-1)
    rows, columns = area_weights(height, 4, 0, height), area_weights(width, 2 * characters, 0, width)
    small = rows @ grey @ columns.T  # [4, 2 * characters]
    bright = small > (small.min() + small.max()) / 2
    cells = bright.reshape(4, characters, 2).transpose(1, 0, 2)
    return "".join(chr(_FIRST + int((cell * _DOTS).sum())) for cell in cells)
