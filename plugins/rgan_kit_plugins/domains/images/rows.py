"""Pictures as series: a row of pixels a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgan_kit.contracts import Batch, SeriesSpec
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.preparation import Preparation

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Rows:
    """Clips of one frame, taken as series; a sequence source."""

    clips: Clips

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``: rows of each."""
        return np.full(len(self), self.clips.store.shape[0], np.int64)

    def __len__(self) -> int:
        return len(self.clips)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers: float32 ``[samples, height, width * channels]`` from 0 to 255."""
        batch = self.clips.take(indices)
        return to_rows(batch.values[:, 0], batch.labels)


def to_rows(pictures: np.ndarray, labels: np.ndarray | None = None) -> Batch[np.ndarray]:
    """uint8 ``[samples, height, width, channels]`` as series of rows."""
    count, height = pictures.shape[:2]
    return Batch(pictures.reshape(count, height, -1).astype(np.float32), np.full(count, height, np.int64), labels)


def series_spec(preparation: Preparation, labels: tuple[str, ...]) -> SeriesSpec:
    """What a picture is as a series: its numbers go from 0 to 255, whatever the data."""
    features = preparation.width * preparation.channels
    columns = range(1, preparation.width + 1)
    names = (
        tuple(f"column {column}" for column in columns)
        if preparation.channels == 1
        else tuple(f"column {column} {colour}" for column in columns for colour in _COLOURS)
    )
    low, high = np.zeros(features, np.float32), np.full(features, 255, np.float32)
    return SeriesSpec(features, preparation.height, names, low, high, labels)
