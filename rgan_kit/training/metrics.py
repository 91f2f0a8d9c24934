"""The metrics that are installed, computed on samples; one that fails costs a figure, not the work."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final, cast

from rgan_kit.contracts import Figure, Kind, Measured, MetricSpec, SampleSet
from rgan_kit.contracts.metrics import CONTROL, flat, measured
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.plugins.registry import Registry

logger = logging.getLogger(__name__)

LIKELIHOODS: Final = (
    Figure(
        name="heldout_nll",
        title="held-out nats",
        meaning="nats a token, or a step (density), of held-out data under the model",
        unit="nats",
        better="lower",
    ),
    Figure(
        name="perplexity",
        title="perplexity",
        meaning="e to the power of the held-out nats",
        unit="tokens",
        better="lower",
    ),
    Figure(
        name="bits_a_character",
        title="bits a character",
        meaning="of held-out text under the model; comparable across levels",
        unit="bits",
        better="lower",
    ),
)
"""Figures that are the trainer's own, which no metric may give."""

_TRAINER: Final = "rgan-kit itself"


class Metrics:
    """The metrics that apply to a kind of data.

    Args:
        registry: of what is installed.
        kind: of the data.
        thorough: whether also those that take too long for a training.
    """

    def __init__(self, registry: Registry, kind: Kind, *, thorough: bool = False) -> None:
        offers = [(cast("MetricSpec", offer.spec), offer.qualified) for offer in registry.offers(MetricSpec)]
        self._offers = [(s, name) for s, name in offers if kind in s.kinds and (thorough or not s.thorough)]
        self._owners = {figure.name: _TRAINER for figure in LIKELIHOODS}
        self._refused: set[tuple[str, str]] = set()

    @property
    def names(self) -> list[str]:
        """Of the metrics that are still in use, ``distribution:name``."""
        return [qualified for _, qualified in self._offers]

    @property
    def selecting(self) -> list[str]:
        """Names of the figures by which weights are chosen, each by the metric that it is of; the lower, the better."""
        named = [(figure, qualified) for metric, qualified in self._offers for figure in metric.selects]
        return [figure for figure, qualified in named if self._owners.get(figure, qualified) == qualified]

    def figures(self, samples: SampleSet) -> dict[str, float]:
        """All figures by name as plain numbers, ``heldout_x`` that of real data where a metric gives it."""
        return flat(self.measure(samples))

    def measure(self, samples: SampleSet, only: Iterable[str] | None = None) -> dict[str, Measured]:
        """All figures by name. A metric that raises is named in a warning and left out from then on; a figure whose
        name is another metric's is named in a warning and left out.

        Args:
            samples: to be measured.
            only: metrics by ``distribution:name``; all where None.
        """
        figures: dict[str, Measured] = {}
        for metric, qualified in list(self._offers):
            if only is not None and qualified not in only:
                continue
            try:
                with contained():
                    found = measured(metric.compute(samples))
            except Exception as error:  # a figure less is better than a training or an export lost
                logger.warning("metric %s raised %s; it is not computed again", qualified, describe(error))
                self._offers.remove((metric, qualified))
            else:
                figures |= {name: each for name, each in found.items() if self._is_of(qualified, name, each)}
        return figures

    def _is_of(self, qualified: str, name: str, each: Measured) -> bool:
        """Whether a figure is this metric's own: it has its name, and that of its control, for itself."""
        taken = next((own for own in (name, CONTROL + name) if self._owners.get(own, qualified) != qualified), None)
        if taken is None:
            self._owners |= {name: qualified, CONTROL + name: qualified}
            return True
        if (qualified, name) not in self._refused:
            self._refused.add((qualified, name))
            logger.warning(
                "metric %s: its figure '%s' is left out, since '%s' is one of %s", qualified, name, taken,
                self._owners[taken],
            )  # fmt: skip
        return False


def known_figures(registry: Registry) -> Mapping[str, Figure]:
    """How figures are shown, by name: those under a known source first, then the trainer's own, then the others, in the
    order of tables. Of two descriptions of one name the first counts."""
    described = [(spec.name, figure) for spec in registry.specs(MetricSpec) for figure in spec.figures]
    ordered = [figure for metric, figure in described if metric == "truth"] + list(LIKELIHOODS)
    ordered += [figure for metric, figure in described if metric != "truth"]
    known: dict[str, Figure] = {}
    for figure in ordered:
        known.setdefault(figure.name, figure)
    return known
