"""Metrics of series: how near the samples are to the training data, beside how near held-out data are.

Values are compared in the units of networks, where the training range is -1..1, so that columns weigh alike. What
depends on the data alone is computed once for each data set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, Measured, SampleSet, SequenceSource, SeriesSpec, evenly
from rgan_kit.evaluation import judge
from rgan_kit.evaluation.judge import FEWEST

NEAR: Final = 0.02
"""Root mean square distance, in units of networks (one per cent of the range), below which two series are copies."""

LAGS: Final = 24

_MOST_TRAINING: Final = 4096
_MOST_HELD_OUT: Final = 1000
_MOST_JUDGED: Final = 500
_MOST_VALUES: Final = 2**24
_AT_ONCE: Final = 256
_TINY: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Curves:
    """Series in units of networks: float32 ``[n, time, channels]``, zero after their ``lengths`` (int64 ``[n]``)."""

    values: np.ndarray
    lengths: np.ndarray

    @cached_property
    def inside(self) -> np.ndarray:
        """bool ``[n, time]``."""
        mask: np.ndarray = np.arange(self.values.shape[1]) < self.lengths[:, None]
        return mask

    def pooled(self) -> np.ndarray:
        """float32 ``[positions, channels]``."""
        positions: np.ndarray = self.values[self.inside]
        return positions


class _Reference:
    """The training data of a data set as the judge, and the figures of its held-out data as the control."""

    def __init__(self, dataset: Dataset) -> None:
        assert isinstance(dataset.spec, SeriesSpec)
        self.spec = dataset.spec
        self._train, self._validation = dataset.train, dataset.validation  # not the data set: it is a weak key

    def scaled(self, values: np.ndarray, lengths: np.ndarray) -> Curves:
        """Series of the data's own units in those of networks."""
        low, high = self.spec.minimum.astype(np.float64), self.spec.maximum.astype(np.float64)
        curves = Curves(((values - low) / np.maximum(high - low, _TINY) * 2 - 1).astype(np.float32), lengths)
        curves.values[~curves.inside] = 0
        return curves

    def samples(self, samples: SampleSet) -> Curves:
        """The samples, each of its own length."""
        series = samples.outputs["series"]
        return self.scaled(series, samples.outputs.get("lengths", np.full(len(series), series.shape[1], np.int64)))

    def _some(self, source: SequenceSource, most: int) -> Curves:
        most = max(1, min(most, _MOST_VALUES // (self.spec.length * self.spec.features)))
        batch = source.take(evenly(len(source), most))
        return self.scaled(batch.values, batch.lengths)

    @cached_property
    def train(self) -> Curves:
        return self._some(self._train, _MOST_TRAINING)

    @cached_property
    def held_out(self) -> Curves:
        return self._some(self._validation, _MOST_HELD_OUT)

    @cached_property
    def train_sorted(self) -> np.ndarray:
        return np.sort(self.train.pooled(), 0)

    @cached_property
    def correlations(self) -> np.ndarray:
        return lagged_correlations(self.train, self.lags)

    @property
    def lags(self) -> int:
        """Steps apart that correlations are compared, up to half of the longest sequence."""
        return max(1, min(LAGS, self.spec.length // 2))

    @cached_property
    def control(self) -> dict[str, float]:
        """Of the held-out data."""
        nearest = nearest_distances(self.held_out, self.train)
        return {
            "marginal_distance": self.marginal(self.held_out),
            **self.correlation(self.held_out),
            "spread": self.spread(self.held_out),
            **self.judged(self.held_out),
            "near_copies": float((nearest < NEAR).mean()),
            "nearest_training": float(np.median(nearest)),
        }

    def judged(self, curves: Curves) -> dict[str, float]:
        """What a judge makes of values, and of their changes from step to step."""
        steps = min(curves.values.shape[1], self.train.values.shape[1])
        real = self.train.values[evenly(len(self.train.values), _MOST_JUDGED), :steps]
        made = curves.values[evenly(len(curves.values), _MOST_JUDGED), :steps]
        levels, changes = judge(real, made), judge(np.diff(real, axis=1), np.diff(made, axis=1))
        return {
            "told_apart": levels.told_apart,
            "changes_told_apart": changes.told_apart,
            "judge_distance": levels.distance,
            "changes_judge_distance": changes.distance,
        }

    def marginals(self, curves: Curves) -> dict[str, float]:
        own = np.sort(curves.pooled(), 0)
        names = zip(self.spec.names, own.T, self.train_sorted.T, strict=True)
        return {name: wasserstein(mine, real) for name, mine, real in names}

    def marginal(self, curves: Curves) -> float:
        return float(np.mean(list(self.marginals(curves).values())))

    def correlation(self, curves: Curves) -> dict[str, float]:
        gap = np.abs(lagged_correlations(curves, self.lags) - self.correlations)  # [lags + 1, channels, channels]
        same = np.eye(gap.shape[1], dtype=np.bool_)
        figures = {"autocorrelation_distance": float(gap[1:, same].mean())}
        if gap.shape[1] > 1:
            figures["cross_correlation_distance"] = float(gap[:, ~same].mean())
        return figures

    def spread(self, curves: Curves) -> float:
        if not np.isfinite(curves.values).all():
            return math.nan
        steps = min(curves.values.shape[1], self.train.values.shape[1])
        own, data = deviations(curves)[:steps], deviations(self.train)[:steps]
        return float(np.nanmean(own) / max(float(np.nanmean(data)), _TINY))


_references: Final[WeakKeyDictionary[Dataset, _Reference]] = WeakKeyDictionary()


def _reference(dataset: Dataset) -> _Reference:
    known = _references.get(dataset)
    if known is None:
        known = _references[dataset] = _Reference(dataset)
    return known


def _beside_control(reference: _Reference, figures: dict[str, float]) -> dict[str, float]:
    return figures | {f"heldout_{name}": reference.control[name] for name in figures}


def marginal(samples: SampleSet) -> dict[str, Measured]:
    """``marginal_distance``: Wasserstein distance between the values of samples and of training data, all steps
    together, the mean over channels and each by itself; and its control."""
    reference = _reference(samples.dataset)
    parts = reference.marginals(reference.samples(samples))
    whole = Measured(float(np.mean(list(parts.values()))), reference.control["marginal_distance"], parts=parts)
    return {"marginal_distance": whole}


def views(samples: SampleSet) -> tuple[Curves, Curves, Curves]:
    """Training, held-out and generated series in units of networks."""
    reference = _reference(samples.dataset)
    return reference.train, reference.held_out, reference.samples(samples)


def correlation(samples: SampleSet) -> dict[str, float]:
    """``autocorrelation_distance`` and, where there are several channels, ``cross_correlation_distance``: mean
    absolute difference of correlations at up to 24 lags between samples and training data; and their controls."""
    reference = _reference(samples.dataset)
    return _beside_control(reference, reference.correlation(reference.samples(samples)))


def judged(samples: SampleSet) -> dict[str, float]:
    """``told_apart`` and ``judge_distance`` (see ``rgan_kit.evaluation.judge``), both also of the changes from step to
    step (``changes_…``): what stands at the right height may still move as no data does. And their controls."""
    reference = _reference(samples.dataset)
    curves = reference.samples(samples)
    if min(len(curves.values), len(reference.held_out.values), len(reference.train.values)) < FEWEST:
        return {}
    return _beside_control(reference, reference.judged(curves))


def spread(samples: SampleSet) -> dict[str, float]:
    """``spread``: standard deviation across samples at each step, as a share of that of the training data; far below 1
    where the generator says the same again and again. ``spread_error``: its distance from 1. And their controls."""
    reference = _reference(samples.dataset)
    own, control = reference.spread(reference.samples(samples)), reference.control["spread"]
    return {
        "spread": own,
        "heldout_spread": control,
        "spread_error": abs(own - 1),
        "heldout_spread_error": abs(control - 1),
    }


def copies(samples: SampleSet) -> dict[str, float]:
    """``distinct``: share of samples that are no copy of another sample, with as many real series as the control.
    ``near_copies``: share of samples within ``NEAR`` of a training sample. ``nearest_training``: median distance to the
    nearest one. And their controls. Series of different lengths are compared as far as the shorter one goes."""
    reference = _reference(samples.dataset)
    curves = reference.samples(samples)
    nearest = nearest_distances(curves, reference.train)
    real = reference.held_out if len(reference.held_out.values) >= len(curves.values) else reference.train
    places = evenly(len(real.values), len(curves.values))  # as many: the share of distinct ones falls with their number
    control = Curves(real.values[places], real.lengths[places])
    figures = {
        "near_copies": float((nearest < NEAR).mean()) if len(nearest) else math.nan,
        "nearest_training": float(np.median(nearest)) if len(nearest) else math.nan,
    }
    return _beside_control(reference, figures) | {
        "distinct": distinct_share(curves),
        "heldout_distinct": distinct_share(control),
    }


def wasserstein(left: np.ndarray, right: np.ndarray) -> float:
    """Wasserstein-1 distance between two sets of numbers, each sorted: ``∫ |F(x) - G(x)| dx``. nan without numbers."""
    if not len(left) or not len(right) or not np.isfinite(left).all():
        return math.nan
    points = np.sort(np.concatenate([left, right], dtype=np.float64))
    at = points[:-1]
    below = np.searchsorted(left, at, "right") / len(left) - np.searchsorted(right, at, "right") / len(right)
    return float((np.abs(below) * np.diff(points)).sum())


def lagged_correlations(curves: Curves, lags: int) -> np.ndarray:
    """Correlation of channel ``i`` with channel ``j`` some steps later, over all sequences, with the channels' overall
    means and deviations: float64 ``[lags + 1, channels, channels]``. A channel that never varies correlates fully with
    itself and not at all with others; lags that no sequence has are 0."""
    pooled = curves.pooled().astype(np.float64)
    mean, deviation = pooled.mean(0), pooled.std(0)
    centred = (curves.values - mean) / np.where(deviation > 1e-9, deviation, 1)
    centred[~curves.inside] = 0
    centred[..., deviation <= 1e-9] = 0
    channels = centred.shape[2]
    found = np.zeros((lags + 1, channels, channels))
    for lag in range(min(lags, centred.shape[1] - 1) + 1):
        pairs = np.maximum(curves.lengths - lag, 0).sum()
        early = centred[:, : centred.shape[1] - lag].reshape(-1, channels)
        found[lag] = early.T @ centred[:, lag:].reshape(-1, channels) / max(1, pairs)
    still = np.flatnonzero(deviation <= 1e-9)
    found[:, still, still] = 1
    return found


def deviations(curves: Curves) -> np.ndarray:
    """Standard deviation across sequences at each step: float64 ``[time, channels]``; nan where fewer than two
    sequences are so long."""
    count = curves.inside.sum(0)[:, None]
    mean = curves.values.sum(0, dtype=np.float64) / np.maximum(count, 1)
    squares = np.square((curves.values - mean) * curves.inside[:, :, None]).sum(0)
    found: np.ndarray = np.where(count > 1, np.sqrt(squares / np.maximum(count, 1)), np.nan)
    return found


def nearest_distances(curves: Curves, others: Curves, *, apart: bool = False) -> np.ndarray:
    """Root mean square distance of each series to the nearest of the others, as far as the shorter one goes: float64
    ``[n]``. With ``apart`` both are the same series, and none is compared with itself."""
    steps = min(curves.values.shape[1], others.values.shape[1])
    theirs, mask = others.values[:, :steps], others.inside[:, :steps].astype(np.float32)
    flat = theirs.reshape(len(theirs), -1)
    squares = np.square(theirs).sum(2)  # [others, steps]
    found = np.full(len(curves.values), np.inf)
    for start in range(0, len(curves.values), _AT_ONCE):
        own = curves.values[start : start + _AT_ONCE, :steps]
        inside = curves.inside[start : start + _AT_ONCE, :steps].astype(np.float32)
        # ∑ over shared steps of (a - b)²; padding is zero, so the product needs no mask
        both = np.square(own).sum(2) @ mask.T + inside @ squares.T - 2 * own.reshape(len(own), -1) @ flat.T
        distance = np.maximum(both, 0) / np.maximum((inside @ mask.T) * own.shape[2], 1)
        if apart:
            distance[np.arange(len(own)), start + np.arange(len(own))] = np.inf
        found[start : start + len(own)] = np.sqrt(distance.min(1))
    return found


def distinct_share(curves: Curves) -> float:
    """Share of series that are no near copy of another one; of a group of copies, one counts. nan without series."""
    count = len(curves.values)
    if count == 0 or not np.isfinite(curves.values).all():
        return math.nan
    kept: list[int] = []
    alone = nearest_distances(curves, curves, apart=True) >= NEAR
    for place in np.flatnonzero(~alone):
        earlier = Curves(curves.values[kept], curves.lengths[kept])
        own = Curves(curves.values[place : place + 1], curves.lengths[place : place + 1])
        if not kept or nearest_distances(own, earlier)[0] >= NEAR:
            kept.append(int(place))
    return (int(alone.sum()) + len(kept)) / count
