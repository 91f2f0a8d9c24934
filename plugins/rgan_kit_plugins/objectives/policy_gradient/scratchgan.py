"""ScratchGAN (de Masson d'Autume, Rosca, Rae & Mohamed 2019, arXiv:1905.09922): the discriminator judges every symbol
given those before it, so that every symbol has a reward of its own and no pretraining is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, Loss, Network, NetworkName, Phase, Stage, StepContext, TokenSpec, UsageError
from rgan_kit.nn import as_they_are, padding_mask
from rgan_kit_plugins.objectives.adversarial.players import cross_entropy, in_order
from rgan_kit_plugins.objectives.policy_gradient.sampling import Sample, log_probs, sample
from rgan_kit_plugins.objectives.policy_gradient.seqgan import likelihood_phase, with_likelihood

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.policy_gradient import ScratchGanOptions


class ScratchGan(nn.Module):
    """Discriminator and generator in turn. Its buffers are the baseline, which checkpoints keep.

    Raises:
        UsageError: the discriminator's score of a step depends on what follows it.
    """

    baseline: Tensor
    updates: Tensor

    def __init__(self, options: ScratchGanOptions, networks: Mapping[NetworkName, Network], data: TokenSpec) -> None:
        super().__init__()
        if not getattr(networks["discriminator"], "causal", False):
            raise UsageError(
                "The objective scratchgan rewards every symbol by its own score, and those of this discriminator "
                "depend on what comes later too.",
                "Let it read one way (--set discriminator.bidirectional=false), or choose discriminator cnn.",
            )
        self.options, self.data = options, data
        self.networks = dict(networks)  # in a dictionary, so that they are no part of this module's state
        self.register_buffer("baseline", torch.zeros(data.max_length + data.ends))
        self.register_buffer("updates", torch.zeros(data.max_length + data.ends))

    def stages(self) -> tuple[Stage, ...]:
        """``pretraining`` and ``adversarial``; a stage without a share is left out."""
        options = self.options
        generator = Phase(
            "generator", ("generator",), self.generator_loss, options.critic_steps, options.generator_learning_rate
        )
        stages = (
            Stage("pretraining", options.pretraining_share, (likelihood_phase(self.networks["generator"]),)),
            Stage(
                "adversarial",
                1 - options.pretraining_share,
                (Phase("discriminator", ("discriminator",), self.discriminator_loss), generator),
            ),
        )
        return tuple(stage for stage in stages if stage.share > 0)

    def _sample(self, context: StepContext) -> Sample:
        real = context.batch
        return sample(self.networks["generator"], self.data, context.max_length, len(real.lengths), real.labels)

    def discriminator_loss(self, context: StepContext) -> Loss:
        """``-E log D(x_t | x_<t) - E log(1 - D(G_t | G_<t))``, averaged over all symbols (section 3)."""
        real, fake = self._step_scores(context.batch), self._step_scores(self._sample(context).batch)
        loss = cross_entropy(real, fake, self.options.label_smoothing)
        return Loss(loss, {"accuracy": in_order(real.detach(), fake.detach())})

    def _step_scores(self, batch: Batch[Tensor]) -> Tensor:
        scores: Tensor = self.networks["discriminator"](batch).steps
        return scores[padding_mask(batch.lengths, scores.shape[1])]

    def generator_loss(self, context: StepContext) -> Loss:
        """``-Σ_t (R_t - b_t) log p(x_t | x_<t)``, averaged over sequences, with returns ``R_t`` and their moving
        average ``b_t``. The likelihood is a second term."""
        options, generator = self.options, self.networks["generator"]
        drawn = self._sample(context)
        mask = padding_mask(drawn.batch.lengths, drawn.batch.values.shape[1])
        nats = log_probs(generator, drawn)
        gained = self.rewards(drawn.batch) - options.entropy_weight * nats.detach()
        returns = discounted(gained, options.discount)
        advantages = (returns - self.baseline[: returns.shape[1]]) * mask
        self._learn(returns, mask)
        metrics: dict[str, Tensor | float] = {
            "reward": gained[mask].mean(),
            "advantage": advantages[mask].std(correction=0),
            "surprise": -nats[mask].mean(),
        }
        loss = -(advantages * nats).sum() / len(mask)
        return with_likelihood(loss, options.likelihood_weight, generator, context, metrics)

    @torch.no_grad()
    def rewards(self, batch: Batch[Tensor]) -> Tensor:
        """``2 D(x_t | x_<t) - 1`` of each symbol: ``[batch, time]``, zero on padding."""
        discriminator: Any = self.networks["discriminator"]
        with as_they_are(discriminator):
            steps = discriminator(batch).steps.float()
        return (2 * torch.sigmoid(steps) - 1) * padding_mask(batch.lengths, steps.shape[1])

    @torch.no_grad()
    def _learn(self, returns: Tensor, mask: Tensor) -> None:
        """Moves the baseline of every position towards the mean of its returns; the first ones count in full."""
        time, count = returns.shape[1], mask.sum(dim=0)
        seen = (count > 0).float()
        self.updates[:time] += seen
        rate = torch.maximum(1 / self.updates[:time].clamp(min=1), torch.tensor(1 - self.options.baseline_decay))
        mean = returns.sum(dim=0) / count.clamp(min=1)
        self.baseline[:time] += seen * rate * (mean - self.baseline[:time])


def discounted(rewards: Tensor, discount: float) -> Tensor:
    """``R_t = Σ_{s≥t} γ^{s-t} r_s`` of rewards ``[batch, time]`` that are zero on padding."""
    returns, total = [], torch.zeros_like(rewards[:, 0])
    for reward in reversed(rewards.unbind(dim=1)):
        total = reward + discount * total
        returns.append(total)
    return torch.stack(returns[::-1], dim=1)
