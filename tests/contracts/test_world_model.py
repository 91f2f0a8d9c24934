"""Clips by way of codes meet the requirements of their contracts: composed, as a generator; the networks in the
objective that trains them; the recipe."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from rgan_kit.contracts import BuildContext, DataSpec, GeneratorSpec
from rgan_kit.testing import CompanionContract, GeneratorContract, ObjectiveContract, RecipeContract
from rgan_kit_plugins.codecs import CODECS, FRAMES
from rgan_kit_plugins.objectives.variational import OBJECTIVES

CODEC, DENSITY = CODECS
WORLD_MODEL = next(each for each in OBJECTIVES if each.name == "world-model")
SMALL: dict[str, dict[str, Any]] = {
    "codec": {"content_size": 3, "code_size": 2, "channels": 3, "hidden_size": 6},
    "generator": {"hidden_size": 5, "emission_size": 4, "mixture": 2},
}


def composed(data: DataSpec) -> Any:
    codec = CODEC.build(CODEC.options(**SMALL["codec"]), data, BuildContext("codec", {}))
    density = DENSITY.build(DENSITY.options(**SMALL["generator"]), data, BuildContext("generator", {"codec": codec}))
    assert WORLD_MODEL.compose is not None
    return WORLD_MODEL.compose(None, {"codec": codec, "generator": density}, data)


class TestWorldModel(GeneratorContract):
    plugin = "rgan_kit_plugins"
    spec = GeneratorSpec(
        name="world-model", summary="composed", kinds=FRAMES, build=lambda options, data: composed(data)
    )


class TestWorldModelObjective(ObjectiveContract):
    spec, plugin = WORLD_MODEL, "rgan_kit_plugins"
    networks: ClassVar = {"codec": "frame-codec", "generator": "code-density"}
    network_options: ClassVar = SMALL
    network_kinds: ClassVar = {"codec": "network", "generator": "network"}


class TestFrameCodec(CompanionContract):
    spec, plugin, name, company = CODEC, "rgan_kit_plugins", "codec", TestWorldModelObjective
    options: ClassVar = SMALL["codec"]


class TestCodeDensity(CompanionContract):
    spec, plugin, name, company = DENSITY, "rgan_kit_plugins", "generator", TestWorldModelObjective
    options: ClassVar = SMALL["generator"]


@pytest.mark.slow
class TestWorldModelRecipe(RecipeContract):
    recipe = "world-model"
    domains = ("video",)
    settings = (
        *(f"codec.{name}={value}" for name, value in SMALL["codec"].items()),
        *(f"generator.{name}={value}" for name, value in SMALL["generator"].items()),
        *("domain.embedded_clips=20", "train.batch_size=4", "train.evaluation_samples=16"),
    )
