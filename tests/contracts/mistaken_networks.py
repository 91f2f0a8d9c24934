"""Generators with the mistakes that people make, one each."""

from __future__ import annotations

import torch
from faulty_networks import Generator, Sampler
from likely_networks import Density, DensitySampler, Language, LanguageSampler
from torch import nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch
from rgan_kit.nn import exportable, padding_mask, pick


class SeesThePresent(Language):
    """Forgot to shift: what is predicted is read."""

    def shifted(self, tokens):
        return tokens


class SeesTheFuture(Language):
    """A bidirectional layer in an autoregressive model."""

    def hidden(self, inputs):
        return super().hidden(inputs) + super().hidden(inputs.flip(1)).flip(1)


class WrongAxis(Language):
    def normalised(self, logits):
        return F.log_softmax(logits, dim=1)


class NoTemperature(Language):
    def draw(self, logits, uniform, temperature):
        return pick(logits, uniform, temperature * 0 + 1)


class MultipliesByTemperature(Language):
    def draw(self, logits, uniform, temperature):
        return pick(logits * temperature, uniform, temperature * 0 + 1)


class IgnoresLabels(Language):
    def condition(self, latent, labels):
        return super().condition(latent, None)


class KeepsNoLabels(Language):
    def generate(self, size, length, **given):
        made = super().generate(size, length, **given)
        return Batch(made.values, made.lengths)


class IgnoresItsLatent(Language):
    def condition(self, latent, labels):
        return super().condition(latent * 0, labels)


class UncountedEnd(Language):
    def generate(self, size, length, **given):
        made = super().generate(size, length, **given)
        ended = (made.values.argmax(dim=2) == self.data.eos).any(dim=1)
        return Batch(made.values, made.lengths - ended.long(), made.labels)


class CountedEnd(Language):
    def sizes(self, tokens):
        return (tokens != self.data.pad).sum(dim=1)


class NeverEnds(Language):
    """Goes on after the end token."""

    def sampler(self):
        return Endless(self)


class Endless(LanguageSampler):
    def forward(self, noise, temperature, latent=None, labels=None):
        tokens, lengths = super().forward(noise, temperature, latent, labels)
        return tokens.masked_fill(tokens == self.network.data.pad, 5), lengths


class SaysUnknown(Language):
    def step(self, embedded, previous, state):
        logits, state = super().step(embedded, previous, state)
        return logits - self.never, state


class IgnoresTheGrammar(Language):
    def masked(self, logits, previous):
        return logits


class Detached(Language):
    def choose(self, logits, relaxation):
        return super().choose(logits, relaxation).detach()


class DetachedAtItsEnd(Density):
    def generate(self, size, length, **given):
        made = super().generate(size, length, **given)
        return Batch(made.values.detach().requires_grad_(), made.lengths, made.labels)


class GreedyInTraining(Language):
    """The discriminator sees the likeliest symbols, the file gives drawn ones."""

    def choose(self, logits, relaxation):
        return F.one_hot(logits.argmax(dim=1), logits.shape[1]) + logits.softmax(1) - logits.softmax(1).detach()


class SquaredError(Density):
    """A loss, and no density: no constants, no deviation."""

    def density(self, values, weights, means, deviations):
        return torch.logsumexp(weights - (values[:, :, None] - means).square().sum(dim=3) / 2, dim=2)


class NoScale(Density):
    """Forgot the derivative of the change of variables."""

    def density(self, values, weights, means, deviations):
        return torch.logsumexp(weights + (super_nats(values, means, deviations)).sum(dim=3), dim=2)


def super_nats(values, means, deviations):
    return -((values[:, :, None] - means) / deviations).square() / 2 - 0.9189385


class StepSeesItself(Density):
    def shifted(self, values):
        return values


class StepSeesTheNext(Density):
    def shifted(self, values):
        return F.pad(values[:, 1:], (0, 0, 0, 1))


class ForgetsTheWeights(Density):
    """Draws each component of the mixture as often as the other."""

    def sampler(self):
        return Even(self)


class Even(DensitySampler):
    def __init__(self, generator) -> None:
        super().__init__(generator)
        with torch.no_grad():
            self.network.output.weight[:2] = 0
            self.network.output.bias[:2] = 0


class MeansOnly(Density):
    """The sampler leaves the deviation out."""

    def drawn(self, hidden, noise):
        return super().drawn(hidden, torch.cat([noise[:, :-1] * 0.3, noise[:, -1:]], dim=1))


class InNetworkUnits(Generator):
    def sampler(self):
        return NoUnits(exportable(self))


class NoUnits(Sampler):
    def forward(self, noise):
        return self.network(noise)


class DensityInNetworkUnits(Density):
    def sampler(self):
        sampler = DensitySampler(self)
        sampler.units = nn.Identity()
        return sampler


class NoNumbers(Generator):
    def forward(self, noise):
        return super().forward(noise) / 0.0


class BeyondTheRange(Generator):
    def forward(self, noise):
        return self.output(self.recurrence(self.entrance(noise))[0]) * 5


class OtherNoise(Generator):
    """Trains on half of the noise that the file is fed."""

    def noise(self, size, length):
        return super().noise(size, length) * 0.3


class BatchNorm(Generator):
    def __init__(self, data) -> None:
        super().__init__(data)
        self.norm = nn.BatchNorm1d(self.noise_size)

    def forward(self, noise):
        return super().forward(self.norm(noise.flatten(0, 1)).view(noise.shape))


class CentredBatch(Generator):
    def forward(self, noise):
        return super().forward(noise - noise.mean(dim=0))


class FreezesItself(Generator):
    """Its sampler is no copy: after the first evaluation nothing is trained any more."""

    def sampler(self):
        return Sampler(self).eval().requires_grad_(False)


class CountsPadding(Density):
    def log_probs(self, batch, latent=None):
        return self.nats(batch)


class LooksAtPadding(Density):
    def log_probs(self, batch, latent=None):
        nats = self.nats(batch)
        return (nats - nats.mean(dim=1, keepdim=True)) * padding_mask(batch.lengths, nats.shape[1])


class LooksAcross(Density):
    def nats(self, batch):
        nats = super().nats(batch)
        return nats * nats.mean()


class Steps(nn.Module):
    """A stepper, off by one or right."""

    def __init__(self, generator, times: float) -> None:
        super().__init__()
        self.network, self.times = exportable(generator), times
        self.state_shapes = ((1, 4),)

    def forward(self, noise, state_0):
        network = self.network
        hidden, state = network.recurrence(network.entrance(noise)[:, None], state_0.transpose(0, 1))
        values = torch.tanh(network.output(hidden[:, 0]))
        return network.low + (values + 1) / 2 * network.range, state.transpose(0, 1) * self.times


class RightSteps(Generator):
    def stepper(self):
        return Steps(self, 1.0)


class ForgetfulSteps(Generator):
    """Its steps do not carry the whole state."""

    def stepper(self):
        return Steps(self, 0.5)
