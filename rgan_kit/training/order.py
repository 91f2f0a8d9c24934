"""Which samples a step sees: a function of seed and step, so that a resumed training goes on where it stopped."""

from __future__ import annotations

import numpy as np


class Order:
    """Shuffled epochs, one after the other.

    Args:
        samples: how many there are.
        batch_size: samples a step; a batch may span two epochs, so that every sample is seen equally often.
        seed: of the run.
        stream: of several orders of one run, which one; the run's own has none.
    """

    def __init__(self, samples: int, batch_size: int, seed: int, stream: int | None = None) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        self._stream = () if stream is None else (stream,)
        self._shuffles: dict[int, np.ndarray] = {}

    def batch(self, step: int) -> np.ndarray:
        """int64 ``[batch_size]``: the samples of a step (counted from 0)."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        epochs, places = np.divmod(positions, self.samples)
        return np.concatenate([self._shuffle(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)])

    def _shuffle(self, epoch: int) -> np.ndarray:
        if epoch not in self._shuffles:
            if len(self._shuffles) > 1:  # this epoch and the next are all that a batch can need, unless it is huge
                self._shuffles.pop(min(self._shuffles))
            self._shuffles[epoch] = np.random.default_rng([self.seed, epoch, *self._stream]).permutation(self.samples)
        return self._shuffles[epoch]
