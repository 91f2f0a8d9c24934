"""Built-in metrics of samples, each beside its control on held-out data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rgan_kit.contracts import KINDS, Kind, MetricSpec, SampleSet
from rgan_kit_plugins.metrics import frame_metrics, series_metrics, token_metrics

_TOKENS: Final[frozenset[Kind]] = frozenset({"tokens"})
_SERIES: Final[frozenset[Kind]] = frozenset({"series"})
_FRAMES: Final[frozenset[Kind]] = frozenset({"frames"})


def _truth(samples: SampleSet) -> Mapping[str, float]:
    truth = samples.dataset.truth
    return {} if truth is None else truth.measure(samples.samples)


METRICS: Final = (
    MetricSpec(
        name="truth",
        summary="figures under the known source of the data, where there is one",
        kinds=frozenset(KINDS),
        compute=_truth,
    ),
    MetricSpec(
        name="distinct",
        summary="share of distinct samples among the samples",
        kinds=_TOKENS,
        compute=token_metrics.distinct,
    ),
    MetricSpec(
        name="verbatim",
        summary="share of samples that stand verbatim in the training data, beside the share of held-out ones",
        kinds=_TOKENS,
        compute=token_metrics.verbatim,
    ),
    MetricSpec(
        name="ngram_nll",
        summary="trigram nats a token of samples under the training data, and of held-out data under the samples",
        kinds=_TOKENS,
        compute=token_metrics.ngram_nll,
        selects=("coverage_nll",),
        paper="Witten & Bell 1991, The zero-frequency problem; Chen & Goodman 1999",
    ),
    MetricSpec(
        name="length",
        summary="mean length of samples and of held-out data, end tokens not counted",
        kinds=_TOKENS,
        compute=token_metrics.length,
    ),
    MetricSpec(
        name="marginal",
        summary="Wasserstein distance between the values of samples and of training data, in units of networks",
        kinds=_SERIES,
        compute=series_metrics.marginal,
    ),
    MetricSpec(
        name="judge",
        summary="how often a small classifier tells samples from training data, by values and by their changes",
        kinds=_SERIES,
        compute=series_metrics.judged,
        selects=("judge_distance", "changes_judge_distance"),
        paper="Dempster et al. 2020, arXiv:1910.13051; Lopez-Paz & Oquab 2017, arXiv:1610.06545",
    ),
    MetricSpec(
        name="correlation",
        summary="difference of auto- and cross-correlations between samples and training data",
        kinds=_SERIES,
        compute=series_metrics.correlation,
    ),
    MetricSpec(
        name="spread",
        summary="deviation across samples as a share of that of the training data; far below 1 after a collapse",
        kinds=_SERIES,
        compute=series_metrics.spread,
        selects=("spread_error",),
    ),
    MetricSpec(
        name="copies",
        summary="share of samples that differ from each other, and share that are near copies of training data",
        kinds=_SERIES,
        compute=series_metrics.copies,
    ),
    MetricSpec(
        name="frame_pixels",
        summary="Wasserstein distance between the values of a pixel in samples and in training data",
        kinds=_FRAMES,
        compute=frame_metrics.pixels,
        selects=("pixel_distance",),
    ),
    MetricSpec(
        name="frame_motion",
        summary="Wasserstein distance between the change from frame to frame in samples and in training data",
        kinds=_FRAMES,
        compute=frame_metrics.motion,
        selects=("motion_distance",),
    ),
    MetricSpec(
        name="frame_autocorrelation",
        summary="difference of pixels' correlation with themselves later between samples and training data",
        kinds=_FRAMES,
        compute=frame_metrics.autocorrelations,
        selects=("autocorrelation_distance",),
    ),
    MetricSpec(
        name="frame_spread",
        summary="deviation across samples as a share of that of the training data; far below 1 after a collapse",
        kinds=_FRAMES,
        compute=frame_metrics.spread,
        selects=("spread_error",),
    ),
    MetricSpec(
        name="frame_copies",
        summary="share of samples that differ from each other, and share that are near copies of training data",
        kinds=_FRAMES,
        compute=frame_metrics.copies,
    ),
)
