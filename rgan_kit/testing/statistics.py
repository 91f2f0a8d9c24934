"""Whether two sets of samples come from one distribution: thresholds that chance passes once in 10⁷ trials."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

FAR = 3.0
"""Kolmogorov's statistic times the root of the number of samples: chance passes it in 2·exp(-2·3²), 3 in 10⁸ trials."""

_LEAST_EXPECTED = 5.0
"""Cells with fewer expected samples are put together (Cochran 1954)."""


def surprise(counts: np.ndarray, shares: np.ndarray) -> float:
    """How far ``counts`` of samples are from expected ``shares``, in standard deviations of a normal variable, by
    Pearson's χ² (Wilson & Hilferty 1931); above 6, chance is ruled out."""
    expected = shares / shares.sum() * counts.sum()
    order = np.argsort(expected)
    small = int(np.searchsorted(np.cumsum(expected[order]), _LEAST_EXPECTED)) + 1
    small = max(small, int((expected < _LEAST_EXPECTED).sum()))
    pooled = [np.append(each[order][small:], each[order][:small].sum()) for each in (counts, expected)]
    if len(pooled[0]) < 2:
        return 0.0
    degrees = len(pooled[0]) - 1
    statistic = float((np.square(pooled[0] - pooled[1]) / np.maximum(pooled[1], 1e-12)).sum())
    spread = 2 / (9 * degrees)
    return float(((statistic / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def apart(one: np.ndarray, other: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Kolmogorov's statistic of two samples, ``[n]`` and ``[m]``, in units in which chance stays below ``FAR``.

    Args:
        one, other: the samples.
        weights: of ``other``, ``[m]``; each 1 where None.
    """
    weights = np.ones(len(other)) if weights is None else weights
    effective = 1 / (1 / len(one) + np.square(weights).sum() / weights.sum() ** 2)
    points = np.concatenate([one, other])
    order = np.argsort(points, kind="stable")
    steps = np.concatenate([np.full(len(one), 1 / len(one)), -weights / weights.sum()])[order]
    last = np.append(points[order][1:] != points[order][:-1], True)  # equal numbers count at once
    return float(np.abs(np.cumsum(steps)[last]).max() * math.sqrt(effective))


def farthest(one: np.ndarray, other: np.ndarray, weights: np.ndarray | None = None) -> float:
    """``apart`` at its largest over what two sets of sequences, ``[n, time, features]`` each, show: every number, their
    changes from step to step, and products of neighbours."""
    return max(apart(a, b, weights) for a, b in zip(_shown(one), _shown(other), strict=True))


def _shown(values: np.ndarray) -> list[np.ndarray]:
    shown = [values]
    if values.shape[1] > 1:
        shown += [np.diff(values, axis=1), values[:, 1:] * values[:, :-1]]
    if values.shape[2] > 1:
        shown.append(values[:, :, 1:] * values[:, :, :-1])
    return [column for each in shown for column in each.reshape(len(values), -1).T]


class Proposal:
    """A density to draw from that covers another one: Student's t around its samples, mixed with a broad one, so that
    no weight becomes large (Hesterberg 1995).

    Args:
        samples: ``[n, features]`` of what is to be covered.
        rng: draws.
    """

    def __init__(self, samples: np.ndarray, rng: np.random.Generator) -> None:
        self.rng = rng
        features = samples.shape[1]
        own = np.cov(samples.T).reshape(features, features) * 1.5 + 1e-9 * np.eye(features)
        self.parts = [(samples.mean(axis=0), own), (np.zeros(features), np.eye(features) * 2.0)]
        self.shares = (0.85, 0.15)
        self.freedom = 5.0

    def draw(self, size: int) -> np.ndarray:
        """``[size, features]``."""
        chosen = self.rng.random(size) < self.shares[0]
        drawn = [self._draw(size, *part) for part in self.parts]
        return np.where(chosen[:, None], *drawn)

    def _draw(self, size: int, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
        normal = self.rng.standard_normal((size, len(middle))) @ np.linalg.cholesky(spread).T
        return np.asarray(middle + normal / np.sqrt(self.rng.chisquare(self.freedom, (size, 1)) / self.freedom))

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Nats, ``[n]``."""
        each = [
            math.log(share) + self._log_density(values, *part)
            for share, part in zip(self.shares, self.parts, strict=True)
        ]
        return np.logaddexp(*each)

    def _log_density(self, values: np.ndarray, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
        size, freedom = len(middle), self.freedom
        scaled = np.linalg.solve(np.linalg.cholesky(spread), (values - middle).T)
        constant = math.lgamma((freedom + size) / 2) - math.lgamma(freedom / 2) - size / 2 * math.log(freedom * math.pi)
        constant -= float(np.linalg.slogdet(spread)[1]) / 2
        return np.asarray(constant - (freedom + size) / 2 * np.log1p(np.square(scaled).sum(axis=0) / freedom))


def integral(log_density: Callable[[np.ndarray], np.ndarray], proposal: Proposal, size: int) -> tuple[float, float]:
    """An integral over all of space by importance sampling: the estimate and its standard error."""
    drawn = proposal.draw(size)
    weights = np.exp(log_density(drawn).astype(np.float64) - proposal.log_density(drawn))
    return float(weights.mean()), float(weights.std() / math.sqrt(size))
