"""Metrics of series, each against another computation, and each telling a bad generator from a good one."""

import math

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, SampleSet, Sequences, SeriesSpec
from rgan_kit.contracts.metrics import flat, measured
from rgan_kit_plugins.domains.series import SPEC
from rgan_kit_plugins.metrics import METRICS, series_metrics
from rgan_kit_plugins.metrics.series_metrics import Curves


class _NoDecoder:
    pass


def dataset(train: list[np.ndarray], validation: list[np.ndarray]) -> Dataset:
    rows = np.concatenate(train)
    spec = SeriesSpec(rows.shape[1], max(map(len, train)), tuple("abcdef"[: rows.shape[1]]), rows.min(0), rows.max(0))
    sides = (Sequences.of(side, fill=0.0, dtype=np.float32) for side in (train, validation))
    return Dataset(spec, *sides, decoder=_NoDecoder(), fingerprint="")


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def of(series: np.ndarray, data: Dataset) -> SampleSet:
    return SampleSet([], {"series": series.astype(np.float32)}, data)


@pytest.fixture(scope="module")
def embedded() -> Dataset:
    return SPEC.load(SPEC.options(embedded_sequences=400), None, 0)


@pytest.fixture(scope="module")
def good(embedded) -> np.ndarray:
    return embedded.validation.take(np.arange(100, 200)).values


def figures(series: np.ndarray, data: Dataset) -> dict[str, float]:
    return {
        name: value
        for metric in METRICS
        if metric.kinds == frozenset({"series"}) and not metric.thorough
        for name, value in flat(measured(metric.compute(of(series, data)))).items()
    }


def random_walks(count: int, channels: int = 2) -> list[np.ndarray]:
    source = rng()
    return [source.normal(size=(int(n), channels)).cumsum(0).astype(np.float32) for n in source.integers(4, 12, count)]


def test_wasserstein_distance_is_the_mean_distance_of_quantiles():
    left, right = np.sort(rng().normal(0, 1, 30)), np.sort(rng().normal(1, 2, 50))
    assert series_metrics.wasserstein(left, left) == 0
    direct = np.abs(np.repeat(left, 5) - np.repeat(right, 3)).mean()
    assert series_metrics.wasserstein(left, right) == pytest.approx(direct)


def test_marginal_distance_is_in_units_of_networks():
    train = [np.array([[0.0, 0.0], [10.0, 4.0]], np.float32)] * 3
    data = dataset(train, train)
    shifted = np.stack(train) + np.array([1.0, 0.0])
    (found,) = series_metrics.marginal(of(shifted, data)).values()
    assert (found.value, found.real) == (pytest.approx(0.1), 0.0)
    assert found.parts == {"a": pytest.approx(0.2), "b": 0.0}, "which column it is that is off"


def test_correlations_are_those_of_a_plain_loop_over_pairs():
    walks = random_walks(20)
    data = dataset(walks, walks)
    reference = series_metrics._reference(data)
    curves = reference.train
    found = series_metrics.lagged_correlations(curves, 3)
    low, high = data.spec.minimum, data.spec.maximum
    scaled = [(walk - low) / (high - low) * 2 - 1 for walk in walks]
    everything = np.concatenate(scaled).astype(np.float64)
    mean, deviation = everything.mean(0), everything.std(0)
    for lag in range(4):
        for i in range(2):
            for j in range(2):
                pairs = [
                    (walk[t, i] - mean[i]) * (walk[t + lag, j] - mean[j])
                    for walk in scaled
                    for t in range(len(walk) - lag)
                ]
                assert found[lag, i, j] == pytest.approx(np.mean(pairs) / deviation[i] / deviation[j], abs=1e-4)


def test_a_channel_that_stands_still_has_a_correlation():
    still = Curves(np.dstack([np.zeros((4, 5)), rng().normal(size=(4, 5))]), np.full(4, 5))
    found = series_metrics.lagged_correlations(still, 2)
    assert np.isfinite(found).all()
    assert found[:, 0, 0].tolist() == [1, 1, 1]
    assert found[:, 0, 1].tolist() == [0, 0, 0]


def test_spread_is_the_ratio_of_deviations_at_each_step(embedded, good):
    train = embedded.train.take(np.arange(400)).values
    span = embedded.spec.maximum - embedded.spec.minimum
    direct = (good.std(0) / span).mean() / (train.std(0) / span).mean()
    assert series_metrics.spread(of(good, embedded))["spread"] == pytest.approx(direct, rel=1e-3)


