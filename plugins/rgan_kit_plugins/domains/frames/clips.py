"""Samples cut from recordings: windows of frames, split into training and validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import Batch, DataError, Tally
from rgan_kit.files import Spans, Split, by_group, by_time
from rgan_kit_plugins.domains.frames.recordings import Recording
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
class ClipWindows:
    """Windows of recordings and on which side they are.

    Attributes:
        windows: of frames of the store.
        owners: int64 ``[windows]``, the recording of each.
        split: numbers of windows.
        unused: recordings' frames in no window that is used.
    """

    windows: Spans
    owners: np.ndarray
    split: Split
    unused: Tally

    def clips(self, store: FrameStore, labels: np.ndarray | None) -> tuple[Clips, Clips]:
        """Training and validation; ``labels`` are those of the recordings, int64, or None."""
        length = int(self.windows.lengths[0])
        train, validation = (
            Clips(store, self.windows.starts[side], length, None if labels is None else labels[self.owners[side]])
            for side in (self.split.train, self.split.validation)
        )
        return train, validation


def cut(
    recordings: Sequence[Recording], length: int, stride: int, share: float, rng: np.random.Generator
) -> ClipWindows:
    """Cuts recordings into windows and holds some out.

    The recordings that the user names are held out; else, of ten and more, whole ones at random. Of fewer, the last
    windows of each, and as many frames before them as a window has are on neither side, so that the two do not look
    alike for being neighbours.

    Args:
        recordings: all of them; those shorter than a window give none.
        length, stride: of windows, in frames.
        share: to hold out.
        rng: chooses recordings.

    Raises:
        DataError: there are too few windows to hold any out.
    """
    starts, counts = (np.array(each, np.int64) for each in zip(*((r.start, r.count) for r in recordings), strict=True))
    stretches = Spans(starts, counts)
    windows, owners = stretches.windows(length, stride)
    named = np.array([recording.source.held_out for recording in recordings])[owners]
    if named.any():
        if named.all():
            raise DataError("Only what is held out is long enough for a clip.", "Lower domain.clip_length.")
        split = Split.of(named, f"{len(set(owners[named])):,} recordings are held out, as was asked for")
    elif len(np.unique(owners)) >= FEWEST_RECORDINGS:
        split = by_group(owners, share, rng, "recordings")
    else:
        split = by_time(stretches, windows, owners, share, length, "frames")
    used = windows.where(np.concatenate([split.train, split.validation]))
    total = int(counts.sum())
    end = int((starts + counts).max())
    unused = total - int(used.cover(end).sum())
    fate = "in no clip: at the end of a recording, in one too short for a clip, or in the gap before held-out ones"
    return ClipWindows(
        windows, owners, split, Tally("frames", fate, unused, total, "lower domain.stride or domain.clip_length")
    )
