"""The linear part of a step: what the step before and the earlier features of the same step say of a feature by least
squares (a vector autoregression with contemporaneous terms: Lütkepohl 2005, "New Introduction to Multiple Time Series
Analysis"), solved from the moments of the training data before training begins.

What is left of a feature, in its own deviations, is called its innovation; networks see and make innovations. Without
it they would have to learn differences a hundred times smaller than the values: on the embedded market a step has 4.15
nats a value after 90 seconds with it, and 2.80 without.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

_RIDGE = 1e-9
_LEAST = 1e-3
"""Smallest deviation of an innovation as a share of the feature's own: of a feature that the others settle."""


class Linear(nn.Module):
    """``x_f = offset_f + Σ_j past_fj x⁻_j + Σ_{j earlier} within_fj x_j + deviation_f e_f``, with ``x⁻`` the step
    before.

    Where there is none, or it is hidden, another such equation without it stands in its place. Of features that are no
    numbers (binary, one-hot) the mean alone is taken off: of 88 keys nearly all are silent, and say nothing then.

    Args:
        owner: number of the column of each feature; a feature sees those of earlier columns.
        numbers: the features that are numbers.
        moments: ``SeriesSpec.moments``; where None, a step is the step before and its innovation.
    """

    offset: Tensor
    past: Tensor
    within: Tensor
    deviation: Tensor

    def __init__(self, owner: np.ndarray, numbers: Sequence[int], moments: np.ndarray | None) -> None:
        super().__init__()
        size = len(owner)
        offset, within, deviation = np.zeros((2, size)), np.zeros((size, 2, size)), np.ones((2, size))
        past = np.zeros((size, size))
        past[numbers, numbers] = 1
        if moments is not None:
            others = np.setdiff1d(np.arange(size), numbers)
            offset[:, others] = moments[0, 1 + size + others]
        for feature in numbers if moments is not None else ():
            assert moments is not None
            earlier = 1 + size + np.flatnonzero(owner < owner[feature])
            for kind, known in enumerate((np.r_[0, earlier], np.r_[: 1 + size, earlier])):
                weights, deviation[kind, feature] = _solve(moments, known, 1 + size + feature)
                offset[kind, feature] = weights[0]
                within[earlier - 1 - size, kind, feature] = weights[len(weights) - len(earlier) :]
                if kind:
                    past[:, feature] = weights[1 : 1 + size]
        for name, value in (("offset", offset), ("past", past), ("within", within), ("deviation", deviation)):
            self.register_buffer(name, torch.from_numpy(value).float())

    def expected(self, before: Tensor, seen: Tensor) -> Tensor:
        """What the step before says, ``[..., features]``; ``seen`` ``[..., 1]`` is 1 where there is one and 0 else."""
        return seen * (_product(before, self.past) + self.offset[1]) + (1 - seen) * self.offset[0]

    def added(self, values: Tensor, seen: Tensor) -> Tensor:
        """What features of this step say of later ones, ``[..., features]``."""
        return seen * _product(values, self.within[:, 1]) + (1 - seen) * _product(values, self.within[:, 0])

    def scale(self, seen: Tensor) -> Tensor:
        """Deviations of the innovations, ``[..., features]``."""
        return seen * self.deviation[1] + (1 - seen) * self.deviation[0]


def _product(values: Tensor, matrix: Tensor) -> Tensor:
    """``values @ matrix``, in float32 whatever autocast says: what is left is small beside what is taken off."""
    if torch.compiler.is_exporting() or not torch.is_autocast_enabled(values.device.type):
        return values @ matrix
    with torch.autocast(values.device.type, enabled=False):
        return values.float() @ matrix


def _solve(moments: np.ndarray, known: np.ndarray, target: int) -> tuple[np.ndarray, float]:
    """Least squares from second moments: weights of what is known, and the deviation of what is left."""
    of_known = moments[np.ix_(known, known)]
    ridge = _RIDGE * np.diag(np.r_[0.0, np.diag(of_known)[1:] + _RIDGE])
    weights = np.linalg.solve(of_known + ridge, moments[known, target])
    whole = moments[target, target]
    left = whole - 2 * weights @ moments[known, target] + weights @ of_known @ weights
    own = max(float(whole - moments[0, target] ** 2), 1e-6)
    return weights, float(np.sqrt(max(float(left), _LEAST**2 * own)))
