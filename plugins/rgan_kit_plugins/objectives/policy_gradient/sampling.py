"""A generator of symbols as a policy: drawing whole sequences fast, and the log-probabilities of what was drawn.

Symbols are drawn as the exported sampler draws them, which is what shall become better: without dropout, and never
those that no sample may contain. So the log-probabilities here leave them out too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, PluginError
from rgan_kit.nn import IMPOSSIBLE, State, padding_mask
from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenGenerator

AT_ONCE = 2**20
"""Logits computed at a time: few enough to stay in a core's cache until a symbol is drawn from them."""

_BELOW_ONE = 1.0 - 2.0**-23
"""Keeps ``uniform * total`` below ``total`` after rounding, so that a symbol of weight zero is never reached."""


class Policy:
    """A generator as it is now: one step of many sequences at a time.

    Args:
        generator: copied.
        size: sequences; each has a latent and a label of its own, that its rollouts share.
        latent: ``[size, latent_size]`` or None.
        labels: int64 ``[size]`` or None.
    """

    def __init__(
        self, generator: RecurrentTokenGenerator, size: int, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> None:
        self.sampler: Any = generator.sampler()
        self.network = cast("RecurrentTokenGenerator", self.sampler.network)
        self.data = self.network.data
        self.beginning = torch.full((size,), self.data.bos, device=self.network.embedding.weight.device)
        condition = self.network.condition(self.beginning, latent, labels)
        table = self.sampler.table is not None
        self.condition = self.network.recurrence.project(condition, bias=False) if table else condition
        self._pad_head()

    def _pad_head(self) -> None:
        """The matrix in front of the logits, filled up to a whole number of blocks with what is never drawn."""
        merged = self.sampler.head is not None
        weight = self.sampler.head if merged else self.network.output.weight
        self.project = nn.Identity() if merged else self.network.project
        block = math.ceil(math.sqrt(len(weight)))
        self.blocks = (-(-len(weight) // block), block)
        extra = self.blocks[0] * block - len(weight)
        self.weight = F.pad(weight, (0, 0, 0, extra))
        self.bias = F.pad(self.sampler.bias, (0, extra), value=IMPOSSIBLE)
        allowed = self.network.allowed_next
        self.forbidden = None if allowed is None else F.pad(~allowed, (0, extra), value=True)
        self.chunk = max(1, AT_ONCE // len(self.weight))
        self._logits = self.weight.new_empty(self.chunk, len(self.weight))

    def start(self) -> State:
        """The state before the first symbol; as everywhere, the batch is in the second dimension."""
        return self.network.recurrence.initial_state(self.condition)

    def advance(self, previous: Tensor, which: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads the previous symbols, int64 ``[rows]``, of the sequences ``which``, int64 ``[rows]``; the recurrence's
        output ``[rows, hidden_size]`` and its next state."""
        network, table = self.network, self.sampler.table
        if table is None:
            embedded = network.embedding(previous)
            return network.recurrence.step(
                embedded + self.condition[which] if self.sampler.conditional else embedded, state
            )
        inputs = table[previous]
        return network.recurrence.step_projected(
            inputs + self.condition[which] if self.sampler.conditional else inputs, state
        )

    def draw(self, hidden: Tensor, previous: Tensor, uniform: Tensor) -> Tensor:
        """One symbol a row by inverse cumulative distribution, from a uniform number each: int64 ``[rows]``."""
        tokens = torch.empty_like(previous)
        for first in range(0, len(hidden), self.chunk):
            rows = slice(first, first + self.chunk)
            read = self.project(hidden[rows])
            logits = torch.addmm(self.bias, read, self.weight.T, out=self._logits[: len(read)])
            if self.forbidden is not None:
                logits.masked_fill_(self.forbidden[previous[rows]], IMPOSSIBLE)
            tokens[rows] = pick_from(logits, uniform[rows], self.blocks)
        return tokens


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


@dataclass(frozen=True)
class Sample:
    """Sequences drawn from a policy.

    Attributes:
        batch: tokens int64 ``[batch, time]``, padded; lengths count the end token.
        latent: what they were drawn under, or None.
        policy: what they were drawn from.
        states: of the recurrence before it reads symbol ``t`` (from 0, the begin token), each with the whole batch.
    """

    batch: Batch[Tensor]
    latent: Tensor | None
    policy: Policy
    states: tuple[State, ...]


@torch.no_grad()
def sample(
    generator: Any, length: int, size: int, labels: Tensor | None = None, uniform: Tensor | None = None
) -> Sample:
    """Draws sequences of up to ``length`` symbols.

    Args:
        generator: a recurrent generator of symbols.
        length: most symbols of each, the end token counted.
        size: how many.
        labels: int64 ``[size]``, for conditional generators.
        uniform: float ``[size, length]`` in [0, 1), one number a symbol; drawn where None.

    Raises:
        PluginError: the generator cannot be asked symbol by symbol.
    """
    if not isinstance(generator, RecurrentTokenGenerator):
        raise PluginError(
            f"{type(generator).__name__} is no recurrent generator of symbols: it has no states to go on from.",
            "Choose the generator rnn, lstm or gru, or an adversarial objective (--set objective=non-saturating).",
        )
    device = generator.embedding.weight.device
    latent = torch.randn(size, generator.latent_size, device=device) if generator.latent_size else None
    uniform = torch.rand(size, length, device=device) if uniform is None else uniform
    with torch.autocast(device.type, enabled=False):
        policy = Policy(generator, size, latent, labels)
        batch, states = _draw_all(policy, uniform, labels)
    return Sample(batch, latent, policy, states)


def _draw_all(policy: Policy, uniform: Tensor, labels: Tensor | None) -> tuple[Batch[Tensor], tuple[State, ...]]:
    data, previous, state = policy.data, policy.beginning, policy.start()
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


def log_probs(generator: RecurrentTokenGenerator, drawn: Sample) -> Tensor:
    """Nats of each symbol under the generator as the policy that it was drawn from, with gradients: ``[batch, time]``,
    zero on padding."""
    batch = drawn.batch
    previous = F.pad(batch.values[:, :-1], (1, 0), value=generator.data.bos)
    condition = generator.condition(batch.values, drawn.latent, batch.labels)
    with without_dropout(generator):
        hidden = generator.recurrence(generator.embedding(previous) + condition[:, None])
        logits = generator.logits(hidden, previous) + generator.generated
    nats = F.cross_entropy(logits.float().flatten(0, 1), batch.values.flatten(), reduction="none").view(previous.shape)
    return -nats * padding_mask(batch.lengths, previous.shape[1])


@contextmanager
def without_dropout(*networks: nn.Module) -> Iterator[None]:
    """Dropout off, gradients on: cuDNN's recurrent layers have none in evaluation mode, so only their dropout is."""
    modules = [module for network in networks for module in network.modules()]
    recurrent = [module for module in modules if isinstance(module, nn.RNNBase)]
    rates, modes = [module.dropout for module in recurrent], [module.training for module in modules]
    try:
        for module in modules:
            module.training = module.training and isinstance(module, nn.RNNBase)
        for layers in recurrent:
            layers.dropout = 0.0
        yield
    finally:
        for module, training in zip(modules, modes, strict=True):
            module.training = training
        for layers, rate in zip(recurrent, rates, strict=True):
            layers.dropout = rate
