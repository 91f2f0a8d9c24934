"""Pictures as series, a row of pixels a step, or whole, as frames of one picture each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rgan_kit.contracts import Batch, FrameSpec, SequenceSource, SeriesSpec
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.images.options import ImagesOptions

Form = Literal["rows", "whole"]

_COLOURS = ("red", "green", "blue")
_FPS = 1.0  # a picture stands still


@dataclass(frozen=True, eq=False)
class PictureRows:
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


def samples_of(pictures: Clips, form: Form) -> SequenceSource:
    """Clips of one picture each as networks are to see them."""
    return PictureRows(pictures) if form == "rows" else pictures


def spec_of(preparation: Preparation, labels: tuple[str, ...], form: Form) -> SeriesSpec | FrameSpec:
    """What a picture is."""
    if form == "rows":
        return series_spec(preparation, labels)
    return FrameSpec(1, preparation.height, preparation.width, preparation.channels, _FPS, labels)


def in_words(preparation: Preparation, options: ImagesOptions) -> str:
    """The same for people."""
    how = "a row a step" if options.form == "rows" else "whole"
    return f"{preparation.height} × {preparation.width} in {options.colour}, {how}"
