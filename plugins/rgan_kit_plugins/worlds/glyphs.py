"""Digits drawn by strokes, with place, slant, thickness and brightness at random, and told again by their pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Any, Final

import numpy as np

DIGITS: Final = tuple("0123456789")

MATCH: Final = 0.93
"""Correlation with the nearest picture that the source can draw, from which on a picture is recognised."""

_SLANTS: Final = (-0.2, 0.0, 0.2)
_THICKNESSES: Final = (0.06, 0.085)
_SHIFTS: Final = (-1 / 16, 0.0, 1 / 16)
_BRIGHTNESS: Final = (160.0, 255.0)
_SOFT: Final = 0.05
_DIM: Final = 16.0

Point = tuple[float, float]


def _arc(x: float, y: float, across: float, down: float, begin: float, end: float) -> list[Point]:
    """Part of an ellipse, in turns from the right, clockwise, as points to be joined."""
    turns = np.linspace(begin, end, 13) * 2 * math.pi
    return [(x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns]


_STROKES: Final[dict[str, list[list[Point]]]] = {
    "0": [_arc(0.5, 0.5, 0.18, 0.3, 0, 1)],
    "1": [[(0.38, 0.32), (0.53, 0.2), (0.53, 0.8)]],
    "2": [[*_arc(0.5, 0.36, 0.17, 0.16, 0.5, 1.1), (0.32, 0.8), (0.7, 0.8)]],
    "3": [_arc(0.47, 0.35, 0.17, 0.15, 0.55, 1.25), _arc(0.47, 0.65, 0.2, 0.15, 0.75, 1.45)],
    "4": [[(0.58, 0.8), (0.58, 0.2), (0.28, 0.62), (0.74, 0.62)]],
    "5": [[(0.67, 0.2), (0.36, 0.2), (0.35, 0.46), *_arc(0.48, 0.61, 0.19, 0.18, 0.65, 1.4)]],
    "6": [[(0.62, 0.2), (0.4, 0.42), *_arc(0.5, 0.63, 0.17, 0.17, 0.5, 1.5)]],
    "7": [[(0.32, 0.2), (0.7, 0.2), (0.44, 0.8)]],
    "8": [_arc(0.5, 0.35, 0.15, 0.15, 0, 1), _arc(0.5, 0.65, 0.18, 0.15, 0, 1)],
    "9": [[*_arc(0.5, 0.37, 0.17, 0.17, 0, 1), (0.64, 0.44), (0.56, 0.8)]],
}


@dataclass(frozen=True, eq=False)
class Templates:
    """Every picture that the source can draw, at full brightness.

    Attributes:
        pixels: float32 ``[pictures, height * width]`` from 0 to 1.
        digits: int64 ``[pictures]``.
    """

    pixels: np.ndarray
    digits: np.ndarray


@cache
def templates(height: int, width: int) -> Templates:
    """All pictures of a size, made once in a process."""
    styles = list(product(DIGITS, _SLANTS, _THICKNESSES, _SHIFTS, _SHIFTS))
    pixels = np.stack([_draw(height, width, *style).ravel() for style in styles])
    return Templates(pixels, np.array([DIGITS.index(digit) for digit, *_ in styles], np.int64))


def draw(count: int, height: int, width: int, channels: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """uint8 ``[pictures, height, width, channels]``, and int64 ``[pictures]``, all digits equally often or nearly so.
    In colour, every digit has a tint at random."""
    every = templates(height, width)
    digits = rng.permutation(np.arange(count) % len(DIGITS)).astype(np.int64)
    styles = len(every.digits) // len(DIGITS)
    chosen = every.pixels[digits * styles + rng.integers(styles, size=count)].reshape(count, height, width, 1)
    light = rng.uniform(*_BRIGHTNESS, size=(count, 1, 1, channels))
    return np.rint(chosen * light).astype(np.uint8), digits


def _draw(height: int, width: int, digit: str, slant: float, thickness: float, right: float, down: float) -> np.ndarray:
    """float32 ``[height, width]``: 1 on a stroke, falling to 0 beside it."""
    y, x = np.meshgrid(
        (np.arange(height) + 0.5) / height - down, (np.arange(width) + 0.5) / width - right, indexing="ij"
    )
    x = x + slant * (y - 0.5)
    distance = np.full((height, width), np.inf)
    for begin, end in _segments(_STROKES[digit]):
        distance = np.minimum(distance, _distance(x, y, begin, end))
    return np.clip((thickness - distance) / _SOFT + 0.5, 0, 1).astype(np.float32)


def _segments(strokes: Sequence[Sequence[Point]]) -> Iterator[tuple[Point, Point]]:
    for stroke in strokes:
        yield from pairwise(stroke)


def _distance(x: np.ndarray, y: np.ndarray, begin: Point, end: Point) -> np.ndarray:
    """From every pixel to the nearest point of a straight stroke."""
    across, down = end[0] - begin[0], end[1] - begin[1]
    along = ((x - begin[0]) * across + (y - begin[1]) * down) / (across**2 + down**2)
    along = np.clip(along, 0, 1)
    return np.hypot(x - begin[0] - along * across, y - begin[1] - along * down)


@dataclass
class GlyphsTruth:
    """Measures pictures of digits.

    Attributes:
        height, width: of the source's pictures.
    """

    height: int
    width: int
    name: str = "digits"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of the pictures that look like one the source can draw, at any brightness (correlation of at
        least 0.93). ``match``: that correlation on average. ``digit_balance``: 1 where the valid ones show all digits
        equally often, 0 where they all show the same (total variation from uniform). nan where there is none."""
        if not samples:
            return dict.fromkeys(("valid", "match", "digit_balance"), math.nan)
        pictures = np.stack([np.asarray(sample, np.float32).max(-1) for sample in samples])
        correlations, digits = self.recognise(pictures)
        valid = correlations >= MATCH
        shares = np.bincount(digits[valid], minlength=len(DIGITS)) / max(1, valid.sum())
        apart = np.abs(shares - 1 / len(DIGITS)).sum() / 2
        return {
            "valid": float(valid.mean()),
            "match": float(correlations.mean()),
            "digit_balance": float(1 - apart / (1 - 1 / len(DIGITS))) if valid.any() else math.nan,
        }

    def recognise(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The correlation of grey pictures ``[pictures, height, width]`` with the nearest one that the source can draw,
        and the digit that this shows; ``[pictures]`` each. Dark, flat pictures correlate with none."""
        every = templates(self.height, self.width)
        if pictures.shape[1:] != (self.height, self.width):
            return np.zeros(len(pictures)), np.zeros(len(pictures), np.int64)
        flat = pictures.reshape(len(pictures), -1)
        seen = (flat.max(1) - flat.min(1)) >= _DIM
        correlations = _standardised(flat) @ _standardised(every.pixels).T
        return np.where(seen, correlations.max(1), 0.0), every.digits[correlations.argmax(1)]

    def reference(self) -> dict[str, float]:
        """What the source itself reaches; its match falls short of 1 by the rounding to whole numbers."""
        pictures, _ = draw(len(templates(self.height, self.width).digits), self.height, self.width, 1,
                           np.random.default_rng(0))  # fmt: skip
        match = float(self.recognise(pictures[..., 0].astype(np.float32))[0].mean())
        return {"valid": 1.0, "match": match, "digit_balance": 1.0}


def _standardised(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(1, keepdims=True)
    scaled: np.ndarray = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return scaled
