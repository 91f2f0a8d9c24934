"""The embedded sources: what is said of them is true, and what is measured of samples tells good from bad."""

import math

import numpy as np
import pytest

from rgan_kit_plugins.domains.series import SPEC
from rgan_kit_plugins.domains.series.decoder import SeriesSample
from rgan_kit_plugins.worlds import autoregressive, market, sines
from rgan_kit_plugins.worlds.autoregressive import AutoregressiveTruth
from rgan_kit_plugins.worlds.sines import SinesTruth


def samples(series: np.ndarray) -> list[SeriesSample]:
    return [SeriesSample(tuple("ab"), values.astype(np.float32)) for values in series]


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_fitting_finds_frequency_phase_amplitude_and_centre_again():
    time = np.arange(32)
    frequency, phase = rng().uniform(0.04, 0.16, 50), rng().uniform(0, 2 * math.pi, 50)
    curves = 4 + 2.5 * np.sin(2 * math.pi * frequency[:, None] * time + phase[:, None])
    found = sines.fit(curves)
    assert np.abs(found.frequency - frequency).max() < 1e-4
    assert np.abs((found.phase - phase + math.pi) % (2 * math.pi) - math.pi).max() < 0.01
    assert np.abs(found.amplitude - 2.5).max() < 0.01
    assert np.abs(found.centre - 4).max() < 0.01
    assert found.residual.max() < 0.01


def test_the_source_of_sines_measures_as_its_reference():
    truth = SinesTruth()
    figures = truth.measure(samples(sines.draw(500, rng())))
    assert figures["valid"] == truth.reference()["valid"] == 1.0
    assert figures["sine_residual"] < 1e-3
    assert figures["phase_relation_error"] < 1e-3
    assert figures["frequency_distance"] < 3 * figures["heldout_frequency_distance"] + 0.02
    assert figures["phase_distance"] < 0.05


@pytest.mark.parametrize(
    ("spoil", "figure", "least"),
    [
        (lambda x: x + rng().normal(0, 2, x.shape), "sine_residual", 0.2),
        (lambda x: x[:, :, ::-1] * [5 / 3, 3 / 5] + [20, -12], "phase_relation_error", 1.0),
        (lambda x: np.repeat(x[:1], len(x), 0), "frequency_distance", 0.2),
        (lambda x: np.repeat(x[:1], len(x), 0), "phase_distance", 0.2),
    ],
)
def test_what_is_wrong_with_sines_shows(spoil, figure, least):
    figures = SinesTruth().measure(samples(spoil(sines.draw(200, rng()).astype(np.float64))))
    assert figures[figure] > least


@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x * 1.3,
        lambda x: x + np.array([2.0, 0]),
        lambda x: x[:, ::-1],
        lambda x: x[:, rng().permutation(32)],
        lambda x: np.full_like(x, np.nan),
        lambda x: x * 0,
    ],
)
def test_what_is_no_such_sine_is_not_valid(spoil):
    assert SinesTruth().measure(samples(spoil(sines.draw(100, rng()).astype(np.float64))))["valid"] < 0.05


def test_sines_too_fast_for_the_source_are_not_valid():
    angle = 2 * math.pi * 0.22 * np.arange(32) + rng().uniform(0, 6, (50, 1))
    fast = sines.CENTRES + sines.AMPLITUDES * np.stack([np.sin(angle), np.cos(angle)], -1)
    assert SinesTruth().measure(samples(fast))["valid"] == 0


def test_distance_from_the_uniform_law_is_the_mean_distance_of_quantiles():
    values = rng().normal(0.4, 0.5, 37)
    grid = (np.arange(370_000) + 0.5) / 370_000
    direct = np.abs(np.sort(values)[np.minimum((grid * 37).astype(int), 36)] - grid).mean()
    assert sines.uniform_distance(values) == pytest.approx(direct, abs=1e-5)
    assert sines.uniform_distance((np.arange(1000) + 0.5) / 1000) == pytest.approx(1 / 4000)


def test_distance_on_the_circle_does_not_know_where_it_begins():
    turns = rng().uniform(0, 1, 40) ** 2
    assert sines.circular_distance(turns) == pytest.approx(sines.circular_distance((turns + 0.37) % 1), abs=1e-3)
    assert sines.circular_distance(np.zeros(10)) == pytest.approx(0.25, abs=1e-3)


def test_autocovariances_are_those_of_a_long_draw():
    values = autoregressive.draw(2000, 200, rng())[:, :, 0].astype(np.float64) - autoregressive.MEAN
    exact = autoregressive.autocovariances(8)
    for lag in range(9):
        found = (values[:, lag:] * values[:, : 200 - lag]).mean()
        assert found == pytest.approx(exact[lag], abs=0.03 * exact[0])


def test_the_density_is_the_multivariate_gaussian_of_the_autocovariances():
    series = autoregressive.draw(6, 9, rng())[:, :, 0].astype(np.float64)
    lags = np.abs(np.subtract.outer(np.arange(9), np.arange(9)))
    covariance = autoregressive.autocovariances(8)[lags]
    centred = series - autoregressive.MEAN
    _, logarithm = np.linalg.slogdet(covariance)
    quadratic = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
    direct = 0.5 * (quadratic + logarithm + 9 * math.log(2 * math.pi))
    assert np.allclose(autoregressive.nats(series), direct)
    entropy = 0.5 * (logarithm + 9 * math.log(2 * math.pi * math.e)) / 9
    assert autoregressive.entropy(9) == pytest.approx(entropy)


