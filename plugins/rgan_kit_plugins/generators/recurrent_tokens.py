"""An autoregressive recurrent generator of symbols: the recurrent language model of Mikolov et al. 2010 (with an LSTM:
Graves 2013, arXiv:1308.0850), trained by likelihood or, through the Gumbel-softmax, by a discriminator.

Every symbol is a function of those before it, of an optional latent and label of the whole sequence, and of chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, TokenSpec
from rgan_kit.nn import (
    IMPOSSIBLE,
    Cell,
    Recurrence,
    Restriction,
    State,
    block_of,
    dropout_of,
    exportable,
    padding_mask,
    pick,
    read_own_symbols,
    relaxed_choice,
    scan,
)
from rgan_kit_plugins.generators.linear_cross_entropy import linear_cross_entropy

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions
    from rgan_kit_plugins.generators.token_policy import RecurrentPolicy


TABLE_VOCABULARY = 1024
"""Up to so many symbols, a table of their products with the input matrix is small enough to lie in a model file."""


class RecurrentTokenGenerator(nn.Module):
    """``p(x) = Π p(x_t | x_<t, latent, label)`` with an LSTM or GRU."""

    in_data: Tensor
    generated: Tensor
    allowed_next: Tensor | None

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.noise_size = 0
        self.word_dropout = options.word_dropout
        width = options.embedding_size
        self.embedding = nn.Embedding(data.vocab_size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.from_latent = nn.Linear(options.latent_size, width) if options.latent_size else None
        self.from_label = nn.Embedding(len(data.labels), width) if data.labels else None
        self.embedding_dropout = options.embedding_dropout
        self.recurrence = Recurrence(
            cell, width, options.hidden_size, options.layers, options.dropout,
            weight_dropout=options.weight_dropout, locked=options.locked_dropout,
        )  # fmt: skip
        self.dropout = dropout_of(options.dropout, locked=options.locked_dropout)
        tied = options.tie_weights
        self.project = nn.Linear(options.hidden_size, width) if tied and width != options.hidden_size else nn.Identity()
        self.output = nn.Linear(width if tied else options.hidden_size, data.vocab_size)
        if tied:
            self.output.weight = self.embedding.weight
        nn.init.zeros_(self.output.bias)
        self._register_grammar(data)

    def _register_grammar(self, data: TokenSpec) -> None:
        """Additive masks: what never stands in data, what is never generated, and which symbol may follow which."""
        in_data, generated = torch.zeros(data.vocab_size), torch.zeros(data.vocab_size)
        in_data[list(data.never_in_data)] = IMPOSSIBLE
        generated[list(data.never_generated)] = IMPOSSIBLE
        self.register_buffer("in_data", in_data, persistent=False)
        self.register_buffer("generated", generated, persistent=False)
        grammar = None if data.allowed_next is None else torch.from_numpy(data.allowed_next.copy())
        self.register_buffer("allowed_next", grammar, persistent=False)

    def condition(self, like: Tensor, latent: Tensor | None, labels: Tensor | None) -> Tensor:
        """What is added to the input of every step: ``[batch, embedding_size]``, for as many as ``like`` has."""
        added = torch.zeros(like.shape[0], self.embedding.embedding_dim, device=like.device)
        if self.from_latent is not None:
            if latent is None:
                latent = torch.randn(like.shape[0], self.latent_size, device=like.device)
            added = added + self.from_latent(latent)
        if self.from_label is not None:
            if labels is None:
                labels = torch.randint(len(self.data.labels), (like.shape[0],), device=like.device)
            added = added + self.from_label(labels)
        return added

    def logits(self, hidden: Tensor, previous: Tensor) -> Tensor:
        """Of the next symbol, given the recurrence's output ``[..., hidden_size]`` and the symbol before it."""
        logits = cast("Tensor", self.output(self.project(self.dropout(hidden)))) + self.in_data
        if self.allowed_next is not None:
            logits = logits.masked_fill(~self.allowed_next[previous], IMPOSSIBLE)
        return logits

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Nats of each symbol given those before it, by teacher forcing: ``[batch, time]``, zero on padding."""
        return self._log_probs(batch, self._previous(batch.values), self.condition(batch.values, latent, batch.labels))

    def scheduled_log_probs(self, batch: Batch[Tensor], share: float, latent: Tensor | None = None) -> Tensor:
        """``log_probs`` with a share of the previous symbols drawn by the model itself (scheduled sampling, Bengio et
        al. 2015, arXiv:1506.03099): ``[batch, time]``."""
        previous, condition = self._previous(batch.values), self.condition(batch.values, latent, batch.labels)

        def logits(read: Tensor) -> Tensor:
            return self._logits(read, read, condition) + self.generated

        return self._log_probs(batch, read_own_symbols(logits, previous, share, self.data.eos), condition)

    def _previous(self, tokens: Tensor) -> Tensor:
        return F.pad(tokens[:, :-1], (1, 0), value=self.data.bos)

    def _logits(self, read: Tensor, previous: Tensor, condition: Tensor) -> Tensor:
        """``[batch, time, vocabulary]`` from what is read before each symbol and what truly stands there."""
        inputs = self._embed(read) + condition[:, None]
        return self.logits(self.recurrence(self.dropout(inputs)), previous)

    def _log_probs(self, batch: Batch[Tensor], read: Tensor, condition: Tensor) -> Tensor:
        tokens = batch.values  # [batch, time]
        if self.allowed_next is None and self.data.vocab_size > TABLE_VOCABULARY:
            hidden = self.recurrence(self.dropout(self._embed(read) + condition[:, None]))
            inputs = self.project(self.dropout(hidden)).flatten(0, 1)
            nats = linear_cross_entropy(inputs, self.output.weight, self.output.bias + self.in_data, tokens.flatten())
        else:
            logits = self._logits(read, self._previous(tokens), condition)
            nats = F.cross_entropy(logits.float().flatten(0, 1), tokens.flatten(), reduction="none")
        return -nats.view(tokens.shape) * padding_mask(batch.lengths, tokens.shape[1])

    def _embed(self, previous: Tensor) -> Tensor:
        """Vectors of the previous symbols; in training some are hidden (word dropout, Bowman et al. 2016,
        arXiv:1511.06349), so that a latent is worth reading."""
        weight = self.embedding.weight
        if self.training and self.embedding_dropout:  # the same symbols all over the batch
            weight = weight * F.dropout(weight.new_ones(len(weight), 1), self.embedding_dropout)
        if not (self.training and self.word_dropout):
            return F.embedding(previous, weight)
        chance = torch.rand(previous.shape, device=previous.device)
        hidden = (chance < self.word_dropout) & (previous != self.data.bos)
        if self.data.unknown is None:
            return F.embedding(previous, weight).masked_fill(hidden[:, :, None], 0.0)
        return F.embedding(previous.masked_fill(hidden, self.data.unknown), weight)

    def step(self, embedded: Tensor, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits ``[batch, vocabulary]`` for generating the next symbol, and the next state.

        Args:
            embedded: ``[batch, embedding_size]``, the symbol before with the condition added.
            previous: int64 ``[batch]``, the same symbol as a number.
            state: of the recurrence.
        """
        hidden, state = self.recurrence.step(self.dropout(embedded), state)
        return self.logits(hidden, previous) + self.generated, state

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - frozen
    ) -> Batch[Tensor]:
        """Samples with gradients (Gumbel-softmax, Jang et al. 2017): ``values`` ``[size, length, vocabulary]``.

        The end token counts in ``lengths``; what follows it is zero.
        """
        previous = self.embedding.weight.new_full((size,), self.data.bos, dtype=torch.int64)
        condition = self.condition(previous, latent, labels)
        embedded, state = self.embedding(previous), self.recurrence.initial_state(condition)
        # Which sequences have not ended, and how many symbols each has: [size].
        alive = torch.ones_like(previous, dtype=torch.bool)
        steps: list[Tensor] = []
        lengths = torch.zeros_like(previous)
        for _ in range(length):
            logits, state = self.step(embedded + condition, previous, state)
            choice = relaxed_choice(logits, relaxation)  # [size, vocabulary]
            steps.append(choice * alive[:, None])
            lengths = lengths + alive
            # The next step reads the choice itself, through which the gradient comes back.
            previous = choice.argmax(dim=1)
            alive = alive & (previous != self.data.eos)
            embedded = choice @ self.embedding.weight
            if not alive.any():
                break
        return Batch(torch.stack(steps, dim=1), lengths, labels)

    @property
    def takes(self) -> tuple[str, ...]:
        """What the sampler can be told besides."""
        return ("given", "known", "top_p", "top_k", *(["min_length"] if self.data.ends else []))

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return RecurrentTokenSampler(self)

    def policy(self, size: int, latent: Tensor | None, labels: Tensor | None) -> RecurrentPolicy:
        """What policy gradients draw from, faster than the steps of a step file."""
        from rgan_kit_plugins.generators.token_policy import RecurrentPolicy

        return RecurrentPolicy(self, size, latent, labels)

    def drawn_log_probs(self, batch: Batch[Tensor], latent: Tensor | None) -> Tensor:
        """``log_probs`` without dropout, and of what ``policy`` can draw."""
        from rgan_kit_plugins.generators.token_policy import drawn_log_probs

        return drawn_log_probs(self, batch, latent)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        from rgan_kit_plugins.generators.steppers import TokenStepper

        return TokenStepper(RecurrentTokenSampler(self))


