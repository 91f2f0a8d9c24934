"""Maximum likelihood by teacher forcing (Williams & Zipser 1989)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from rgan_kit.contracts import Autoregressive, Batch, Loss, Network, NetworkName, Phase, PluginError, Stage, StepContext


def negative_log_likelihood(generator: Any, batch: Batch[Tensor]) -> Tensor:
    """Nats a position, averaged over all positions of the batch: a scalar.

    Raises:
        PluginError: the generator has no likelihood.
    """
    if not isinstance(generator, Autoregressive):
        raise PluginError(
            f"{type(generator).__name__} has no log_probs: it cannot be trained by likelihood.",
            "Choose an autoregressive generator, or an objective without likelihood.",
        )
    return -generator.log_probs(batch).sum() / batch.lengths.sum()


class MaximumLikelihood:
    """The baseline that every other objective is shown beside."""

    def __init__(self, networks: Mapping[NetworkName, Network]) -> None:
        self.generator = networks["generator"]

    def stages(self) -> tuple[Stage, ...]:
        """One stage, one phase."""
        return (Stage("training", 1.0, (Phase("likelihood", ("generator",), self.loss),)),)

    def loss(self, context: StepContext) -> Loss:
        """``-1/N Σ log p(x_t | x_<t)``, in nats."""
        return Loss(negative_log_likelihood(self.generator, context.batch))
