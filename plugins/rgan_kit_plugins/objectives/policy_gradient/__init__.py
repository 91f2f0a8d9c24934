"""Policy gradients for symbols: their options and descriptions. The losses lie beside this file and import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from rgan_kit.contracts import DataSpec, Kind, Network, NetworkName, Objective, ObjectiveSpec, Options, TokenSpec

TOKENS: frozenset[Kind] = frozenset({"tokens"})


class PolicyGradientOptions(Options):
    """Options that all policy gradients have."""

    generator_learning_rate: float = Field(5e-4, gt=0, le=1, description="of the generator in the adversarial stage")
    critic_steps: int = Field(1, ge=1, le=100, description="discriminator steps for each generator step")
    likelihood_weight: float = Field(
        0.5, ge=0, le=1e3, description="of the likelihood, in nats a symbol, kept as a second term; 0 for none"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=0.5, description="the discriminator takes real sequences for 1 minus this (Salimans et al. 2016)"
    )


class SeqGanOptions(PolicyGradientOptions):
    """Options of SeqGAN."""

    pretraining_share: float = Field(
        0.7, ge=0, le=1, description="share of the steps that train the generator by likelihood alone, first"
    )
    discriminator_share: float = Field(
        0.05, ge=0, le=1, description="share of the steps that then train the discriminator alone"
    )
    rollouts: int = Field(16, ge=1, le=1024, description="completions of every prefix that a reward is averaged over")
    baseline: Literal["prefix", "mean", "none"] = Field(
        "prefix",
        description="subtracted from a reward: what the rollouts say of the prefix before the symbol, the other "
        "sequences' mean, or nothing, as in the paper; none changes the gradient's expectation",
    )

    @model_validator(mode="after")
    def _shares_fit(self) -> SeqGanOptions:
        if self.pretraining_share + self.discriminator_share > 1:
            raise ValueError("pretraining_share and discriminator_share are more than 1 together")
        return self


class ScratchGanOptions(PolicyGradientOptions):
    """Options of ScratchGAN."""

    generator_learning_rate: float = Field(3e-3, gt=0, le=1, description="of the generator in the adversarial stage")
    pretraining_share: float = Field(
        0.0, ge=0, le=1, description="share of the steps that train the generator by likelihood alone, first"
    )
    discount: float = Field(0.23, ge=0, le=1, description="what the reward of the next step counts in a return")
    baseline_decay: float = Field(
        0.92, ge=0, lt=1, description="of the moving average of returns at each position that is subtracted from them"
    )
    entropy_weight: float = Field(
        0.0, ge=0, le=1e3, description="of a symbol's surprise (nats) beside its reward; keeps samples various"
    )


def _seqgan(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.policy_gradient.seqgan import SeqGan

    assert isinstance(data, TokenSpec)
    return SeqGan(options, networks, data)


def _scratchgan(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.policy_gradient.scratchgan import ScratchGan

    assert isinstance(data, TokenSpec)
    return ScratchGan(options, networks, data)


OBJECTIVES: tuple[ObjectiveSpec, ...] = (
    ObjectiveSpec(
        name="seqgan",
        summary="likelihood first, then policy gradients with Monte-Carlo rollouts to a discriminator of sequences",
        paper="Yu et al. 2017, arXiv:1609.05473",
        kinds=TOKENS,
        needs=("generator", "discriminator"),
        requires={"generator": ("steps", "likelihood")},
        options=SeqGanOptions,
        build=_seqgan,
        batch_statistics=True,
    ),
    ObjectiveSpec(
        name="scratchgan",
        summary="policy gradients with a reward for every step and a learnt baseline; needs no pretraining",
        paper="de Masson d'Autume et al. 2019, arXiv:1905.09922",
        kinds=TOKENS,
        needs=("generator", "discriminator"),
        requires={"generator": ("steps", "likelihood"), "discriminator": ("causal",)},
        options=ScratchGanOptions,
        build=_scratchgan,
    ),
)
