"""How figures are called and written, wherever runs are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from rgan_kit.contracts import Figure
from rgan_kit.contracts.metrics import CONTROL
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.metrics import known_figures

NATS: Final = "heldout_nll"
DENSITY: Final = "heldout_density_nll"
"""Held-out nats of series and frames, which are no probabilities."""

LIKELIHOODS: Final = ("perplexity", "bits_a_character", NATS, DENSITY)


@dataclass(frozen=True)
class Shown:
    """A figure as it is shown."""

    title: str
    meaning: str
    share: bool = False

    def text(self, value: float | None) -> str:
        """The value as a cell."""
        if value is None or value - value != 0:
            return "–"
        return f"{value:.1%}" if self.share else number(value)


_DENSITY: Final = Shown(
    "held-out nats a step (density)",
    "of held-out data under the model; the density of values scaled to -1..1, so it may be negative, and compares "
    "between models of the same data alone",
)


def shown(name: str) -> Shown:
    """How a figure is shown; one that nobody describes by its name."""
    if name == DENSITY:
        return _DENSITY
    figure = _known().get(name, Figure(name=name))
    return Shown(figure.heading, figure.meaning, figure.unit == "share")


@cache
def _known() -> Mapping[str, Figure]:
    return known_figures(installed_registry())


def number(value: float) -> str:
    """Three decimals, or four digits where these say nothing."""
    return f"{value:.3f}" if value == 0 or 0.01 <= abs(value) < 1e5 else f"{value:.3g}"


def ordered(names: Iterable[str]) -> list[str]:
    """Figures in the order of tables, without the controls of others."""
    given = list(dict.fromkeys(names))
    known = [name for name in _known() if name in given]
    others = [name for name in given if name not in known]
    return known + [name for name in others if not is_control(name, given)]


def is_control(name: str, names: Iterable[str]) -> bool:
    """Whether it is the figure of real data beside another one."""
    return name.startswith(CONTROL) and name.removeprefix(CONTROL) in names


def headline(figures: Mapping[str, float], most: int = 3) -> list[str]:
    """Names of the few figures that say most in a line: a likelihood, and what stands beside real data."""
    likelihood = [name for name in LIKELIHOODS if name in figures][:1]
    others = [name for name in ordered(figures) if name not in LIKELIHOODS]
    beside = [name for name in others if f"{CONTROL}{name}" in figures or name == "valid"]
    return [*likelihood, *(beside or others)][:most]
