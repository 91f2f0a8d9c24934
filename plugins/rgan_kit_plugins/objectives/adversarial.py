"""The non-saturating GAN (Goodfellow et al. 2014, section 3) on symbols, after maximum-likelihood pretraining.

Gradients reach the generator through straight-through Gumbel-softmax samples (Jang et al. 2017) whose temperature cools
geometrically. Kusner & Hernández-Lobato 2016 (arXiv:1611.04051) trained recurrent networks so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rgan_kit.contracts import (
    Batch,
    Generator,
    Loss,
    Network,
    NetworkName,
    Phase,
    Relaxation,
    Scores,
    Stage,
    StepContext,
)
from rgan_kit_plugins.objectives.likelihood import MaximumLikelihood, negative_log_likelihood

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives import AdversarialOptions


class NonSaturating:
    """Pretraining by likelihood, then discriminator and generator in turn."""

    def __init__(self, options: AdversarialOptions, networks: Mapping[NetworkName, Network], vocabulary: int) -> None:
        self.options = options
        self.vocabulary = vocabulary
        self.networks = networks
        self.generator: Generator = networks["generator"]  # type: ignore[assignment]
        self.discriminator: Any = networks["discriminator"]

    def stages(self) -> tuple[Stage, ...]:
        """``pretraining`` and ``adversarial``; a stage without a share is left out."""
        options = self.options
        pretraining = MaximumLikelihood(self.networks)
        stages = (
            Stage(
                "pretraining",
                options.pretraining_share,
                (Phase("likelihood", ("generator",), pretraining.loss),),
            ),
            Stage(
                "adversarial",
                1 - options.pretraining_share,
                (
                    Phase("discriminator", ("discriminator",), self.discriminator_loss),
                    Phase(
                        "generator",
                        ("generator",),
                        self.generator_loss,
                        interval=options.critic_steps,
                        learning_rate=options.generator_learning_rate,
                    ),
                ),
            ),
        )
        return tuple(stage for stage in stages if stage.share > 0)

    def temperature(self, progress: float) -> float:
        """Of the Gumbel-softmax: from ``temperature_start`` to ``temperature_end``, geometrically."""
        start, end = self.options.temperature_start, self.options.temperature_end
        return float(start * (end / start) ** progress)

    def _fake(self, context: StepContext) -> Batch[Tensor]:
        relaxation = Relaxation(self.temperature(context.progress))
        real = context.batch
        return self.generator.generate(len(real.lengths), context.max_length, labels=real.labels, relaxation=relaxation)

    def discriminator_loss(self, context: StepContext) -> Loss:
        """Binary cross-entropy of real against generated, with one-sided label smoothing; R1 where asked for."""
        with torch.no_grad():
            fake = self._fake(context)
        real_scores, fake_scores = self.discriminator(context.batch), self.discriminator(fake)
        real = self._combine(cross_entropy(real_scores, context.batch.lengths, 1 - self.options.label_smoothing))
        generated = self._combine(cross_entropy(fake_scores, fake.lengths, 0.0))
        loss = real + generated
        correct = (real_scores.sequence > 0).float().mean() + (fake_scores.sequence <= 0).float().mean()
        metrics: dict[str, Tensor | float] = {"accuracy": correct / 2}
        if self.options.r1_weight:
            penalty = r1_penalty(self.discriminator, context.batch, self.vocabulary)
            loss = loss + self.options.r1_weight / 2 * penalty
            metrics["r1"] = penalty
        return Loss(loss, metrics)

    def generator_loss(self, context: StepContext) -> Loss:
        """``-log D(G(z))``, and the likelihood as a second term."""
        fake = self._fake(context)
        adversarial = self._combine(cross_entropy(self.discriminator(fake), fake.lengths, 1.0))
        loss = self.options.adversarial_weight * adversarial
        metrics: dict[str, Tensor | float] = {"adversarial": adversarial}
        if self.options.likelihood_weight:
            likelihood = negative_log_likelihood(self.generator, context.batch)
            loss = loss + self.options.likelihood_weight * likelihood
            metrics["likelihood"] = likelihood
        return Loss(loss, metrics)

    def _combine(self, losses: tuple[Tensor, Tensor]) -> Tensor:
        sequence, steps = losses
        return sequence + self.options.step_weight * steps if self.options.step_weight else sequence


def cross_entropy(scores: Scores, lengths: Tensor, target: float) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy against ``target`` (1 is real): averaged over sequences, and over all steps that count."""
    sequence = F.binary_cross_entropy_with_logits(scores.sequence, torch.full_like(scores.sequence, target))
    steps = F.binary_cross_entropy_with_logits(scores.steps, torch.full_like(scores.steps, target), reduction="none")
    counts = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
    return sequence, (steps * counts).sum() / counts.sum()


def r1_penalty(discriminator: Any, real: Batch[Tensor], vocabulary: int) -> Tensor:
    """``E ||∇_x D(x)||²`` over real sequences as one-hot vectors (Mescheder et al. 2018, arXiv:1801.04406, eq. 9)."""
    dtype = next(discriminator.parameters()).dtype
    values = F.one_hot(real.values, vocabulary).to(dtype).requires_grad_()
    # cuDNN's recurrent layers have no double backward; on a CPU this changes nothing.
    with torch.backends.cudnn.flags(enabled=False):
        score = discriminator(Batch(values, real.lengths, real.labels)).sequence.sum()
    (gradient,) = torch.autograd.grad(score, values, create_graph=True)
    return gradient.pow(2).sum() / len(values)
