"""Windows of a running text (or of anything else that goes on and on) as samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgan_kit.contracts.data import Batch


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of one long row, which is held once however much they overlap.

    Attributes:
        row: integers of any size ``[positions]``.
        starts: int64 ``[samples]``, where each window begins.
        length: positions of a window.
        context: int64 ``[samples]``, positions at the beginning of each that are read and not scored.
        labels: int64 ``[samples]`` or None.
    """

    row: np.ndarray
    starts: np.ndarray
    length: int
    context: np.ndarray
    labels: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``, all the same."""
        return np.full(len(self.starts), self.length, np.int64)

    @property
    def nbytes(self) -> int:
        """Bytes that all samples take together."""
        parts = (self.row, self.starts, self.context, self.labels)
        return sum(part.nbytes for part in parts if part is not None)

    def stretches(self) -> np.ndarray:
        """What the windows cover: int64 ``[stretches, 2]``, begin and end of each, in order and apart."""
        starts = np.sort(self.starts)
        ends = starts + self.length
        first = np.ones(len(starts), np.bool_)
        first[1:] = starts[1:] > ends[:-1]
        last = np.append(first[1:], True)
        return np.stack([starts[first], ends[last[: len(ends)]]], axis=1)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.row[self.starts[index] : self.starts[index] + self.length]

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The windows with these numbers: int64 ``[batch, length]``."""
        places = self.starts[indices][:, None] + np.arange(self.length)
        labels = None if self.labels is None else self.labels[indices]
        lengths = np.full(len(indices), self.length, np.int64)
        return Batch(self.row[places].astype(np.int64), lengths, labels, context=self.context[indices])
