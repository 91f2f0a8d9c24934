"""Scores of series as papers report them, and strict ones: see ``rgan_kit.evaluation.series_scores``."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, Figure, Measured, MetricSpec, SampleSet, SequenceSource, SeriesSpec, evenly
from rgan_kit.evaluation import in_one_order

MOST: Final = 10_000
"""Series of each kind that are looked at."""

FEWEST: Final = 100
"""Series below which no judge is trained."""

_LONGEST: Final = 200
"""Steps beyond which a recurrent judge is no longer quick; the first so many are looked at."""

_ASKED: Final = 0.2
_TWO_SIDED: Final = 1.96
_TINY: Final = 1e-12


def scores(samples: SampleSet) -> dict[str, Measured]:
    """``discriminative_score`` and ``predictive_score`` as published (the latter of two columns and more), and the
    strict ones: ``strict_levels`` and ``strict_changes``; halves of the real series are the control, for the predictive
    one a forecaster trained on real series. Nothing without torch, and of fewer than 100 series."""
    dataset = samples.dataset
    if find_spec("torch") is None or len(samples.samples) < FEWEST or _count(dataset) < 2 * FEWEST:
        return {}
    real, made = _real(dataset), in_one_order(_scaled(dataset, **samples.outputs))
    time = min(real.shape[1], made.shape[1])
    if not np.isfinite(made).all() or time < 2:
        return {}
    real, made = real[:, :time], made[:, :time]
    return {**_told_apart(real, made), **_forecast(real, made)}


def _told_apart(real: np.ndarray, made: np.ndarray) -> dict[str, Measured]:
    from rgan_kit.evaluation import series_scores

    one, other = (real[np.sort(half)] for half in np.array_split(np.random.default_rng(0).permutation(len(real)), 2))
    in_time = overlapping(real)
    own, usual = (series_scores.strict(*pair, in_time=in_time) for pair in ((real, made), (one, other)))
    asked = _ASKED * (len(real) + len(made))
    return {
        "discriminative_score": _with_interval(
            series_scores.discriminative(real, made), series_scores.discriminative(one, other), asked
        ),
        "strict_levels": _with_interval(own["levels"], usual["levels"], asked),
        "strict_changes": _with_interval(own["differences"], usual["differences"], asked),
    }


def _forecast(real: np.ndarray, made: np.ndarray) -> dict[str, Measured]:
    from rgan_kit.evaluation import series_scores

    if real.shape[2] < 2:
        return {}
    errors = series_scores.forecast_errors(made, real)
    value, reach = float(errors.mean()), _TWO_SIDED * float(errors.std()) / math.sqrt(len(errors))
    return {"predictive_score": Measured(value, series_scores.predictive(real, real), value - reach, value + reach)}


def _with_interval(value: float, control: float, asked: float) -> Measured:
    """By how many series a judge was asked about."""
    reach = _TWO_SIDED * math.sqrt((0.25 - value**2) / asked)
    return Measured(value, control, max(0.0, value - reach), min(0.5, value + reach))


def overlapping(series: np.ndarray) -> bool:
    """Whether series are windows of one table that overlap, in its order: most end as the next one begins."""
    shifts = [s for s in range(1, series.shape[1]) if np.array_equal(series[0, s:], series[1, :-s])]
    if not shifts:
        return False
    step = shifts[0]
    return bool((series[:-1, step:] == series[1:, :-step]).all((1, 2)).mean() > 0.5)


def _count(dataset: Dataset) -> int:
    return len(dataset.train) + len(dataset.validation)


_known: Final[WeakKeyDictionary[Dataset, np.ndarray]] = WeakKeyDictionary()


def _real(dataset: Dataset) -> np.ndarray:
    """All real series, in the order of the data as far as the domain keeps it: training ones, then held-out ones."""
    if dataset not in _known:
        share = MOST / max(MOST, _count(dataset))
        parts = [_taken(dataset, source, share) for source in (dataset.train, dataset.validation)]
        time = max(part.shape[1] for part in parts)
        _known[dataset] = np.concatenate([np.pad(p, ((0, 0), (0, time - p.shape[1]), (0, 0))) for p in parts])
    return _known[dataset]


def _taken(dataset: Dataset, source: SequenceSource, share: float) -> np.ndarray:
    batch = source.take(evenly(len(source), max(1, int(share * len(source)))))
    return _scaled(dataset, batch.values, batch.lengths)


def _scaled(dataset: Dataset, series: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """0..1 a column where the training data goes from its smallest to its largest; zero after the end, which the judges
    see: lengths are a part of what series are."""
    spec = dataset.spec
    assert isinstance(spec, SeriesSpec)
    picked = evenly(len(series), MOST)
    series = series[picked, :_LONGEST]
    low, high = spec.minimum.astype(np.float64), spec.maximum.astype(np.float64)
    values = ((series - low) / np.maximum(high - low, _TINY)).astype(np.float32)
    if lengths is not None:
        values[np.arange(series.shape[1]) >= lengths[picked][:, None]] = 0
    return values


def _figure(name: str, title: str, meaning: str) -> Figure:
    return Figure(name=name, title=title, meaning=meaning, better="lower")


METRICS: Final = (
    MetricSpec(
        name="published",
        summary="discriminative and predictive score by the protocol of TimeGAN, and strict ones",
        kinds=frozenset({"series"}),
        compute=scores,
        thorough=True,
        paper="Yoon et al. 2019, Time-series Generative Adversarial Networks (NeurIPS)",
        figures=(
            _figure(
                "discriminative_score",
                "discriminative",
                "|accuracy - 0.5| of a GRU that tells series apart (TimeGAN); 0 is chance",
            ),
            _figure(
                "predictive_score",
                "predictive",
                "error on real series of a GRU trained on samples; real: on real ones",
            ),
            _figure(
                "strict_levels",
                "strict: levels",
                "of a GRU of 24 units, asked about later times than it has seen",
            ),
            _figure("strict_changes", "strict: changes", "the same of changes from step to step"),
        ),
    ),
)
