"""Drawing symbols outside of graphs: as ``rgan_kit.nn.pick``, and faster."""

from __future__ import annotations

import torch
from torch import Tensor

_BELOW_ONE = 1.0 - 2.0**-23
"""Keeps ``uniform * total`` below ``total`` after rounding, so that a symbol of weight zero is never reached."""


def pick_from(logits: Tensor, uniform: Tensor, blocks: tuple[int, int]) -> Tensor:
    """``rgan_kit.nn.pick`` at temperature 1 for eager use: in place, and searching where that one counts.

    Args:
        logits: float ``[rows, blocks * block]``; overwritten.
        uniform: float ``[rows]`` in [0, 1).
        blocks: how many, and of what size.

    Returns:
        int64 ``[rows]``.
    """
    weights = logits.sub_(logits.amax(dim=1, keepdim=True)).exp_().view(-1, *blocks)
    sums = weights.sum(dim=2)
    cumulative = sums.cumsum(dim=1)  # [rows, blocks]
    target = uniform.to(sums.dtype).clamp(0.0, _BELOW_ONE)[:, None] * cumulative[:, -1:]
    chosen = torch.searchsorted(cumulative, target, right=True)
    total = sums.gather(1, chosen)
    inside = weights[torch.arange(len(weights), device=weights.device), chosen[:, 0]].cumsum(dim=1)  # [rows, block]
    share = (target - (cumulative.gather(1, chosen) - total)) / total
    within = torch.searchsorted(inside, share.clamp(0.0, _BELOW_ONE) * inside[:, -1:], right=True)
    return (chosen * blocks[1] + within)[:, 0]
