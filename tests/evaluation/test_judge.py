"""A judge tells samples from real series where they differ, and only there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rgan_kit.evaluation import judge


def curves(count: int, seed: int) -> np.ndarray:
    """Two sines of one frequency and phase: float64 ``[count, 24, 2]``."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.2, 1.0, (count, 1)) * np.arange(24) + rng.uniform(0, 2 * math.pi, (count, 1))
    return np.stack([np.sin(angle), np.cos(angle)], axis=2)


REAL, MORE = curves(300, 0), curves(300, 1)


def test_real_series_are_not_told_from_real_series():
    verdict = judge(REAL, MORE)
    assert abs(verdict.told_apart - 0.5) < 0.08
    assert verdict.distance < 0.02


def collapsed(series: np.ndarray) -> np.ndarray:
    return series[np.arange(len(series)) % 4]


FAULTS = {
    "noise": lambda series: series + np.random.default_rng(2).normal(0, 0.08, series.shape),
    "time reversed": lambda series: series[:, ::-1],
    "columns of different series": lambda series: np.stack([series[:, :, 0], np.roll(series[:, :, 1], 1, 0)], axis=2),
    "a collapse": collapsed,
    "a wrong scale": lambda series: series * 1.2,
    "constant series": lambda series: np.repeat(series[:, :1], 24, axis=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(fault):
    verdict = judge(REAL, FAULTS[fault](MORE))
    assert verdict.told_apart > 0.9
    assert verdict.distance > 2 * judge(REAL, MORE).distance


def test_the_distance_goes_on_falling_where_samples_are_always_told_apart():
    distances = [judge(REAL, MORE + np.random.default_rng(3).normal(0, noise, MORE.shape)) for noise in (0.4, 0.2, 0.1)]
    assert all(each.told_apart > 0.99 for each in distances)
    assert distances[0].distance > 2 * distances[1].distance > 4 * distances[2].distance


def test_columns_weigh_alike_whatever_their_units():
    scale = np.array([1000.0, 0.001])
    noisy = FAULTS["noise"](MORE)
    assert judge(REAL * scale, noisy * scale).distance == pytest.approx(judge(REAL, noisy).distance, rel=0.02)


def test_a_column_that_never_varies_makes_no_distance_of_next_to_nothing():
    constant = np.full((*REAL.shape[:2], 1), -1.0, np.float32)
    noise = np.random.default_rng(5).normal(0, 0.001, constant.shape)
    verdict = judge(np.concatenate([REAL, constant], axis=2), np.concatenate([MORE, constant + noise], axis=2))
    assert verdict.distance < 0.1
    far = judge(np.concatenate([REAL, constant], axis=2), np.concatenate([MORE, constant + 1], axis=2))
    assert far.distance > 10 * verdict.distance


def test_too_few_and_values_that_are_no_numbers_are_not_judged():
    assert math.isnan(judge(REAL[:5], MORE[:5]).told_apart)
    broken = MORE.copy()
    broken[3, 4, 0] = np.nan
    assert math.isnan(judge(REAL, broken).distance)


@pytest.mark.parametrize("time", [2, 3, 9, 40])
def test_series_of_any_length_are_judged(time):
    rng = np.random.default_rng(4)
    verdict = judge(rng.normal(size=(40, time, 1)), rng.normal(size=(40, time, 1)) + 3)
    assert verdict.told_apart > 0.99
