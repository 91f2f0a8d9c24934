"""A gated recurrent unit (Cho et al. 2014, arXiv:1406.1078) over whole sequences on a CPU, with its own backward pass.

torch has a fused LSTM for processors (of oneDNN) and no fused GRU, whose training took half as long again as that of an
LSTM of the same size. Here a step forward is one product and four passes over its result in place, and a step backward
one product and two passes; all else is done for all steps at once.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F


def fits(inputs: Tensor) -> bool:
    """Whether ``gru`` is the way to go for these: on a CPU, in full precision, for a gradient."""
    return (
        inputs.device.type == "cpu"
        and inputs.dtype in (torch.float32, torch.float64)
        and torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )


def gru(inputs: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """What a layer of ``torch.nn.GRU`` computes from a zero state: ``[batch, time, n]`` to ``[batch, time,
    hidden_size]``. Gates stand in torch's order: reset, update, candidate. Twice differentiable, the second time at the
    speed of a loop."""
    projected = F.linear(inputs.transpose(0, 1), weight_ih, bias_ih)
    steps = cast("Tensor", _GRU.apply(projected, weight_hh, bias_hh))  # type: ignore[no-untyped-call]
    return steps.transpose(0, 1)


class _GRU(torch.autograd.Function):
    """``[time, batch, 3 * hidden_size]``, the products of the inputs, to ``[time, batch, hidden_size]``."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        size = weight.shape[1]
        states = projected.new_zeros(len(projected) + 1, projected.shape[1], size)
        gates = torch.empty_like(projected)  # in the end: reset, update, and the state's share of the candidate
        torch.add(projected[..., : 2 * size], bias[: 2 * size], out=gates[..., : 2 * size])
        gates[..., 2 * size :] = bias[2 * size :]
        candidates = projected[..., 2 * size :].contiguous()
        both, back = gates[..., : 2 * size], gates[..., 2 * size :]
        reset, update = both.chunk(2, dim=2)
        transposed = weight.t()
        # Views of all steps are taken at once: one by one they cost as much as the arithmetic.
        steps = zip(*(each.unbind() for each in (gates, both, reset, update, back, candidates)), strict=True)
        befores = states.unbind()
        for (gate, sigmoids, r, z, n_back, n), before, after in zip(steps, befores, befores[1:], strict=False):
            gate.addmm_(before, transposed)
            sigmoids.sigmoid_()
            n.addcmul_(r, n_back).tanh_()
            torch.lerp(n, before, z, out=after)
        ctx.save_for_backward(projected, weight, bias, states, gates, candidates)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        projected, weight, bias, states, gates, candidates = ctx.saved_tensors
        if torch.is_grad_enabled():  # for a second derivative: a gradient penalty
            again = _by_steps(projected, weight, bias)
            return cast(
                "tuple[Tensor, Tensor, Tensor]",
                torch.autograd.grad(again, (projected, weight, bias), gradient, create_graph=True),
            )
        time, batch, size = candidates.shape
        by_candidate, factors = _factors(states[:-1], gates, candidates)
        of_states = torch.empty_like(candidates)  # gradients of states
        of_states[-1] = gradient[-1]
        given, found, update = gradient.unbind(), of_states.unbind(), gates[..., size : 2 * size].unbind()
        of_gates, parts = factors.unbind(), factors.view(time, batch, 3, size).unbind()
        for step in range(time - 1, -1, -1):
            parts[step].mul_(found[step][:, None])
            if step:
                torch.addcmul(given[step - 1], found[step], update[step], out=found[step - 1])
                found[step - 1].addmm_(of_gates[step], weight)
        rows = factors.flatten(0, 1)
        for_weight, for_bias = rows.t() @ states[:-1].flatten(0, 1), rows.sum(dim=0)
        factors[..., 2 * size :] = of_states.mul_(by_candidate)  # the candidate's product of the input is not reset
        return factors, for_weight, for_bias


def _factors(before: Tensor, gates: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """What the gradient of a state is multiplied by to become that of its candidate, ``[time, batch, hidden_size]``,
    and of the gates' products with the state before, ``[time, batch, 3 * hidden_size]``."""
    reset, update, back = gates.chunk(3, dim=2)
    factors = torch.empty_like(gates)
    for_reset, for_update, for_back = factors.chunk(3, dim=2)
    by_candidate = 1 - update
    torch.mul(before - candidates, update, out=for_update).mul_(by_candidate)
    by_candidate.mul_(1 - candidates.square())
    torch.mul(by_candidate, reset, out=for_back)
    torch.mul(back, for_back, out=for_reset).mul_(1 - reset)
    return by_candidate, factors


def _by_steps(projected: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same by differentiable operations, a step at a time."""
    state, states = projected.new_zeros(projected.shape[1], weight.shape[1]), []
    for step in projected.unbind():
        (r_in, z_in, n_in), (r_back, z_back, n_back) = step.chunk(3, dim=1), F.linear(state, weight, bias).chunk(3, 1)
        candidate = torch.tanh(n_in + torch.sigmoid(r_in + r_back) * n_back)
        state = torch.lerp(candidate, state, torch.sigmoid(z_in + z_back))
        states.append(state)
    return torch.stack(states)
