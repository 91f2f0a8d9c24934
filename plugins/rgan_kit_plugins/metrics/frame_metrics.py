"""Metrics of frames: how near the samples are to the training data, beside how near held-out data are.

Of large frames, pixels from all over them are looked at and not all; of many clips, some from all over the data set.
What depends on the data alone is computed once for each data set.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, FrameSpec, SampleSet, SequenceSource, evenly
from rgan_kit_plugins.metrics.series_metrics import wasserstein

NEAR: Final = 0.1
"""Root mean square distance, as a share of the training data's deviation, below which two clips are copies."""

LAGS: Final = 24

_MOST_CLIPS: Final = 512
_MOST_COMPARED: Final = 4096
_MOST_PIXELS: Final = 4096
_MOST_NUMBERS: Final = 2**25
_TINY: Final = 1e-9


class _Reference:
    """The training data of a data set as the judge, and the figures of its held-out data as the control."""

    def __init__(self, dataset: Dataset) -> None:
        assert isinstance(dataset.spec, FrameSpec)
        self.spec = dataset.spec
        self._train, self._validation = dataset.train, dataset.validation  # not the data set: it is to be let go

    @cached_property
    def pixels(self) -> np.ndarray:
        """Places of the numbers of a frame that are looked at."""
        most = min(_MOST_PIXELS, _MOST_NUMBERS // (_MOST_CLIPS * self.spec.length))
        return evenly(self.spec.height * self.spec.width * self.spec.channels, max(1, most))

    def looked_at(self, frames: np.ndarray) -> np.ndarray:
        """uint8 ``[clips, time, height, width, channels]`` to ``[clips, time, pixels]``."""
        return frames.reshape(*frames.shape[:2], math.prod(frames.shape[2:]))[..., self.pixels]

    def _some(self, source: SequenceSource, most: int = _MOST_CLIPS) -> np.ndarray:
        picked = evenly(len(source), most)
        return np.concatenate(
            [self.looked_at(source.take(picked[i : i + 32]).values) for i in range(0, len(picked), 32)]
        )

    @cached_property
    def train(self) -> np.ndarray:
        return self._some(self._train)

    @cached_property
    def originals(self) -> np.ndarray:
        """What samples may be copies of: more of the training data."""
        most = _MOST_NUMBERS // (self.spec.length * len(self.pixels))
        return self._some(self._train, min(_MOST_COMPARED, max(_MOST_CLIPS, most)))

    @cached_property
    def held_out(self) -> np.ndarray:
        return self._some(self._validation)

    @cached_property
    def deviation(self) -> float:
        """Of the training data: the root mean square, over time and pixels, of the deviation across clips."""
        return max(deviation(self.train), _TINY)

    @cached_property
    def histograms(self) -> np.ndarray:
        return cumulative_histograms(self.train)

    @cached_property
    def energies(self) -> np.ndarray:
        return motion_energies(self.train)

    @cached_property
    def autocorrelation(self) -> np.ndarray:
        return autocorrelation(self.train, LAGS)

    def pixel_distance(self, clips: np.ndarray) -> float:
        gap = np.abs(cumulative_histograms(clips) - self.histograms).sum(1)
        return float(gap.mean()) / self.deviation

    def motion_distance(self, clips: np.ndarray) -> float:
        return wasserstein(motion_energies(clips), self.energies) / max(float(self.energies.mean()), _TINY)

    def autocorrelation_distance(self, clips: np.ndarray) -> float:
        own = autocorrelation(clips, LAGS)
        lags = min(len(own), len(self.autocorrelation))
        return float(np.abs(own[:lags] - self.autocorrelation[:lags]).mean()) if lags else math.nan

    def spread(self, clips: np.ndarray) -> float:
        steps = min(clips.shape[1], self.train.shape[1])
        return deviation(clips[:, :steps]) / max(deviation(self.train[:, :steps]), _TINY)

    def near_copies(self, clips: np.ndarray) -> float:
        return float((distances(clips, self.originals).min(1) < NEAR * self.deviation).mean())

    def distinct(self, clips: np.ndarray) -> float:
        return distinct_share(distances(clips, clips), NEAR * self.deviation)

    @cached_property
    def control(self) -> dict[str, float]:
        """Of the held-out data."""
        measures = (self.pixel_distance, self.motion_distance, self.autocorrelation_distance, self.near_copies)
        return {"spread": self.spread(self.held_out)} | {each.__name__: each(self.held_out) for each in measures}


_references: Final[WeakKeyDictionary[Dataset, _Reference]] = WeakKeyDictionary()


def _look(samples: SampleSet) -> tuple[_Reference, np.ndarray]:
    dataset = samples.dataset
    reference = _references.get(dataset)
    if reference is None:
        reference = _references[dataset] = _Reference(dataset)
    frames = samples.outputs["frames"]
    return reference, reference.looked_at(frames[evenly(len(frames), _MOST_CLIPS)])


def pixels(samples: SampleSet) -> dict[str, float]:
    """``pixel_distance``: Wasserstein distance between the values of a pixel in samples and in training data, all
    frames together, the mean over pixels, as a share of the data's deviation; and its control."""
    reference, clips = _look(samples)
    own = reference.pixel_distance(clips) if len(clips) else math.nan
    return {"pixel_distance": own, "heldout_pixel_distance": reference.control["pixel_distance"]}


def motion(samples: SampleSet) -> dict[str, float]:
    """``motion_distance``: Wasserstein distance between how much changes from frame to frame in samples and in training
    data, as a share of what changes on average: 1 for frozen clips. And its control."""
    reference, clips = _look(samples)
    own = reference.motion_distance(clips) if len(clips) else math.nan
    return {"motion_distance": own, "heldout_motion_distance": reference.control["motion_distance"]}


def autocorrelations(samples: SampleSet) -> dict[str, float]:
    """``autocorrelation_distance``: mean absolute difference between samples and training data of a pixel's correlation
    with itself up to 24 frames later; and its control."""
    reference, clips = _look(samples)
    own = reference.autocorrelation_distance(clips) if len(clips) else math.nan
    control = reference.control["autocorrelation_distance"]
    return {"autocorrelation_distance": own, "heldout_autocorrelation_distance": control}


def spread(samples: SampleSet) -> dict[str, float]:
    """``spread``: deviation across samples as a share of that of the training data; far below 1 where the generator
    says the same again and again. ``spread_error``: its distance from 1. And their controls."""
    reference, clips = _look(samples)
    own, control = reference.spread(clips) if len(clips) else math.nan, reference.control["spread"]
    errors = {"spread_error": abs(own - 1), "heldout_spread_error": abs(control - 1)}
    return {"spread": own, "heldout_spread": control, **errors}


def copies(samples: SampleSet) -> dict[str, float]:
    """``distinct``: share of samples that are no near copy of one before them, with as many real clips as the
    control. ``near_copies``: share of samples that are near copies of a training sample (of
    4,096 at most); and its control."""
    reference, clips = _look(samples)
    real = reference.held_out if len(reference.held_out) >= len(clips) else reference.train
    control = real[evenly(len(real), len(clips))]
    return {
        "distinct": reference.distinct(clips) if len(clips) else math.nan,
        "heldout_distinct": reference.distinct(control) if len(control) else math.nan,
        "near_copies": reference.near_copies(clips) if len(clips) else math.nan,
        "heldout_near_copies": reference.control["near_copies"],
    }


def cumulative_histograms(clips: np.ndarray) -> np.ndarray:
    """uint8 ``[clips, time, pixels]``: share of a pixel's values that are at most 0, 1, …, 254: ``[pixels, 255]``. The
    sum of the absolute differences of two rows is the Wasserstein distance of their values, exactly."""
    values = clips.reshape(-1, clips.shape[2])
    columns = values.shape[1]
    found = np.zeros(columns * 256, np.int64)
    places = 256 * np.arange(columns)
    for first in range(0, len(values), 1024):
        found += np.bincount((values[first : first + 1024] + places).ravel(), minlength=columns * 256)
    shares: np.ndarray = found.reshape(columns, 256).cumsum(1)[:, :-1] / len(values)
    return shares


def motion_energies(clips: np.ndarray) -> np.ndarray:
    """Mean absolute change of a pixel from frame to frame, of every clip and step, sorted: float64
    ``[clips * (time - 1)]``, as a share of the full range; nothing changes in a single frame."""
    if clips.shape[1] < 2:
        return np.zeros(len(clips))
    changes = [np.abs(np.diff(clip.astype(np.int16), axis=0)).mean(1) for clip in clips]
    return np.sort(np.concatenate(changes)) / 255


def autocorrelation(clips: np.ndarray, lags: int) -> np.ndarray:
    """Correlation of a pixel with itself 1 to ``lags`` frames later, over all clips and pixels, with each pixel's mean
    over clips and time: float64 ``[lags or time - 1]``; 1 where nothing varies."""
    time = clips.shape[1]
    centred = clips.astype(np.float32)
    centred -= centred.mean((0, 1), dtype=np.float64).astype(np.float32)
    variance = float(np.square(centred).mean(dtype=np.float64))
    if variance < _TINY:
        return np.ones(min(lags, time - 1))
    covariances = [
        float(np.mean([np.vdot(clip[:-lag], clip[lag:]) / clip[lag:].size for clip in centred]))
        for lag in range(1, min(lags, time - 1) + 1)
    ]
    return np.array(covariances) / variance


def deviation(clips: np.ndarray) -> float:
    """Root mean square, over time and pixels, of the deviation across clips, from 0 to 255. It is the distance of two
    of the clips at random, on (root mean square) average, divided by the root of two. nan for fewer than two."""
    if len(clips) < 2:
        return math.nan
    mean = clips.mean(0)
    squares = np.mean([np.square(clip - mean).mean() for clip in clips])
    return float(np.sqrt(squares * len(clips) / (len(clips) - 1)))


def distances(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Root mean square distance of every clip to each of the others, as far as the shorter go: ``[clips, others]``."""
    steps = min(clips.shape[1], others.shape[1])
    left = clips[:, :steps].reshape(len(clips), -1).astype(np.float32)
    right = others[:, :steps].reshape(len(others), -1).astype(np.float32)
    squares = np.square(left).sum(1, dtype=np.float64)[:, None] + np.square(right).sum(1, dtype=np.float64)
    apart: np.ndarray = np.sqrt(np.maximum(squares - 2.0 * (left @ right.T), 0) / left.shape[1])
    return apart


def distinct_share(apart: np.ndarray, near: float) -> float:
    """Share of samples that are not near a kept one before them, given all distances ``[samples, samples]``."""
    kept: list[int] = []
    for place, row in enumerate(apart):
        if not kept or row[kept].min() >= near:
            kept.append(place)
    return len(kept) / len(apart)
