"""Maximum likelihood: its options and description. The loss lies beside this file and imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rgan_kit.contracts import DataSpec, Network, NetworkName, Objective, ObjectiveSpec


def _likelihood(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.likelihood.teacher_forcing import MaximumLikelihood

    return MaximumLikelihood(networks)


OBJECTIVES = (
    ObjectiveSpec(
        name="maximum-likelihood",
        summary="teacher forcing: the likelihood of every symbol or step given those before it",
        paper="Williams & Zipser 1989, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks",
        kinds=frozenset({"tokens", "series"}),
        build=_likelihood,
    ),
)
