"""The built-in generators, discriminators, encoders, objectives, domains, recipes and metrics: an ordinary plugin.

Descriptions are imported when they are asked for, so that ``rgankit --help`` does not wait for them. Loggers are
plugins of their own, so that each can be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rgan_kit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rgan_kit.contracts import (
        DiscriminatorSpec,
        DomainSpec,
        EmissionSpec,
        EncoderSpec,
        GeneratorSpec,
        MetricSpec,
        NetworkSpec,
        ObjectiveSpec,
        RecipeSpec,
    )


@hookimpl
def rgankit_generators() -> Iterable[GeneratorSpec]:
    """The built-in generators."""
    from rgan_kit_plugins.generators import GENERATORS

    return GENERATORS


@hookimpl
def rgankit_discriminators() -> Iterable[DiscriminatorSpec]:
    """The built-in discriminators."""
    from rgan_kit_plugins.discriminators import DISCRIMINATORS

    return DISCRIMINATORS


@hookimpl
def rgankit_encoders() -> Iterable[EncoderSpec]:
    """The built-in encoders."""
    from rgan_kit_plugins.encoders import ENCODERS

    return ENCODERS


@hookimpl
def rgankit_emissions() -> Iterable[EmissionSpec]:
    """The built-in emissions."""
    from rgan_kit_plugins.emissions import EMISSIONS

    return EMISSIONS


@hookimpl
def rgankit_networks() -> Iterable[NetworkSpec]:
    """The built-in networks that are no generator, discriminator or encoder of sequences."""
    from rgan_kit_plugins.codecs import CODECS
    from rgan_kit_plugins.latent_series import LATENT_SERIES

    return (*CODECS, *LATENT_SERIES)


@hookimpl
def rgankit_objectives() -> Iterable[ObjectiveSpec]:
    """The built-in objectives."""
    from rgan_kit_plugins.objectives import OBJECTIVES

    return OBJECTIVES


@hookimpl
def rgankit_domains() -> Iterable[DomainSpec]:
    """The built-in data domains."""
    from rgan_kit_plugins.domains import DOMAINS

    return DOMAINS


@hookimpl
def rgankit_recipes() -> Iterable[RecipeSpec]:
    """The built-in recipes."""
    from rgan_kit_plugins.recipes import RECIPES

    return RECIPES


@hookimpl
def rgankit_metrics() -> Iterable[MetricSpec]:
    """The built-in metrics."""
    from rgan_kit_plugins.metrics import METRICS

    return METRICS
