"""Dropout with one mask a sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LockedDropout(nn.Module):
    """Drops the same features at all steps of a sequence (variational dropout: Gal & Ghahramani 2016,
    arXiv:1512.05287), so that a recurrence cannot average the noise away.

    Args:
        rate: share that is dropped in training.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, values: Tensor) -> Tensor:
        """``[batch, time, features]``; a step alone, ``[batch, features]``, as ordinary dropout does it."""
        if not self.training or not self.rate:
            return values
        if values.ndim == 2:
            return F.dropout(values, self.rate)
        return values * F.dropout(torch.ones_like(values[:, :1]), self.rate)


def dropout_of(rate: float, *, locked: bool) -> nn.Module:
    """The one or the other."""
    return LockedDropout(rate) if locked else nn.Dropout(rate)
