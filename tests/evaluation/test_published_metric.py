"""The published scores as a metric: what its judges are given, and what it makes of their answers."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.contracts import Batch, Dataset, SampleSet, SeriesSpec
from rgan_kit.evaluation import series_scores
from rgan_kit.evaluation.subject import Held, Joined
from rgan_kit_plugins.metrics.published import scores

TIME = 6


def table(count: int) -> np.ndarray:
    """Windows of one table, every row begins one: ``[count, TIME, 2]``, from 10 to 20 and 0 to 1."""
    rows = np.stack([np.linspace(10, 20, count + TIME - 1), np.linspace(1, 0, count + TIME - 1)], axis=1)
    return np.lib.stride_tricks.sliding_window_view(rows, TIME, axis=0).transpose(0, 2, 1).astype(np.float32)


def dataset(windows: np.ndarray) -> Dataset:
    low, high = np.array([10, 0], np.float32), np.array([20, 1], np.float32)
    spec = SeriesSpec(2, TIME, ("a", "b"), low, high)
    cut = len(windows) - 60
    sides = (Held(Batch(part, np.full(len(part), TIME))) for part in (windows[:cut], windows[cut:]))
    return Dataset(spec, *sides, None, "")  # type: ignore[arg-type]


@pytest.fixture
def judges(monkeypatch):
    """Judges that answer at once, and remember what they were given."""
    given: dict[str, list] = {"discriminative": [], "strict": [], "in_time": []}

    def strict(real, made, *, in_time):
        given["strict"].append((real, made))
        given["in_time"].append(in_time)
        return {"levels": 0.3, "differences": 0.4}

    def discriminative(real, made):
        given["discriminative"].append((real, made))
        return 0.1 if len(given["discriminative"]) == 1 else 0.02

    monkeypatch.setattr(series_scores, "strict", strict)
    monkeypatch.setattr(series_scores, "discriminative", discriminative)
    monkeypatch.setattr(series_scores, "forecast_errors", lambda made, real: np.array([0.1, 0.3]))
    monkeypatch.setattr(series_scores, "predictive", lambda source, real: 0.15)
    return given


def test_samples_and_halves_of_real_windows_are_judged_as_0_to_1_a_column(judges):
    real = table(300)
    made = real[np.random.default_rng(0).permutation(300)[:150]]
    found = scores(SampleSet(list(made), {"series": made}, dataset(real)))
    (whole, samples), (one, other) = judges["discriminative"]
    assert len(whole) == 300 and len(samples) == 150 and sorted((len(one), len(other))) == [150, 150]
    assert whole.min() == pytest.approx(0) and whole.max() == pytest.approx(1)
    assert np.allclose(whole[:, :, 0], (real[..., 0] - 10) / 10, atol=1e-6), "in the order of the table"
    assert len(np.unique(np.concatenate([one, other])[:, 0, 0])) == 300, "no window in both halves"
    assert judges["in_time"] == [True, True], "windows that overlap are split by time"
    assert (found["discriminative_score"].value, found["discriminative_score"].real) == (0.1, 0.02)
    assert found["strict_changes"].value == 0.4
    assert found["predictive_score"].value == pytest.approx(0.2) and found["predictive_score"].real == 0.15
    for name, each in found.items():
        assert each.low < each.value < each.high, name


def test_series_that_do_not_overlap_are_split_at_random(judges):
    real = np.random.default_rng(0).normal(size=(300, TIME, 2)).astype(np.float32)
    scores(SampleSet(list(real[:150]), {"series": real[:150]}, dataset(real)))
    assert judges["in_time"] == [False, False]


def test_too_few_and_what_is_no_number_are_not_judged(judges):
    real = table(300)
    assert scores(SampleSet(list(real[:50]), {"series": real[:50]}, dataset(real))) == {}
    spoilt = real[:150].copy()
    spoilt[3, 2, 1] = np.nan
    assert scores(SampleSet(list(spoilt), {"series": spoilt}, dataset(real))) == {}
    assert judges["discriminative"] == []


def test_two_sources_joined_are_one_after_the_other_and_padded_alike():
    first = Held(Batch(np.array([[[1.0], [2.0]]]), np.array([2]), np.array([5])))
    second = Held(Batch(np.array([[[7.0], [8.0], [9.0]], [[4.0], [0.0], [0.0]]]), np.array([3, 1]), np.array([6, 7])))
    batch = Joined(first, second).take(np.array([2, 0, 1]))
    assert batch.values[..., 0].tolist() == [[4, 0, 0], [1, 2, 0], [7, 8, 9]]
    assert batch.lengths.tolist() == [1, 2, 3] and batch.labels is not None and batch.labels.tolist() == [7, 5, 6]