def test_deviations_count_only_steps_that_are_there():
    curves = Curves(np.array([[[1.0], [5.0]], [[3.0], [0.0]], [[5.0], [7.0]]]), np.array([2, 1, 2]))
    found = series_metrics.deviations(curves)
    assert found[:, 0].tolist() == pytest.approx([math.sqrt(8 / 3), 1.0])


def test_nearest_distances_are_those_of_a_plain_loop():
    walks = [walk / 10 for walk in random_walks(30)]
    curves = series_metrics._reference(dataset(walks, walks)).train
    halves = [Curves(curves.values[part], curves.lengths[part]) for part in (slice(0, 12), slice(12, 30))]
    found = series_metrics.nearest_distances(*halves)
    for place in range(12):
        direct = []
        for other in range(18):
            steps = min(halves[0].lengths[place], halves[1].lengths[other])
            gap = halves[0].values[place, :steps] - halves[1].values[other, :steps]
            direct.append(math.sqrt(float((gap**2).mean())))
        assert found[place] == pytest.approx(min(direct), abs=1e-3)


def test_copies_of_training_data_and_of_each_other_are_found(embedded, good):
    train = embedded.train.take(np.arange(50)).values
    stolen = series_metrics.copies(of(train, embedded))
    assert stolen["near_copies"] == 1.0
    assert stolen["nearest_training"] < 0.01
    assert stolen["distinct"] == 1.0
    honest = series_metrics.copies(of(good, embedded))
    assert honest["near_copies"] < 0.2
    repeated = series_metrics.copies(of(np.repeat(good[:10], 10, 0), embedded))
    assert repeated["distinct"] == pytest.approx(0.1)


def test_held_out_data_are_near_their_control(embedded, good):
    found = figures(good, embedded)
    for name in ("marginal_distance", "autocorrelation_distance", "cross_correlation_distance", "spread_error"):
        assert found[name] < found[f"heldout_{name}"] + 0.05
    assert found["spread"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("spoil", "figure"),
    [
        (lambda x: x * 0.6 + 8, "marginal_distance"),
        (lambda x: x[:, rng().permutation(32)], "autocorrelation_distance"),
        (lambda x: np.stack([x[:, :, 0], np.roll(x[:, :, 1], 1, 0)], -1), "cross_correlation_distance"),
        (lambda x: np.repeat(x[:1], len(x), 0), "spread_error"),
    ],
)
def test_every_figure_that_selects_sees_what_it_is_for(spoil, figure, embedded, good):
    before, after = figures(good, embedded), figures(spoil(good), embedded)
    assert after[figure] > before[figure] + 0.08


def test_a_collapsed_generator_has_no_spread(embedded, good):
    found = figures(np.repeat(good[:1], 50, 0), embedded)
    assert found["spread"] < 0.01
    assert found["distinct"] == pytest.approx(1 / 50)


def test_one_channel_has_no_cross_correlation():
    data = SPEC.load(SPEC.options(embedded="autoregressive", embedded_sequences=50), None, 0)
    found = figures(data.validation.take(np.arange(20)).values, data)
    assert "cross_correlation_distance" not in found
    assert all(math.isfinite(value) for value in found.values())


def test_sequences_of_many_lengths_and_constant_samples_give_figures():
    data = dataset(random_walks(40), random_walks(12))
    found = figures(np.zeros((6, 11, 2)), data)
    assert all(math.isfinite(value) for value in found.values())


def test_samples_that_are_not_finite_give_no_number_and_no_failure(embedded, good):
    spoilt = good.copy()
    spoilt[3, 4, 1] = np.nan
    with np.errstate(all="ignore"):
        found = figures(spoilt, embedded)
    for name in ("marginal_distance", "autocorrelation_distance", "spread", "distinct"):
        assert math.isnan(found[name])


def test_everything_that_selects_is_computed_with_its_control(embedded, good):
    found = figures(good, embedded)
    for metric in METRICS:
        if metric.kinds == frozenset({"series"}) and not metric.thorough:
            own = (*metric.selects, *measured(metric.compute(of(good, embedded))))
            assert all(f"heldout_{name}" in found for name in own)
