"""Where the shape is in every frame, and which motion its track is: least squares, one small model a motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit_plugins.worlds.shapes import MOTIONS, RADIUS, RISE, TRAVEL

BRIGHT: Final = 64
"""A pixel from here on belongs to a shape."""

TOLERANCE: Final = 0.04
"""Root mean square distance, as a share of the picture, between a track and the motion that it is taken for."""

FEWEST_FRAMES: Final = 6
"""A shorter track fits any motion."""

_MARGIN: Final = 0.25
_STRAY: Final = 0.05
_AREAS: Final = (0.025, 0.2)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is in the frames of clips.

    Attributes:
        centres: ``[clips, time, 2]`` (x, y), centre of brightness as a share of the picture; nan where all is dark.
        one_shape: bool ``[clips, time]``, whether what is bright hangs together and is as large as a shape.
    """

    centres: np.ndarray
    one_shape: np.ndarray


def look(clips: np.ndarray) -> Seen:
    """uint8 ``[clips, time, height, width, channels]``."""
    light = clips.max(-1)
    count, time, height, width = light.shape
    bright = light >= BRIGHT
    area = bright.sum((2, 3))
    weights = light * bright.astype(np.float64)
    total = weights.sum((2, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        x = (weights.sum(2) @ ((np.arange(width) + 0.5) / width)) / total
        y = (weights.sum(3) @ ((np.arange(height) + 0.5) / height)) / total
    joined = _largest_at_hand(light.reshape(-1, height, width)).reshape(count, time)
    share = area / (height * width)
    one = (joined >= (1 - _STRAY) * area) & (share >= _AREAS[0]) & (share <= _AREAS[1])
    return Seen(np.stack([x, y], axis=-1), one)


def _largest_at_hand(light: np.ndarray) -> np.ndarray:
    """Pixels that hang together with the brightest one, ``[frames]``: a flood, in all frames at once."""
    bright = light >= BRIGHT
    frames, height, width = light.shape
    flood = np.zeros((frames, height + 2, width + 2), np.bool_)
    rows, columns = np.divmod(light.reshape(frames, -1).argmax(1), width)
    flood[np.arange(frames), rows + 1, columns + 1] = bright[np.arange(frames), rows, columns]
    size: np.ndarray = flood.sum((1, 2))
    while True:
        across = flood[:, :, :-2] | flood[:, :, 1:-1] | flood[:, :, 2:]
        flood[:, 1:-1, 1:-1] = (across[:, :-2] | across[:, 1:-1] | across[:, 2:]) & bright
        grown = flood.sum((1, 2))
        if np.array_equal(grown, size):
            return size
        size = grown


def classify(centres: np.ndarray, length: int) -> np.ndarray:
    """The motion of each track, int64 ``[clips]``, as its place in ``MOTIONS``; -1 for none of them.

    Args:
        centres: ``[clips, time, 2]``.
        length: frames of a whole clip; a track may be of the first few of them.
    """
    count, time, _ = centres.shape
    if time < FEWEST_FRAMES:
        return np.full(count, -1)
    u = np.arange(time) / (length - 1)
    known = ~np.isnan(centres).any((1, 2))
    tracks = np.where(known[:, None, None], centres, 0.0)
    distances = np.stack([_distance(motion, u, tracks) for motion in MOTIONS])  # [motions, clips]
    return np.where(known & (distances.min(0) <= TOLERANCE), distances.argmin(0), -1)


def _distance(motion: str, u: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """Root mean square distance of tracks to the nearest one of a motion; infinite where that goes another way."""
    one = np.ones_like(u)
    x, y = tracks[..., 0], tracks[..., 1]
    if motion == "circle":
        turn = 2 * np.pi * u
        cosine, sine, none = np.cos(turn), np.sin(turn), np.zeros_like(u)
        upper = np.stack([one, none, cosine, -sine], 1)  # of the centre's x and y, and of the first radius' x and y
        lower = np.stack([none, one, sine, cosine], 1)
        fitted, rest = _fit(np.concatenate([upper, lower]), np.concatenate([x, y], 1))
        return np.where(_within(np.hypot(fitted[2], fitted[3]), RADIUS), np.sqrt(rest / len(u)), np.inf)
    across, rest_x = _fit(np.stack([one, u] if motion != "fall" else [one], 1), x)
    columns = {"right": [one], "fall": [one, u**2], "arc": [one, u * (1 - u)]}[motion]
    down, rest_y = _fit(np.stack(columns, 1), y)
    fits = _within(across[1] if motion != "fall" else down[1], TRAVEL)
    if motion == "arc":
        fits &= _within(-down[1] / 4, RISE)
    return np.where(fits, np.sqrt((rest_x + rest_y) / len(u)), np.inf)


def _fit(design: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares: parameters ``[parameters, clips]``, and the sum of squares that is left, ``[clips]``."""
    parameters = np.linalg.lstsq(design, values.T, rcond=None)[0]
    return parameters, ((design @ parameters - values.T) ** 2).sum(0)


def _within(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    return (values >= bounds[0] * (1 - _MARGIN)) & (values <= bounds[1] * (1 + _MARGIN))
