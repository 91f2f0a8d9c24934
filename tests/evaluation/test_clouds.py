"""Distances of clouds, and features that a network learns from real data: what they see and what they do not."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from rgan_kit.contracts import Sequences
from rgan_kit.evaluation.clouds import frechet, precision_recall_coverage
from rgan_kit.evaluation.features import Features
from rgan_kit.evaluation.intervals import halves, of_rows
from rgan_kit.evaluation.latent_semantics import Embedding


def curves(count: int, seed: int) -> np.ndarray:
    """Sines of random frequency and phase, two columns that move together: ``[count, 24, 2]``."""
    frequency, phase = np.random.default_rng(seed).uniform(0.02, 0.1, (2, count, 1))
    wave = 2 * np.pi * frequency * np.arange(24) + 60 * phase
    return np.stack([np.sin(wave), np.cos(wave)], axis=2)


def moving(count: int, seed: int, *, backward: bool = False) -> np.ndarray:
    """Clips of a bright bar that goes to the right: uint8 ``[count, 6, 12, 12, 1]``."""
    rng = np.random.default_rng(seed)
    clips = rng.integers(0, 20, (count, 6, 12, 12, 1))
    for clip, start in zip(clips, rng.integers(0, 6, count), strict=True):
        for step in range(6):
            clip[5 - step if backward else step, :, start + step] += 200
    return clips.astype(np.uint8)


def test_the_frechet_distance_is_that_of_normal_distributions():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2)) * [1.0, 3.0] + [1.0, 0.0]
    covariances = np.cov(left, rowvar=False), np.cov(right, rowvar=False)
    values = np.linalg.eigvals(covariances[0] @ covariances[1])  # by the eigenvalues of the product, as FID has it
    means = left.mean(0) - right.mean(0)
    by_hand = means @ means + sum(np.trace(each) for each in covariances) - 2 * np.sqrt(values).sum()
    assert frechet(left, right) == pytest.approx(by_hand)
    assert frechet(left, right) == pytest.approx(1 + (3 - 1) ** 2, rel=0.1)
    assert frechet(left, left) == pytest.approx(0, abs=1e-9)
    assert isnan(frechet(left[:1], right))


def test_precision_and_recall_part_what_is_unreal_from_what_is_missing():
    rng = np.random.default_rng(1)
    real, again = rng.normal(size=(2, 300, 2))
    narrow, far = real[:150].repeat(2, 0) * 0.1, again + 20
    assert min(precision_recall_coverage(real, again)) > 0.9
    precision, recall, coverage = precision_recall_coverage(real, narrow)
    assert precision > 0.95 and recall < 0.3 and coverage < 0.5
    assert precision_recall_coverage(real, far) == (0, 0, 0)
    assert all(isnan(value) for value in precision_recall_coverage(real[:5], again))


@pytest.mark.parametrize(
    "fault",
    [
        lambda series: series[:, ::-1],
        lambda series: np.repeat(series[:4], 50, axis=0),
        lambda series: np.stack([series[..., 0], np.roll(series[..., 1], 1, axis=0)], axis=2),
        lambda series: series + np.random.default_rng(2).normal(0, 0.05, series.shape),
    ],
    ids=["time reversed", "mode collapse", "columns exchanged", "noise of 5 %"],
)
def test_learnt_features_of_series_see_a_fault(fault):
    network = Features(curves(200, 0))
    real, held_out, faulty = network(curves(200, 0)), network(curves(200, 1)), network(fault(curves(200, 2)))
    assert frechet(real, faulty) > 2 * frechet(real, held_out)


def test_learnt_features_of_clips_see_which_way_things_move():
    network = Features(moving(100, 0))
    real = network(moving(100, 0))
    control, reversed_ = (frechet(real, network(each)) for each in (moving(100, 1), moving(100, 1, backward=True)))
    assert reversed_ > 5 * control


def test_what_lies_behind_the_end_of_a_series_is_not_seen():
    real, lengths = curves(60, 0), np.full(60, 15)
    network = Features(real, lengths)
    changed = real.copy()
    changed[:, 15:] = 9.0
    assert np.allclose(network(real, lengths), network(changed, lengths))


def test_embeddings_of_texts_see_words_and_their_order():
    rng = np.random.default_rng(3)

    def texts(seed: int, *, turned: bool = False) -> Sequences:
        starts = np.random.default_rng(seed).integers(0, 20, 300)
        own = [[*range(start, start + 6)] for start in starts.tolist()]
        return Sequences.of([text[::-1] if turned else text for text in own], fill=0, dtype=np.int64)

    embedding = Embedding(texts(0))
    real = embedding(texts(0))
    control = frechet(real, embedding(texts(1)))
    assert frechet(real, embedding(texts(1, turned=True))) > 5 * control
    noise = Sequences.of(rng.integers(0, 26, (300, 6)).tolist(), fill=0, dtype=np.int64)
    assert frechet(real, embedding(noise)) > 5 * control


def test_an_interval_by_halves_is_that_of_the_mean():
    values = np.random.default_rng(4).normal(size=400)
    low, high = of_rows(lambda rows: float(rows.mean()), values)
    assert (high - low) / 2 == pytest.approx(1.96 / 20, rel=0.6)
    assert low < values.mean() < high
    assert list(halves(3)) == []