class RecurrentTokenSampler(nn.Module):
    """Whole sequences from uniform numbers, by the contract of ``docs/model-file.md``.

    Weights are fixed here, so products of weights are taken once: of a small vocabulary's vectors with the input matrix
    of the first layer, which leaves a look-up in its place, and of the two matrices between the recurrence and the
    logits, where one is smaller than the two.
    """

    table: Tensor | None
    head: Tensor | None
    bias: Tensor
    delay: Tensor

    def __init__(self, generator: RecurrentTokenGenerator) -> None:
        super().__init__()
        self.network = network = exportable(generator)
        weight, project = network.output.weight, network.project
        bias: Tensor = network.output.bias
        head = None  # not a second name for the same memory: that cannot be exported
        if isinstance(project, nn.Linear) and len(weight) * project.in_features <= project.weight.numel():
            head, bias = weight @ project.weight, bias + weight @ project.bias
        self.block = block_of(network.data.vocab_size)
        small = network.data.vocab_size <= TABLE_VOCABULARY
        table = network.recurrence.project(network.embedding.weight) if small else None
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("head", head, persistent=False)
        self.register_buffer("bias", bias + network.in_data + network.generated, persistent=False)
        delay = torch.zeros_like(bias)
        delay[network.data.eos] = IMPOSSIBLE / 2  # where nothing else is possible, the end is
        self.register_buffer("delay", delay, persistent=False)

    def forward(
        self,
        noise: Tensor,
        temperature: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        given: Tensor | None = None,
        known: Tensor | None = None,
        top_p: Tensor | None = None,
        top_k: Tensor | None = None,
        min_length: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time]`` to tokens int64 ``[batch, time]`` and lengths int64 ``[batch]``. Symbols that are
        ``known`` are those ``given``, and what follows reads them as its own past."""
        network, data = self.network, self.network.data
        restrict = None
        if top_p is not None and top_k is not None:
            restrict = Restriction(data.vocab_size, temperature, top_p, top_k)
        # What every step is told, as the first layer sees it: [batch, gates * hidden] with a table of products.
        condition = network.condition(noise, latent, labels)
        if self.table is not None:
            condition = network.recurrence.project(condition, bias=False)
        # Carried on: the symbol before, whether the sequence goes on (both [batch]), and the recurrence's state.
        previous = torch.full_like(noise[:, 0], data.bos, dtype=torch.int64)
        state = network.recurrence.initial_state(condition)

        def step(carry: tuple[Tensor, ...], now: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
            previous, alive, *state = carry
            uniform, *told = now
            logits, next_state = self.step(previous, condition, tuple(state))
            if min_length is not None:
                logits = logits + told.pop() * self.delay
            if restrict is not None:
                logits = restrict(logits)
            token = torch.where(alive, pick(logits, uniform, temperature, self.block), data.pad)
            if told:
                token = torch.where(told[1], told[0], token)
            return (token, alive & (token != data.eos), *next_state), token.clone()

        start = (previous, torch.ones_like(previous, dtype=torch.bool), *state)
        steps = [noise.T]
        if given is not None and known is not None:
            steps += [given.T, known.T]
        if min_length is not None:
            steps.append((torch.arange(noise.shape[1], device=noise.device) < min_length).to(noise.dtype))
        tokens = scan(step, start, tuple(steps)).T  # [batch, time]
        # In float32, which every runtime sums: [batch].
        counts = (tokens != data.eos) & (tokens != data.pad)
        return tokens, counts.to(torch.float32).sum(dim=1).to(torch.int64)

    def step(self, previous: Tensor, condition: Tensor, state: State) -> tuple[Tensor, State]:
        """What ``RecurrentTokenGenerator.step`` computes, from the products."""
        network = self.network
        if self.table is None:
            hidden, state = network.recurrence.step(network.embedding(previous) + condition, state)
        else:
            inputs = self.table[previous]
            hidden, state = network.recurrence.step_projected(inputs + condition if self.conditional else inputs, state)
        if self.head is None:
            logits = F.linear(network.project(hidden), network.output.weight, self.bias)
        else:
            logits = F.linear(hidden, self.head, self.bias)
        if network.allowed_next is not None:
            logits = logits.masked_fill(~network.allowed_next[previous], IMPOSSIBLE)
        return logits, state

    @property
    def conditional(self) -> bool:
        """Whether sequences have a latent or a label."""
        return self.network.from_latent is not None or self.network.from_label is not None
