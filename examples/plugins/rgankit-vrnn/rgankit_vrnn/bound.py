"""The evidence lower bound of a latent for every step (Chung et al. 2015, arXiv:1506.02216, eq. 11), and the likelihood
as importance weights estimate it (Burda et al. 2016, arXiv:1509.00519)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rgan_kit.contracts import Batch, Loss, Phase, Stage, StepContext
from rgan_kit.nn import padding_mask

if TYPE_CHECKING:
    from rgankit_vrnn import BoundOptions
    from rgankit_vrnn.network import Normal, Posterior, VrnnGenerator


@dataclass(frozen=True)
class Terms:
    """What every step adds, ``[batch, time]`` each, in nats, zero on padding.

    Attributes:
        given: ``log p(x_t | x_<t, z_<=t)`` with latents from the posterior.
        divergence: ``KL(q(z_t | x_<=t, z_<t) || p(z_t | x_<t, z_<t))``.
        ratio: ``log p(z_t | ...) - log q(z_t | ...)`` of the latents that were drawn.
    """

    given: Tensor
    divergence: Tensor
    ratio: Tensor


def terms(generator: VrnnGenerator, posterior: Posterior, batch: Batch[Tensor]) -> Terms:
    """The terms of the bound, with one draw of each latent that gradients flow through."""
    read = generator.read_values(batch.values)  # [batch, time, hidden_size]
    state = generator.recurrence.initial_state(batch.values)
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    for values, seen in zip(batch.values.unbind(dim=1), read.unbind(dim=1), strict=True):
        past = generator.past(state, batch.labels)
        prior, about = generator.prior(past), posterior(seen, past)
        latent = about[0] + about[1] * torch.randn_like(about[0])  # [batch, step_latent_size]
        told = generator.read_latent(latent)
        emission = generator.emission(torch.cat([past, told], dim=1))
        ratio = log_density(latent, prior) - log_density(latent, about)
        rows.append((log_density(values, emission), divergence(about, prior), ratio))
        state = generator.advance(seen, told, state)
    mask = padding_mask(batch.lengths, batch.values.shape[1])
    given, apart, ratio = (torch.stack(column, dim=1) * mask for column in zip(*rows, strict=True))
    return Terms(given, apart, ratio)


def log_density(values: Tensor, normal: Normal) -> Tensor:
    """Of ``[batch, size]`` under independent normal variables: ``[batch]``, in nats."""
    mean, deviation = normal
    nats = -((values - mean) / deviation).square() / 2 - deviation.log() - math.log(2 * math.pi) / 2
    return nats.sum(dim=1)


def divergence(one: Normal, other: Normal) -> Tensor:
    """``KL(one || other)``: ``[batch]``, in nats."""
    ratio = (one[1] / other[1]).square()
    apart = ((one[0] - other[0]) / other[1]).square()
    return ((ratio + apart - 1 - ratio.log()) / 2).sum(dim=1)


class Bound:
    """Generator and posterior together, by the negative bound."""

    def __init__(self, options: BoundOptions, networks: Mapping[str, Any]) -> None:
        self.options, self.networks = options, networks

    def stages(self) -> tuple[Stage, ...]:
        """One stage, one phase."""
        return (Stage("training", 1.0, (Phase("bound", ("generator", "posterior"), self.loss),)),)

    def loss(self, context: StepContext) -> Loss:
        """Nats a position; figures in nats a sequence."""
        found = terms(self.networks["generator"], self.networks["posterior"], context.batch)
        weight = 1.0 if context.progress >= self.options.warm_up else context.progress / self.options.warm_up
        positions, sequences = context.batch.lengths.sum(), len(context.batch.lengths)
        given, apart = found.given.sum(), found.divergence.sum()
        figures: dict[str, Tensor | float] = {"reconstruction": -given / sequences, "kl": apart / sequences,
                                              "kl_weight": weight}  # fmt: skip
        return Loss((weight * apart - given) / positions, figures)


@torch.no_grad()
def importance_weighted(
    generator: VrnnGenerator, posterior: Posterior, batch: Batch[Tensor], counts: Tensor, samples: int
) -> Tensor:
    """``log 1/K sum_k p(x, z_k) / q(z_k | x)`` with K draws: on average between the bound and ``log p(x)``.

    Args:
        generator, posterior: in evaluation mode.
        batch: real sequences.
        counts: boolean ``[batch, time]``, the positions whose likelihood is meant.
        samples: K.

    Returns:
        ``[batch]``, in nats.
    """
    weights = []
    for _ in range(samples):
        found = terms(generator, posterior, batch)
        weights.append((found.given.masked_fill(~counts, 0.0) + found.ratio).sum(dim=1))
    return torch.stack(weights).logsumexp(dim=0) - math.log(samples)
