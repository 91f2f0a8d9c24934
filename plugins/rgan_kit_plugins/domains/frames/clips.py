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
    """Samples that are taken from a store by number; a sequence source.

    Attributes:
        store: where the frames are.
        spans: the frames of each.
        labels: int64 ``[samples]`` or None.
    """

    store: FrameStore
    spans: Spans
    labels: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return self.spans.lengths

    def __len__(self) -> int:
        return len(self.spans)

    def where(self, kept: np.ndarray) -> Clips:
        """Those with these numbers."""
        return Clips(self.store, self.spans.where(kept), None if self.labels is None else self.labels[kept])

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers: uint8 ``[samples, time, height, width, channels]``, with black frames behind
        those that are shorter than the longest of them."""
        own = self.where(indices)
        values = np.zeros((len(own), int(own.lengths.max(initial=1)), *self.store.shape), np.uint8)
        for row, start, length in zip(values, own.spans.starts.tolist(), own.lengths.tolist(), strict=True):
            self.store.read(start, row[:length])
        return Batch(values, own.lengths, own.labels)


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
        everything = Clips(store, self.windows, None if labels is None else labels[self.owners])
        return everything.where(self.split.train), everything.where(self.split.validation)


def cut(
    recordings: Sequence[Recording], length: int, stride: int, share: float, rng: np.random.Generator
) -> ClipWindows:
    """Cuts recordings into windows, or takes them whole, and holds some out.

    The recordings that the user names are held out; else, of ten and more, whole ones at random. Of fewer, the last
    windows of each, and as many frames before them as a window has are on neither side, so that the two do not look
    alike for being neighbours.

    Args:
        recordings: all of them; those shorter than a window give none.
        length, stride: of windows, in frames; a stride of 0 takes every recording of at most ``length`` frames whole.
        share: to hold out.
        rng: chooses recordings.

    Raises:
        DataError: there are too few windows to hold any out.
    """
    starts, counts = (np.array(each, np.int64) for each in zip(*((r.start, r.count) for r in recordings), strict=True))
    stretches = Spans(starts, counts)
    if stride:
        windows, owners = stretches.windows(length, stride)
    else:
        owners = np.flatnonzero(counts <= length)
        windows = stretches.where(owners)
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
    fate = (
        "in no clip: at the end of a recording, in one too short for a clip, or in the gap before held-out ones"
        if stride
        else "in no clip: in a recording longer than clips may be"
    )
    return ClipWindows(
        windows,
        owners,
        split,
        Tally("frames", fate, unused, total, f"{'lower domain.stride or' if stride else 'raise'} domain.clip_length"),
    )
