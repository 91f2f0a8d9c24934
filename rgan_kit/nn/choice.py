"""Choosing a symbol from logits: for good, by one uniform number, or relaxed, so that gradients pass.

``pick`` is the inverse of the cumulative distribution in two levels: the weights are summed in blocks of about the
square root of the vocabulary, the number picks the block, and then the symbol inside it. That needs no sort and no
cumulative sum over the whole vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import Relaxation

IMPOSSIBLE = -1e9
"""Logit of what must never be drawn; finite, so that gradients through it are zero and not undefined."""

_COLDEST = 1e-4
"""The temperature of what is drawn at a lower one."""

_BELOW_ONE = 1.0 - 2.0**-23
"""Keeps ``uniform * total`` below ``total`` after rounding, so that a symbol of weight zero is never reached."""


def block_of(vocabulary: int) -> int:
    """Symbols in a block: a divisor of the vocabulary within half and twice its square root, so that nothing has to be
    padded, or the root itself, rounded up."""
    root = math.sqrt(vocabulary)
    divisors = [size for size in range(math.ceil(root / 2), int(2 * root) + 1) if vocabulary % size == 0]
    return min(divisors, key=lambda size: abs(size - root), default=math.ceil(root))


def pick(logits: Tensor, uniform: Tensor, temperature: Tensor, block: int | None = None) -> Tensor:
    """Draws one symbol a row.

    Args:
        logits: float ``[batch, vocabulary]``.
        uniform: float ``[batch]`` in [0, 1).
        temperature: float scalar, above 0; below 1 sharpens, above 1 flattens.
        block: ``block_of(vocabulary)``, which has to be given where the call is traced for export.

    Returns:
        int64 ``[batch]``.
    """
    vocabulary = logits.shape[1]
    block = block_of(vocabulary) if block is None else block
    blocks = math.ceil(vocabulary / block)
    weights = F.softmax(logits / torch.clamp(temperature, min=_COLDEST), dim=1)
    if blocks * block > vocabulary:
        weights = F.pad(weights, (0, blocks * block - vocabulary))
    weights = weights.reshape(-1, blocks, block)
    uniform = torch.clamp(uniform, 0.0, _BELOW_ONE)[:, None]  # [batch, 1]

    cumulative = torch.cumsum(weights.sum(dim=2), dim=1)  # [batch, blocks]
    target = uniform * cumulative[:, -1:]
    chosen = _count(cumulative <= target)
    before = F.pad(cumulative, (1, 0)).gather(1, chosen)  # weight of all blocks before the chosen one

    inside = torch.cumsum(weights.gather(1, chosen[:, :, None].expand(-1, -1, block))[:, 0], dim=1)  # [batch, block]
    share = (target - before) / (cumulative.gather(1, chosen) - before)
    within = _count(inside <= torch.clamp(share, 0.0, _BELOW_ONE) * inside[:, -1:])
    return (chosen * block + within)[:, 0]


@dataclass(frozen=True)
class Restriction:
    """What symbols are drawn from: the likeliest at a temperature (Fan et al. 2018, arXiv:1805.04833: ``top_k``;
    Holtzman et al. 2020, arXiv:1904.09751: ``top_p``), and the likeliest alone at a temperature of 0.

    Made once for a sampler and called in each step. A graph passes it by in a branch where it restricts nothing.

    Args:
        vocabulary: symbols.
        temperature: float scalar, 0 or above.
        top_p: float scalar; the fewest likeliest symbols whose chances add up to it are kept; from 1 on all.
        top_k: int64 scalar; so many are kept; 0 for all.
    """

    vocabulary: int
    temperature: Tensor
    top_p: Tensor
    top_k: Tensor

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits ``[batch, vocabulary]`` with ``IMPOSSIBLE`` for what is not drawn from. Symbols that are as likely as
        the last one kept are kept too; the likeliest always is."""
        on = (self.top_p < 1) | (self.top_k > 0) | (self.temperature <= 0)
        given = (logits, self.temperature, self.top_p, self.top_k)
        if torch.compiler.is_exporting():
            return cast("Tensor", torch.cond(on, self._restricted, _as_it_is, given))
        return self._restricted(*given) if on else logits

    def _restricted(self, logits: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor) -> Tensor:
        weights = F.softmax(logits / torch.clamp(temperature, min=_COLDEST), dim=1)
        ordered, order = torch.topk(weights, self.vocabulary, dim=1)
        ranks = torch.arange(self.vocabulary, device=logits.device)
        before = torch.cumsum(ordered, dim=1) - ordered
        kept = ((before < top_p) | (ranks < 1)) & ((ranks < top_k) | (top_k < 1))
        least = torch.where(kept, ordered, torch.full_like(ordered, 2.0)).amin(dim=1, keepdim=True)
        stays = (weights >= least) & ((ranks == order[:, :1]) | (temperature > 0))
        return torch.where(stays, logits, torch.full_like(logits, IMPOSSIBLE))


def _as_it_is(logits: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor) -> Tensor:
    return logits.clone()


def relaxed_choice(logits: Tensor, relaxation: Relaxation) -> Tensor:
    """A Gumbel-softmax draw (Jang et al. 2017, arXiv:1611.01144) from ``[batch, vocabulary]`` logits, of that shape;
    exactly one-hot forward where ``relaxation.hard``."""
    gumbel = -torch.empty_like(logits).exponential_().log()
    soft = F.softmax((logits + gumbel) / relaxation.temperature, dim=1)
    if not relaxation.hard:
        return soft
    hard = F.one_hot(soft.argmax(dim=1), logits.shape[1]).to(soft.dtype)
    return hard + (soft - soft.detach())


def _count(below: Tensor) -> Tensor:
    """How many of each row are True, ``[batch, 1]``; counted in float32, which onnxruntime does faster than int64."""
    return below.to(torch.float32).sum(dim=1, keepdim=True).to(torch.int64)
