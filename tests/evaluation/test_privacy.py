"""What samples give away of the training data: copies are told from what merely resembles it."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, SampleSet, Sequences, TokenSpec
from rgan_kit.evaluation import NGramModel
from rgan_kit.evaluation.attack import advantage
from rgan_kit_plugins.metrics.privacy import copied_runs, membership

EOS = 2


def rows(count: int, seed: int, length: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, 30, (count, length))


def dataset(train: np.ndarray, held_out: np.ndarray) -> Dataset:
    spec = TokenSpec(30, 1, EOS, 0, train.shape[1])
    sides = (Sequences.of([[*row, EOS] for row in each], fill=0, dtype=np.int64) for each in (train, held_out))
    return Dataset(spec, *sides, None, "")  # type: ignore[arg-type]


def samples(data: Dataset, tokens: np.ndarray) -> SampleSet:
    return SampleSet([None] * len(tokens), {"tokens": tokens, "lengths": np.full(len(tokens), tokens.shape[1])}, data)


def test_an_attacker_by_distance_has_the_area_under_his_curve():
    rng = np.random.default_rng(0)
    members, others = rng.integers(0, 5, 40), rng.integers(2, 7, 30)
    by_hand = np.mean([(m < o) + (m == o) / 2 for m in members for o in others])
    assert advantage(members.astype(float), others.astype(float)) == pytest.approx(by_hand)
    assert advantage(np.zeros(3), np.ones(3)) == 1.0 and np.isnan(advantage(np.zeros(0), np.ones(3)))


def test_members_are_told_from_others_by_copies_and_by_nothing_else():
    train = rows(80, 0)
    data = dataset(train, rows(60, 1))
    copied, fresh = (membership(samples(data, each))["membership"] for each in (train, rows(80, 2)))
    assert copied.value == 1.0 and abs(fresh.value - 0.5) < 0.15 and abs(fresh.real - 0.5) < 0.15
    assert fresh.low <= fresh.value <= fresh.high


def test_a_run_that_was_copied_is_found_at_any_offset():
    train = rows(80, 0)
    data = dataset(train, rows(60, 1))
    patched = rows(40, 2)
    patched[:, 5:15] = train[:40, 8:18]
    found = copied_runs(samples(data, patched))["copied_runs"]
    assert found.value == pytest.approx(10 / 20, abs=0.03), "ten of twenty symbols (no end is drawn)"
    assert found.real <= 0.05
    assert copied_runs(samples(data, rows(40, 3)))["copied_runs"].value <= 0.05


def test_the_nats_of_rows_are_those_of_each_row_alone():
    texts = Sequences.of([[3, 4, EOS], [5, EOS], [3, 3, 3, EOS]], fill=0, dtype=np.int64)
    model = NGramModel(texts, vocab_size=6, bos=1)
    alone = [model.nats_per_token(Sequences.of([texts[i]], fill=0, dtype=np.int64)) for i in range(3)]
    assert model.nats_of_rows(texts) == pytest.approx(alone)
