"""Windows of a running text as samples, and what is measured on them."""

from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgan_kit.contracts import Dataset, SampleSet, Sequences, TokenSpec, Windows
from rgan_kit.evaluation import overlap, within_share
from rgan_kit.testing import batches
from rgan_kit.training.characters import symbols_per_character
from rgan_kit_plugins.metrics import token_metrics

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3


def windows(row: list[int], starts: list[int], length: int, context: int = 0, labels: np.ndarray | None = None):
    count = np.full(len(starts), context, np.int64)
    return Windows(np.array(row, np.uint8), np.array(starts, np.int64), length, count, labels)


def rows(samples: list[list[int]]) -> Sequences:
    return Sequences.of(samples, fill=PAD, dtype=np.int64)


def test_windows_are_stretches_of_the_row_without_end_tokens():
    source = windows([4, 5, 6, 7, 8, 9], [3, 0, 1], 3, context=1, labels=np.array([1, 0, 1]))
    batch = source.take(np.array([0, 2]))
    assert batch.values.tolist() == [[7, 8, 9], [5, 6, 7]]
    assert (batch.values.dtype, batch.lengths.tolist(), batch.context.tolist()) == (np.int64, [3, 3], [1, 1])
    assert batch.labels.tolist() == [1, 1]
    assert source[1].tolist() == [4, 5, 6]
    batches.check(source, TokenSpec(10, BOS, EOS, PAD, 3, UNKNOWN, labels=("a", "b"), ends=False), "training")


def test_overlapping_windows_take_the_memory_of_their_text():
    source = windows([4] * 10_000, list(range(9_000)), 1_000)
    assert source.nbytes == 10_000 + 2 * 8 * 9_000


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(1, 9))
def test_stretches_are_what_windows_cover(starts, length):
    covered = sorted({place for start in starts for place in range(start, start + length)})
    stretches = windows([4] * 80, starts, length).stretches().tolist()
    assert [place for begin, end in stretches for place in range(begin, end)] == covered
    assert all(end < begin for (_, end), (begin, _) in pairwise(stretches))


@settings(deadline=None)
@given(
    st.lists(st.integers(4, 5), min_size=12, max_size=40),
    st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
    st.lists(st.lists(st.integers(4, 5), min_size=1, max_size=6), min_size=1, max_size=6),
)
def test_copies_are_found_at_any_offset_of_what_windows_cover_and_nowhere_else(row, starts, samples):
    training = windows(row, starts, 3)
    texts = [bytes(row[begin:end]) for begin, end in training.stretches().tolist()]
    share = np.mean([any(bytes(sample) in text for text in texts) for sample in samples])
    assert within_share(rows(samples), training) == pytest.approx(share)


def test_a_copy_is_found_where_no_window_begins_and_not_where_text_is_held_out():
    row = [4 + number % 50 for number in range(200)]
    training = windows(row, [0, 50], 50)
    spec = TokenSpec(60, BOS, EOS, PAD, 20, UNKNOWN, ends=False)
    dataset = Dataset(spec, training, windows([5] * 90, [0, 20], 20), None, "")
    tokens = np.array([row[33:53], [4 + (each * 7) % 50 for each in range(20)]])
    figures = token_metrics.verbatim(SampleSet(["", ""], {"tokens": tokens, "lengths": np.array([20, 20])}, dataset))
    assert figures == {"verbatim": 0.5, "heldout_verbatim": 0.0}
    assert isnan(within_share(rows([]), training))


class Joined:
    """Decodes symbols as letters."""

    def decode(self, outputs):
        assert not (outputs["tokens"] == UNKNOWN).any()
        return ["".join(chr(93 + token) * (token - 3) for token in row) for row in outputs["tokens"].tolist()]


def test_symbols_a_character_leave_out_what_is_not_scored():
    spec = TokenSpec(8, BOS, EOS, PAD, 4, UNKNOWN, ends=False)
    source = windows([7, 4, UNKNOWN, 5], [0], 4, context=1)
    dataset = Dataset(spec, source, source, Joined(), "")
    assert symbols_per_character(dataset, source, np.array([0])) == 2 / 3  # a, bb


def test_the_end_of_a_sample_is_a_symbol_and_a_character():
    spec = TokenSpec(8, BOS, EOS, PAD, 4, UNKNOWN)
    source = Sequences.of([[4, 5, EOS], [UNKNOWN, EOS]], fill=PAD, dtype=np.int32)
    dataset = Dataset(spec, source, source, Joined(), "")
    assert symbols_per_character(dataset, source, np.array([0, 1])) == 4 / 5


def test_a_beginning_that_stands_everywhere_costs_no_more_than_any_other(monkeypatch):
    looked: list[int] = []
    monkeypatch.setattr(overlap, "_MOST_PLACES", 50)
    stands_at = overlap._stands_at
    monkeypatch.setattr(overlap, "_stands_at", lambda *words: looked.append(1) or stands_at(*words))
    training = windows([4] * 5000, list(range(4900)), 100)
    assert within_share(rows([[4] * 40, [4] * 39 + [5]]), training) == 0.5
    assert len(looked) <= 51
