"""Samples cut from recordings: windows of frames, split into training and validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import Batch
from rgan_kit_plugins.domains.frames.store import FrameStore

FEWEST_RECORDINGS: Final = 10
"""From so many on, whole recordings are held out; of fewer, the last stretch of each."""


@dataclass(frozen=True, eq=False)
class Clips:
    """Samples of equal length, taken from a store by number; a sequence source.

    Attributes:
        store: where the frames are.
        starts: int64 ``[samples]``, the first frame of each.
        length: frames of each.
        labels: int64 ``[samples]`` or None.
    """

    store: FrameStore
    starts: np.ndarray
    length: int
    labels: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return np.full(len(self.starts), self.length, np.int64)

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers: uint8 ``[samples, time, height, width, channels]``."""
        values = np.empty((len(indices), self.length, *self.store.shape), np.uint8)
        for row, start in zip(values, self.starts[indices].tolist(), strict=True):
            self.store.read(start, row)
        lengths = np.full(len(indices), self.length, np.int64)
        return Batch(values, lengths, None if self.labels is None else self.labels[indices])


@dataclass(frozen=True, eq=False)
class Split:
    """Windows on either side, as first frames and as numbers of the recordings that they are of; int64 each."""

    train: np.ndarray
    train_of: np.ndarray
    validation: np.ndarray
    validation_of: np.ndarray


def split_windows(
    starts: Sequence[int], counts: Sequence[int], length: int, stride: int, share: float, rng: np.random.Generator
) -> Split:
    """Cuts recordings into windows and holds some out.

    Of ten recordings and more, whole ones are held out at random. Of fewer, the last windows of each, and as many
    frames before them as a window has are in neither part, so that the two do not look alike for being neighbours.

    Args:
        starts, counts: of the recordings in the store; none is shorter than a window.
        length, stride: of windows, in frames.
        share: to hold out.
        rng: chooses recordings.
    """
    windows = [
        start + np.arange(0, count - length + 1, stride, dtype=np.int64)
        for start, count in zip(starts, counts, strict=True)
    ]
    nothing = np.zeros(0, np.int64)
    if len(windows) >= FEWEST_RECORDINGS:
        held_out = np.zeros(len(windows), np.bool_)
        held_out[rng.permutation(len(windows))[: max(1, round(share * len(windows)))]] = True
        train = [nothing if out else own for own, out in zip(windows, held_out, strict=True)]
        validation = [own if out else nothing for own, out in zip(windows, held_out, strict=True)]
    else:
        last = [max(1, round(share * len(own))) if len(own) > 1 else 0 for own in windows]
        validation = [own[len(own) - most :] for own, most in zip(windows, last, strict=True)]
        train = [
            own[own + 2 * length <= out[0]] if len(out) else own for own, out in zip(windows, validation, strict=True)
        ]
    numbers = range(len(windows))
    return Split(
        np.concatenate([nothing, *train]),
        np.repeat(numbers, [len(own) for own in train]).astype(np.int64),
        np.concatenate([nothing, *validation]),
        np.repeat(numbers, [len(own) for own in validation]).astype(np.int64),
    )
