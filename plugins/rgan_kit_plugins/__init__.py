"""The built-in generators, discriminators, objectives, domains, recipes, and metrics: an ordinary
plugin. Loggers are plugins of their own, so that each can be left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rgan_kit import hookimpl
from rgan_kit.contracts import DiscriminatorSpec, DomainSpec, GeneratorSpec, MetricSpec, ObjectiveSpec, RecipeSpec
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.domains import text
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.metrics import METRICS
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.recipes import RECIPES


@hookimpl
def rgankit_generators() -> Iterable[GeneratorSpec]:
    """The built-in generators."""
    return GENERATORS


@hookimpl
def rgankit_discriminators() -> Iterable[DiscriminatorSpec]:
    """The built-in discriminators."""
    return DISCRIMINATORS


@hookimpl
def rgankit_objectives() -> Iterable[ObjectiveSpec]:
    """The built-in objectives."""
    return OBJECTIVES


@hookimpl
def rgankit_domains() -> Iterable[DomainSpec]:
    """The built-in data domains."""
    return (text.SPEC,)


@hookimpl
def rgankit_recipes() -> Iterable[RecipeSpec]:
    """The built-in recipes."""
    return RECIPES


@hookimpl
def rgankit_metrics() -> Iterable[MetricSpec]:
    """The built-in metrics."""
    return METRICS


@hookimpl
def rgankit_guess_domain(path: Path) -> str | None:
    """By the names of files."""
    return text.guess(path)
