"""Generators of symbols as policies: one step of many sequences at a time.

Any generator with a ``stepper()`` and a likelihood is one. A generator that can do it faster offers ``policy(size,
latent, labels)``, which gives a ``Policy``, and ``drawn_log_probs(batch, latent)``; the built-in ones do.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import Autoregressive, Batch, PluginError, Stepwise, TokenSpec
from rgan_kit.nn import IMPOSSIBLE, State, as_they_are, padding_mask
from rgan_kit_plugins.generators.inverse_cdf import pick_from

NEARLY_ONE = 1.0 - 1e-6
"""Share of the probability that symbols which are never drawn can take at most."""


class Policy(Protocol):
    """A generator as it is now.

    Attributes:
        beginning: int64 ``[size]``, begin tokens.
    """

    beginning: Tensor

    def start(self) -> State:
        """The state before the first symbol; the batch is in the second dimension of each part."""
        ...

    def advance(self, previous: Tensor, which: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads the previous symbols, int64 ``[rows]``, of the sequences ``which``, int64 ``[rows]``; what ``draw``
        needs of each row, and the next state."""
        ...

    def draw(self, hidden: Tensor, previous: Tensor, uniform: Tensor) -> Tensor:
        """One symbol a row by inverse cumulative distribution, from a uniform number each: int64 ``[rows]``."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """A generator that has a policy of its own."""

    def policy(self, size: int, latent: Tensor | None, labels: Tensor | None) -> Policy:
        """A policy for so many sequences, each with a latent and a label of its own."""
        ...

    def drawn_log_probs(self, batch: Batch[Tensor], latent: Tensor | None) -> Tensor:
        """Nats of each symbol among those that the policy can draw, without dropout: ``[batch, time]``, zero on
        padding."""
        ...


class StepwisePolicy:
    """Any generator of symbols, by the module of its step file.

    Args:
        generator: copied.
        data: what it generates.
        size: sequences; each has a latent and a label of its own, that its rollouts share.
        latent: ``[size, latent_size]`` or None.
        labels: int64 ``[size]`` or None.
    """

    def __init__(
        self, generator: Stepwise, data: TokenSpec, size: int, latent: Tensor | None, labels: Tensor | None
    ) -> None:
        self.stepper: Any = generator.stepper()
        self.whole = {name: each for name, each in (("latent", latent), ("labels", labels)) if each is not None}
        like = next(self.stepper.parameters())
        self.beginning = torch.full((size,), data.bos, device=like.device)
        self._zeros = like.new_zeros(1, size)
        self.block = math.ceil(math.sqrt(data.vocab_size))
        self.blocks = -(-data.vocab_size // self.block), self.block

    def start(self) -> State:
        """Zeros, as step files begin."""
        return tuple(self._zeros.new_zeros(1, self._zeros.shape[1], *shape) for shape in self.stepper.state_shapes)

    def advance(self, previous: Tensor, which: Tensor, state: State) -> tuple[Tensor, State]:
        """The logits of the next symbol ``[rows, vocabulary]``, and the next state."""
        whole = {name: each[which] for name, each in self.whole.items()}
        logits, *states = self.stepper(previous, *(part[0] for part in state), **whole)
        return logits, tuple(part[None] for part in states)

    def draw(self, hidden: Tensor, previous: Tensor, uniform: Tensor) -> Tensor:
        """From the logits."""
        extra = self.blocks[0] * self.block - hidden.shape[1]
        return pick_from(F.pad(hidden, (0, extra), value=IMPOSSIBLE), uniform, self.blocks)


def policy_of(
    generator: Any, data: TokenSpec, size: int, latent: Tensor | None = None, labels: Tensor | None = None
) -> Policy:
    """The policy that a generator is.

    Raises:
        PluginError: it cannot be asked symbol by symbol.
    """
    if isinstance(generator, Drawing):
        return generator.policy(size, latent, labels)
    if isinstance(generator, Stepwise) and isinstance(generator, Autoregressive):
        return StepwisePolicy(generator, data, size, latent, labels)
    raise PluginError(
        f"{type(generator).__name__} has no stepper and log_probs: it has no states to go on from.",
        "Choose the generator rnn, lstm or gru, or an adversarial objective (--set objective=non-saturating).",
    )


def drawn_log_probs(generator: Any, data: TokenSpec, batch: Batch[Tensor], latent: Tensor | None) -> Tensor:
    """Nats of each symbol under the policy, with gradients: ``[batch, time]``, zero on padding.

    A likelihood counts in a symbol that is read and never drawn, the unknown one: what it takes at each position is
    scored in its place, and the rest shares it out.
    """
    if isinstance(generator, Drawing):
        return generator.drawn_log_probs(batch, latent)
    size, time = batch.values.shape
    mask = padding_mask(batch.lengths, time)
    with as_they_are(generator):
        nats: Tensor = generator.log_probs(batch, latent)
        if data.unknown is None:
            return nats
        here = torch.eye(time, dtype=torch.bool, device=mask.device)[:, None]  # [time, 1, time]
        swapped = torch.where(here, data.unknown, batch.values).flatten(0, 1)  # [time * batch, time]
        repeated = [None if each is None else each.repeat(time, *[1] * (each.dim() - 1)) for each in
                    (batch.lengths, batch.labels, latent)]  # fmt: skip
        assert repeated[0] is not None
        unknown = generator.log_probs(Batch(swapped, repeated[0], repeated[1]), repeated[2])
    unknown = unknown.view(time, size, time).diagonal(dim1=0, dim2=2)  # [batch, time]
    return (nats - torch.log1p(-unknown.exp().clamp(max=NEARLY_ONE))) * mask
