"""Nats of symbols from the input of the output layer, without ever holding the logits of a whole batch.

With 5,000 symbols nearly all the time of a small language model goes into passes over its logits and their gradients.
Here they are made for a few positions at a time, used while they lie in the cache, and made again in the backward pass,
which is cheaper than writing and reading them (Wijmans et al. 2024, arXiv:2411.09009, for the memory of large models).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

AT_ONCE, AT_ONCE_ON_DEVICE = 2**20, 2**24
"""Logits held at a time: what nearly fits a core's cache, and what keeps a GPU busy."""

FEWEST_ROWS = 160
"""Rows held at a time, however many symbols there are: each chunk reads all weights and writes all their gradients."""

WORTH_IT = 2048
"""With fewer symbols plain cross-entropy is as fast."""


def linear_cross_entropy(inputs: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """``cross_entropy(linear(inputs, weight, bias), targets)`` of each row, for one derivative where there are many
    symbols.

    Args:
        inputs: float ``[rows, features]``.
        weight: float ``[vocabulary, features]``.
        bias: float ``[vocabulary]``.
        targets: int64 ``[rows]``.

    Returns:
        Nats, ``[rows]``.
    """
    with torch.autocast(inputs.device.type, enabled=False):
        inputs = inputs.to(weight.dtype)
        if len(weight) < WORTH_IT:
            return F.cross_entropy(F.linear(inputs, weight, bias), targets, reduction="none")
        return cast("Tensor", _LinearCrossEntropy.apply(inputs, weight, bias, targets))  # type: ignore[no-untyped-call]


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        log_total, chosen = torch.empty_like(inputs[:, 0]), torch.empty_like(inputs[:, 0])
        for rows, logits in _chunks(inputs, weight, bias):
            chosen[rows] = logits.gather(1, targets[rows, None])[:, 0]
            highest = logits.amax(dim=1, keepdim=True)
            log_total[rows] = logits.sub_(highest).exp_().sum(dim=1).log() + highest[:, 0]
        ctx.save_for_backward(inputs, weight, bias, targets, log_total)
        return log_total - chosen

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        inputs, weight, bias, targets, log_total = ctx.saved_tensors
        for_inputs, for_weight, for_bias = (torch.zeros_like(each) for each in (inputs, weight, bias))
        scaled = inputs * gradient[:, None]
        for rows, logits in _chunks(inputs, weight, bias):
            share = logits.sub_(log_total[rows, None]).exp_()  # the softmax
            share[torch.arange(len(share), device=share.device), targets[rows]] -= 1
            for_inputs[rows] = share @ weight * gradient[rows, None]
            for_weight.addmm_(share.T, scaled[rows])
            for_bias.addmv_(share.T, gradient[rows])
        return for_inputs, for_weight, for_bias, None


def _chunks(inputs: Tensor, weight: Tensor, bias: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Rows of the input, and their logits in a buffer that is used again."""
    logits = AT_ONCE if inputs.device.type == "cpu" else AT_ONCE_ON_DEVICE
    size = max(FEWEST_ROWS, logits // len(weight))
    buffer = inputs.new_empty(min(size, len(inputs)), len(weight))
    for first in range(0, len(inputs), size):
        rows = slice(first, first + size)
        yield rows, torch.addmm(bias, inputs[rows], weight.T, out=buffer[: len(inputs[rows])])
