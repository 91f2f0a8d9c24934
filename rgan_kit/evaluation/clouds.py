"""How far one cloud of feature vectors is from another."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

NEIGHBOURS: Final = 5
"""How many of its own neighbours make the ball around a point."""


def frechet(left: np.ndarray, right: np.ndarray) -> float:
    """Squared Fréchet distance of the normal distributions with the means and covariances of two clouds
    (Dowson & Landau 1982), as in the Fréchet Inception Distance (Heusel et al. 2017, arXiv:1706.08500).

    Args:
        left, right: ``[n, features]``; nan where one has fewer than two.
    """
    if min(len(left), len(right)) < 2:
        return math.nan
    means = left.mean(0) - right.mean(0)
    one, other = np.atleast_2d(np.cov(left, rowvar=False)), np.atleast_2d(np.cov(right, rowvar=False))
    root = _root(one)
    mixed = np.linalg.eigvalsh(root @ other @ root)
    both = float(np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(mixed, 0)).sum())
    return float(means @ means) + max(both, 0.0)


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    root: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Euclidean distances ``[left, right]``."""
    squares = np.square(left).sum(1)[:, None] + np.square(right).sum(1) - 2 * left @ right.T
    apart: np.ndarray = np.sqrt(np.maximum(squares, 0))
    return apart


def precision_recall_coverage(real: np.ndarray, made: np.ndarray) -> tuple[float, float, float]:
    """Precision and recall by nearest neighbours (Kynkäänniemi et al. 2019, arXiv:1904.06991): the share of samples
    within the ball of a real point, and of real points within that of a sample; and coverage (Naeem et al. 2020,
    arXiv:2002.09797): the share of real points in whose ball a sample lies. A ball reaches to the fifth neighbour. nan
    where a cloud has no more points than that.

    Args:
        real, made: ``[n, features]``; compare equal numbers.
    """
    if min(len(real), len(made)) <= NEIGHBOURS:
        return math.nan, math.nan, math.nan
    across = distances(real, made)
    inside_real = across <= _radii(real)[:, None]
    inside_made = across <= _radii(made)
    return float(inside_real.any(0).mean()), float(inside_made.any(1).mean()), float(inside_real.any(1).mean())


def _radii(points: np.ndarray) -> np.ndarray:
    apart = distances(points, points)
    np.fill_diagonal(apart, 0)
    radii: np.ndarray = np.partition(apart, NEIGHBOURS, axis=1)[:, NEIGHBOURS]
    return radii
