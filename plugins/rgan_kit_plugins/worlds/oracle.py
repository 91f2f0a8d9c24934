"""The oracle of SeqGAN and Texygen (Yu et al. 2017, arXiv:1609.05473; Zhu et al. 2018, arXiv:1802.01886): an LSTM of 32
units on 5,000 symbols, 20 of them a sequence, all of whose weights are drawn from a standard normal distribution.

What it writes means nothing, and its likelihood is known exactly: so generators are compared by a pair, the nats of
their samples under the oracle (quality) and of the oracle's sequences under them (diversity).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

SYMBOLS: Final = 5000
LENGTH: Final = 20
"""Symbols in a sequence."""

ENTROPY: Final = 5.962
"""Nats a symbol, the mean of the conditional entropies of 10,000 sequences; its standard error is 0.002."""

_UNITS: Final = 32
_SEED: Final = 2018
_BLOCK: Final = 100
_ROWS: Final = 32
"""Sequences at a time: their probabilities lie in a processor's cache."""


class Oracle:
    """The LSTM, in double precision, so that the same symbols are drawn on every machine.

    Symbol 0 is also what every sequence begins after.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(_SEED)
        self.vectors = rng.standard_normal((SYMBOLS, _UNITS))
        self.of_input, self.of_state = rng.standard_normal((2, _UNITS, 4 * _UNITS))
        self.bias = rng.standard_normal(4 * _UNITS)
        self.out, self.out_bias = rng.standard_normal((_UNITS, SYMBOLS)), rng.standard_normal(SYMBOLS)

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """int64 ``[count, 20]``."""
        uniform = rng.random((count, LENGTH))
        return np.concatenate([self._draw(uniform[first : first + _ROWS]) for first in range(0, count, _ROWS)])

    def log_likelihood(self, sequences: np.ndarray) -> np.ndarray:
        """Nats of whole sequences int64 ``[n, 20]``: float64 ``[n]``."""
        nats = np.zeros(sequences.shape)
        for rows, place, symbols, logits in self._read(sequences):
            chosen = logits[np.arange(len(symbols)), symbols]
            nats[rows, place] = chosen - np.log(np.exp(logits, out=logits).sum(axis=1))
        return np.asarray(nats.sum(axis=1))

    def entropies(self, sequences: np.ndarray) -> np.ndarray:
        """Nats of each place given the symbols before it: float64 ``[n, 20]``. Their mean is the entropy rate, with
        less chance in it than the mean of likelihoods has."""
        found = np.zeros(sequences.shape)
        for rows, place, _, logits in self._read(sequences):
            weights = np.exp(logits)
            total = weights.sum(axis=1)
            found[rows, place] = np.log(total) - np.einsum("ij,ij->i", weights, logits) / total
        return found

    def _read(self, sequences: np.ndarray) -> Iterator[tuple[slice, int, np.ndarray, np.ndarray]]:
        """Some rows, a place of theirs, the symbols there, and the logits that these come from."""
        for first in range(0, len(sequences), _ROWS):
            own = sequences[first : first + _ROWS]
            previous, state, logits = np.zeros(len(own), np.int64), self._start(len(own)), np.empty((len(own), SYMBOLS))
            for place in range(LENGTH):
                state = self._step(previous, state, logits)
                previous = own[:, place]
                yield slice(first, first + len(own)), place, previous, logits

    def _draw(self, uniform: np.ndarray) -> np.ndarray:
        """Each symbol by its place in the cumulative distribution: first its block, then which one of that."""
        drawn, rows = np.zeros(uniform.shape, np.int64), np.arange(len(uniform))
        previous, state, weights = drawn[:, 0], self._start(len(uniform)), np.empty((len(uniform), SYMBOLS))
        for place in range(LENGTH):
            state = self._step(previous, state, weights)
            blocks = np.exp(weights, out=weights).reshape(len(uniform), -1, _BLOCK)
            until = np.cumsum(blocks.sum(axis=2), axis=1)
            target = uniform[:, place] * until[:, -1]
            block = np.minimum((until <= target[:, None]).sum(axis=1), until.shape[1] - 1)
            rest = target - np.where(block, until[rows, block - 1], 0.0)
            inside = np.cumsum(blocks[rows, block], axis=1)
            within = np.minimum((inside <= rest[:, None]).sum(axis=1), _BLOCK - 1)
            previous = drawn[:, place] = block * _BLOCK + within
        return drawn

    @staticmethod
    def _start(count: int) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((count, _UNITS)), np.zeros((count, _UNITS))

    def _step(
        self, previous: np.ndarray, state: tuple[np.ndarray, np.ndarray], logits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """From the symbols before to the next state; puts the logits of the next symbols, of which the highest is 0,
        into ``[n, 5000]``: new memory at every step would cost more than all else."""
        hidden, memory = state
        gates = self.vectors[previous] @ self.of_input + hidden @ self.of_state + self.bias
        enter, forget, leave, candidate = np.split(gates, 4, axis=1)
        memory = _sigmoid(forget) * memory + _sigmoid(enter) * np.tanh(candidate)
        hidden = _sigmoid(leave) * np.tanh(memory)
        np.matmul(hidden, self.out, out=logits)
        logits += self.out_bias
        logits -= logits.max(axis=1, keepdims=True)
        return hidden, memory


@cache
def embedded_oracle() -> Oracle:
    """The oracle, made once in a process."""
    return Oracle()


@dataclass
class OracleTruth:
    """Measures samples, symbols by number with a space between them, under the oracle."""

    oracle: Oracle
    name: str = "oracle"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of the samples that are twenty of its symbols. ``oracle_nll``: nats a symbol of those under
        the oracle; nan where there are none."""
        found = [_numbers(str(sample)) for sample in samples]
        valid = np.array([each for each in found if each is not None], np.int64).reshape(-1, LENGTH)
        nats = -self.oracle.log_likelihood(valid).mean() / LENGTH if len(valid) else math.nan
        return {"valid": len(valid) / len(found) if found else math.nan, "oracle_nll": float(nats)}

    def reference(self) -> dict[str, float]:
        """The oracle's own entropy, to three digits. In held-out nats the end token counts, which is certain."""
        return {"valid": 1.0, "oracle_nll": ENTROPY, "heldout_nll": ENTROPY * LENGTH / (LENGTH + 1)}


def _numbers(text: str) -> list[int] | None:
    words = text.split(" ")
    if len(words) != LENGTH or not all(word.isascii() and word.isdigit() for word in words):
        return None
    numbers = [int(word) for word in words]
    return numbers if max(numbers) < SYMBOLS else None


def _sigmoid(values: np.ndarray) -> np.ndarray:
    halved: np.ndarray = (1 + np.tanh(values / 2)) / 2
    return halved
