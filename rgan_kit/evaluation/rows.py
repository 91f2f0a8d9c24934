"""Token sequences one after the other, whether they were sampled or read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rgan_kit.contracts import Sequences, SequenceSource, evenly

_AT_ONCE: Final = 4096


def sampled_rows(outputs: Mapping[str, np.ndarray]) -> Sequences:
    """What a token model gave, as rows: ``tokens`` int64 ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token
    not counted) and, where a sequence ended within its time, its end token."""
    tokens = outputs["tokens"]
    return batch_rows(tokens, np.minimum(outputs["lengths"] + 1, tokens.shape[1]))


def batch_rows(tokens: np.ndarray, lengths: np.ndarray) -> Sequences:
    """Padded tokens ``[batch, time]`` as rows, each up to its length, int64 ``[batch]``."""
    inside = np.arange(tokens.shape[1]) < lengths[:, None]  # [batch, time]
    return Sequences(tokens[inside], np.concatenate([[0], np.cumsum(lengths)]))


def source_rows(source: SequenceSource, most: int | None = None) -> Sequences:
    """The samples of a source of tokens as rows, end tokens included: all of them, or so many from all over it that
    they have about ``most`` symbols."""
    symbols = int(source.lengths.sum())
    fitting = len(source) if most is None or symbols <= most else max(1, len(source) * most // symbols)
    if isinstance(source, Sequences) and fitting == len(source):
        return source
    picked = evenly(len(source), fitting)
    rows = []
    for start in range(0, len(picked), _AT_ONCE):
        batch = source.take(picked[start : start + _AT_ONCE])
        rows.append(batch_rows(batch.values, batch.lengths).values)
    offsets = np.concatenate([[0], np.cumsum(source.lengths[picked])])
    return Sequences(np.concatenate(rows) if rows else np.zeros(0, np.int64), offsets)


def row_keys(rows: Sequences, eos: int) -> list[bytes]:
    """One key a row, equal for equal rows; the end token does not count."""
    starts, ends = rows.offsets[:-1], rows.offsets[1:]
    filled = ends > starts
    ended = np.zeros(len(rows), np.bool_)
    ended[filled] = rows.values[ends[filled] - 1] == eos
    content = rows.values.astype("<i4").tobytes()
    return [content[4 * start : 4 * end] for start, end in zip(starts.tolist(), (ends - ended).tolist(), strict=True)]


def mean_length(rows: Sequences, eos: int) -> float:
    """Symbols in a row on average, end tokens not counted; nan without rows."""
    if len(rows) == 0:
        return float("nan")
    return float(np.count_nonzero(rows.values != eos) / len(rows))
