"""What is measured of series while a model trains."""

from __future__ import annotations

from typing import Final

from rgan_kit.contracts import Figure, Kind, MetricSpec
from rgan_kit_plugins.metrics import series_metrics
from rgan_kit_plugins.metrics.common import AUTOCORRELATION, DISTINCT, NEAR_COPIES, SPREAD, SPREAD_ERROR

_SERIES: Final[frozenset[Kind]] = frozenset({"series"})

METRICS: Final = (
    MetricSpec(
        name="marginal",
        summary="Wasserstein distance between the values of samples and of training data, in units of networks",
        kinds=_SERIES,
        compute=series_metrics.marginal,
        figures=(
            Figure(
                name="marginal_distance",
                title="marginal distance",
                meaning="of single values from training data (Wasserstein); a column's range is 2",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="judge",
        summary="how often a small classifier tells samples from training data, by values and by their changes",
        kinds=_SERIES,
        compute=series_metrics.judged,
        selects=("judge_distance", "changes_judge_distance"),
        paper="Dempster et al. 2020, arXiv:1910.13051; Lopez-Paz & Oquab 2017, arXiv:1610.06545",
        figures=(
            Figure(
                name="told_apart",
                title="told apart",
                meaning="pairs of a sample and a training series that a judge orders; 0.5 is chance",
                better="lower",
            ),
            Figure(
                name="changes_told_apart",
                title="changes told apart",
                meaning="the same of changes from step to step",
                better="lower",
            ),
            Figure(
                name="judge_distance",
                title="judge distance",
                meaning="of what that judge looks at, in deviations of real data, squared",
                better="lower",
            ),
            Figure(
                name="changes_judge_distance",
                title="changes' distance",
                meaning="the same of changes from step to step",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="correlation",
        summary="difference of auto- and cross-correlations between samples and training data",
        kinds=_SERIES,
        compute=series_metrics.correlation,
        figures=(
            AUTOCORRELATION,
            Figure(
                name="cross_correlation_distance",
                title="cross-correlation gap",
                meaning="of correlations between columns",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="spread",
        summary="deviation across samples as a share of that of the training data; far below 1 after a collapse",
        kinds=_SERIES,
        compute=series_metrics.spread,
        selects=("spread_error",),
        figures=(SPREAD, SPREAD_ERROR),
    ),
    MetricSpec(
        name="copies",
        summary="share of samples that differ from each other, and share that are near copies of training data",
        kinds=_SERIES,
        compute=series_metrics.copies,
        figures=(
            DISTINCT,
            NEAR_COPIES,
            Figure(
                name="nearest_training",
                title="nearest training",
                meaning="median distance to the closest record of training; a column's range is 2",
            ),
        ),
    ),
)
