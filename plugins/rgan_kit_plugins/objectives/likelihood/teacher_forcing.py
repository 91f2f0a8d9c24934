"""Maximum likelihood by teacher forcing (Williams & Zipser 1989), with scheduled sampling where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rgan_kit.contracts import Autoregressive, Batch, Loss, Network, NetworkName, Phase, PluginError, Stage, StepContext
from rgan_kit_plugins.objectives.likelihood import LikelihoodOptions
from rgan_kit_plugins.objectives.likelihood.scheduled_sampling import ScheduledSampling, own_share


def check_likelihood(generator: Any) -> None:
    """Raises PluginError where the generator has no likelihood."""
    if not isinstance(generator, Autoregressive):
        raise PluginError(
            f"{type(generator).__name__} has no log_probs: it cannot be trained by likelihood.",
            "Choose an objective without likelihood, or a generator with one: for series --set "
            "generator.autoregressive=true, for frames --set generator.likelihood=true",
        )


def negative_log_likelihood(generator: Any, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
    """Nats a position, averaged over all scored positions of the batch: a scalar.

    Args:
        generator: with a likelihood.
        batch: real sequences.
        latent: ``[batch, latent_size]``; drawn by the generator where None.

    Raises:
        PluginError: the generator has no likelihood.
    """
    check_likelihood(generator)
    return mean_nats(generator.log_probs(batch, latent), batch)


def mean_nats(log_probs: Tensor, batch: Batch[Tensor]) -> Tensor:
    """Of ``log_probs`` ``[batch, time]``, zero on padding, to nats a scored position: what stands before a window of a
    running text is read alone."""
    if batch.context is None:
        return -log_probs.sum() / batch.lengths.sum()
    steps = torch.arange(log_probs.shape[1], device=log_probs.device)
    return -log_probs.masked_fill(steps < batch.context[:, None], 0.0).sum() / scored(batch)


def scored(batch: Batch[Tensor]) -> Tensor:
    """Positions of a batch that a likelihood is taken of: a number."""
    return batch.lengths.sum() if batch.context is None else (batch.lengths - batch.context).sum()


class MaximumLikelihood:
    """The baseline that every other objective is shown beside.

    Raises:
        PluginError: scheduled sampling is asked for and the generator cannot do it.
    """

    def __init__(self, networks: Mapping[NetworkName, Network], options: LikelihoodOptions | None = None) -> None:
        self.generator: Any = networks["generator"]
        self.options = options or LikelihoodOptions()
        if self.options.scheduled_sampling and not isinstance(self.generator, ScheduledSampling):
            raise PluginError(
                f"{type(self.generator).__name__} has no scheduled_log_probs: it cannot train on symbols of its own.",
                "Use --set objective.scheduled_sampling=0, or a generator of tokens.",
            )

    def stages(self) -> tuple[Stage, ...]:
        """One stage, one phase."""
        return (Stage("training", 1.0, (Phase("likelihood", ("generator",), self.loss),)),)

    def loss(self, context: StepContext) -> Loss:
        """``-1/N Σ log p(x_t | x_<t)``, in nats; of the previous symbols a share may be the generator's own."""
        share = own_share(self.options, context.progress)
        if not share:
            return Loss(negative_log_likelihood(self.generator, context.batch))
        nats = mean_nats(self.generator.scheduled_log_probs(context.batch, share), context.batch)
        return Loss(nats, {"own_share": share})
