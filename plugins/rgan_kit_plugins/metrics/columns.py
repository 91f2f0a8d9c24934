"""What may be wrong with single columns of series: how they move, which other columns they go with, what they exceed;
and with lengths."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from rgan_kit.contracts import Figure, Kind, Measured, MetricSpec, SampleSet, SeriesSpec
from rgan_kit_plugins.metrics.series_metrics import Curves, lagged_correlations, views, wasserstein

_SLACK: Final = 1e-4
_SERIES: Final[frozenset[Kind]] = frozenset({"series"})


def steps(samples: SampleSet) -> dict[str, Measured]:
    """``step_distance``: Wasserstein distance between changes from row to row in samples and in training data, in
    deviations of those of the data, the mean over columns and each by itself; and its control."""
    real, held_out, made = views(samples)
    if min(curves.values.shape[1] for curves in (real, held_out, made)) < 2 or not len(made.values):
        return {}
    data = _changes(real)
    unit = np.maximum(data.std(0), 1e-9)
    own, usual = (
        [wasserstein(mine / u, theirs / u) for mine, theirs, u in zip(_changes(each).T, data.T, unit, strict=True)]
        for each in (made, held_out)
    )
    parts = dict(zip(_names(samples), own, strict=True))
    return {"step_distance": Measured(float(np.mean(own)), float(np.mean(usual)), parts=parts)}


def together(samples: SampleSet) -> dict[str, Measured]:
    """``column_correlation_distance``: mean absolute difference, between samples and training data, of a column's
    correlations with the others at the same step, and each column's by itself; and its control. Nothing for one column.
    """
    real, held_out, made = views(samples)
    if real.values.shape[2] < 2 or not len(made.values):
        return {}
    data = lagged_correlations(real, 0)[0]
    others = ~np.eye(len(data), dtype=np.bool_)
    gaps = [np.abs(lagged_correlations(each, 0)[0] - data) for each in (made, held_out)]
    own, usual = ((gap * others).sum(1) / others.sum(1) for gap in gaps)
    parts = dict(zip(_names(samples), own.tolist(), strict=True))
    return {"column_correlation_distance": Measured(float(own.mean()), float(usual.mean()), parts=parts)}


def ranges(samples: SampleSet) -> dict[str, Measured]:
    """``out_of_range``: share of values below the smallest or above the largest of the training data, all columns and
    each by itself; and that of held-out data."""
    _, held_out, made = views(samples)
    own, usual = (np.abs(each.pooled()) > 1 + _SLACK for each in (made, held_out))
    if not own.size or not usual.size:
        return {}
    parts = dict(zip(_names(samples), own.mean(0).tolist(), strict=True))
    return {"out_of_range": Measured(float(own.mean()), float(usual.mean()), parts=parts)}


def lengths(samples: SampleSet) -> dict[str, Measured]:
    """``length_distance``: Wasserstein distance between the lengths of samples and of training series, as a share of
    their mean; and its control. Nothing where all are of one length."""
    spec = samples.dataset.spec
    assert isinstance(spec, SeriesSpec)
    if not spec.variable or not len(samples.samples):
        return {}
    real, held_out, made = (np.sort(curves.lengths.astype(np.float64)) for curves in views(samples))
    mean = float(real.mean())
    return {"length_distance": Measured(wasserstein(made, real) / mean, wasserstein(held_out, real) / mean)}


def _changes(curves: Curves) -> np.ndarray:
    """float64 ``[changes, columns]``, each column sorted."""
    both = curves.inside[:, 1:]
    found = np.diff(curves.values.astype(np.float64), axis=1)[both]
    return np.sort(found, 0) if len(found) else np.full((1, curves.values.shape[2]), math.nan)


def _names(samples: SampleSet) -> tuple[str, ...]:
    spec = samples.dataset.spec
    assert isinstance(spec, SeriesSpec)
    return spec.names


METRICS: Final = (
    MetricSpec(
        name="steps",
        summary="Wasserstein distance of changes from row to row, a column",
        kinds=_SERIES,
        compute=steps,
        thorough=True,
        figures=(
            Figure(
                name="step_distance",
                title="step distance",
                meaning="of changes from row to row (Wasserstein), in deviations of the data's",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="column_correlations",
        summary="how far each column's correlations with the others are from those of the training data",
        kinds=_SERIES,
        compute=together,
        thorough=True,
        figures=(
            Figure(
                name="column_correlation_distance",
                title="column correlations",
                meaning="mean difference of a column's correlations with the others from training data's",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="ranges",
        summary="share of values outside the range of the training data",
        kinds=_SERIES,
        compute=ranges,
        thorough=True,
        figures=(
            Figure(
                name="out_of_range",
                title="out of range",
                meaning="values below the smallest or above the largest of the training data",
                unit="share",
            ),
        ),
    ),
    MetricSpec(
        name="lengths",
        summary="Wasserstein distance of lengths of series",
        kinds=_SERIES,
        compute=lengths,
        thorough=True,
        figures=(
            Figure(
                name="length_distance",
                title="length distance",
                meaning="of lengths from training data (Wasserstein), as a share of the mean length",
                better="lower",
            ),
        ),
    ),
)
