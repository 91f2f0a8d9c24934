"""Metrics of frames against computations by other means, and against clips whose faults are known."""

import gc
import weakref
from itertools import pairwise
from math import isnan

import numpy as np
import pytest

from rgan_kit.contracts import Batch, Dataset, FrameSpec, SampleSet
from rgan_kit_plugins.domains.video import SPEC
from rgan_kit_plugins.metrics import METRICS, frame_metrics

FRAME_METRICS = [metric for metric in METRICS if metric.name.startswith("frame_")]


class Source:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.lengths = np.full(len(values), values.shape[1])

    def __len__(self) -> int:
        return len(self.values)

    def take(self, indices: np.ndarray) -> Batch:
        return Batch(self.values[indices], self.lengths[indices])


def random_clips(count: int, seed: int = 0, time: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, time, 3, 4, 1)).astype(np.uint8)


def make_dataset(train: np.ndarray, validation: np.ndarray) -> Dataset:
    spec = FrameSpec(train.shape[1], *train.shape[2:], 10.0)
    return Dataset(spec, Source(train), Source(validation), None, "")


def figures(dataset: Dataset, frames: np.ndarray) -> dict[str, float]:
    samples = SampleSet(list(frames), {"frames": frames}, dataset)
    return {name: value for metric in FRAME_METRICS for name, value in metric.compute(samples).items()}


@pytest.fixture(scope="module")
def shapes():
    """Training data, clips of the same source, and the figures of the latter."""
    dataset = SPEC.load(SPEC.options(embedded_clips=240, validation_share=0.25), None, 0)
    real = SPEC.load(SPEC.options(embedded_clips=120), None, 9).train.take(np.arange(120)).values
    return dataset, real, figures(dataset, real)


def test_the_sum_of_histogram_gaps_is_the_wasserstein_distance_of_sorted_values():
    ours, theirs = random_clips(8), random_clips(8, 1)
    gaps = np.abs(
        frame_metrics.cumulative_histograms(ours.reshape(8, 5, 12))
        - frame_metrics.cumulative_histograms(theirs.reshape(8, 5, 12))
    ).sum(1)
    ordered = [np.sort(clips.reshape(40, 12), axis=0).astype(float) for clips in (ours, theirs)]
    assert gaps == pytest.approx(np.abs(ordered[0] - ordered[1]).mean(0))


def test_the_deviation_is_that_of_random_pairs():
    clips = random_clips(9).reshape(9, 5, 12)
    pairs = [np.mean((a.astype(float) - b) ** 2) for i, a in enumerate(clips) for j, b in enumerate(clips) if i != j]
    assert frame_metrics.deviation(clips) == pytest.approx(np.sqrt(np.mean(pairs) / 2))


def test_distances_are_those_of_every_pair():
    left, right = random_clips(6).reshape(6, 5, 12), random_clips(7, 1, time=4).reshape(7, 4, 12)
    found = frame_metrics.distances(left, right)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            assert found[i, j] == pytest.approx(np.sqrt(np.mean((a[:4].astype(float) - b) ** 2)), rel=1e-4)


def test_autocorrelation_agrees_with_its_definition_and_with_a_known_process():
    rng = np.random.default_rng(0)
    walk = np.zeros((400, 12, 6))
    walk[:, 0] = rng.normal(size=(400, 6))
    for step in range(1, 12):
        walk[:, step] = 0.7 * walk[:, step - 1] + np.sqrt(1 - 0.49) * rng.normal(size=(400, 6))
    clips = np.clip(np.rint(128 + 30 * walk), 0, 255).astype(np.uint8)
    found = frame_metrics.autocorrelation(clips, 4)
    assert found == pytest.approx(0.7 ** np.arange(1, 5), abs=0.03)
    centred = clips - clips.mean((0, 1))
    by_hand = (centred[:, :-2] * centred[:, 2:]).mean() / (centred**2).mean()
    assert found[1] == pytest.approx(by_hand, abs=1e-5)


def test_motion_energies_are_mean_changes_of_every_step():
    clips = random_clips(3).reshape(3, 5, 12)
    by_hand = [np.abs(a.astype(float) - b).mean() / 255 for clip in clips for a, b in pairwise(clip)]
    assert frame_metrics.motion_energies(clips) == pytest.approx(np.sort(by_hand))


