"""Maximum likelihood: its options and description. The losses lie beside this file and import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from rgan_kit.contracts import DataSpec, Network, NetworkName, Objective, ObjectiveSpec, Options


class LikelihoodOptions(Options):
    """Options of maximum likelihood; without scheduled sampling it is plain teacher forcing."""

    scheduled_sampling: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of previous symbols that the model draws itself as the training ends; 0 for none",
    )
    decay: Literal["linear", "exponential", "inverse-sigmoid"] = Field(
        "inverse-sigmoid", description="how the share of true previous symbols falls (Bengio et al. 2015, section 2.4)"
    )
    start: float = Field(0.25, ge=0, lt=1, description="share of the training before scheduled sampling begins")


def _likelihood(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.likelihood.teacher_forcing import MaximumLikelihood

    return MaximumLikelihood(networks, options)


OBJECTIVES = (
    ObjectiveSpec(
        name="maximum-likelihood",
        summary="teacher forcing: the likelihood of every symbol or step given those before it; scheduled sampling",
        paper="Williams & Zipser 1989, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks; "
        "Bengio et al. 2015, arXiv:1506.03099",
        kinds=frozenset({"tokens", "series"}),
        requires={"generator": ("likelihood",)},
        options=LikelihoodOptions,
        build=_likelihood,
    ),
)
