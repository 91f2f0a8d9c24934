"""An n-gram model as a judge that knows nothing of the network: interpolated Witten-Bell smoothing.

Witten and Bell 1991, "The zero-frequency problem", in the recursive form of Chen and Goodman 1999, "An empirical study
of smoothing techniques for language modeling":
``p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h))``, where ``T(h)`` counts the different symbols seen after ``h``
and ``h'`` is ``h`` less its first symbol; below the unigrams lies the uniform distribution. An unseen ``h`` leaves
``p(w | h')`` as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgan_kit.contracts import Sequences


@dataclass(frozen=True, eq=False)
class _Counts:
    """Counts of one order, as sorted int64 codes and what belongs to each of them.

    Attributes:
        grams, gram_counts: contexts followed by a symbol.
        contexts, totals, types: contexts, how often something followed, how many different symbols did.
    """

    grams: np.ndarray
    gram_counts: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    types: np.ndarray


class NGramModel:
    """A Witten-Bell model of rows of tokens, each row on its own, its end token predicted like any symbol.

    Args:
        rows: the training data; end tokens included.
        vocab_size: number of symbols; all of them, special ones included, share the uniform distribution.
        bos: stands before the first symbol of a row.
        order: symbols in an n-gram, the predicted one included.

    Raises:
        ValueError: ``vocab_size ** order`` does not fit 63 bits.
    """

    def __init__(self, rows: Sequences, *, vocab_size: int, bos: int, order: int = 3) -> None:
        if order < 1 or vocab_size**order >= 2**63:
            raise ValueError(f"an order of {order} with {vocab_size:,} symbols cannot be counted")
        self.vocab_size = vocab_size
        self.bos = bos
        self.order = order
        contexts, symbols = self._contexts(rows), rows.values.astype(np.int64)
        self._levels = [self._count(self._codes(contexts, size), symbols) for size in range(order)]

    def probabilities(self, contexts: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """Probability of each symbol after its context.

        Args:
            contexts: int64 ``[n, order - 1]``, the symbols before, the nearest one last.
            symbols: int64 ``[n]``.

        Returns:
            float64 ``[n]``; over all symbols, those of one context sum to one.
        """
        probability = np.full(len(symbols), 1 / self.vocab_size)
        for size, counts in enumerate(self._levels):
            codes = self._codes(contexts, size)
            (seen,) = _look_up(counts.grams, codes * self.vocab_size + symbols, counts.gram_counts)
            total, types = _look_up(counts.contexts, codes, counts.totals, counts.types)
            known = total > 0
            mixed = (seen[known] + types[known] * probability[known]) / (total[known] + types[known])
            probability[known] = mixed
        return probability

    def nats_per_token(self, rows: Sequences, unknown: int | None = None) -> float:
        """Mean negative log-likelihood of the symbols of all rows, end tokens included and ``unknown`` left out; nan
        where there is none."""
        counted = np.ones(len(rows.values), np.bool_) if unknown is None else rows.values != unknown
        if not counted.any():
            return float("nan")
        symbols = rows.values[counted].astype(np.int64)
        return float(-np.log(self.probabilities(self._contexts(rows)[counted], symbols)).mean())

    def nats_of_rows(self, rows: Sequences) -> np.ndarray:
        """Mean negative log-likelihood of the symbols of each row: float64 ``[rows]``, 0 for an empty one."""
        nats = -np.log(self.probabilities(self._contexts(rows), rows.values.astype(np.int64)))
        ends = np.concatenate([[0.0], np.cumsum(nats)])[rows.offsets]
        means: np.ndarray = np.diff(ends) / np.maximum(rows.lengths, 1)
        return means

    def _contexts(self, rows: Sequences) -> np.ndarray:
        """The ``order - 1`` symbols before every symbol of every row: int64 ``[symbols, order - 1]``."""
        places = np.arange(len(rows.values))
        first = np.repeat(rows.offsets[:-1], rows.lengths)
        before = places[:, None] - np.arange(self.order - 1, 0, -1)
        return np.where(before >= first[:, None], rows.values[np.maximum(before, 0)], self.bos).astype(np.int64)

    def _codes(self, contexts: np.ndarray, size: int) -> np.ndarray:
        """The last ``size`` symbols of each context as one number: int64 ``[n]``."""
        codes = np.zeros(len(contexts), np.int64)
        for column in range(contexts.shape[1] - size, contexts.shape[1]):
            codes = codes * self.vocab_size + contexts[:, column]
        return codes

    def _count(self, codes: np.ndarray, symbols: np.ndarray) -> _Counts:
        grams, gram_counts = np.unique(codes * self.vocab_size + symbols, return_counts=True)
        contexts, group, types = np.unique(grams // self.vocab_size, return_inverse=True, return_counts=True)
        totals = np.bincount(group, weights=gram_counts, minlength=len(contexts))
        return _Counts(grams, gram_counts, contexts, totals, types)


def _look_up(keys: np.ndarray, wanted: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """What the columns hold for the wanted keys, zero for keys that are not there."""
    if len(keys) == 0:
        return [np.zeros(len(wanted), column.dtype) for column in columns]
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[places] == wanted
    return [np.where(found, column[places], 0) for column in columns]
