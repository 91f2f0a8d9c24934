"""The variational recurrent neural network (Chung et al. 2015, arXiv:1506.02216): its parts and its recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit import hookimpl
from rgan_kit.contracts import (
    BuildContext,
    DataSpec,
    Generator,
    GeneratorSpec,
    Network,
    NetworkSpec,
    NetworkUse,
    Objective,
    ObjectiveSpec,
    Options,
    RecipeSpec,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rgan_kit.contracts import Batch

PAPER = "Chung et al. 2015, arXiv:1506.02216"
SERIES = frozenset({"series"})


class VrnnOptions(Options):
    """Options of the generative half."""

    hidden_size: int = Field(64, ge=1, le=8192, description="units of the recurrence and of every layer")
    step_latent_size: int = Field(8, ge=1, le=8192, description="size of the latent that every step has")
    least_deviation: float = Field(
        0.01, gt=0, le=1, description="lower limit of a step's deviation; the data span -1..1"
    )


class PosteriorOptions(Options):
    """Options of the posterior."""

    hidden_size: int = Field(64, ge=1, le=8192, description="units of its layer")


class BoundOptions(Options):
    """Options of the bound."""

    warm_up: float = Field(
        0.0, ge=0, le=1, description="share of the training in which the divergence's weight rises from 0 to 1"
    )
    importance_samples: int = Field(
        16, ge=1, le=10_000, description="latents that held-out sequences are scored under (Burda et al. 2016)"
    )


def _generator(options: Any, data: DataSpec) -> Generator:
    from rgankit_vrnn.network import VrnnGenerator

    return VrnnGenerator(options, data)


def _posterior(options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgankit_vrnn.network import Posterior

    return Posterior(options, context.networks["generator"])


def _bound(options: Any, networks: Mapping[str, Network], data: DataSpec) -> Objective:
    from rgankit_vrnn.bound import Bound

    return Bound(options, networks)


def _likelihood(options: Any, networks: Mapping[str, Any], batch: Batch[Tensor], counts: Tensor) -> Tensor:
    from rgankit_vrnn.bound import importance_weighted

    return importance_weighted(
        networks["generator"], networks["posterior"], batch, counts, samples=options.importance_samples
    )


GENERATOR = GeneratorSpec(
    name="vrnn",
    summary="a latent for every step, whose prior and whose series depend on all the steps before",
    paper=PAPER,
    kinds=SERIES,
    options=VrnnOptions,
    build=_generator,
    provides=lambda options, kind: ("steps", "vrnn"),
)
POSTERIOR = NetworkSpec(
    name="vrnn-posterior",
    summary="the posterior of a step's latent, given the step and those before",
    paper=PAPER,
    kinds=SERIES,
    options=PosteriorOptions,
    build=_posterior,
    provides=lambda options, kind: ("vrnn",),
)
OBJECTIVE = ObjectiveSpec(
    name="vrnn",
    summary="the evidence lower bound of a latent for every step",
    paper=PAPER,
    kinds=SERIES,
    options=BoundOptions,
    build=_bound,
    needs=("generator", "posterior"),
    requires={"generator": ("vrnn",), "posterior": ("vrnn",)},
    likelihood=_likelihood,
)
RECIPE = RecipeSpec(
    name="vrnn",
    summary="variational recurrent neural network: series from a latent for every step",
    paper=PAPER,
    generator="vrnn",
    networks={"posterior": NetworkUse(part="vrnn-posterior", averaged=True, learning_rate=2e-3)},
    objective="vrnn",
    kinds=SERIES,
    defaults={"train.steps": 1500, "train.generator_learning_rate": 2e-3},
)


@hookimpl
def rgankit_generators() -> Iterable[GeneratorSpec]:
    """The generative half."""
    return [GENERATOR]


@hookimpl
def rgankit_networks() -> Iterable[NetworkSpec]:
    """The posterior."""
    return [POSTERIOR]


@hookimpl
def rgankit_objectives() -> Iterable[ObjectiveSpec]:
    """The bound."""
    return [OBJECTIVE]


@hookimpl
def rgankit_recipes() -> Iterable[RecipeSpec]:
    """All of it together."""
    return [RECIPE]
