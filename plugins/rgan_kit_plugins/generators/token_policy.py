"""A recurrent generator of symbols as a policy, with everything that its weights allow to be computed once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch
from rgan_kit.nn import IMPOSSIBLE, State, as_they_are, padding_mask
from rgan_kit_plugins.generators.inverse_cdf import pick_from

if TYPE_CHECKING:
    from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenGenerator

AT_ONCE = 2**20
"""Logits computed at a time: few enough to stay in a core's cache until a symbol is drawn from them."""


class RecurrentPolicy:
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


def drawn_log_probs(generator: RecurrentTokenGenerator, batch: Batch[Tensor], latent: Tensor | None) -> Tensor:
    """Nats of each symbol among those that can be drawn, with gradients and without dropout: ``[batch, time]``, zero on
    padding."""
    previous = F.pad(batch.values[:, :-1], (1, 0), value=generator.data.bos)
    condition = generator.condition(batch.values, latent, batch.labels)
    with as_they_are(generator):
        hidden = generator.recurrence(generator.embedding(previous) + condition[:, None])
        logits = generator.logits(hidden, previous) + generator.generated
    nats = F.cross_entropy(logits.float().flatten(0, 1), batch.values.flatten(), reduction="none").view(previous.shape)
    return -nats * padding_mask(batch.lengths, previous.shape[1])
