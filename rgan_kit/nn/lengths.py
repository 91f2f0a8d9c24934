"""Lengths of series and frames: drawn once a sample from the shares of the training data, and told to every step."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

_LEAST = 1e-9
"""Share of a length that training data do not have, so that its nats are finite."""


class Lengths(nn.Module):
    """``p(length) · p(values | length)``: a sample's length is drawn first, and every step sees how many are left.

    One standard normal number picks the length by its place in the cumulative distribution. By the contract of
    ``docs/model-file.md`` it is the last one of the noise of the first step.

    Args:
        shares: how often samples have 1, 2, … steps, as ``SeriesSpec.length_shares``.
    """

    size = 2
    """Numbers that say how many steps are left."""

    cumulative: Tensor
    nats: Tensor

    def __init__(self, shares: np.ndarray) -> None:
        super().__init__()
        cumulative = torch.from_numpy(np.cumsum(shares)[:-1]).float()
        self.longest = len(shares)
        self.register_buffer("cumulative", cumulative, persistent=False)
        self.register_buffer("nats", torch.from_numpy(np.log(np.maximum(shares, _LEAST))).float(), persistent=False)

    def draw(self, normal: Tensor) -> Tensor:
        """Lengths int64 ``[batch]`` of standard normal numbers ``[batch]``."""
        below: Tensor = self.cumulative <= torch.special.ndtr(normal)[:, None]
        return below.to(torch.float32).sum(dim=1).to(torch.int64) + 1

    def told(self, left: Tensor) -> Tensor:
        """What steps see: how many are ``left`` after them, as a share of the longest sample, and one over one more:
        float ``[...]`` to ``[..., 2]``."""
        left = torch.clamp(left, min=0)
        return torch.stack([left / self.longest, 1 / (1 + left)], dim=-1)

    def log_prob(self, lengths: Tensor) -> Tensor:
        """Nats of lengths, ``[batch]``."""
        return self.nats[lengths.clamp(max=self.longest) - 1]
