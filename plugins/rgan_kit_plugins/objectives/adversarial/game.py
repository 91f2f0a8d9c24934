"""Generative adversarial training; generators that have a likelihood may be trained by it first.

Gradients reach a generator of symbols through Gumbel-softmax samples (Jang et al. 2017) whose temperature cools
geometrically; Kusner & Hernández-Lobato 2016 (arXiv:1611.04051) trained recurrent networks so. Series and frames need
no such thing. What the players minimise is in ``players``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import (
    Autoregressive,
    Batch,
    DataSpec,
    Generator,
    Loss,
    Network,
    NetworkName,
    Phase,
    Relaxation,
    Stage,
    StepContext,
    TokenSpec,
)
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import negative_log_likelihood

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.adversarial import AdversarialOptions
    from rgan_kit_plugins.objectives.adversarial.players import PlayerLoss, Players


class Adversarial:
    """Pretraining by likelihood, then discriminator and generator in turn."""

    def __init__(
        self, options: AdversarialOptions, players: Players, networks: Mapping[NetworkName, Network], data: DataSpec
    ) -> None:
        self.options = options
        self.players = players
        self.data = data
        self.generator: Generator = networks["generator"]  # type: ignore[assignment]
        self.discriminator: Any = networks["discriminator"]
        self.has_likelihood = isinstance(self.generator, Autoregressive)

    def stages(self) -> tuple[Stage, ...]:
        """``pretraining`` (for a generator with a likelihood) and ``adversarial``; one without a share is left out."""
        options = self.options
        share = options.pretraining_share if self.has_likelihood else 0.0
        pretraining = Phase("likelihood", ("generator",), self.likelihood_loss)
        stages = (
            Stage("pretraining", share, (pretraining,)),
            Stage("adversarial", 1 - share, self.game(("generator",))),
        )
        return tuple(stage for stage in stages if stage.share > 0)

    def game(self, trained: tuple[NetworkName, ...]) -> tuple[Phase, ...]:
        """The phases of both players, and of a penalty that has steps of its own; ``trained`` by the generator's."""
        options = self.options
        limit = getattr(options, "weight_limit", None)
        discriminator = Phase("discriminator", ("discriminator",), self.discriminator_loss, weight_limit=limit)
        generator = Phase(
            "generator", trained, self.generator_loss, options.critic_steps, options.generator_learning_rate
        )
        lazy = Phase("r1", ("discriminator",), self.r1_loss, options.r1_interval)
        return (discriminator, lazy, generator) if self.lazy else (discriminator, generator)

    def temperature(self, progress: float) -> float:
        """Of the Gumbel-softmax: from ``temperature_start`` to ``temperature_end``, geometrically."""
        start, end = self.options.temperature_start, self.options.temperature_end
        return float(start * (end / start) ** progress)

    def _fake(self, context: StepContext) -> Batch[Tensor]:
        """As many sequences as there are real ones. Where they have no end of their own they are as long as those, and
        of the same steps, known in the same places: none of that tells them apart."""
        relaxation = Relaxation(self.temperature(context.progress), self.options.relaxation == "straight-through")
        real, tokens = context.batch, isinstance(self.data, TokenSpec)
        length = context.max_length if tokens else real.values.shape[1]
        told = {"lengths": real.lengths} if not tokens and getattr(self.generator, "variable", False) else {}
        fake = self.generator.generate(len(real.lengths), length, labels=real.labels, relaxation=relaxation, **told)
        return fake if tokens else replace(real, values=fake.values)

    def likelihood_loss(self, context: StepContext) -> Loss:
        """Of the pretraining: nats a position."""
        return Loss(negative_log_likelihood(self.generator, context.batch))

    def discriminator_loss(self, context: StepContext) -> Loss:
        """The discriminator's side, and the gradient penalties that are asked for."""
        with torch.no_grad():
            fake = self._fake(context)
        loss, figures = self._play(self.players.discriminator, context.batch, fake)
        metrics: dict[str, Tensor | float] = {**figures}
        if self.options.r1_weight and not self.lazy:
            metrics["r1"] = r1_penalty(self.discriminator, self._dense(context.batch))
            loss = loss + self.options.r1_weight / 2 * metrics["r1"]
        if self.options.gradient_penalty:
            metrics["penalty"] = gradient_penalty(self.discriminator, self._dense(context.batch), fake)
            loss = loss + self.options.gradient_penalty * metrics["penalty"]
        return Loss(loss, metrics)

    @property
    def lazy(self) -> bool:
        """Whether the R1 penalty has steps of its own (Karras et al. 2020, arXiv:1912.04958, section 3.1)."""
        return self.options.r1_weight > 0 and self.options.r1_interval > 1

    def r1_loss(self, context: StepContext) -> Loss:
        """The penalty of all the steps since the last one."""
        penalty = r1_penalty(self.discriminator, self._dense(context.batch))
        return Loss(self.options.r1_interval * self.options.r1_weight / 2 * penalty, {"r1": penalty})

    def generator_loss(self, context: StepContext) -> Loss:
        """The generator's side, and the likelihood as a second term."""
        fake = self._fake(context)
        adversarial, _ = self._play(self.players.generator, context.batch if self.players.paired else None, fake)
        loss = self.options.adversarial_weight * adversarial
        metrics: dict[str, Tensor | float] = {"adversarial": adversarial}
        if self.has_likelihood and self.options.likelihood_weight:
            likelihood = negative_log_likelihood(self.generator, context.batch)
            loss = loss + self.options.likelihood_weight * likelihood
            metrics["likelihood"] = likelihood
        return Loss(loss, metrics)

    def _dense(self, real: Batch[Tensor]) -> Batch[Tensor]:
        """Real sequences in the space of generated ones."""
        return one_hot(real, self.data.vocab_size, self.discriminator) if isinstance(self.data, TokenSpec) else real

    def _play(
        self, loss: PlayerLoss, real: Batch[Tensor] | None, fake: Batch[Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """A player's loss on the scores of sequences and of steps, and how well sequences are told apart."""
        scores = self.discriminator(fake)
        fake_scores = scores.sequence, scores.steps[padding_mask(fake.lengths, scores.steps.shape[1])]
        real_scores = fake_scores  # what a loss that looks at generated sequences alone is given, and ignores
        if real is not None:
            scores = self.discriminator(real)
            real_scores = scores.sequence, scores.steps[padding_mask(real.lengths, scores.steps.shape[1])]
        total = loss(real_scores[0], fake_scores[0])
        if self.options.step_weight:
            total = total + self.options.step_weight * loss(real_scores[1], fake_scores[1])
        return total, self.players.figures(real_scores[0], fake_scores[0])


def r1_penalty(discriminator: Any, real: Batch[Tensor]) -> Tensor:
    """``E ||∇_x D(x)||²`` over real sequences, symbols as one-hot (Mescheder et al. 2018, arXiv:1801.04406, eq. 9)."""
    return _squared_gradients(discriminator, real).mean()


def gradient_penalty(discriminator: Any, real: Batch[Tensor], fake: Batch[Tensor]) -> Tensor:
    """``E (||∇_x D(x)|| - 1)²`` at random points between real and generated sequences (Gulrajani et al. 2017,
    arXiv:1704.00028, eq. 3), symbols as one-hot; the shorter of a pair is followed by zeros."""
    time = max(real.values.shape[1], fake.values.shape[1])
    left = _lengthened(real.values, time)
    right = _lengthened(fake.values.detach(), time).to(left.dtype)
    share = torch.rand(len(left), *[1] * (left.ndim - 1), device=left.device, dtype=left.dtype)
    between = replace(
        real, values=share * left + (1 - share) * right, lengths=torch.maximum(real.lengths, fake.lengths)
    )
    # The square root has no gradient at zero.
    return (_squared_gradients(discriminator, between).clamp(min=1e-12).sqrt() - 1).square().mean()


def _lengthened(values: Tensor, time: int) -> Tensor:
    """``[batch, time, ...]``, with zeros at the end up to ``time``."""
    return F.pad(values, (*[0, 0] * (values.ndim - 2), 0, time - values.shape[1]))


def one_hot(batch: Batch[Tensor], vocabulary: int, discriminator: Any) -> Batch[Tensor]:
    """Real tokens in the space of generated ones, zero on padding, in the discriminator's type."""
    values = F.one_hot(batch.values, vocabulary) * padding_mask(batch.lengths, batch.values.shape[1])[:, :, None]
    return replace(batch, values=values.to(next(discriminator.parameters()).dtype))


def _squared_gradients(discriminator: Any, batch: Batch[Tensor]) -> Tensor:
    """``||∇_x D(x)||²`` of each sequence, ``[batch]``, to be differentiated again."""
    values = batch.values.detach().requires_grad_()
    # cuDNN's recurrent layers have no double backward; on a CPU this changes nothing.
    with torch.backends.cudnn.flags(enabled=False):
        score = discriminator(replace(batch, values=values)).sequence.sum()
    (gradient,) = torch.autograd.grad(score, values, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1)
