"""A recogniser of classes: a small classifier that learns from real pictures or clips what their classes look like, and
is then asked which class samples show.

Patches of the pictures themselves are its features, the strongest answer to each in every part of a picture (Coates,
Lee & Ng 2011, "An analysis of single-layer networks in unsupervised feature learning"), read by a ridge classifier.
"""

from __future__ import annotations

from typing import Final

import numpy as np

PATCHES: Final = 96
SIDE: Final = 5
PARTS: Final = 4
"""A picture is looked at in so many parts a side."""

MOMENTS: Final = 3
"""Of a clip, so many frames are looked at: the first, the last, and those between."""

_SHRINKAGE: Final = 1.0
_LEAST: Final = 1e-3
_AT_ONCE: Final = 64
_LONGEST: Final = 32


class Recogniser:
    """Learns classes from real clips.

    Args:
        clips: uint8 ``[n, time, height, width, channels]``; a picture is a clip of one frame.
        labels: int64 ``[n]``, their classes.
        classes: how many there are.
        seed: of the patches.
    """

    def __init__(self, clips: np.ndarray, labels: np.ndarray, classes: int, seed: int = 0) -> None:
        self._patches = _patches(_shown(clips), np.random.default_rng(seed))
        features = self._features(clips)
        self._mean, self._deviation = features.mean(axis=0), features.std(axis=0) + _LEAST
        scaled = (features - self._mean) / self._deviation
        wanted = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0 / max(1, classes - 1))
        self._offset = wanted.mean(axis=0)
        kernel = scaled @ scaled.T + _SHRINKAGE * len(scaled) * np.eye(len(scaled))
        self._weights = scaled.T @ np.linalg.solve(kernel, wanted - self._offset)

    def classes(self, clips: np.ndarray) -> np.ndarray:
        """The class that each of ``[n, time, height, width, channels]`` shows, int64 ``[n]``."""
        scaled = (self._features(clips) - self._mean) / self._deviation
        chosen: np.ndarray = (scaled @ self._weights + self._offset).argmax(axis=1)
        return chosen

    def _features(self, clips: np.ndarray) -> np.ndarray:
        """``[n, moments * parts² * patches]``."""
        shown = _shown(clips)
        count, moments = shown.shape[:2]
        pictures = shown.reshape(-1, *shown.shape[2:])
        answers = [_answers(pictures[i : i + _AT_ONCE], self._patches) for i in range(0, len(pictures), _AT_ONCE)]
        return np.concatenate(answers).reshape(count, moments * answers[0].shape[1])


def _shown(clips: np.ndarray) -> np.ndarray:
    """Some frames of each clip, as float32 from 0 to 1, larger pictures thinned out."""
    moments = np.linspace(0, clips.shape[1] - 1, min(MOMENTS, clips.shape[1])).round().astype(int)
    step = max(1, -(-max(clips.shape[2:4]) // _LONGEST))
    shown: np.ndarray = clips[:, moments, ::step, ::step].astype(np.float32) / 255
    return shown


def _patches(shown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some patches of the pictures, without their mean and of length 1: ``[numbers of a patch, patches]``."""
    windows = _windows(shown.reshape(-1, *shown.shape[2:])[rng.integers(shown.shape[0] * shown.shape[1], size=256)])
    every = windows.reshape(-1, windows.shape[-1])
    contrast = every.std(axis=1)
    lively = every[contrast >= np.quantile(contrast, 0.5)]
    chosen = lively[rng.integers(len(lively), size=PATCHES)]
    chosen = chosen - chosen.mean(axis=1, keepdims=True)
    unit: np.ndarray = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), _LEAST)
    return unit.T


def _windows(pictures: np.ndarray) -> np.ndarray:
    """All patches of pictures ``[n, height, width, channels]`` with a black edge: ``[n, height, width, numbers]``."""
    edge = SIDE // 2
    padded = np.pad(pictures, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(1, 2))
    return windows.reshape(*windows.shape[:3], -1)


def _answers(pictures: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """The strongest answer to each patch in each part of a picture: ``[n, parts² * patches]``."""
    answers = _windows(pictures) @ patches  # [n, height, width, patches]
    rows, columns = (np.array_split(np.arange(side), min(PARTS, side)) for side in pictures.shape[1:3])
    parts = [answers[:, r[0] : r[-1] + 1, c[0] : c[-1] + 1].max(axis=(1, 2)) for r in rows for c in columns]
    return np.concatenate(parts, axis=1)
