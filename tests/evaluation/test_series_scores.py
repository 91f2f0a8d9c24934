"""The scores of published comparisons: samples that are real windows score as those do, others do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rgan_kit.evaluation import series_scores
from rgan_kit_plugins.metrics.published import overlapping

STEPS = 120


def wandering(count: int, seed: int) -> np.ndarray:
    """Windows of one table whose level rises all the time, with a wave on it: ``[count, 12, 2]``, within 0 to 1."""
    rng = np.random.default_rng(seed)
    days = np.arange(count + 11)
    level = 0.8 * days / len(days)
    wave = 0.1 + 0.1 * np.sin(days / 2 + rng.uniform(0, 6))
    rows = np.stack([level + wave, level + np.roll(wave, 1)], axis=1)
    return np.lib.stride_tricks.sliding_window_view(rows, 12, axis=0).transpose(0, 2, 1).copy()


REAL = wandering(1200, 0)
FAULTY = REAL + np.random.default_rng(1).normal(0, 0.3, REAL.shape)


def test_real_windows_are_not_told_from_their_neighbours_and_noisy_ones_are():
    one, other, noisy = REAL[::2], REAL[1::2], FAULTY[1::2]
    assert series_scores.discriminative(one, other, steps=STEPS) < 0.1
    assert all(score < 0.1 for score in series_scores.strict(one, other, steps=STEPS).values())
    assert series_scores.strict(one, noisy, steps=STEPS)["differences"] > 0.3


def test_a_score_is_the_distance_of_accuracy_from_one_half():
    low, high = np.zeros((40, 5, 4)), np.ones((40, 5, 4))
    assert series_scores.discriminative(low, high, steps=400) == 0.5
    assert series_scores.discriminative(low, low, steps=5) == 0.0  # all of one kind in the right, none of the other


def test_both_kinds_are_split_at_the_same_time():
    shuffled = np.random.default_rng(2).permutation(len(REAL))
    (taught, asked), (made_taught, made_asked) = series_scores.split_by_time(REAL, REAL[shuffled])
    assert taught.tolist() == list(range(960))
    assert asked.tolist() == list(range(972, 1200))  # a window's length between
    assert sorted(shuffled[made_taught]) == taught.tolist()
    assert sorted(shuffled[made_asked]) == asked.tolist()


def test_a_generator_that_leaves_a_time_out_is_told_apart():
    assert series_scores.strict(REAL, REAL[:800], steps=1) == {"levels": 0.5, "differences": 0.5}


def test_windows_without_a_time_are_split_at_random():
    scores = series_scores.strict(REAL, REAL[:400], steps=1, in_time=False)
    assert scores["levels"] < 0.5  # nothing is left unasked


def test_what_samples_teach_is_measured_on_real_windows():
    of_real = series_scores.predictive(REAL, REAL, steps=300)
    assert of_real < 0.15
    assert series_scores.predictive(np.full_like(REAL, 0.9), REAL, steps=300) > 1.5 * of_real


def test_scores_are_those_of_their_seed_and_leave_random_numbers_as_they_were():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, other = (series_scores.discriminative(REAL, FAULTY, seed=3, steps=20) for _ in range(2))
    assert one == other
    assert torch.equal(before, torch.random.get_rng_state())


def test_windows_that_overlap_in_the_order_of_a_table_are_known_as_such():
    assert overlapping(REAL) and overlapping(REAL[::3])
    assert not overlapping(REAL[np.random.default_rng(0).permutation(len(REAL))])
    assert not overlapping(REAL[::12]), "side by side, so that nothing tells their order"


@pytest.mark.slow
def test_the_control_on_sines_is_that_of_papers_and_columns_of_other_windows_are_seen():
    """.005 ± .005 of halves of Sines; .3 and more of two columns that belong together, taken from other windows."""
    frequency, phase = np.random.default_rng(0).uniform(0, 0.1, (2, 10_000, 1, 5))
    sines = (np.sin(frequency * np.arange(24)[:, None] + phase) + 1) / 2
    assert series_scores.discriminative(sines[:5000], sines[5000:]) < 0.02
    walk = np.random.default_rng(0).normal(0, 0.02, (2, 1000, 24)).cumsum(2) + 0.5
    real, made = (np.stack([each, each - 0.05], axis=2) for each in walk)
    made[..., 1] = np.roll(made[..., 1], 1, axis=0)
    assert series_scores.strict(real, made, in_time=False)["levels"] > 0.3
