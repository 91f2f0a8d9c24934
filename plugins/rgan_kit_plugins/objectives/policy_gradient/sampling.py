"""Drawing whole sequences of symbols from a policy.

Symbols are drawn as the exported sampler draws them, which is what shall become better: without dropout, and never
those that no sample may contain. So the log-probabilities here leave them out too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rgan_kit.contracts import Batch, TokenSpec
from rgan_kit.nn import State
from rgan_kit_plugins.objectives.policy_gradient.policies import Policy, drawn_log_probs, policy_of


@dataclass(frozen=True)
class Sample:
    """Sequences drawn from a policy.

    Attributes:
        batch: tokens int64 ``[batch, time]``, padded; lengths count the end token.
        latent: what they were drawn under, or None.
        policy: what they were drawn from.
        states: of the policy before it reads symbol ``t`` (from 0, the begin token), each with the whole batch.
        data: what they are.
    """

    batch: Batch[Tensor]
    latent: Tensor | None
    policy: Policy
    states: tuple[State, ...]
    data: TokenSpec


@torch.no_grad()
def sample(
    generator: Any,
    data: TokenSpec,
    length: int,
    size: int,
    labels: Tensor | None = None,
    uniform: Tensor | None = None,
) -> Sample:
    """Draws sequences of up to ``length`` symbols.

    Args:
        generator: of symbols, with a ``stepper()``.
        data: what it generates.
        length: most symbols of each, the end token counted.
        size: how many.
        labels: int64 ``[size]``, for conditional generators.
        uniform: float ``[size, length]`` in [0, 1), one number a symbol; drawn where None.

    Raises:
        PluginError: the generator cannot be asked symbol by symbol.
    """
    like = next(generator.parameters())
    latent_size = getattr(generator, "latent_size", 0)
    latent = torch.randn(size, latent_size, device=like.device) if latent_size else None
    uniform = torch.rand(size, length, device=like.device) if uniform is None else uniform
    with torch.autocast(like.device.type, enabled=False):
        policy = policy_of(generator, data, size, latent, labels)
        batch, states = _draw_all(policy, data, uniform, labels)
    return Sample(batch, latent, policy, states, data)


def _draw_all(
    policy: Policy, data: TokenSpec, uniform: Tensor, labels: Tensor | None
) -> tuple[Batch[Tensor], tuple[State, ...]]:
    previous, state = policy.beginning, policy.start()
    everyone = torch.arange(len(previous), device=previous.device)
    alive, lengths = torch.ones_like(previous, dtype=torch.bool), torch.zeros_like(previous)
    tokens, states = [], []
    for numbers in uniform.T:
        states.append(state)
        hidden, state = policy.advance(previous, everyone, state)
        previous = policy.draw(hidden, previous, numbers).masked_fill(~alive, data.pad)
        tokens.append(previous)
        lengths = lengths + alive
        alive = alive & (previous != data.eos)
    return Batch(torch.stack(tokens, dim=1), lengths, labels), tuple(states)


def log_probs(generator: Any, drawn: Sample) -> Tensor:
    """Nats of each symbol under the generator as the policy that it was drawn from, with gradients: ``[batch, time]``,
    zero on padding."""
    return drawn_log_probs(generator, drawn.data, drawn.batch, drawn.latent)
