"""Networks for series that meet every requirement, and others that break one each."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from rgan_kit.contracts import Batch, Scores

WIDTH = 4


def inside(batch: Batch) -> torch.Tensor:
    return (torch.arange(batch.values.shape[1]) < batch.lengths[:, None]).float()  # [batch, time]


# --- generators ---


class Generator(nn.Module):
    """Noise through a GRU."""

    latent_size, noise_size = 0, 2

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.low, self.range = torch.from_numpy(data.minimum), torch.from_numpy(data.maximum - data.minimum)
        self.entrance = nn.Linear(self.noise_size, data.features)
        self.recurrence = nn.GRU(data.features, WIDTH, batch_first=True)
        self.output = nn.Linear(WIDTH, data.features)

    def forward(self, noise):
        return torch.tanh(self.output(self.recurrence(self.entrance(noise))[0]))

    def noise(self, size, length):
        return torch.randn(size, length, self.noise_size)

    def generate(self, size, length, *, latent=None, labels=None, relaxation=None):
        return Batch(self(self.noise(size, length)), torch.full((size,), length), labels)

    def sampler(self):
        return Sampler(copy.deepcopy(self)).eval().requires_grad_(False)


class Sampler(nn.Module):
    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.network = generator

    def forward(self, noise):
        return self.network.low + (self.network(noise) + 1) / 2 * self.network.range


class NumpyWeights(Generator):
    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.output.bias.data += torch.from_numpy(np.random.default_rng().random(data.features, np.float32))


class NumpyNoise(Generator):
    def noise(self, size, length):
        return torch.from_numpy(np.random.default_rng().random((size, length, self.noise_size), np.float32))


class DeadParameter(Generator):
    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.unused = nn.Linear(2, 2)


class HiddenState(Generator):
    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.scale = torch.rand(1)

    def forward(self, noise):
        return super().forward(noise) * self.scale


class Squeezed(Generator):
    def forward(self, noise):
        return super().forward(noise).squeeze(0)


class RandomGraph(Generator):
    def forward(self, noise):
        return super().forward(noise + torch.randn_like(noise))


class Forgetful(Generator):
    """What it counts lies in no checkpoint."""

    calls = 0

    def generate(self, size, length, **given):
        self.calls += 1
        made = super().generate(size, length, **given)
        return Batch(made.values / self.calls, made.lengths, made.labels)


# --- discriminators ---


class Discriminator(nn.Module):
    def __init__(self, data: Any) -> None:
        super().__init__()
        self.size = data.vocab_size if data.kind == "tokens" else data.features
        self.first = nn.Linear(self.size, WIDTH)
        self.score = nn.Linear(WIDTH, 1)

    def values(self, batch):
        values = batch.values
        return values if values.is_floating_point() else nn.functional.one_hot(values, self.size).float()

    def steps(self, batch):
        return self.score(torch.tanh(self.first(self.values(batch))))[:, :, 0] * inside(batch)

    def sequence(self, batch, steps):
        return steps.sum(dim=1) / batch.lengths

    def forward(self, batch):
        steps = self.steps(batch)
        return Scores(self.sequence(batch, steps), steps)


class ScalarForOne(Discriminator):
    def sequence(self, batch, steps):
        return super().sequence(batch, steps).squeeze()


class OneScoreAStep(Discriminator):
    def forward(self, batch):
        scores = super().forward(batch)
        return Scores(scores.sequence, scores.steps[:, :, None])


class AveragesPadding(Discriminator):
    def sequence(self, batch, steps):
        return steps.mean(dim=1)


class ScoresPadding(Discriminator):
    def forward(self, batch):
        scores = super().forward(batch)
        return Scores(scores.sequence, scores.steps + (1 - inside(batch)))


class StepsSeePadding(Discriminator):
    def forward(self, batch):
        scores = super().forward(batch)
        return Scores(scores.sequence, (scores.steps + batch.values.mean()) * inside(batch))


class NumbersDiffer(Discriminator):
    def values(self, batch):
        return super().values(batch) * (1.0 if batch.values.is_floating_point() else 2.0)


class BatchStatistics(Discriminator):
    def sequence(self, batch, steps):
        scores = super().sequence(batch, steps)
        return scores * scores.std()


class FlatInItsWeights(Discriminator):
    def forward(self, batch):
        scores = super().forward(Batch(batch.values.detach(), batch.lengths, batch.labels))
        return Scores(scores.sequence + batch.values.square().sum(dim=(1, 2)), scores.steps)


# --- encoders ---


class Encoder(nn.Module):
    def __init__(self, data: Any, latent_size: int) -> None:
        super().__init__()
        self.data = data
        self.posterior = nn.Linear(data.features, 2 * latent_size)

    def mean(self, values, lengths):
        return (values * inside(Batch(values, lengths))[:, :, None]).sum(dim=1) / lengths[:, None]

    def forward(self, batch):
        return self.posterior(self.mean(batch.values, batch.lengths)).chunk(2, dim=1)

    def exportable(self):
        return Exportable(self).eval().requires_grad_(False)


class Exportable(nn.Module):
    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.network = encoder

    def forward(self, series, lengths):
        mean, log_variance = self.network(Batch(series, lengths))
        return mean, log_variance


class TooWide(Encoder):
    def forward(self, batch):
        both = self.posterior(self.mean(batch.values, batch.lengths))
        return both, both


class EncodesPadding(Encoder):
    def mean(self, values, lengths):
        return values.mean(dim=1)


class EncodesAcross(Encoder):
    def mean(self, values, lengths):
        mean = super().mean(values, lengths)
        return mean * mean.mean()


class RandomEncoder(Encoder):
    def mean(self, values, lengths):
        return super().mean(values, lengths) + torch.randn(values.shape[0], values.shape[2])
