"""Maximum likelihood by teacher forcing (Williams & Zipser 1989), with scheduled sampling where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

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
    """Nats a position, averaged over all positions of the batch: a scalar.

    Args:
        generator: with a likelihood.
        batch: real sequences.
        latent: ``[batch, latent_size]``; drawn by the generator where None.

    Raises:
        PluginError: the generator has no likelihood.
    """
    check_likelihood(generator)
    return cast("Tensor", -generator.log_probs(batch, latent).sum() / batch.lengths.sum())


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
        nats = -self.generator.scheduled_log_probs(context.batch, share).sum() / context.batch.lengths.sum()
        return Loss(nats, {"own_share": share})
