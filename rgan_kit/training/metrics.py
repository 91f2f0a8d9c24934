"""The metrics that are installed, computed on samples; one that fails costs a figure, not the work."""

from __future__ import annotations

import logging
from typing import cast

from rgan_kit.contracts import Kind, MetricSpec, SampleSet
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.plugins.registry import Registry

logger = logging.getLogger(__name__)


class Metrics:
    """The metrics that apply to a kind of data.

    Args:
        registry: of what is installed.
        kind: of the data.
    """

    def __init__(self, registry: Registry, kind: Kind) -> None:
        offers = [(cast("MetricSpec", offer.spec), offer.qualified) for offer in registry.offers(MetricSpec)]
        self._offers = [(spec, name) for spec, name in offers if kind in spec.kinds]

    @property
    def selecting(self) -> list[str]:
        """Names of the figures by which weights are chosen; the lower, the better."""
        return [name for metric, _ in self._offers for name in metric.selects]

    def figures(self, samples: SampleSet) -> dict[str, float]:
        """All figures by name; a metric that raises is named in a warning and left out from then on."""
        figures: dict[str, float] = {}
        for metric, qualified in list(self._offers):
            try:
                with contained():
                    figures.update({name: float(value) for name, value in metric.compute(samples).items()})
            except Exception as error:  # a figure less is better than a training or an export lost
                logger.warning("metric %s raised %s; it is not computed again", qualified, describe(error))
                self._offers.remove((metric, qualified))
        return figures
