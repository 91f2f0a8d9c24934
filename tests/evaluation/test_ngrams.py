"""The n-gram judge against its definition, worked out with dictionaries and fractions."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import product
from math import isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgan_kit.contracts import Sequences
from rgan_kit.evaluation import NGramModel

VOCAB, BOS, EOS = 6, 1, 2
ROWS = [[3, 4, 3, EOS], [3, 4, 5, EOS], [5, EOS], [3, 4, 3, 4, EOS]]


def rows(lists: list[list[int]]) -> Sequences:
    return Sequences.of(lists, fill=0, dtype=np.int32)


def by_definition(training: list[list[int]], history: tuple[int, ...], symbol: int) -> Fraction:
    """Witten-Bell, written down as the papers have it."""
    size = len(history)
    followers: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for row in training:
        padded = [BOS] * 2 + row
        for place in range(2, len(padded)):
            followers[tuple(padded[place - size : place])][padded[place]] += 1
    seen = followers[history]
    lower = by_definition(training, history[1:], symbol) if size else Fraction(1, VOCAB)
    if not seen:
        return lower
    return (seen[symbol] + len(seen) * lower) / (seen.total() + len(seen))


def test_probabilities_are_those_of_the_definition():
    model = NGramModel(rows(ROWS), vocab_size=VOCAB, bos=BOS)
    for history in product(range(VOCAB), repeat=2):
        for symbol in range(VOCAB):
            (probability,) = model.probabilities(np.array([history]), np.array([symbol]))
            assert probability == pytest.approx(float(by_definition(ROWS, history, symbol)), abs=1e-14)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, VOCAB - 1), max_size=6), max_size=8),
    st.integers(1, 4),
    st.lists(st.integers(0, VOCAB - 1), min_size=3, max_size=3),
)
def test_probabilities_sum_to_one_after_any_context(training, order, context):
    model = NGramModel(rows(training), vocab_size=VOCAB, bos=BOS, order=order)
    contexts = np.tile(np.array(context[: order - 1], np.int64), (VOCAB, 1))
    probabilities = model.probabilities(contexts, np.arange(VOCAB))
    assert probabilities.min() > 0
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)


def test_nats_per_token_count_every_symbol_and_the_end_and_cross_no_rows():
    model = NGramModel(rows(ROWS), vocab_size=VOCAB, bos=BOS)
    judged = [[5, 4, EOS], [3, EOS], [4]]
    total = 0.0
    for row in judged:
        padded = [BOS, BOS, *row]
        total -= sum(log(by_definition(ROWS, tuple(padded[i - 2 : i]), padded[i])) for i in range(2, len(padded)))
    assert model.nats_per_token(rows(judged)) == pytest.approx(total / 6, abs=1e-12)


def test_what_looks_like_the_training_data_costs_less():
    model = NGramModel(rows(ROWS), vocab_size=VOCAB, bos=BOS)
    assert model.nats_per_token(rows([[3, 4, 3, EOS]])) < model.nats_per_token(rows([[4, 5, 4, EOS]]))


def test_a_large_vocabulary_is_counted_without_overflow():
    training = [[999_999, 999_998, 4, EOS]] * 3
    model = NGramModel(rows(training), vocab_size=1_000_000, bos=BOS)
    (seen,) = model.probabilities(np.array([[999_999, 999_998]]), np.array([4]))
    (unseen,) = model.probabilities(np.array([[999_999, 999_998]]), np.array([5]))
    assert seen > 0.7
    assert 0 < unseen < 1e-6


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="cannot be counted"):
        NGramModel(rows(ROWS), vocab_size=3_000_000, bos=BOS)
    with pytest.raises(ValueError, match="cannot be counted"):
        NGramModel(rows(ROWS), vocab_size=VOCAB, bos=BOS, order=0)


def test_nothing_to_judge_is_not_a_number():
    assert isnan(NGramModel(rows(ROWS), vocab_size=VOCAB, bos=BOS).nats_per_token(rows([])))