def test_of_a_group_of_near_copies_one_counts():
    apart = np.array([[0, 1, 9, 9], [1, 0, 9, 9], [9, 9, 0, 1], [9, 9, 1, 0]], float)
    assert frame_metrics.distinct_share(apart, 2) == 0.5
    assert frame_metrics.distinct_share(apart, 0.5) == 1.0


def test_every_figure_stands_beside_its_control(shapes):
    names = set(shapes[2])
    assert {f"heldout_{name}" for name in names if not name.startswith("heldout_")} <= names
    selected = {name for metric in FRAME_METRICS for name in metric.selects}
    assert selected == {
        "pixel_distance",
        "motion_distance",
        "autocorrelation_distance",
        "spread_error",
        "frames_judge_distance",
        "label_error",
    }
    assert all(metric.kinds == {"frames"} for metric in FRAME_METRICS)


def test_real_clips_are_as_near_as_held_out_ones(shapes):
    real = shapes[2]
    for name in ("pixel_distance", "motion_distance", "autocorrelation_distance", "spread_error"):
        assert real[name] < 0.15 and real[f"heldout_{name}"] < 0.15
    assert real["distinct"] == real["heldout_distinct"] == 1.0
    assert real["near_copies"] < 0.02


@pytest.mark.parametrize(
    ("fault", "told_by"),
    [
        (lambda clips: clips[:, [0] * 12], {"motion_distance": 0.9, "autocorrelation_distance": 0.3}),
        (lambda clips: clips[:, ::-1][:, [5, 0, 8, 3, 10, 1, 7, 11, 4, 9, 2, 6]], {"motion_distance": 0.5}),
        (lambda clips: clips[[0] * 120], {"spread_error": 0.99, "pixel_distance": 0.1}),
        (lambda clips: clips // 3, {"pixel_distance": 0.1, "spread_error": 0.5}),
        (
            lambda clips: np.random.default_rng(0).integers(0, 256, clips.shape).astype(np.uint8),
            {"pixel_distance": 1, "motion_distance": 1},
        ),
    ],
    ids=["frozen", "shuffled", "collapsed", "dim", "noise"],
)
def test_faults_are_told_by_the_figures_meant_for_them(shapes, fault, told_by):
    dataset, real, good = shapes
    found = figures(dataset, fault(real))
    for name, least in told_by.items():
        assert found[name] > least and found[name] > 3 * good[name], name


def test_copies_of_training_clips_and_of_each_other_are_counted(shapes):
    dataset, real, _ = shapes
    copied = dataset.train.take(np.arange(60)).values
    mixed = np.concatenate([copied, real[:60]])
    slightly = np.clip(mixed.astype(int) + 1, 0, 255).astype(np.uint8)
    assert figures(dataset, slightly)["near_copies"] == pytest.approx(0.5, abs=0.02)
    assert figures(dataset, np.concatenate([real[:30], real[:30]]))["distinct"] == 0.5


def test_no_samples_short_samples_and_still_data_give_no_failure():
    dataset = make_dataset(random_clips(20), random_clips(5, 1))
    empty = figures(dataset, random_clips(0))
    assert all(isnan(value) for name, value in empty.items() if not name.startswith("heldout"))
    assert isnan(figures(dataset, random_clips(1))["spread"])
    assert figures(dataset, random_clips(4, 2, time=1))["motion_distance"] == pytest.approx(1)
    still = make_dataset(np.full_like(random_clips(4), 7), np.full_like(random_clips(4), 7))
    assert figures(still, np.full_like(random_clips(4), 7))["pixel_distance"] == 0


def test_large_data_are_looked_at_in_part_and_let_go(monkeypatch):
    monkeypatch.setattr(frame_metrics, "_MOST_PIXELS", 5)
    monkeypatch.setattr(frame_metrics, "_MOST_CLIPS", 8)
    dataset = make_dataset(random_clips(50), random_clips(20, 1))
    found = figures(dataset, random_clips(30, 2))
    assert not any(isnan(value) for value in found.values())
    gone = weakref.ref(dataset)
    del dataset
    gc.collect()
    assert gone() is None
