"""The losses of TimeGAN (Yoon, Jarrett & van der Schaar 2019, section 4), with the weights and the order of the paper's
own code. Series are in 0..1 here; what lies behind the end of one counts for nothing.

Unlike there: the inner steps of the generator come one after the other and then those of the embedder, not in turn;
averages of weights are exported; labels, where data has them, are told to generator and discriminator, and lengths to
the generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import Loss, Phase, Stage, StepContext
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.objectives.adversarial.players import in_order

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.latent import TimeGanOptions

RECONSTRUCTION_WEIGHT = 10.0
"""Of the square root of the reconstruction's error."""


class TimeGan:
    """Embedding alone, supervision alone, then everything together."""

    def __init__(self, options: TimeGanOptions, networks: Mapping[str, Any]) -> None:
        self.options, self.networks = options, networks

    def stages(self) -> tuple[Stage, ...]:
        """Every phase of the last draws batches of its own; the discriminator learns only while its loss is high
        enough."""
        options = self.options
        alone = (1 - options.joint_share) / 2
        autoencoder = ("embedder", "recovery")
        embedding = Phase("reconstruction", autoencoder, self.reconstruction_loss)
        supervised = Phase("supervision", ("supervisor",), self.supervised_loss, frozen=("embedder",))
        generator = Phase(
            "generator",
            ("generator", "supervisor"),
            self.generator_loss,
            own_batch=True,
            repeats=options.generator_steps,
        )
        again = Phase("embedding", autoencoder, self.embedding_loss, own_batch=True, repeats=options.generator_steps)
        discriminator = Phase(
            "discriminator", ("discriminator",), self.discriminator_loss, own_batch=True,
            condition=lambda figures: figures["discriminator/loss"] > options.least_critic_loss,
        )  # fmt: skip
        stages = (
            Stage("embedding", alone, (embedding,)),
            Stage("supervision", alone, (supervised,)),
            Stage("joint", options.joint_share, (generator, again, discriminator)),
        )
        return tuple(stage for stage in stages if stage.share > 0)

    # --- what the losses are made of ---

    def _reconstruction(self, real: Tensor, latent: Tensor, mask: Tensor) -> Tensor:
        """Mean squared error of ``[batch, time, features]`` and what the recovery makes of its latent."""
        return F.mse_loss(self.networks["recovery"](latent)[mask], real[mask])

    def _supervised(self, latent: Tensor, mask: Tensor) -> Tensor:
        """Mean squared error of each latent step and what the supervisor makes of those before it."""
        told = self.networks["supervisor"](latent)[:, :-1]
        inside = mask[:, 1:]
        return F.mse_loss(told[inside], latent[:, 1:][inside]) if inside.any() else latent.sum() * 0.0

    def _made(self, context: StepContext) -> tuple[Tensor, Tensor]:
        """Latent steps of as many series as there are real ones: the generator's own, and the supervisor's of those."""
        real = context.batch
        noise = torch.rand_like(real.values)
        early = self.networks["generator"].draw(noise, real.labels, real.lengths)
        return early, self.networks["supervisor"](early)

    def _logits(self, context: StepContext, mask: Tensor, *latents: Tensor) -> Iterable[Tensor]:
        """The discriminator's logits of the steps that count, one vector for each batch of latents; all of them in one
        pass, which costs a small recurrence little more than one of them."""
        labels = context.batch.labels
        each = None if labels is None else labels.repeat(len(latents))
        logits = self.networks["discriminator"](torch.cat(latents), each)[..., 0].chunk(len(latents))
        return (part[mask] for part in logits)

    # --- the losses ---

    def reconstruction_loss(self, context: StepContext) -> Loss:
        """``10 sqrt(E |x - x~|^2)``."""
        real, mask = _real(context)
        error = self._reconstruction(real, self.networks["embedder"](real), mask)
        return Loss(RECONSTRUCTION_WEIGHT * root(error), {"error": error})

    def supervised_loss(self, context: StepContext) -> Loss:
        """``E |h_t - s(h_<t)|^2``."""
        real, mask = _real(context)
        return Loss(self._supervised(self.networks["embedder"](real), mask))

    def embedding_loss(self, context: StepContext) -> Loss:
        """``10 sqrt(E |x - x~|^2) + 0.1 E |h_t - s(h_<t)|^2``."""
        real, mask = _real(context)
        latent = self.networks["embedder"](real)
        error, supervised = self._reconstruction(real, latent, mask), self._supervised(latent, mask)
        loss = RECONSTRUCTION_WEIGHT * root(error) + self.options.embedding_weight * supervised
        return Loss(loss, {"error": error, "supervised": supervised})

    def generator_loss(self, context: StepContext) -> Loss:
        """The adversarial terms, ``100 sqrt`` of the supervised one, and 100 times the distance of moments."""
        options, (real, mask) = self.options, _real(context)
        early, late = self._made(context)
        adversarial, before = (taken_for(logits, 1.0) for logits in self._logits(context, mask, late, early))
        with torch.no_grad():
            latent = self.networks["embedder"](real)
        supervised = self._supervised(latent, mask)
        moments = moment_distance(self.networks["recovery"](late), real, mask)
        loss = adversarial + options.early_weight * before
        loss = loss + options.supervised_weight * root(supervised) + options.moment_weight * moments
        return Loss(loss, {"adversarial": adversarial, "supervised": supervised, "moments": moments})

    def discriminator_loss(self, context: StepContext) -> Loss:
        """Cross-entropy on real steps, on the supervisor's and on the generator's own."""
        real, mask = _real(context)
        with torch.no_grad():
            latent, (early, late) = self.networks["embedder"](real), self._made(context)
        of_real, of_late, of_early = self._logits(context, mask, latent, late, early)
        loss = taken_for(of_real, 1.0) + taken_for(of_late, 0.0)
        loss = loss + self.options.early_weight * taken_for(of_early, 0.0)
        return Loss(loss, {"accuracy": in_order(of_real.detach(), of_late.detach())})


def _real(context: StepContext) -> tuple[Tensor, Tensor]:
    """Real series in 0..1, and which of their steps count."""
    batch = context.batch
    return (batch.values + 1) / 2, padding_mask(batch.lengths, batch.values.shape[1])


def taken_for(logits: Tensor, wanted: float) -> Tensor:
    """Cross-entropy of logits and 1 (real) or 0 (made)."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, wanted))


def root(value: Tensor) -> Tensor:
    """The square root, which has no gradient at zero."""
    return value.clamp(min=1e-12).sqrt()


def moment_distance(made: Tensor, real: Tensor, mask: Tensor) -> Tensor:
    """``E |sd(made) - sd(real)| + E |mean(made) - mean(real)|``, of every feature at every step over the batch."""
    weights = mask[..., None] / mask.sum(dim=0).clamp(min=1)[None, :, None]  # [batch, time, 1]
    means, deviations = [], []
    for values in (made, real):
        mean = (weights * values).sum(dim=0)
        variance = (weights * (values - mean).square()).sum(dim=0)
        means.append(mean)
        deviations.append((variance + 1e-6).sqrt())
    return (deviations[0] - deviations[1]).abs().mean() + (means[0] - means[1]).abs().mean()
