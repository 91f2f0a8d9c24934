"""Rows of tokens: the same sequence is the same row, wherever it comes from."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgan_kit.contracts import Batch, Sequences
from rgan_kit.evaluation import distinct_share, mean_length, row_keys, sampled_rows, source_rows, verbatim_share

EOS, PAD = 2, 0
samples_of_tokens = st.lists(st.lists(st.integers(3, 9), max_size=6), max_size=9)


class Streamed:
    """A source that is not in memory."""

    def __init__(self, sequences: Sequences) -> None:
        self._sequences = sequences
        self.lengths = sequences.lengths

    def __len__(self) -> int:
        return len(self._sequences)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        return self._sequences.take(indices)


def in_memory(samples: list[list[int]]) -> Sequences:
    return Sequences.of([[*sample, EOS] for sample in samples], fill=PAD, dtype=np.int32)


def as_outputs(samples: list[list[int]], time: int) -> dict[str, np.ndarray]:
    tokens = np.full((len(samples), time), PAD, np.int64)
    for row, sample in zip(tokens, samples, strict=True):
        row[: len(sample) + 1] = [*sample, EOS][:time]
    return {"tokens": tokens, "lengths": np.array([len(sample) for sample in samples], np.int64)}


@given(samples_of_tokens)
def test_read_streamed_and_sampled_sequences_have_equal_keys(samples):
    keys = row_keys(in_memory(samples), EOS)
    assert row_keys(source_rows(Streamed(in_memory(samples))), EOS) == keys
    assert row_keys(sampled_rows(as_outputs(samples, 7)), EOS) == keys
    assert row_keys(sampled_rows(as_outputs(samples, 9)), EOS) == keys
    assert len(set(keys)) == len({tuple(sample) for sample in samples})


def test_a_sequence_that_did_not_end_has_no_end_token():
    outputs = as_outputs([[3, 4, 5], [6]], 3)
    rows = sampled_rows(outputs)
    assert [row.tolist() for row in (rows[0], rows[1])] == [[3, 4, 5], [6, EOS]]
    assert mean_length(rows, EOS) == 2.0


def test_mean_length_leaves_out_the_end():
    assert mean_length(in_memory([[3, 4, 5], [], [6]]), EOS) == pytest.approx(4 / 3)
    assert isnan(mean_length(in_memory([]), EOS))


def test_distinct_share_counts_each_sample_once():
    assert distinct_share(["a", "b", "a", "a"]) == 0.5
    assert distinct_share([b"a"]) == 1.0
    assert isnan(distinct_share([]))


def test_verbatim_share_counts_every_copy():
    assert verbatim_share(["a", "b", "a", "c"], {"a", "z"}) == 0.5
    assert verbatim_share(["b"], set()) == 0.0
    assert isnan(verbatim_share([], {"a"}))
