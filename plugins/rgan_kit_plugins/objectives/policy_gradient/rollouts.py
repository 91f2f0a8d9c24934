"""Monte-Carlo rollouts: what a discriminator thinks of every prefix, completed many times (Yu et al. 2017,
arXiv:1609.05473, eq. 4).

Nothing is computed twice: rollouts go on from the state that the generator had after their prefix (and the
discriminator too, where it reads one way). All prefixes and rollouts make one batch, which grows as prefixes join it
and shrinks as sequences end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from rgan_kit.contracts import Batch, Discriminator
from rgan_kit.nn import State, as_they_are
from rgan_kit_plugins.objectives.policy_gradient.sampling import Sample


@runtime_checkable
class Incremental(Protocol):
    """A discriminator that reads symbol by symbol, if it says so; the batch is in the second dimension of states."""

    incremental: bool

    def start(self, like: Tensor) -> State:
        """Nothing read yet, for as many sequences as ``like`` has."""
        ...

    def read(self, state: State, tokens: Tensor) -> State:
        """The state after one more symbol, int64 ``[batch]``."""
        ...

    def judge(self, state: State, labels: Tensor | None = None) -> Tensor:
        """The logit of what was read: ``[batch]``."""
        ...


@dataclass(frozen=True)
class Rollouts:
    """Completed prefixes; where a prefix is the whole sequence already, it stands there as it is.

    Attributes:
        tokens: int64 ``[prefixes, rollouts, batch, time]``; prefix ``i`` has ``i + 1`` symbols.
        lengths: int64 ``[prefixes, rollouts, batch]``, the end token counted.
        scores: ``[prefixes, rollouts, batch]``, the discriminator's logits.
    """

    tokens: Tensor
    lengths: Tensor
    scores: Tensor


@torch.no_grad()
def rollout_rewards(discriminator: Any, drawn: Sample, rollouts: int, uniform: Tensor | None = None) -> Tensor:
    """The reward of every symbol: the discriminator's probability of being real, averaged over the rollouts that follow
    it; of the last symbol, that of the sequence itself. ``[batch, time]``, zero on padding.

    Args:
        discriminator: of symbols.
        drawn: the sequences.
        rollouts: of each prefix.
        uniform: float ``[time - 1, rollouts, batch, time]`` in [0, 1): number ``[i, n, b, t]`` draws symbol ``t`` of
            rollout ``n`` of the prefix of ``i + 1`` symbols of sequence ``b``; drawn where None.
    """
    batch = drawn.batch
    size, time = batch.values.shape
    with as_they_are(discriminator), torch.autocast(batch.values.device.type, enabled=False):
        whole = torch.sigmoid(discriminator(batch).sequence)
        if time == 1:
            return whole[:, None]
        if uniform is None:
            uniform = torch.rand(time - 1, rollouts, size, time, device=batch.values.device)
        scores = roll_out(discriminator, drawn, uniform).scores
    rewards = torch.cat([torch.sigmoid(scores).mean(dim=1), whole[None]]).T  # [batch, time]
    steps = torch.arange(1, time + 1, device=rewards.device)
    lengths = batch.lengths[:, None]
    return torch.where(steps < lengths, rewards, torch.where(steps == lengths, whole[:, None], 0.0))


def roll_out(discriminator: Discriminator, drawn: Sample, uniform: Tensor) -> Rollouts:
    """Completes every prefix of ``drawn``; ``uniform`` as in ``rollout_rewards``."""
    reader = discriminator if isinstance(discriminator, Incremental) and discriminator.incremental else None
    pool = _Pool(drawn, uniform, reader)
    for position in range(1, uniform.shape[3]):
        pool.join(position)
        pool.step(position)
    pool.score(torch.ones_like(pool.slots, dtype=torch.bool))
    prefixes, rollouts, size, time = uniform.shape
    tokens, lengths = pool.tokens.view(uniform.shape), pool.lengths.view(prefixes, rollouts, size)
    if reader is not None:
        return Rollouts(tokens, lengths, pool.scores.view(prefixes, rollouts, size))
    labels = None if drawn.batch.labels is None else drawn.batch.labels.repeat(rollouts)
    scores = [
        discriminator(Batch(values.reshape(-1, time), ends.reshape(-1), labels)).sequence
        for values, ends in zip(tokens, lengths, strict=True)
    ]
    return Rollouts(tokens, lengths, torch.stack(scores).view(prefixes, rollouts, size))


class _Pool:
    """The rollouts that go on, one a row, and the places where they are written.

    Attributes:
        slots: int64 ``[rows]``, numbers of ``[prefixes, rollouts, batch]`` counted through.
        which: int64 ``[rows]``, the sequence that a row completes.
        previous: int64 ``[rows]``, the latest symbol.
        state: of the generator, followed by that of an incremental reader; the rows are in the second dimension.
    """

    def __init__(self, drawn: Sample, uniform: Tensor, reader: Incremental | None) -> None:
        self.drawn, self.reader, self.policy = drawn, reader, drawn.policy
        self.data = drawn.data
        prefixes, self.rollouts, size, time = uniform.shape
        self.uniform = uniform.reshape(-1, time)
        batch = drawn.batch
        steps = torch.arange(time, device=batch.values.device)
        prefix = (steps <= steps[:prefixes, None])[:, None, None]  # [prefixes, 1, 1, time]
        values = batch.values.where(prefix | self._ended(steps[:prefixes, None] + 1)[:, None, :, None], self.data.pad)
        self.tokens = values.expand(prefixes, self.rollouts, size, time).reshape(-1, time).clone()
        self.lengths = batch.lengths.repeat(prefixes * self.rollouts)
        self.labels = batch.labels
        self.scores = self.uniform.new_zeros(len(self.uniform))
        self.slots = batch.lengths[:0]
        self.which, self.previous = self.slots, self.slots
        self.parts = len(drawn.states[0])
        self.read: State = () if reader is None else reader.start(batch.values)
        self.state: State = tuple(part[:, :0] for part in (*drawn.states[0], *self.read))

    def _ended(self, prefix: Tensor | int) -> Tensor:
        """Which sequences a prefix of so many symbols is already the whole of."""
        return self.drawn.batch.lengths <= prefix

    def join(self, position: int) -> None:
        """The rollouts of the prefix of ``position`` symbols begin."""
        values, size = self.drawn.batch.values, len(self.drawn.batch.values)
        previous = values[:, position - 1]
        state = self.drawn.states[position]
        if self.reader is not None:
            self.read = self.reader.read(self.read, previous)
            state = (*state, *self.read)
        going_on = (~self._ended(position)).nonzero()[:, 0].repeat(self.rollouts)
        numbers = torch.arange(self.rollouts, device=values.device).repeat_interleave(len(going_on) // self.rollouts)
        slots = ((position - 1) * self.rollouts + numbers) * size + going_on
        joining = tuple(part[:, going_on] for part in state)
        self.state = tuple(torch.cat(pair, dim=1) for pair in zip(self.state, joining, strict=True))
        self.slots = torch.cat([self.slots, slots])
        self.which = torch.cat([self.which, going_on])
        self.previous = torch.cat([self.previous, previous[going_on]])

    def step(self, position: int) -> None:
        """Draws the symbol at ``position`` in every row; those that end with it leave."""
        hidden, state = self.policy.advance(self.previous, self.which, self.state[: self.parts])
        self.previous = self.policy.draw(hidden, self.previous, self.uniform[self.slots, position])
        read = (
            self.state[self.parts :]
            if self.reader is None
            else self.reader.read(self.state[self.parts :], self.previous)
        )
        self.state = (*state, *read)
        self.tokens[self.slots, position] = self.previous
        self.lengths[self.slots] = position + 1
        ended = self.previous == self.data.eos
        if ended.any():
            self.score(ended)
            going_on = ~ended
            self.state = tuple(part[:, going_on] for part in self.state)
            self.slots, self.which, self.previous = (rows[going_on] for rows in (self.slots, self.which, self.previous))

    def score(self, rows: Tensor) -> None:
        """Has the reader judge these rows, boolean ``[rows]``."""
        if self.reader is None or not len(self.slots):
            return
        labels = None if self.labels is None else self.labels[self.which[rows]]
        state = tuple(part[:, rows] for part in self.state[self.parts :])
        self.scores[self.slots[rows]] = self.reader.judge(state, labels).to(self.scores.dtype)
