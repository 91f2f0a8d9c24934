"""TimeGAN and RTSGAN meet the requirements of their contracts: composed, as generators; their objectives; their
recipes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from rgan_kit.contracts import BuildContext, DataSpec, GeneratorSpec
from rgan_kit.testing import GeneratorContract, ObjectiveContract, RecipeContract
from rgan_kit_plugins.latent_series import LATENT_SERIES, RTSGAN_ROLES, SERIES, TIMEGAN_ROLES
from rgan_kit_plugins.objectives.latent import OBJECTIVES

SPECS = {spec.name: spec for spec in LATENT_SERIES}
GAMES = {spec.name: spec for spec in OBJECTIVES}
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "timegan": {role: {"layers": 2, **({"hidden_size": 5} if role == "embedder" else {})} for role in TIMEGAN_ROLES},
    "rtsgan": {
        "encoder": {"hidden_size": 5, "layers": 2}, "decoder": {}, "generator": {"noise_size": 4}, "discriminator": {},
    },
}  # fmt: skip


def composed(name: str, data: DataSpec) -> Any:
    made: dict[str, Any] = {}
    for role, options in SMALL[name].items():
        spec = SPECS[f"{name}-{role}"]
        made[role] = spec.build(spec.options(**options), data, BuildContext(role, dict(made)))
    compose = GAMES[name].compose
    assert compose is not None
    return compose(None, made, data)


class TestTimeGan(GeneratorContract):
    plugin = "rgan_kit_plugins"
    spec = GeneratorSpec(
        name="timegan", summary="composed", kinds=SERIES, build=lambda options, data: composed("timegan", data)
    )


class TestRtsGan(GeneratorContract):
    plugin = "rgan_kit_plugins"
    spec = GeneratorSpec(
        name="rtsgan", summary="composed", kinds=SERIES, build=lambda options, data: composed("rtsgan", data)
    )


@pytest.mark.slow
class TestTimeGanObjective(ObjectiveContract):
    spec, plugin = GAMES["timegan"], "rgan_kit_plugins"
    networks: ClassVar = {role: f"timegan-{role}" for role in TIMEGAN_ROLES}
    network_options: ClassVar = SMALL["timegan"]


class TestRtsGanObjective(ObjectiveContract):
    spec, plugin = GAMES["rtsgan"], "rgan_kit_plugins"
    networks: ClassVar = {role: f"rtsgan-{role}" for role in RTSGAN_ROLES}
    network_options: ClassVar = SMALL["rtsgan"]


QUICK = ("train.batch_size=4", "train.evaluation_samples=4", "domain.embedded_sequences=40")


@pytest.mark.slow
class TestTimeGanRecipe(RecipeContract):
    recipe, domains = "timegan", ("series",)
    settings = (
        *QUICK, "embedder.hidden_size=4", "embedder.layers=1", "generator.layers=1", "supervisor.layers=1",
        "recovery.layers=1", "discriminator.layers=1",
    )  # fmt: skip


@pytest.mark.slow
class TestRtsGanRecipe(RecipeContract):
    recipe, domains = "rtsgan", ("series",)
    settings = (*QUICK, "encoder.hidden_size=4", "encoder.layers=1", "generator.noise_size=4")
