"""SeqGAN (Yu, Zhang, Wang & Yu 2017, arXiv:1609.05473): the generator is a policy, a symbol is an action, and its
reward is what the discriminator thinks of the sequences that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rgan_kit.contracts import Loss, Network, NetworkName, Phase, Stage, StepContext, TokenSpec
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.objectives.adversarial.players import cross_entropy, in_order
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import negative_log_likelihood
from rgan_kit_plugins.objectives.policy_gradient.rollouts import rollout_rewards
from rgan_kit_plugins.objectives.policy_gradient.sampling import Sample, log_probs, sample

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.policy_gradient import SeqGanOptions


class SeqGan:
    """Pretraining of the generator by likelihood and of the discriminator, then both in turn."""

    def __init__(self, options: SeqGanOptions, networks: Mapping[NetworkName, Network], data: TokenSpec) -> None:
        self.options, self.data = options, data
        self.generator: Any = networks["generator"]
        self.discriminator: Any = networks["discriminator"]

    def stages(self) -> tuple[Stage, ...]:
        """``pretraining``, ``discriminator`` and ``adversarial``; a stage without a share is left out."""
        options = self.options
        discriminator = Phase("discriminator", ("discriminator",), self.discriminator_loss)
        generator = Phase(
            "generator", ("generator",), self.generator_loss, options.critic_steps, options.generator_learning_rate
        )
        shares = options.pretraining_share, options.discriminator_share
        stages = (
            Stage("pretraining", shares[0], (likelihood_phase(self.generator),)),
            Stage("discriminator", shares[1], (discriminator,)),
            Stage("adversarial", 1 - sum(shares), (discriminator, generator)),
        )
        return tuple(stage for stage in stages if stage.share > 1e-9)

    def _sample(self, context: StepContext) -> Sample:
        real = context.batch
        return sample(self.generator, self.data, context.max_length, len(real.lengths), real.labels)

    def discriminator_loss(self, context: StepContext) -> Loss:
        """``-E log D(x) - E log(1 - D(G))`` on whole sequences (eq. 5)."""
        real = self.discriminator(context.batch).sequence
        fake = self.discriminator(self._sample(context).batch).sequence
        loss = cross_entropy(real, fake, self.options.label_smoothing)
        return Loss(loss, {"accuracy": in_order(real.detach(), fake.detach())})

    def generator_loss(self, context: StepContext) -> Loss:
        """``-Σ_t (Q(x_<t, x_t) - b_t) log p(x_t | x_<t)``, averaged over sequences: its expected gradient is that of
        minus the expected probability of being taken for real (eq. 7). The likelihood is a second term."""
        drawn = self._sample(context)
        rewards = rollout_rewards(self.discriminator, drawn, self.options.rollouts)
        mask = padding_mask(drawn.batch.lengths, rewards.shape[1])
        advantages = rewards - baseline(rewards, mask, self.options.baseline)
        loss = -(advantages * log_probs(self.generator, drawn)).sum() / len(mask)
        last = rewards.gather(1, drawn.batch.lengths[:, None] - 1)
        metrics: dict[str, Tensor | float] = {"reward": last.mean(), "advantage": advantages[mask].std(correction=0)}
        return with_likelihood(loss, self.options.likelihood_weight, self.generator, context, metrics)


def baseline(rewards: Tensor, mask: Tensor, kind: str) -> Tensor:
    """What is subtracted from rewards ``[batch, time]``. It is independent of the symbol that the reward is for, given
    those before it, so that the gradient's expectation stays (Williams 1992).

    ``mean`` is the mean over the other sequences that have a symbol there; ``prefix`` the reward of the symbol before,
    which is what rollouts say of the prefix, and for the first symbol the mean.
    """
    if kind == "none":
        return torch.zeros_like(rewards)
    others = mask.sum(dim=0) - mask.long()
    mean = ((rewards * mask).sum(dim=0) - rewards) / others.clamp(min=1) * (others > 0)
    if kind == "mean":
        return mean
    return torch.cat([mean[:, :1], rewards[:, :-1]], dim=1)


def likelihood_phase(generator: Any) -> Phase:
    """Pretraining by teacher forcing."""

    def loss(context: StepContext) -> Loss:
        return Loss(negative_log_likelihood(generator, context.batch))

    return Phase("likelihood", ("generator",), loss)


def with_likelihood(
    loss: Tensor, weight: float, generator: Any, context: StepContext, metrics: dict[str, Tensor | float]
) -> Loss:
    """A policy's loss with the likelihood of real sequences as a second term."""
    metrics["policy"] = loss
    if weight:
        metrics["likelihood"] = negative_log_likelihood(generator, context.batch)
        loss = loss + weight * metrics["likelihood"]
    return Loss(loss, metrics)
