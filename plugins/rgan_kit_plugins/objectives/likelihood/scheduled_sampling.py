"""Scheduled sampling: how much of what a generator reads in training is its own (Bengio et al. 2015,
arXiv:1506.03099)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from rgan_kit.contracts import Batch
    from rgan_kit_plugins.objectives.likelihood import LikelihoodOptions

_FALL = 5.0
"""Exponent that the exponential decay reaches before it is stretched to end at 0."""

_STEEPNESS = 10.0
"""How far the logistic curve runs, from minus to plus half of it, before it is stretched to reach from 1 to 0."""


@runtime_checkable
class ScheduledSampling(Protocol):
    """A generator that can read symbols of its own in training."""

    def scheduled_log_probs(self, batch: Batch[Tensor], share: float, latent: Tensor | None = None) -> Tensor:
        """``log_probs``, with a ``share`` of what stands before each position drawn by the model: ``[batch, time]``."""
        ...


def own_share(options: LikelihoodOptions, progress: float) -> float:
    """Share of previous symbols that are the generator's own: 0 up to ``start``, ``scheduled_sampling`` at the end.

    The curves are those of section 2.4 of the paper, stretched to fall from 1 to 0 between the two.
    """
    if not options.scheduled_sampling or progress <= options.start:
        return 0.0
    passed = (progress - options.start) / (1 - options.start)
    true_share = {
        "linear": 1 - passed,
        "exponential": (math.exp(-_FALL * passed) - math.exp(-_FALL)) / (1 - math.exp(-_FALL)),
        "inverse-sigmoid": 0.5 - math.tanh(_STEEPNESS / 2 * (passed - 0.5)) / (2 * math.tanh(_STEEPNESS / 4)),
    }[options.decay]
    return options.scheduled_sampling * (1 - true_share)
