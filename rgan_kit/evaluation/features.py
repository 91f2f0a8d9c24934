"""Features of series, clips and pictures by a small network that is trained on the real data, without labels.

One layer of learnt patches and soft assignments, pooled (Coates, Ng & Lee 2011, "An analysis of single-layer networks
in unsupervised feature learning"): the patches are the centres that k-means finds among whitened patches of real data,
a patch excites a centre by how much nearer than on average it lies, and what the excitations are on average in each
part of a sample is projected on the directions in which real samples vary most. Patches reach over time, so motion and
order are seen. Nothing is downloaded, and a thousand clips take seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

CENTRES: Final = 64
DIRECTIONS: Final = 32
"""At most so many numbers describe a sample."""

_STEPS: Final = 8
_PIXELS: Final = 6
_FRAMES: Final = 2
_TIMES: Final = 3
_PLACES: Final = 400
_PATCHES: Final = 8000
_ROUNDS: Final = 8
_AT_ONCE: Final = 32
_FLOOR: Final = 0.01


@dataclass(frozen=True, eq=False)
class Shape:
    """How patches are cut.

    Attributes:
        size: of a patch along time, height and width.
        stride: between neighbouring ones along each.
        parts: that a sample is pooled in along each.
    """

    size: tuple[int, int, int]
    stride: tuple[int, int, int]
    parts: tuple[int, int, int]

    @classmethod
    def of(cls, time: int, height: int, width: int) -> Shape:
        """For samples of this size; a series is one pixel."""
        size = (min(time, _STEPS if height * width == 1 else _FRAMES), min(height, _PIXELS), min(width, _PIXELS))
        places = [full - own + 1 for full, own in zip((time, height, width), size, strict=True)]
        stride = max(1, math.ceil((math.prod(places) / _PLACES) ** (1 / max(1, sum(each > 1 for each in places)))))
        steps = (stride,) * 3
        parts = (min(_TIMES, places[0]), min(2, places[1]), min(2, places[2]))
        return cls(size, steps, parts)


class Features:
    """A network trained on real samples.

    Args:
        real: ``[n, time, channels]`` series or ``[n, time, height, width, channels]`` frames, of any numbers.
        lengths: int64 ``[n]``, steps of each that count; all where None.
        seed: of what is drawn.
    """

    def __init__(self, real: np.ndarray, lengths: np.ndarray | None = None, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        real = _as_frames(real)
        self.shape = Shape.of(*real.shape[1:4])
        pooled = real.reshape(-1, real.shape[-1]).astype(np.float64)
        self._mean, deviation = pooled.mean(0), pooled.std(0)
        self._unit = np.where(deviation > 1e-9 * (1 + np.abs(self._mean)), deviation, 1.0)
        patches = self._some_patches(real, lengths, rng)
        self._middle = patches.mean(0)
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(patches, rowvar=False)))
        floor = _FLOOR * max(float(values.mean()), 1e-12)
        self._whiten = (vectors / np.sqrt(np.maximum(values, 0) + floor)).astype(np.float32)
        self._centres = _k_means(((patches - self._middle) @ self._whiten).astype(np.float32), rng)
        pooled_parts = self._pooled(real, lengths)
        self._origin = pooled_parts.mean(0)
        _, _, directions = np.linalg.svd(pooled_parts - self._origin, full_matrices=False)
        self._directions = directions[: min(DIRECTIONS, max(1, len(real) // 4))].T

    def __call__(self, samples: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """float64 ``[n, features]``."""
        features: np.ndarray = (self._pooled(_as_frames(samples), lengths) - self._origin) @ self._directions
        return features

    def _some_patches(self, real: np.ndarray, lengths: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
        found: list[np.ndarray] = []
        chosen = rng.permutation(len(real))[:1000]
        each = max(1, _PATCHES // len(chosen))
        for number in chosen.tolist():
            patches, inside = self._patches(real[number : number + 1], None if lengths is None else lengths[[number]])
            flat = patches[0][inside[0]].reshape(-1, patches.shape[-1])
            found.append(flat[rng.permutation(len(flat))[:each]])
        return np.concatenate(found).astype(np.float64)

    def _patches(self, samples: np.ndarray, lengths: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """float32 ``[n, times, heights, widths, numbers of a patch]``, and bool ``[n, times]`` whether it lies within
        the steps that count (the first always does)."""
        scaled = ((samples - self._mean) / self._unit).astype(np.float32)
        cut = np.lib.stride_tricks.sliding_window_view(scaled, self.shape.size, axis=(1, 2, 3))
        t, h, w = self.shape.stride
        cut = cut[:, ::t, ::h, ::w]  # [n, times, heights, widths, channels, *size]
        ends = np.arange(cut.shape[1]) * t + self.shape.size[0]
        counts = np.full(len(samples), samples.shape[1]) if lengths is None else lengths
        inside = (ends <= counts[:, None]) | (np.arange(cut.shape[1]) == 0)
        return cut.reshape(*cut.shape[:4], -1), inside

    def _pooled(self, samples: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """float64 ``[n, parts * centres]``."""
        rows = []
        squares = np.square(self._centres).sum(1)
        for first in range(0, len(samples), _AT_ONCE):
            own = None if lengths is None else lengths[first : first + _AT_ONCE]
            patches, inside = self._patches(samples[first : first + _AT_ONCE], own)
            white = (patches - self._middle.astype(np.float32)) @ self._whiten
            apart = np.sqrt(
                np.maximum(np.square(white).sum(-1, keepdims=True) + squares - 2 * white @ self._centres.T, 0)
            )
            excited = np.maximum(apart.mean(-1, keepdims=True) - apart, 0)  # [n, times, heights, widths, centres]
            rows.append(self._in_parts(excited, inside))
        return np.concatenate(rows) if rows else np.zeros((0, math.prod(self.shape.parts) * len(self._centres)))

    def _in_parts(self, excited: np.ndarray, inside: np.ndarray) -> np.ndarray:
        counts = inside.sum(1)
        times, heights, widths = self.shape.parts
        # which third of its own steps each belongs to
        place = np.minimum(np.arange(inside.shape[1]) * times // np.maximum(counts, 1)[:, None], times - 1)
        found = []
        for rows in np.array_split(np.arange(excited.shape[2]), heights):
            for columns in np.array_split(np.arange(excited.shape[3]), widths):
                block = excited[:, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean(
                    (2, 3), dtype=np.float64
                )
                for part in range(times):
                    mask = inside & (place == part)
                    found.append((block * mask[..., None]).sum(1) / np.maximum(mask.sum(1), 1)[:, None])
        return np.concatenate(found, axis=1)


def _as_frames(samples: np.ndarray) -> np.ndarray:
    return samples[:, :, None, None, :] if samples.ndim == 3 else samples


def _k_means(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Centres ``[at most CENTRES, numbers]`` by Lloyd's rounds, from points at random."""
    centres = points[rng.permutation(len(points))[:CENTRES]]
    for _ in range(_ROUNDS):
        nearest = np.argmin(np.square(centres).sum(1) - 2 * points @ centres.T, axis=1)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points)
        kept = counts > 0
        centres = np.where(kept[:, None], sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
    return centres
