"""The importance-weighted bound on the likelihood of sequences under a model with a latent (Burda et al. 2016)."""

from __future__ import annotations

import math
from dataclasses import fields

import torch
from torch import Tensor

from rgan_kit.contracts import Autoregressive, Batch, Encoder

AT_ONCE = 4096
"""Positions in one pass through the generator; a larger batch goes through whole, one draw at a time."""


@torch.no_grad()
def importance_weighted(
    generator: Autoregressive, encoder: Encoder, batch: Batch[Tensor], samples: int, counts: Tensor | None = None
) -> Tensor:
    """``log 1/K Σ_k p(x | z_k) p(z_k) / q(z_k | x)`` with K draws ``z_k`` from the encoder's posterior.

    On average it lies between the evidence lower bound (K = 1) and ``log p(x)``, and rises with K towards the latter
    (Burda et al. 2016, arXiv:1509.00519, theorem 1). Both networks should be in evaluation mode; memory does not grow
    with K.

    Args:
        generator: with a likelihood and a latent.
        encoder: gives the posterior's mean and log-variance, of the sequence's latent or of every step's.
        batch: real sequences.
        samples: K, at least 1.
        counts: boolean ``[batch, time]``, the positions whose likelihood is meant, given the others; all where None.

    Returns:
        float64 ``[batch]``, nats a sequence.
    """
    size = len(batch.lengths)
    posterior = encoder(batch)
    mean, log_variance = (part.double() for part in posterior)
    deviation = (log_variance / 2).exp()
    total = torch.full((size,), -math.inf, dtype=torch.float64, device=mean.device)
    at_once = max(1, AT_ONCE // (size * batch.values.shape[1]))
    for first in range(0, samples, at_once):
        draws = min(at_once, samples - first)
        noise = torch.randn(draws, *mean.shape, dtype=mean.dtype, device=mean.device)
        latent = mean + noise * deviation  # [draws, batch, latent_size]
        # log p(z) - log q(z | x): the constants of the two normal densities cancel.
        ratio = (noise.square() - latent.square() + log_variance) / 2
        if mean.dim() == 3:  # [draws, batch, time, noise_size]: steps behind the end do not count
            ratio = ratio * (torch.arange(mean.shape[1], device=mean.device) < batch.lengths[:, None])[:, :, None]
        prior = ratio.flatten(2).sum(dim=2)
        given = generator.log_probs(_repeated(batch, draws), latent.flatten(0, 1).to(posterior[0].dtype))
        if counts is not None:
            given = given.masked_fill(~counts.repeat(draws, 1), 0.0)
        weights = given.double().sum(dim=1).view(draws, size) + prior
        total = torch.logaddexp(total, weights.logsumexp(dim=0))
    return total - math.log(samples)


def _repeated(batch: Batch[Tensor], times: int) -> Batch[Tensor]:
    """The whole batch, several times over."""
    parts = (getattr(batch, field.name) for field in fields(batch))
    values, lengths, *rest = (None if part is None else part.repeat(times, *[1] * (part.dim() - 1)) for part in parts)
    assert values is not None and lengths is not None
    return Batch(values, lengths, *rest)
