"""What of a padded batch counts, and reading it from its end."""

from __future__ import annotations

import torch
from torch import Tensor


def padding_mask(lengths: Tensor, time: int) -> Tensor:
    """Boolean ``[batch, time]``, True where a position counts; ``lengths`` is int64 ``[batch]``."""
    return torch.arange(time, device=lengths.device) < lengths[:, None]


def reverse_padded(values: Tensor, lengths: Tensor) -> Tensor:
    """Each sequence of ``[batch, time, ...]`` back to front; padding stays where it is."""
    steps = torch.arange(values.shape[1], device=values.device)
    mirrored = lengths[:, None] - 1 - steps  # [batch, time]
    index = torch.where(mirrored >= 0, mirrored, steps)
    return values[torch.arange(values.shape[0], device=values.device)[:, None], index]
