"""Variational objectives: their options and descriptions. The losses lie beside this file and import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from rgan_kit.contracts import KINDS, DataSpec, Generator, Network, NetworkName, Objective, ObjectiveSpec, Options
from rgan_kit_plugins.objectives.adversarial import CrossEntropyOptions


class VariationalOptions(Options):
    """Options of the evidence lower bound."""

    beta: float = Field(
        1.0, gt=0, le=1e3, description="of the divergence from the prior; 1 is the bound itself (Higgins et al. 2017)"
    )
    annealing: Literal["none", "linear", "logistic", "cyclical"] = Field(
        "linear",
        description="KL annealing: how the divergence's weight rises from 0 to beta (cyclical: Fu et al. 2019)",
    )
    annealing_share: float = Field(
        0.5, gt=0, le=1, description="share of the stage, or of each cycle, in which the weight rises"
    )
    cycles: int = Field(4, ge=1, le=1000, description="cyclical: how often the weight rises from 0")
    free_bits: float = Field(
        0.0,
        ge=0,
        le=100,
        description="nats of each latent dimension that cost the same whether used or not (Kingma et al. 2016); 0 for "
        "none",
    )


class VaeGanOptions(VariationalOptions, CrossEntropyOptions):
    """Options of the variational autoencoder with a discriminator: those of both."""

    game: Literal["minimax", "non-saturating", "least-squares", "hinge", "relativistic-average"] = Field(
        "non-saturating", description="what discriminator and generator minimise"
    )
    pretraining_share: float = Field(
        0.7, ge=0, le=1, description="share of the steps that train the autoencoder alone, first"
    )
    generator_learning_rate: float = Field(
        5e-4, gt=0, le=1, description="of generator and encoder in the adversarial stage"
    )
    likelihood_weight: float = Field(
        1.0, ge=0, le=1e3, description="of the evidence lower bound in the adversarial stage"
    )
    adversarial_weight: float = Field(0.1, gt=0, le=1e3, description="of the adversarial term")


class WorldModelOptions(Options):
    """Options of a codec of frames and a density of its codes."""

    codec_share: float = Field(0.55, ge=0, le=1, description="share of the steps that train the codec, first")
    frames_a_clip: int = Field(
        3, ge=1, le=65_536, description="frames of every clip that the codec learns from in a step"
    )


def _evidence(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.variational.evidence import EvidenceLowerBound

    return EvidenceLowerBound(options, networks)


def _vae_gan(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.adversarial.players import players
    from rgan_kit_plugins.objectives.variational.vae_gan import VaeGan

    return VaeGan(options, players(options.game, options), networks, data)


def _world_model(options: Any, networks: Mapping[NetworkName, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.variational.world_model import WorldModel

    return WorldModel(options, networks)


def _compose(options: Any, networks: Mapping[NetworkName, Any], data: DataSpec) -> Generator:
    from rgan_kit_plugins.codecs.coded_frames import CodedFrameGenerator

    return CodedFrameGenerator(networks["codec"].writer, networks["generator"], data)


def _bound(options: Any, networks: Mapping[NetworkName, Any], batch: Any, counts: Any) -> Any:
    from rgan_kit_plugins.objectives.variational.world_model import bound

    return bound(networks, batch, counts)


OBJECTIVES = (
    ObjectiveSpec(
        name="evidence-lower-bound",
        summary="variational autoencoder: likelihood given the encoder's latent, less the divergence from its prior",
        paper="Kingma & Welling 2014, arXiv:1312.6114; Bowman et al. 2016, arXiv:1511.06349",
        kinds=frozenset(KINDS),
        needs=("generator", "encoder"),
        requires={"generator": ("likelihood", "latent")},
        options=VariationalOptions,
        batch_statistics=True,  # free bits look at the mean divergence of a batch
        build=_evidence,
    ),
    ObjectiveSpec(
        name="vae-gan",
        summary="variational autoencoder first, then a discriminator of its reconstructions and its samples as well",
        paper="Larsen et al. 2016, arXiv:1512.09300; Jang et al. 2017, arXiv:1611.01144",
        kinds=frozenset(KINDS),
        needs=("generator", "discriminator", "encoder"),
        requires={"generator": ("likelihood", "latent")},
        options=VaeGanOptions,
        batch_statistics=True,
        build=_vae_gan,
    ),
    ObjectiveSpec(
        name="world-model",
        summary="a codec of single frames first, then a recurrent density of sequences of its codes",
        paper="Ha & Schmidhuber 2018, arXiv:1803.10122",
        kinds=frozenset({"frames"}),
        needs=("codec", "generator"),
        network_kinds={"codec": "network", "generator": "network"},
        requires={"codec": ("codes",), "generator": ("code-density",)},
        options=WorldModelOptions,
        build=_world_model,
        compose=_compose,
        likelihood=_bound,
    ),
)
