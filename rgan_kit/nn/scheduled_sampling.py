"""Scheduled sampling: a generator that reads some symbols of its own in training (Bengio et al. 2015,
arXiv:1506.03099)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rgan_kit.nn.choice import pick


@torch.no_grad()
def read_own_symbols(logits: Callable[[Tensor], Tensor], previous: Tensor, share: float, end: int) -> Tensor:
    """What a generator reads before each symbol, where a share of it is its own; for ``scheduled_log_probs``.

    In two passes over the whole sequence instead of one step at a time (Mihaylova & Martins 2019, arXiv:1906.07651):
    symbols are drawn after the true ones, then some of them are read in their places. A drawn end token is never read,
    as there is nothing to say after it.

    Args:
        logits: a generator's own function, from what is read before each symbol, int64 ``[batch, time]``, to the
            logits of the symbols as it draws them, ``[batch, time, vocabulary]``.
        previous: what truly stands before each symbol, int64 ``[batch, time]``; the begin token first.
        share: of the symbols, 0 to 1.
        end: the end token.

    Returns:
        int64 ``[batch, time]``.
    """
    of_next = logits(previous)[:, :-1].flatten(0, 1)
    uniform = torch.rand(len(of_next), device=of_next.device)
    drawn = pick(of_next, uniform, uniform.new_ones(())).view(len(previous), -1)
    swapped = (torch.rand(drawn.shape, device=drawn.device) < share) & (drawn != end)
    return torch.cat([previous[:, :1], torch.where(swapped, drawn, previous[:, 1:])], dim=1)
