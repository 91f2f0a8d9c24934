"""Choosing a symbol from logits: for good, by one uniform number, or relaxed, so that gradients pass.

``pick`` is the inverse of the cumulative distribution in two levels: the weights are summed in blocks of about the
square root of the vocabulary, the number picks the block, and then the symbol inside it. That needs no sort and no
cumulative sum over the whole vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import Relaxation

IMPOSSIBLE = -1e9
"""Logit of what must never be drawn; finite, so that gradients through it are zero and not undefined."""

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
    weights = F.softmax(logits / torch.clamp(temperature, min=1e-4), dim=1)
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
