"""Clips of moving shapes: shape × motion × colour, drawn by numpy, each motion told from all others by its track.

Positions and sizes are shares of the picture, x to the right and y down; ``u`` runs from 0 in the first frame to 1 in
the last. No motion is another one played backwards, so that time's direction can be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

SHAPES: Final = ("disc", "square", "triangle", "cross")
MOTIONS: Final = ("right", "fall", "circle", "arc")
COLOURS: Final = np.array(
    [[255, 64, 64], [64, 255, 64], [80, 96, 255], [255, 255, 64], [255, 64, 255], [64, 255, 255]], np.uint8
)
"""uint8 ``[colours, 3]``: red, green, blue, yellow, magenta and cyan; in grey pictures all are white."""

RADII: Final = (0.15, 0.2)
"""From a shape's centre to its side."""

TRAVEL: Final = (0.4, 0.5)
"""How far a shape gets to the right (``right``, ``arc``) or falls (``fall``)."""

RADIUS: Final = (0.2, 0.26)
"""Of the circle that a shape runs, once a clip and clockwise."""

RISE: Final = (0.35, 0.45)
"""How high an arc is."""

FPS: Final = 10.0

_START: Final = (0.22, 0.28)
_ANYWHERE: Final = (0.25, 0.75)
_LOW: Final = (0.7, 0.75)
_FINE: Final = 4
"""Points a pixel, along each side, of which the shape covers some: so that it moves by fractions of a pixel."""

Track = np.ndarray


@dataclass(frozen=True, eq=False)
class Drawn:
    """Clips: uint8 ``[clips, time, height, width, channels]``, and int64 ``[clips]``, their places in ``MOTIONS``."""

    clips: np.ndarray
    motions: np.ndarray


def draw(count: int, length: int, height: int, width: int, channels: int, rng: np.random.Generator) -> Drawn:
    """Draws clips with shape, motion, colour, size and place at random, all motions equally often or nearly so."""
    motions = rng.permutation(np.arange(count) % len(MOTIONS))
    clips = np.empty((count, length, height, width, channels), np.uint8)
    for clip, motion in zip(clips, motions.tolist(), strict=True):
        shape = SHAPES[rng.integers(len(SHAPES))]
        colour = COLOURS[rng.integers(len(COLOURS))] if channels == 3 else np.full(1, 255, np.uint8)
        cover = _cover(shape, rng.uniform(*RADII), track(MOTIONS[motion], length, rng), height, width)
        clip[:] = np.rint(cover[..., None] * colour)
    return Drawn(clips, motions.astype(np.int64))


def track(motion: str, length: int, rng: np.random.Generator) -> Track:
    """Centres ``[time, 2]`` (x, y) of one motion."""
    u = np.linspace(0, 1, length)
    return np.stack(_MOVE[motion](u, rng), axis=1)


def _right(u: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(*_START) + rng.uniform(*TRAVEL) * u, np.full_like(u, rng.uniform(*_ANYWHERE))


def _fall(u: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.full_like(u, rng.uniform(*_ANYWHERE)), rng.uniform(*_START) + rng.uniform(*TRAVEL) * u**2


def _circle(u: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * (u + rng.uniform())
    radius = rng.uniform(*RADIUS)
    return (rng.uniform(0.47, 0.53) + radius * np.cos(angle), rng.uniform(0.47, 0.53) + radius * np.sin(angle))


def _arc(u: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rise = rng.uniform(*RISE)
    return rng.uniform(*_START) + rng.uniform(*TRAVEL) * u, rng.uniform(*_LOW) - 4 * rise * u * (1 - u)


_MOVE: Final[dict[str, Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]]] = {
    "right": _right, "fall": _fall, "circle": _circle, "arc": _arc,
}  # fmt: skip


def _cover(shape: str, radius: float, centres: Track, height: int, width: int) -> np.ndarray:
    """How much of each pixel the shape covers: ``[time, height, width]`` from 0 to 1."""
    x = (np.arange(width * _FINE) + 0.5) / (width * _FINE) - centres[:, 0, None]
    y = (np.arange(height * _FINE) + 0.5) / (height * _FINE) - centres[:, 1, None]
    x, y = x[:, None, :], y[:, :, None]  # [time, 1, fine width], [time, fine height, 1]
    if shape == "disc":
        inside = x**2 + y**2 < radius**2
    elif shape == "square":
        inside = (abs(x) < 0.9 * radius) & (abs(y) < 0.9 * radius)
    elif shape == "triangle":
        inside = (abs(y) < radius) & (abs(x) < (y + radius) / 2)
    else:
        arm = radius / 2.5
        inside = ((abs(x) < arm) & (abs(y) < radius)) | ((abs(y) < arm) & (abs(x) < radius))
    cover: np.ndarray = inside.reshape(len(centres), height, _FINE, width, _FINE).mean((2, 4))
    return cover
