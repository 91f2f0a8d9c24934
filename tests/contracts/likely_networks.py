"""Generators with a likelihood that meet every requirement; mistakes are made in what they are put together from."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, Relaxation
from rgan_kit.nn import IMPOSSIBLE, OwnUnits, exportable, padding_mask, pick, relaxed_choice

WIDTH = 5


class Language(nn.Module):
    """Symbols one after the other from a GRU."""

    latent_size, noise_size = 2, 0

    def __init__(self, data: Any, options: Any = None) -> None:
        super().__init__()
        self.data, self.options = data, options
        self.embedding = nn.Embedding(data.vocab_size, WIDTH)
        self.from_latent = nn.Linear(self.latent_size, WIDTH)
        self.from_label = nn.Embedding(len(data.labels), WIDTH) if data.labels else None
        self.recurrence = nn.GRU(WIDTH, WIDTH, batch_first=True)
        self.output = nn.Linear(WIDTH, data.vocab_size)
        never = torch.zeros(data.vocab_size)
        never[list(data.never_generated)] = IMPOSSIBLE
        self.register_buffer("never", never, persistent=False)
        self.allowed = None if data.allowed_next is None else torch.from_numpy(data.allowed_next)

    # --- the likelihood ---

    def shifted(self, tokens):
        return F.pad(tokens[:, :-1], (1, 0), value=self.data.bos)

    def hidden(self, inputs):
        return self.recurrence(inputs)[0]

    def normalised(self, logits):
        return F.log_softmax(logits, dim=2)

    def condition(self, latent, labels):
        condition = self.from_latent(latent)
        return condition if labels is None or self.from_label is None else condition + self.from_label(labels)

    def masked(self, logits, previous):
        return logits if self.allowed is None else logits.masked_fill(~self.allowed[previous], IMPOSSIBLE)

    def log_probs(self, batch, latent=None):
        tokens, size = batch.values, len(batch.values)
        latent = torch.randn(size, self.latent_size) if latent is None else latent
        previous = self.shifted(tokens)
        inputs = self.embedding(previous) + self.condition(latent, batch.labels)[:, None]
        logits = self.masked(self.output(self.hidden(inputs)) + self.never, previous)
        nats = self.normalised(logits).gather(2, tokens[:, :, None])[:, :, 0]
        return nats * padding_mask(batch.lengths, tokens.shape[1])

    # --- samples ---

    def step(self, embedded, previous, state):
        hidden, state = self.recurrence(embedded[:, None], state)
        return self.masked(self.output(hidden[:, 0]) + self.never, previous), state

    def choose(self, logits, relaxation):
        return relaxed_choice(logits, relaxation)

    def generate(self, size, length, *, latent=None, labels=None, relaxation=Relaxation()):  # noqa: B008 - frozen
        if labels is None and self.data.labels:
            labels = torch.randint(len(self.data.labels), (size,))
        condition = self.condition(torch.randn(size, self.latent_size) if latent is None else latent, labels)
        previous = torch.full((size,), self.data.bos)
        embedded, state = self.embedding(previous), None
        alive, lengths, steps = torch.ones(size, dtype=torch.bool), torch.zeros_like(previous), []
        for _ in range(length):
            logits, state = self.step(embedded + condition, previous, state)
            choice = self.choose(logits, relaxation)
            steps.append(choice * alive[:, None])
            lengths, previous = lengths + alive, choice.argmax(dim=1)
            alive = alive & (previous != self.data.eos)
            embedded = choice @ self.embedding.weight
        return Batch(torch.stack(steps, dim=1), lengths, labels)

    def draw(self, logits, uniform, temperature):
        return pick(logits, uniform, temperature)

    def sizes(self, tokens):
        return ((tokens != self.data.eos) & (tokens != self.data.pad)).sum(dim=1)

    def sampler(self):
        return LanguageSampler(self)


class LanguageSampler(nn.Module):
    def __init__(self, generator: Language) -> None:
        super().__init__()
        self.network = exportable(generator)

    def forward(self, noise, temperature, latent=None, labels=None):
        network, data = self.network, self.network.data
        condition = network.condition(latent, labels)
        previous = torch.full_like(noise[:, 0], data.bos, dtype=torch.int64)
        alive, state, tokens = torch.ones_like(previous, dtype=torch.bool), None, []
        for uniform in noise.T:
            logits, state = network.step(network.embedding(previous) + condition, previous, state)
            previous = torch.where(alive, network.draw(logits, uniform, temperature), data.pad)
            tokens.append(previous)
            alive = alive & (previous != data.eos)
        tokens = torch.stack(tokens, dim=1)
        return tokens, network.sizes(tokens)


class Density(nn.Module):
    """Numbers one after the other, each step from a mixture of two normal distributions given those before."""

    latent_size = 0
    mixture = 2

    def __init__(self, data: Any, options: Any = None) -> None:
        super().__init__()
        self.data, self.noise_size = data, data.features + 1
        self.from_label = nn.Embedding(len(data.labels), WIDTH) if data.labels else None
        self.cell = nn.GRUCell(data.features, WIDTH)
        self.output = nn.Linear(WIDTH, self.mixture * (2 * data.features + 1))

    def distribution(self, hidden):
        """Log-weights ``[..., 2]``, means and deviations ``[..., 2, features]``."""
        raw = self.output(hidden)
        means, spreads = raw[..., self.mixture :].unflatten(-1, (2, self.mixture, self.data.features)).unbind(-3)
        return F.log_softmax(raw[..., : self.mixture], dim=-1), means, F.softplus(spreads) + 0.1

    def start(self, size, labels):
        return torch.zeros(size, WIDTH) if self.from_label is None or labels is None else self.from_label(labels)

    def shifted(self, values):
        return F.pad(values[:, :-1], (0, 0, 1, 0))

    def hidden(self, inputs, labels):
        hidden, found = self.start(len(inputs), labels), []
        for each in inputs.unbind(1):
            hidden = self.cell(each, hidden)
            found.append(hidden)
        return torch.stack(found, dim=1)

    def density(self, values, weights, means, deviations):
        nats = -((values[:, :, None] - means) / deviations).square() / 2 - deviations.log() - math.log(2 * math.pi) / 2
        return torch.logsumexp(weights + nats.sum(dim=3), dim=2)

    def nats(self, batch):
        hidden = self.hidden(self.shifted(batch.values), batch.labels)
        return self.density(batch.values, *self.distribution(hidden))

    def log_probs(self, batch, latent=None):
        return self.nats(batch) * padding_mask(batch.lengths, batch.values.shape[1])

    def drawn(self, hidden, noise):
        weights, means, deviations = self.distribution(hidden)
        chosen = pick(weights, torch.special.ndtr(noise[:, -1]), noise.new_ones(()))
        index = chosen[:, None, None].expand(-1, 1, self.data.features)
        return (means.gather(1, index) + deviations.gather(1, index) * noise[:, None, :-1])[:, 0]

    def forward(self, noise, labels=None):
        hidden, steps = self.start(len(noise), labels), [torch.zeros(len(noise), self.data.features)]
        for each in noise.unbind(1):
            hidden = self.cell(steps[-1], hidden)
            steps.append(self.drawn(hidden, each))
        return torch.stack(steps[1:], dim=1)

    def generate(self, size, length, *, latent=None, labels=None, relaxation=None):
        if labels is None and self.data.labels:
            labels = torch.randint(len(self.data.labels), (size,))
        return Batch(self(torch.randn(size, length, self.noise_size), labels), torch.full((size,), length), labels)

    def sampler(self):
        return DensitySampler(self)


class DensitySampler(nn.Module):
    def __init__(self, generator: Density) -> None:
        super().__init__()
        self.network, self.units = exportable(generator), OwnUnits(generator.data)

    def forward(self, noise, labels=None):
        return self.units(self.network(noise, labels))
