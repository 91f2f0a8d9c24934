"""How the weight of the divergence rises in training, so that the latent is learnt before it is priced."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rgan_kit_plugins.objectives.variational import VariationalOptions

_STEEPNESS = 10.0
"""How far the logistic curve runs, from minus to plus half of it, before it is stretched to reach from 0 to 1."""


def divergence_weight(options: VariationalOptions, progress: float) -> float:
    """Weight of the divergence, from 0 to ``beta``.

    ``linear`` and ``logistic`` (Bowman et al. 2016, section 3.1) rise once, in the first ``annealing_share`` of the
    stage; ``cyclical`` (Fu et al. 2019, arXiv:1903.10145, eq. 6 and 7) rises linearly in the same share of each of
    ``cycles`` equal parts.

    Args:
        options: of the objective.
        progress: of the stage, 0 up to 1, where the weight is ``beta``.
    """
    if options.annealing == "none" or progress >= 1:
        return options.beta
    if options.annealing == "cyclical":
        progress = progress * options.cycles % 1.0
    risen = min(progress / options.annealing_share, 1.0)
    if options.annealing == "logistic":
        risen = 0.5 + math.tanh(_STEEPNESS / 2 * (risen - 0.5)) / (2 * math.tanh(_STEEPNESS / 4))
    return options.beta * risen
