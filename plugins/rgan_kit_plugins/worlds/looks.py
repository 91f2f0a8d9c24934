"""What moving shapes look like in pictures: which shape and which colour is seen, by comparison with all of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from rgan_kit_plugins.worlds.shapes import COLOURS, SHAPES
from rgan_kit_plugins.worlds.tracks import BRIGHT

LIKE: Final = 0.9
"""Cosine of a frame's light and a shape's, from which on it shows that shape; drawn ones have 0.98 and more, another
shape of the same size 0.92 to 0.95 at best."""

DOUBT: Final = 0.01
"""By so much of that cosine a frame may be more like another shape than the one of its clip: small ones are alike."""

HUE: Final = 0.97
"""Cosine of the colour of what is bright and one of ``COLOURS``, from which on it has that; two of those have 0.91 at
most."""

_AREAS: Final = {"disc": np.pi, "square": 1.8**2, "triangle": 2.0, "cross": 2 * 0.8 * 2 - 0.8**2}
"""Of a shape of radius 1."""

_SINKS: Final = {"disc": 0.0, "square": 0.0, "triangle": 1 / 3, "cross": 0.0}
"""How far below its centre a shape of radius 1 has its centre of gravity."""

_AT_ONCE: Final = 512
_TINY: Final = 1e-9


def shape_throughout(clips: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The shape that a clip shows in all of its frames, int64 ``[clips]``, as its place in ``SHAPES``; -1 for none.

    Args:
        clips: uint8 ``[clips, time, height, width, channels]``.
        centres: ``[clips, time, 2]``, of brightness, as ``tracks.look`` finds them.
    """
    count, time = clips.shape[:2]
    light = clips.max(-1).reshape(-1, *clips.shape[2:4])
    places = np.nan_to_num(centres.reshape(-1, 2), nan=0.5).astype(np.float32)
    parts = [_likeness(light[i : i + _AT_ONCE], places[i : i + _AT_ONCE]) for i in range(0, len(light), _AT_ONCE)]
    likeness = np.concatenate(parts).reshape(count, time, len(SHAPES))
    shape = likeness.mean(1).argmax(1)
    own = np.take_along_axis(likeness, shape[:, None, None], axis=2)[:, :, 0]
    shows = (own >= LIKE) & (own >= likeness.max(2) - DOUBT)
    return np.where(shows.all(1), shape, -1)


def _likeness(light: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Cosine of the light of frames ``[frames, height, width]`` and of every shape that has as much of it and the same
    centre of gravity: ``[frames, shapes]``."""
    height, width = light.shape[1:]
    light = light.astype(np.float32)
    area = light.sum((1, 2)) / np.maximum(light.max((1, 2)), 1) / (height * width)
    found = []
    for shape in SHAPES:
        radius = np.sqrt(area / np.float32(_AREAS[shape]))
        drawn = _smooth(shape, radius, centres[:, 0], centres[:, 1] - np.float32(_SINKS[shape]) * radius, height, width)
        both = np.square(drawn).sum((1, 2)) * np.square(light).sum((1, 2))
        found.append((drawn * light).sum((1, 2)) / np.sqrt(np.maximum(both, _TINY)))
    return np.stack(found, axis=1)


def _smooth(shape: str, radius: np.ndarray, x: np.ndarray, y: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shapes around ``x`` and ``y``, each ``[frames]``, as ``shapes.draw`` has them, with edges that fall off within a
    pixel: ``[frames, height, width]`` from 0 to 1."""
    across = abs((np.arange(width, dtype=np.float32) + 0.5) / width - x[:, None])[:, None, :]
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height - y[:, None])[:, :, None]
    size, below = radius[:, None, None], abs(down)
    # How far outside each pixel is, as a share of the picture; below zero inside.
    if shape == "disc":
        outside = np.hypot(across, down) - size
    elif shape == "square":
        outside = np.maximum(across, below) - np.float32(0.9) * size
    elif shape == "triangle":
        outside = np.maximum(below - size, (across - (down + size) / 2) * np.float32(2 / 5**0.5))
    else:
        arms = np.minimum(across, below) - size / np.float32(2.5)
        outside = np.maximum(arms, np.maximum(across, below) - size)
    covered: np.ndarray = np.clip(np.float32(0.5) - outside * min(height, width), 0, 1)
    return covered


def colour_throughout(clips: np.ndarray) -> np.ndarray:
    """The colour of what is bright in all frames of a clip, int64 ``[clips]``, as its place in ``COLOURS``; -1 for
    none. In grey clips all is 0 that can be seen.

    Args:
        clips: uint8 ``[clips, time, height, width, channels]``.
    """
    bright = clips.max(-1) >= BRIGHT
    if clips.shape[-1] != COLOURS.shape[1]:
        return np.where(bright.any((2, 3)).all(1), 0, -1)
    total = (clips * bright[..., None]).sum((2, 3), dtype=np.float64)  # [clips, time, 3]
    wanted = COLOURS / np.linalg.norm(COLOURS.astype(np.float64), axis=1, keepdims=True)
    cosine = total @ wanted.T / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), _TINY)
    colours = np.where(cosine.max(-1) >= HUE, cosine.argmax(-1), -1)
    return np.where((colours == colours[:, :1]).all(1), colours[:, 0], -1)
