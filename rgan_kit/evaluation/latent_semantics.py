"""Embeddings of texts learnt from other texts: latent semantic analysis of words and pairs of words.

Deerwester et al. 1990, "Indexing by latent semantic analysis": counts of terms (here words and pairs of neighbours, so
that order counts), each weighted by how few texts have it, every text to length one, projected on the directions in
which texts vary most.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rgan_kit.contracts import Sequences, evenly
from rgan_kit.evaluation.overlap import hashes

DIRECTIONS: Final = 32

_TERMS: Final = 4096
_LEARNT_FROM: Final = 1000
_AT_ONCE: Final = 1024


class Embedding:
    """Learnt from training texts.

    Args:
        texts: rows of words by number.
    """

    def __init__(self, texts: Sequences) -> None:
        self._weights = np.ones(_TERMS)
        chosen = evenly(len(texts), _LEARNT_FROM)
        some = Sequences.of([texts[number] for number in chosen.tolist()], fill=0, dtype=np.int64)
        counts = self._counts(some)
        self._weights = np.log((1 + len(counts)) / (1 + (counts > 0).sum(0)))
        scaled = _to_length_one(counts * self._weights)
        self._origin = scaled.mean(0)
        # the directions by the smaller of both products
        centred = scaled - self._origin
        values, vectors = np.linalg.eigh(centred @ centred.T)
        kept = min(DIRECTIONS, max(1, len(centred) // 4))
        roots = np.sqrt(np.maximum(values[-kept:], 1e-12))
        self._directions = centred.T @ (vectors[:, -kept:] / roots)

    def __call__(self, texts: Sequences) -> np.ndarray:
        """float64 ``[texts, directions]``."""
        parts = []
        for first in range(0, len(texts), _AT_ONCE):
            some = Sequences(
                texts.values[texts.offsets[first] : texts.offsets[min(first + _AT_ONCE, len(texts))]],
                texts.offsets[first : first + _AT_ONCE + 1] - texts.offsets[first],
            )
            scaled = _to_length_one(self._counts(some) * self._weights)
            parts.append((scaled - self._origin) @ self._directions)
        return np.concatenate(parts) if parts else np.zeros((0, self._directions.shape[1]))

    def _counts(self, texts: Sequences) -> np.ndarray:
        """How often each text has each term, terms by hash: float64 ``[texts, terms]``, as square roots."""
        counts = np.zeros((len(texts), _TERMS))
        for size in (1, 2):
            keys = hashes(texts.values, size)
            owners = np.repeat(np.arange(len(texts)), texts.lengths)[: len(keys)]
            whole = np.repeat(texts.offsets[1:], texts.lengths)[: len(keys)] - np.arange(len(keys)) >= size
            mixed = (keys ^ (keys >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            terms = (mixed >> np.uint64(64 - 12)).astype(np.int64)
            np.add.at(counts, (owners[whole], terms[whole]), 1)
        return np.sqrt(counts)


def _to_length_one(rows: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.square(rows).sum(1, keepdims=True))
    scaled: np.ndarray = rows / np.maximum(lengths, 1e-12)
    return scaled
