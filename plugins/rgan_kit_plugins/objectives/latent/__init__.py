"""Games in a latent space of series: their options and descriptions. The losses lie beside this file and import
torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from rgan_kit.contracts import DataSpec, Generator, Network, Objective, ObjectiveSpec, Options
from rgan_kit_plugins.latent_series import RTSGAN, RTSGAN_ROLES, SERIES, TIMEGAN, TIMEGAN_ROLES


class TimeGanOptions(Options):
    """Weights of the losses, as in the paper's own code."""

    joint_share: float = Field(
        0.5, gt=0, le=1, description="share of the steps that train everything together; embedding and supervision "
        "have half of the rest each"
    )  # fmt: skip
    supervised_weight: float = Field(
        100.0, ge=0, le=1e6, description="of the supervised loss beside the generator's adversarial one (eta)"
    )
    moment_weight: float = Field(
        100.0, ge=0, le=1e6, description="of the distance between the moments of real and generated series"
    )
    embedding_weight: float = Field(
        0.1, ge=0, le=1e6, description="of the supervised loss beside the reconstruction (lambda)"
    )
    early_weight: float = Field(
        1.0, ge=0, le=1e6, description="of the terms on the generator's steps before the supervisor's say (gamma)"
    )
    least_critic_loss: float = Field(
        0.15, ge=0, le=100, description="the discriminator learns only while its loss is above this"
    )
    generator_steps: int = Field(
        2, ge=1, le=100, description="steps of generator and embedder for each of the discriminator"
    )


class RtsGanOptions(Options):
    """How an autoencoder and the game over its latents share a training."""

    autoencoder_share: float = Field(
        0.5, gt=0, lt=1, description="share of the steps that train the autoencoder, first"
    )
    critic_steps: int = Field(5, ge=1, le=100, description="critic steps for each generator step")
    gradient_penalty: float = Field(
        10.0, gt=0, le=1e3, description="of the penalty between real and generated latents (Gulrajani et al. 2017)"
    )


def _timegan(options: Any, networks: Mapping[str, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.latent.timegan import TimeGan

    return TimeGan(options, networks)


def _timegan_generator(options: Any, networks: Mapping[str, Any], data: DataSpec) -> Generator:
    from rgan_kit_plugins.latent_series.timegan import TimeGanGenerator

    return TimeGanGenerator(networks["generator"], networks["supervisor"], networks["recovery"], data)


def _rtsgan(options: Any, networks: Mapping[str, Network], data: DataSpec) -> Objective:
    from rgan_kit_plugins.objectives.latent.rtsgan import RtsGan

    return RtsGan(options, networks)


def _rtsgan_generator(options: Any, networks: Mapping[str, Any], data: DataSpec) -> Generator:
    from rgan_kit_plugins.latent_series.rtsgan import RtsGanGenerator

    return RtsGanGenerator(networks["generator"], networks["decoder"], data)


OBJECTIVES = (
    ObjectiveSpec(
        name="timegan",
        summary="embedding, then supervision, then both together with an adversary in the latent space",
        paper=TIMEGAN,
        kinds=SERIES,
        options=TimeGanOptions,
        build=_timegan,
        needs=tuple(TIMEGAN_ROLES),
        network_kinds=dict.fromkeys(TIMEGAN_ROLES, "network"),
        requires=dict.fromkeys(TIMEGAN_ROLES, ("timegan",)),
        compose=_timegan_generator,
        batch_statistics=True,  # moments are of a batch
    ),
    ObjectiveSpec(
        name="rtsgan",
        summary="an autoencoder of series, then a Wasserstein GAN with gradient penalty over its latents",
        paper=f"{RTSGAN}; Gulrajani et al. 2017, arXiv:1704.00028",
        kinds=SERIES,
        options=RtsGanOptions,
        build=_rtsgan,
        needs=tuple(RTSGAN_ROLES),
        network_kinds=dict.fromkeys(RTSGAN_ROLES, "network"),
        requires=dict.fromkeys(RTSGAN_ROLES, ("rtsgan",)),
        compose=_rtsgan_generator,
    ),
)
