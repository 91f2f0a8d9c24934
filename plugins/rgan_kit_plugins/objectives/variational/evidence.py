"""The evidence lower bound of a variational autoencoder (Kingma & Welling 2014; for text Bowman et al. 2016).

``log p(x) ≥ E_q(z|x) log p(x | z) - KL(q(z | x) || p(z))``, with a standard normal prior and one draw of z a sequence;
with an encoder that provides ``step-posterior`` z is the noise of every step, as in STORN (Bayer & Osendorfer 2014,
arXiv:1411.7610).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rgan_kit.contracts import Encoder, Loss, Network, NetworkName, Phase, PluginError, Stage, StepContext
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import check_likelihood, negative_log_likelihood, scored
from rgan_kit_plugins.objectives.variational import VariationalOptions
from rgan_kit_plugins.objectives.variational.annealing import divergence_weight

ACTIVE = 0.01
"""Variance of a dimension's posterior mean over the data, above which it is used (Burda et al. 2016, section 5.2)."""


class EvidenceLowerBound:
    """Encoder and generator together, by the negative bound.

    Raises:
        PluginError: the generator has no likelihood or no latent.
    """

    def __init__(self, options: VariationalOptions, networks: Mapping[NetworkName, Network]) -> None:
        generator: Any = networks["generator"]
        self.options = options
        self.generator = generator
        self.encoder: Encoder = networks["encoder"]
        check_likelihood(generator)
        if not (generator.latent_size or generator.noise_size):
            raise PluginError(
                f"{type(generator).__name__} has no latent: there is nothing to encode into.",
                "Give it one: --set generator.latent_size=16",
            )

    def stages(self) -> tuple[Stage, ...]:
        """One stage, one phase."""
        return (Stage("training", 1.0, (Phase("evidence", ("encoder", "generator"), self.loss),)),)

    def loss(self, context: StepContext) -> Loss:
        """``-E log p(x | z) + weight * KL``, in nats a position.

        Figures: ``reconstruction`` and ``kl`` in nats a sequence (their sum bounds a sequence's ``-log p(x)``),
        ``kl_weight``, and ``active_units``, counted over the batch.
        """
        batch = context.batch
        sequences, positions = len(batch.lengths), scored(batch)
        mean, log_variance = self.encoder(batch)
        reconstruction = negative_log_likelihood(self.generator, batch, reparameterised(mean, log_variance))
        divergence = kl_divergence(mean, log_variance)  # [batch, latent_size]
        if mean.dim() == 3:  # of every step: what lies behind the end costs nothing
            inside = padding_mask(batch.lengths, mean.shape[1])
            mean, divergence = mean[inside], (divergence * inside[:, :, None]).sum(dim=1)
        weight = divergence_weight(self.options, context.progress)
        priced = free_bits(divergence, self.options.free_bits) * sequences / positions
        metrics: dict[str, Tensor | float] = {
            "reconstruction": reconstruction * positions / sequences,
            "kl": divergence.sum(dim=1).mean(),
            "kl_weight": weight,
            "active_units": (mean.detach().float().var(dim=0, unbiased=False) > ACTIVE).sum(),
        }
        return Loss(reconstruction + weight * priced, metrics)


def reparameterised(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw from the posterior that gradients flow through (Kingma & Welling 2014, section 2.4)."""
    return mean + torch.randn_like(mean) * (log_variance / 2).exp()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """``KL(N(mean, exp(log_variance)) || N(0, 1))`` of every dimension, in nats (Kingma & Welling 2014, appendix B)."""
    mean, log_variance = mean.float(), log_variance.float()
    return (mean.square() + log_variance.exp() - 1 - log_variance) / 2


def free_bits(divergence: Tensor, least: float) -> Tensor:
    """``Σ_j max(least, mean over the batch of KL_j)``: a scalar, in nats a sequence.

    The objective of Kingma et al. 2016 (arXiv:1606.04934, appendix C.8), with every dimension a group of its own and
    the maximum taken of the batch's mean, not of each sequence's.
    """
    return divergence.mean(dim=0).clamp(min=least).sum()
