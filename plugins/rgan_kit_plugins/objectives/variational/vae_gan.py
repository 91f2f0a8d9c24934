"""A variational autoencoder whose decoder is a GAN's generator (Larsen et al. 2016, arXiv:1512.09300).

The discriminator tells real sequences from both reconstructions and samples of the prior, and the generator is taught
by it beside the evidence lower bound. As in the paper the discriminator's judgement never reaches the encoder. Unlike
there, reconstruction is measured by the generator's own likelihood and not by features of the discriminator: a
likelihood compares what stands at the same place after the same past, while a free-running reconstruction, which is
all that a discriminator sees, loses step with the original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rgan_kit.contracts import (
    Batch,
    DataSpec,
    Encoder,
    Loss,
    Network,
    NetworkName,
    Phase,
    Relaxation,
    Stage,
    StepContext,
    TokenSpec,
)
from rgan_kit_plugins.objectives.adversarial.game import Adversarial
from rgan_kit_plugins.objectives.variational.evidence import EvidenceLowerBound, reparameterised

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.adversarial.players import Players
    from rgan_kit_plugins.objectives.variational import VaeGanOptions


class VaeGan(Adversarial):
    """Pretraining by the evidence lower bound, then discriminator and autoencoder in turn."""

    def __init__(
        self, options: VaeGanOptions, players: Players, networks: Mapping[NetworkName, Network], data: DataSpec
    ) -> None:
        super().__init__(options, players, networks, data)
        self.encoder: Encoder = networks["encoder"]
        self.evidence = EvidenceLowerBound(options, networks)

    def stages(self) -> tuple[Stage, ...]:
        """``pretraining`` and ``adversarial``; a stage without a share is left out."""
        options = self.options
        both: tuple[NetworkName, ...] = ("encoder", "generator")
        evidence = Phase("evidence", both, self.evidence.loss)
        stages = (
            Stage("pretraining", options.pretraining_share, (evidence,)),
            Stage("adversarial", 1 - options.pretraining_share, self.game(both)),
        )
        return tuple(stage for stage in stages if stage.share > 0)

    def _fake(self, context: StepContext) -> Batch[Tensor]:
        """As many sequences as there are real ones: every other one from the posterior of the real one in its place,
        the rest from the prior, so that each kind makes half of what the discriminator is shown."""
        real, tokens = context.batch, isinstance(self.data, TokenSpec)
        with torch.no_grad():
            posterior = reparameterised(*self.encoder(real))  # [batch, latent_size]
        odd = torch.arange(len(posterior), device=posterior.device)[:, None] % 2 == 1
        fake = self.generator.generate(
            len(posterior),
            context.max_length if tokens else real.values.shape[1],
            latent=torch.where(odd, torch.randn_like(posterior), posterior),
            labels=real.labels,
            relaxation=Relaxation(self.temperature(context.progress), self.options.relaxation == "straight-through"),
            **({"lengths": real.lengths} if not tokens and getattr(self.generator, "variable", False) else {}),
        )
        return fake if tokens else replace(real, values=fake.values)

    def generator_loss(self, context: StepContext) -> Loss:
        """The evidence lower bound, which moves both networks, and the generator's side of the game."""
        adversarial, _ = self._play(
            self.players.generator, context.batch if self.players.paired else None, self._fake(context)
        )
        annealed = self.options.pretraining_share > 0
        evidence = self.evidence.loss(replace(context, progress=1.0) if annealed else context)
        total = self.options.likelihood_weight * evidence.value + self.options.adversarial_weight * adversarial
        return Loss(total, {"adversarial": adversarial, "evidence": evidence.value, **evidence.metrics})
