"""A step drawn from a mixture of normal distributions whose features are independent within a component (Bishop 1994,
"Mixture density networks"; Graves 2013, arXiv:1308.0850, section 4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.nn import Emission, block_of, pick


class MixtureEmission(Emission, nn.Linear):
    """``p(x_t) = Σ_k weight_k Π_f N(x_tf | mean_kf, deviation_kf²)``.

    One more number of the noise picks the component, where there are several, by the inverse cumulative distribution.
    It is a linear layer, so that weights are named as they were when generators had no other emission.

    Args:
        hidden_size: of the recurrence.
        features: of a step.
        components: of the mixture.
        least_deviation: without it the likelihood of a feature that never changes has no bound.
    """

    def __init__(self, hidden_size: int, features: int, components: int, least_deviation: float) -> None:
        super().__init__(hidden_size, components * (2 * features + (components > 1)))
        self.features, self.mixture, self.least_deviation = features, components, least_deviation
        self.block = block_of(components)  # ahead of time: it cannot be traced
        self.noise_size = features + (components > 1)

    def distribution(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From the recurrence's ``[..., hidden_size]``: logits of the components ``[..., mixture]``, their means and
        standard deviations, each ``[..., mixture, features]``."""
        raw = self(hidden).float()
        parameters = 2 * self.mixture * self.features
        sizes = (*raw.shape[:-1], self.mixture, self.features)
        mean, spread = (part.reshape(sizes) for part in raw[..., :parameters].chunk(2, dim=-1))
        logits = raw[..., parameters:] if self.mixture > 1 else torch.zeros_like(raw[..., :1])
        return logits, mean, F.softplus(spread) + self.least_deviation

    def log_prob(self, values: Tensor, hidden: Tensor, previous: Tensor) -> Tensor:
        """Nats of a density."""
        logits, mean, deviation = self.distribution(hidden)
        nats = -((values[..., None, :] - mean) / deviation).square() / 2 - deviation.log() - math.log(2 * math.pi) / 2
        return torch.logsumexp(F.log_softmax(logits, dim=-1) + nats.sum(dim=-1), dim=-1)

    def draw(self, hidden: Tensor, previous: Tensor, noise: Tensor) -> Tensor:
        """Mean and deviation of the component that the last number picks, and the others between them."""
        logits, mean, deviation = self.distribution(hidden)
        if self.mixture == 1:
            return mean[:, 0] + deviation[:, 0] * noise
        chosen = pick(logits, torch.special.ndtr(noise[:, self.features]), logits.new_ones(()), self.block)
        index = chosen[:, None, None].expand(-1, 1, self.features)
        return mean.gather(1, index)[:, 0] + deviation.gather(1, index)[:, 0] * noise[:, : self.features]
