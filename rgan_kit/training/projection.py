"""Real and generated samples in one plane: the two directions in which real ones differ most (Pearson 1901).

A sample is a row of numbers first. Of symbols these are the square roots of how often each occurs and each pair of
neighbours, folded into a fixed number of places (feature hashing, Weinberger et al. 2009), so that distances are
Hellinger's; of series and frames their values, thinned out where there are many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, DataSpec, FrameSpec, SeriesSpec, TokenSpec, evenly

REAL: Final = 256
"""Held-out samples that span the plane."""

_PLACES: Final = 1024
_STEPS: Final = 64
_FEATURES: Final = 32
_FRAMES: Final = 8
_SIDE: Final = 16
_SPREADING: Final = 2654435761
"""Knuth's multiplicative hash."""


class Plane:
    """The plane of a data set.

    Args:
        dataset: whose held-out samples span it.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._spec = dataset.spec
        batch = dataset.validation.take(evenly(len(dataset.validation), REAL))
        rows = features(self._spec, batch.values, batch.lengths)
        self._middle = rows.mean(0)
        _, sizes, directions = np.linalg.svd(rows - self._middle, full_matrices=False)
        directions = directions[:2]
        signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(1)])
        self._directions = directions * signs[:, None]  # which end is which is nobody's choice
        self.explained = float((sizes[:2] ** 2).sum() / max(float((sizes**2).sum()), 1e-12))
        self.real = self._places(rows)

    def places(self, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Where samples lie, float64 ``[samples, 2]``, from a model's outputs as its file names them."""
        values = outputs[self._spec.kind]
        lengths = outputs.get("lengths", np.full(len(values), values.shape[1]))
        return self._places(features(self._spec, values, counted(self._spec, lengths, values.shape[1])))

    def _places(self, rows: np.ndarray) -> np.ndarray:
        places: np.ndarray = (rows - self._middle) @ self._directions.T
        return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))  # one held-out sample spans nothing


def counted(spec: DataSpec, lengths: np.ndarray, steps: int) -> np.ndarray:
    """Lengths of a model's outputs as those of a batch: the end token counts where there is one."""
    steps_that_count: np.ndarray = np.minimum(lengths + int(isinstance(spec, TokenSpec) and spec.ends), steps)
    return steps_that_count


def features(spec: DataSpec, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """A row of numbers for each sample, float64 ``[samples, numbers]``.

    Args:
        spec: of the data.
        values: tokens ``[samples, time]``, series ``[samples, time, features]`` in their own units, or frames uint8
            ``[samples, time, height, width, channels]``.
        lengths: as in ``Batch``.
    """
    inside = np.arange(values.shape[1]) < lengths[:, None]  # [samples, time]
    if isinstance(spec, TokenSpec):
        return _symbols(values, inside)
    padded = np.zeros((len(values), spec.max_length, *values.shape[2:]), np.float64)
    time = min(values.shape[1], spec.max_length)
    known = inside[:, :time].reshape(len(values), time, *(1,) * (values.ndim - 2))
    padded[:, :time] = np.where(known, _scaled(spec, values[:, :time]), 0)
    if isinstance(spec, SeriesSpec):
        thin = padded[:, evenly(spec.length, _STEPS)][:, :, evenly(spec.features, _FEATURES)]
    else:
        high, wide = (evenly(side, _SIDE) for side in padded.shape[2:4])
        thin = padded[:, evenly(spec.max_length, _FRAMES)][:, :, high][:, :, :, wide]
    return thin.reshape(len(values), -1)


def _scaled(spec: SeriesSpec | FrameSpec, values: np.ndarray) -> np.ndarray:
    if isinstance(spec, FrameSpec):
        return values.astype(np.float64) / 127.5 - 1
    low, high = spec.minimum.astype(np.float64), spec.maximum.astype(np.float64)
    scaled: np.ndarray = (values.astype(np.float64) - low) / np.maximum(high - low, 1e-12) * 2 - 1
    finite: np.ndarray = np.nan_to_num(scaled, posinf=0, neginf=0)
    return finite


def _symbols(tokens: np.ndarray, inside: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(tokens), 2 * _PLACES))
    single = (tokens * _SPREADING % 2**32 % _PLACES, inside)
    pairs = ((tokens[:, :-1] * 31 + tokens[:, 1:]) * _SPREADING % 2**32 % _PLACES + _PLACES, inside[:, 1:])
    for places, known in (single, pairs):
        shares = known / np.maximum(known.sum(1, keepdims=True), 1)
        which = np.broadcast_to(np.arange(len(tokens))[:, None], places.shape)
        np.add.at(rows, (which[known], places[known]), shares[known])
    return np.sqrt(rows)