def test_the_expected_periodogram_is_the_mean_of_many():
    values = autoregressive.draw(20_000, 32, rng())[:, :, 0] - autoregressive.MEAN
    power = (np.abs(np.fft.rfft(values, axis=1)[:, 1:]) ** 2).mean(0) / 32
    assert np.abs(np.log(power / autoregressive.spectrum(32))).max() < 0.05


def test_the_process_measures_as_its_reference():
    truth = AutoregressiveTruth(50.0)
    figures = truth.measure(samples(autoregressive.draw(3000, 32, rng())))
    exact = truth.reference()
    assert figures["series_nll"] == pytest.approx(exact["series_nll"], abs=0.01)
    assert figures["innovation_std"] == pytest.approx(exact["innovation_std"], abs=0.02)
    assert figures["spectrum_distance"] < 0.05
    assert figures["autocorrelation_error"] < 0.02
    assert figures["heldout_spectrum_distance"] < 0.05
    assert exact["heldout_nll"] == pytest.approx(exact["series_nll"] - math.log(25))


def test_noise_without_memory_is_told_from_the_process():
    noise = autoregressive.MEAN + 6 * rng().standard_normal((500, 32, 1))
    figures = AutoregressiveTruth(50.0).measure(samples(noise))
    assert figures["series_nll"] > autoregressive.entropy(32) + 1
    assert figures["innovation_std"] > 5
    assert figures["spectrum_distance"] > 1
    assert figures["autocorrelation_error"] > 0.2


@pytest.mark.parametrize("truth", [SinesTruth(), AutoregressiveTruth(1.0)])
def test_samples_of_any_kind_are_measured_without_a_failure(truth):
    for series in (np.zeros((0, 5, 2)), np.zeros((3, 1, 1)), np.zeros((3, 5, 1)), np.full((2, 9, 2), np.inf)):
        assert all(isinstance(value, float) for value in truth.measure(samples(series)).values())


@pytest.mark.parametrize("embedded", ["sines", "autoregressive", "market"])
def test_embedded_data_depend_on_the_seed_alone(embedded):
    options = SPEC.options(embedded=embedded, embedded_sequences=30)
    first, again, other = (SPEC.load(options, None, seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert np.array_equal(first.train.values, again.train.values)
    assert len(first.train) == 30
    assert len(first.validation) >= 200
    held_out = first.validation.take(np.arange(200)).values
    figures = first.truth.measure(first.decoder.decode({"series": held_out}))
    assert figures.get("valid", 1.0) == 1.0


@pytest.mark.parametrize(
    ("embedded", "unit"),
    [("sines", "one a sequence"), ("autoregressive", "windows of 24 rows"), ("market", "windows of 24 rows")],
)
def test_embedded_data_as_files_load_without_an_option(embedded, unit, tmp_path):
    files = SPEC.make(
        SPEC.options(embedded=embedded, embedded_sequences=400 if embedded == "market" else 40), tmp_path, 0
    )
    assert [file.name for file in files] == [f"{embedded}.csv"]
    dataset = SPEC.load(SPEC.options(), tmp_path, 0)
    assert dataset.summary["samples"].startswith(unit)
    assert "time" in dataset.summary["time"]
    assert dataset.refused == {}
    names = {"sines": sines.NAMES, "market": market.NAMES, "autoregressive": (autoregressive.NAME,)}
    assert dataset.spec.names == names[embedded]
    if embedded == "sines":
        everything = [source.take(np.arange(len(source))).values for source in (dataset.train, dataset.validation)]
        assert SinesTruth().measure(samples(np.concatenate(everything)))["valid"] == 1.0


def test_a_market_keeps_its_own_order_and_its_figures():
    """The order of prices, the spread of returns and the volume's rise, each from the law's own constants."""
    truth = market.MarketTruth()
    drawn = market.draw(1500, rng())
    figures = truth.measure(samples(drawn))
    assert figures["valid"] == 1
    whole_day = market.VOLATILITY * np.sqrt(1 + market.NIGHT**2)
    of_volatility = np.exp(2 * market.RESTLESSNESS**2 / (1 - market.PERSISTENCE**2))  # mean of a log-normal's square
    assert figures["return_deviation"] == pytest.approx(whole_day * np.sqrt(of_volatility), rel=0.05)
    assert figures["volume_of_range"] == pytest.approx(market.VOLUME_OF_RANGE, abs=0.03)
    for name in ("return_deviation", "day_range", "range_persistence", "volume_of_range"):
        assert figures[name] == pytest.approx(figures[f"heldout_{name}"], rel=0.15)


def test_a_market_out_of_order_is_not_valid():
    drawn = market.draw(10, rng())
    for column, factor in ((1, 0.9), (2, 1.1), (4, 1.5), (5, -1.0)):
        broken = drawn.copy()
        broken[:, ::2, column] *= factor
        assert market.MarketTruth().measure(samples(broken))["valid"] == 0.5
