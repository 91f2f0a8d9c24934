"""Adversarial objectives: their options and descriptions. The losses lie beside this file and import torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator

from rgan_kit.contracts import KINDS, DataSpec, Network, NetworkName, Objective, ObjectiveSpec, Options, meant_for


class AdversarialOptions(Options):
    """Options of the adversarial objectives; what concerns likelihood applies to generators that have one."""

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
    r1_interval: int = Field(
        1,
        ge=1,
        le=1000,
        description="the same by a step of its own, every so many steps and weighted by them (Karras et al. 2020); "
        "1 for every step",
    )
    gradient_penalty: float = Field(
        0.0,
        ge=0,
        le=1e3,
        description="of the penalty between real and generated data (Gulrajani et al. 2017); 0 for none",
    )
    temperature_start: float = Field(
        2.0,
        gt=0,
        le=100,
        description="tokens: of the Gumbel-softmax, as the adversarial stage starts",
        json_schema_extra=meant_for(tokens=""),
    )
    temperature_end: float = Field(
        0.5,
        gt=0,
        le=100,
        description="tokens: of the Gumbel-softmax, as it ends (geometric in between)",
        json_schema_extra=meant_for(tokens=""),
    )
    relaxation: Literal["straight-through", "soft"] = Field(
        "straight-through",
        description="tokens: one-hot forward and relaxed backward, or relaxed both ways",
        json_schema_extra=meant_for(tokens=""),
    )

    @model_validator(mode="after")
    def _cools(self) -> AdversarialOptions:
        if self.temperature_end > self.temperature_start:
            raise ValueError("temperature_end is above temperature_start; the Gumbel-softmax has to cool")
        return self


class CrossEntropyOptions(AdversarialOptions):
    """Options of the objectives whose discriminator minimises a cross-entropy."""

    label_smoothing: float = Field(
        0.1, ge=0, lt=0.5, description="real sequences count as 1 minus this (Salimans et al. 2016)"
    )


class PairedOptions(AdversarialOptions):
    """Options of the relativistic objective, which sets pairs of sequences against each other."""

    step_weight: float = Field(0.0, ge=0, le=0, description="none: steps of two sequences are no pairs")


class ClippingOptions(AdversarialOptions):
    """Options of the Wasserstein objective whose critic is bounded by clipping, as in its first paper."""

    critic_steps: int = Field(5, ge=1, le=100, description="critic steps for each generator step")
    weight_limit: float = Field(0.01, gt=0, le=1e3, description="the critic's weights are clipped to plus and minus it")
    step_weight: float = Field(0.0, ge=0, le=1e3, description="of the critic's score per step")


class WassersteinOptions(AdversarialOptions):
    """Options of the Wasserstein objective: five critic steps and the penalty, as in its paper."""

    critic_steps: int = Field(5, ge=1, le=100, description="critic steps for each generator step")
    gradient_penalty: float = Field(
        10.0, gt=0, le=1e3, description="of the penalty between real and generated data (Gulrajani et al. 2017)"
    )
    step_weight: float = Field(
        0.0, ge=0, le=1e3, description="of the critic's score per step, which the penalty does not bound"
    )


def _adversarial(name: str, options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.adversarial.game import Adversarial
    from rgan_kit_plugins.objectives.adversarial.players import players

    return Adversarial(options, players(name, options), networks, data)


def _game(
    name: str,
    summary: str,
    paper: str,
    options: type[AdversarialOptions] = AdversarialOptions,
    batch_statistics: bool = False,
) -> ObjectiveSpec:
    return ObjectiveSpec(
        name=name,
        summary=f"{summary}; symbols by Gumbel-softmax, after training by likelihood",
        paper=f"{paper}; Jang et al. 2017, arXiv:1611.01144",
        kinds=frozenset(KINDS),
        batch_statistics=batch_statistics,
        needs=("generator", "discriminator"),
        options=options,
        build=partial(_adversarial, name),
    )


OBJECTIVES = (
    _game("minimax", "the minimax GAN", "Goodfellow et al. 2014, arXiv:1406.2661", CrossEntropyOptions),
    _game("non-saturating", "the non-saturating GAN", "Goodfellow et al. 2014, arXiv:1406.2661", CrossEntropyOptions),
    _game("least-squares", "the least-squares GAN", "Mao et al. 2017, arXiv:1611.04076"),
    _game("hinge", "the hinge GAN", "Lim & Ye 2017, arXiv:1705.02894"),
    _game(
        "relativistic",
        "the relativistic GAN, as in RelGAN",
        "Jolicoeur-Martineau 2018, arXiv:1807.00734; Nie et al. 2019, RelGAN",
        PairedOptions,
    ),
    _game(
        "relativistic-average",
        "the relativistic average GAN",
        "Jolicoeur-Martineau 2018, arXiv:1807.00734",
        batch_statistics=True,
    ),
    _game(
        "wasserstein", "the Wasserstein GAN with clipping", "Arjovsky et al. 2017, arXiv:1701.07875", ClippingOptions
    ),
    _game(
        "wasserstein-gp",
        "the Wasserstein GAN with gradient penalty",
        "Gulrajani et al. 2017, arXiv:1704.00028",
        WassersteinOptions,
    ),
)
