"""What is measured of series before a training begins: moments of neighbouring steps, and what never lies beyond what.
Networks that draw numbers one after another start from them."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, SequenceSource, SeriesSpec, evenly

MOST_FEATURES: Final = 512
"""More than these have no moments: the matrix grows with their square."""

_MOST_VALUES: Final = 2**24
_AT_ONCE: Final = 256
_BOUNDED_FEATURES: Final = 64
_NEAR: Final = 0.01
"""A bound comes near where the smallest distance is below this share of the middle one."""


def with_moments(dataset: Dataset) -> Dataset:
    """The data set with ``spec.moments`` and ``spec.bounds`` of its training samples, for series that have none yet."""
    spec = dataset.spec
    if not isinstance(spec, SeriesSpec) or spec.moments is not None or spec.features > MOST_FEATURES:
        return dataset
    moments, bounds = measure(dataset.train, spec)
    return dataclasses.replace(dataset, spec=dataclasses.replace(spec, moments=moments, bounds=bounds))


def measure(train: SequenceSource, spec: SeriesSpec) -> tuple[np.ndarray, np.ndarray]:
    """``SeriesSpec.moments`` and ``SeriesSpec.bounds`` of training samples, from all over them where they are many."""
    low = spec.minimum.astype(np.float64)
    span = np.maximum(spec.maximum.astype(np.float64) - low, 1e-12)
    size = 1 + 2 * spec.features
    total, count = np.zeros((size, size)), 0
    seen: list[np.ndarray] = []
    indices = evenly(len(train), max(1, _MOST_VALUES // (spec.length * spec.features)))
    for start in range(0, len(indices), _AT_ONCE):
        batch = train.take(indices[start : start + _AT_ONCE])
        inside = np.arange(batch.values.shape[1]) < batch.lengths[:, None]
        seen.append(batch.values[inside])
        scaled = (batch.values.astype(np.float64) - low) / span * 2 - 1
        pairs = inside[:, 1:]
        products = np.concatenate([np.ones((pairs.sum(), 1)), scaled[:, :-1][pairs], scaled[:, 1:][pairs]], 1)
        total += products.T @ products
        count += len(products)
    if not count:  # one step each: nothing comes before it
        scaled = (np.concatenate(seen).astype(np.float64) - low) / span * 2 - 1
        products = np.concatenate([np.ones((len(scaled), 1)), np.zeros_like(scaled), scaled], 1)
        total, count = products.T @ products, len(products)
    return total / count, _bounds(np.concatenate(seen), spec)


def _bounds(values: np.ndarray, spec: SeriesSpec) -> np.ndarray:
    """Pairs (lower, higher) of numbers ``[n, features]``; categories and binary features have none."""
    start, numbers = 0, []
    for column in spec.columns:
        binary = column.grid and round(float(spec.maximum[start] - spec.minimum[start]) / column.grid) <= 1
        numbers += [] if column.levels or binary else [start]
        start += column.features
    numbers = numbers if spec.columns else list(range(spec.features))
    found = [(-1, feature) for feature in numbers if values[:, feature].min() >= 0 and values[:, feature].max() > 0]
    if len(numbers) <= _BOUNDED_FEATURES:
        for low in numbers:
            for high in numbers:
                if low != high and _below(values[:, low], values[:, high]):
                    found.append((low, high))
    return np.array(found, np.int64).reshape(-1, 2)


def _below(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether one never exceeds the other, and comes near; two that are always equal do not bound each other."""
    apart = high.astype(np.float64) - low
    return bool(apart.min() >= 0 and apart.max() > 0 and apart.min() <= _NEAR * np.median(apart))
