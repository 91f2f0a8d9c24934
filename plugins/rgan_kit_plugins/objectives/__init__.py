"""Built-in objectives: their options and descriptions. The losses lie beside this file and import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from rgan_kit.contracts import DataSpec, Kind, Network, NetworkName, Objective, ObjectiveSpec, Options, TokenSpec

TOKENS: frozenset[Kind] = frozenset({"tokens"})


class AdversarialOptions(Options):
    """Options of the adversarial objectives on symbols."""

    pretraining_share: float = Field(
        0.7, ge=0, le=1, description="share of the steps that train by likelihood alone, first"
    )
    generator_learning_rate: float = Field(5e-4, gt=0, le=1, description="of the generator in the adversarial stage")
    critic_steps: int = Field(1, ge=1, le=100, description="discriminator steps for each generator step")
    likelihood_weight: float = Field(
        0.5, ge=0, le=1e3, description="of the likelihood kept as a second term in the adversarial stage"
    )
    adversarial_weight: float = Field(1.0, gt=0, le=1e3, description="of the adversarial term")
    step_weight: float = Field(
        0.5, ge=0, le=1e3, description="of the discriminator's score per step beside that of the sequence"
    )
    r1_weight: float = Field(
        0.0, ge=0, le=1e3, description="of the gradient penalty on real data (Mescheder et al. 2018); 0 for none"
    )
    label_smoothing: float = Field(
        0.1, ge=0, lt=0.5, description="real sequences count as 1 minus this (Salimans et al. 2016)"
    )
    temperature_start: float = Field(
        2.0, gt=0, le=100, description="of the Gumbel-softmax, as the adversarial stage starts"
    )
    temperature_end: float = Field(
        0.5, gt=0, le=100, description="of the Gumbel-softmax, as it ends (geometric in between)"
    )

    @model_validator(mode="after")
    def _cools(self) -> AdversarialOptions:
        if self.temperature_end > self.temperature_start:
            raise ValueError("temperature_end is above temperature_start; the Gumbel-softmax has to cool")
        return self


def _likelihood(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.likelihood import MaximumLikelihood

    return MaximumLikelihood(networks)


def _non_saturating(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.adversarial import NonSaturating

    assert isinstance(data, TokenSpec)
    return NonSaturating(options, networks, data.vocab_size)


OBJECTIVES = (
    ObjectiveSpec(
        name="maximum-likelihood",
        summary="teacher forcing: the likelihood of every symbol given those before it",
        paper="Williams & Zipser 1989, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks",
        kinds=TOKENS,
        build=_likelihood,
    ),
    ObjectiveSpec(
        name="non-saturating",
        summary="likelihood first, then the non-saturating GAN on straight-through Gumbel-softmax samples",
        paper="Goodfellow et al. 2014, arXiv:1406.2661; Jang et al. 2017, arXiv:1611.01144",
        kinds=TOKENS,
        needs=("generator", "discriminator"),
        options=AdversarialOptions,
        build=_non_saturating,
    ),
)
