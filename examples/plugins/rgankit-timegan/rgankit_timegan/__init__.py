"""TimeGAN (Yoon, Jarrett & van der Schaar 2019): five networks, three stages, and one sampler made of three of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal

from pydantic import Field

from rgan_kit import hookimpl
from rgan_kit.contracts import (
    BuildContext,
    DataSpec,
    Generator,
    Network,
    NetworkSpec,
    NetworkUse,
    Objective,
    ObjectiveSpec,
    Options,
    RecipeSpec,
)

PAPER = "Yoon, Jarrett & van der Schaar 2019, Time-series Generative Adversarial Networks (NeurIPS)"
SERIES = frozenset({"series"})
ROLES = {
    "embedder": "from a series to vectors in its latent space",
    "recovery": "from the latent space back to the series",
    "generator": "from noise to the latent space",
    "supervisor": "from one latent step to the next",
    "discriminator": "tells real latent steps from made ones",
}


class LayersOptions(Options):
    """Options of all five networks."""

    cell: Literal["rnn", "lstm", "gru"] = Field("gru", description="of the recurrence")
    layers: int = Field(3, ge=1, le=16, description="recurrent layers, one above the other")


class EmbedderOptions(LayersOptions):
    """Options of the embedder, which decides the size of the latent space."""

    hidden_size: int = Field(24, ge=1, le=8192, description="size of the latent space, and units of all recurrences")


class TimeGanOptions(Options):
    """Weights of the losses, as in the paper's own code."""

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


def _network(role: str, options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgankit_timegan.networks import build

    return build(role, options, data, context)


def _objective(options: Any, networks: Mapping[str, Network], data: DataSpec) -> Objective:
    from rgankit_timegan.objective import TimeGan

    return TimeGan(options, networks)


def _compose(options: Any, networks: Mapping[str, Any], data: DataSpec) -> Generator:
    from rgankit_timegan.networks import ComposedGenerator

    return ComposedGenerator(networks["generator"], networks["supervisor"], networks["recovery"], data)


NETWORKS = tuple(
    NetworkSpec(
        name=f"timegan-{role}",
        summary=summary,
        paper=PAPER,
        kinds=SERIES,
        options=EmbedderOptions if role == "embedder" else LayersOptions,
        build=partial(_network, role),
        provides=lambda options, kind: ("timegan",),
    )
    for role, summary in ROLES.items()
)
OBJECTIVE = ObjectiveSpec(
    name="timegan",
    summary="embedding, then supervision, then both together with an adversary in the latent space",
    paper=PAPER,
    kinds=SERIES,
    options=TimeGanOptions,
    build=_objective,
    needs=tuple(ROLES),
    network_kinds=dict.fromkeys(ROLES, "network"),
    requires=dict.fromkeys(ROLES, ("timegan",)),
    compose=_compose,
    batch_statistics=True,  # moments are of a batch
)
RECIPE = RecipeSpec(
    name="timegan",
    summary="TimeGAN: series by way of a latent space that is learnt beside them",
    paper=PAPER,
    networks={
        role: NetworkUse(part=f"timegan-{role}", averaged=role in ("recovery", "generator", "supervisor"))
        for role in ROLES
    },
    objective="timegan",
    kinds=SERIES,
    defaults={
        "train.steps": 3000,
        "train.schedule": "constant",
        "train.generator_learning_rate": 1e-3,
        "train.discriminator_learning_rate": 1e-3,
    },
)


@hookimpl
def rgankit_networks() -> Iterable[NetworkSpec]:
    """The five networks."""
    return NETWORKS


@hookimpl
def rgankit_objectives() -> Iterable[ObjectiveSpec]:
    """The three stages."""
    return [OBJECTIVE]


@hookimpl
def rgankit_recipes() -> Iterable[RecipeSpec]:
    """All of it together."""
    return [RECIPE]
