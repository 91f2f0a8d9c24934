"""The losses of RTSGAN (Pei et al. 2021, arXiv:2111.08386): an autoencoder alone, then a Wasserstein GAN with gradient
penalty over its latents (Gulrajani et al. 2017, arXiv:1704.00028). Series are in 0..1 here; what lies behind the end of
one counts for nothing.

Unlike the paper's own code: both players are trained by Adam and not by RMSprop (``train.optimizers``); all features by
their squared error, categories too; generator and critic are told the class and the length of a series, which are drawn
as often as the data has them and not decoded from the latent; averages of weights are exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import Loss, Phase, Stage, StepContext
from rgan_kit.nn import padding_mask

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.latent import RtsGanOptions


class RtsGan:
    """The autoencoder, then critic and generator in turn while it stays as it is."""

    def __init__(self, options: RtsGanOptions, networks: Mapping[str, Any]) -> None:
        self.options, self.networks = options, networks

    def stages(self) -> tuple[Stage, ...]:
        """Critic steps have batches of their own."""
        share, critic_steps = self.options.autoencoder_share, self.options.critic_steps
        reconstruction = Phase("reconstruction", ("encoder", "decoder"), self.reconstruction_loss)
        critic = Phase(
            "discriminator", ("discriminator",), self.critic_loss,
            own_batch=True, repeats=critic_steps, frozen=("encoder",),
        )  # fmt: skip
        generator = Phase("generator", ("generator",), self.generator_loss)
        return (Stage("autoencoder", share, (reconstruction,)), Stage("adversarial", 1 - share, (critic, generator)))

    def reconstruction_loss(self, context: StepContext) -> Loss:
        """``E |x - x~|^2`` over features and the steps that count."""
        real, lengths = (context.batch.values + 1) / 2, context.batch.lengths
        mask = padding_mask(lengths, real.shape[1])
        latent = self.networks["encoder"](real, lengths)
        return Loss(F.mse_loss(self.networks["decoder"].reconstruct(latent, real)[mask], real[mask]))

    def critic_loss(self, context: StepContext) -> Loss:
        """``E D(fake) - E D(real)`` and the penalty; the gap is the distance that the critic sees."""
        batch = context.batch
        with torch.no_grad():
            real = self.networks["encoder"]((batch.values + 1) / 2, batch.lengths)
            fake = self._made(context)
        gap = self._scores(real, context).mean() - self._scores(fake, context).mean()
        penalty = self._penalty(real, fake, context)
        return Loss(self.options.gradient_penalty * penalty - gap, {"gap": gap, "penalty": penalty})

    def generator_loss(self, context: StepContext) -> Loss:
        """``-E D(fake)``."""
        return Loss(-self._scores(self._made(context), context).mean())

    def _made(self, context: StepContext) -> Tensor:
        """Latents of series of the same classes and lengths as the real ones."""
        generator, batch = self.networks["generator"], context.batch
        noise = torch.randn(len(batch.lengths), generator.noise_size, device=batch.values.device)
        made: Tensor = generator(noise, batch.labels, batch.lengths)
        return made

    def _scores(self, latent: Tensor, context: StepContext) -> Tensor:
        scores: Tensor = self.networks["discriminator"](latent, context.batch.labels, context.batch.lengths)
        return scores

    def _penalty(self, real: Tensor, fake: Tensor, context: StepContext) -> Tensor:
        """``E (|grad D| - 1)^2`` at random points between real and made latents."""
        share = torch.rand(len(real), 1, device=real.device)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(self._scores(between, context).sum(), between, create_graph=True)
        norms: Tensor = gradient.square().sum(dim=1).clamp(min=1e-12).sqrt()  # the root has no gradient at zero
        return (norms - 1).square().mean()
