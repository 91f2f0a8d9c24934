"""Samples as stretches of rows (steps, symbols, frames) that lie one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class Spans:
    """Stretches of rows, which may overlap: int64 ``[spans]`` each."""

    starts: np.ndarray
    lengths: np.ndarray

    @classmethod
    def side_by_side(cls, lengths: np.ndarray) -> Self:
        """Stretches of these lengths, one after the other from row 0 on."""
        counts = np.asarray(lengths, np.int64)
        return cls(np.cumsum(counts) - counts, counts)

    def __len__(self) -> int:
        return len(self.starts)

    def where(self, kept: np.ndarray) -> Spans:
        """Those that ``kept`` says: bool ``[spans]``, or their numbers."""
        return Spans(self.starts[kept], self.lengths[kept])

    def count(self, marked: np.ndarray) -> np.ndarray:
        """How many of the marked rows (bool ``[rows]``) lie in each: int64 ``[spans]``."""
        if not marked.any():
            return np.zeros(len(self), np.int64)
        before = np.concatenate([[0], np.cumsum(marked)])
        counts: np.ndarray = before[self.starts + self.lengths] - before[self.starts]
        return counts

    def cover(self, rows: int) -> np.ndarray:
        """bool ``[rows]``: those that lie in any of them."""
        edges = np.zeros(rows + 1, np.int64)
        np.add.at(edges, self.starts, 1)
        np.add.at(edges, self.starts + self.lengths, -1)
        inside: np.ndarray = np.cumsum(edges)[:-1] > 0
        return inside

    def rows(self) -> np.ndarray:
        """Numbers of the rows of all of them, one after the other: int64; a row of two spans comes twice."""
        ends = np.cumsum(self.lengths)
        within = np.arange(int(self.lengths.sum())) - np.repeat(ends - self.lengths, self.lengths)
        rows: np.ndarray = np.repeat(self.starts, self.lengths) + within
        return rows

    def windows(self, length: int, stride: int) -> tuple[Spans, np.ndarray]:
        """Windows of ``length`` rows, one every ``stride`` rows, none across two stretches; and int64 ``[windows]``,
        the number of the stretch that each is of. What is shorter than a window has none, and what is left at the end
        of a stretch lies in none: ``cover`` tells how many rows that are."""
        counts = np.maximum((self.lengths - length) // stride + 1, 0)
        owners = np.repeat(np.arange(len(self)), counts)
        number = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = self.starts[owners] + stride * number
        return Spans(starts, np.full(len(starts), length, np.int64)), owners
