"""Small data of every kind, for contract tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, Kind, SeriesSpec, TokenSpec

if TYPE_CHECKING:
    from torch import Tensor

LENGTH = 7
"""Positions of the longest example, the end token of tokens counted."""


def example_spec(kind: Kind, *, labels: tuple[str, ...] = ()) -> DataSpec:
    """A specification of small data: 11 symbols, 3 features, or frames of 8 by 8."""
    if kind == "tokens":
        return TokenSpec(11, bos=1, eos=2, pad=0, max_length=LENGTH - 1, unknown=3, labels=labels)
    if kind == "series":
        low, high = np.array([-2, 0, 10], np.float32), np.array([2, 5, 30], np.float32)
        return SeriesSpec(3, LENGTH, ("a", "b", "c"), low, high, labels=labels)
    return FrameSpec(LENGTH, 8, 8, 1, 8.0, labels=labels)


def example_batch(spec: DataSpec, lengths: tuple[int, ...] = (LENGTH, 4, 1, 6), seed: int = 0) -> Batch[Tensor]:
    """Random sequences of these lengths, as networks see them; padding holds what no network may look at."""
    import torch

    rng = np.random.default_rng(seed)
    size, time = len(lengths), max(lengths)
    counted = torch.tensor(lengths)
    labels = torch.from_numpy(rng.integers(len(spec.labels), size=size)) if spec.labels else None
    inside = np.arange(time) < np.array(lengths)[:, None]
    if isinstance(spec, TokenSpec):
        tokens = np.where(inside, rng.integers(3, spec.vocab_size, (size, time)), spec.pad)
        tokens[np.arange(size), np.array(lengths) - 1] = spec.eos
        return Batch(torch.from_numpy(tokens), counted, labels)
    step = (spec.features,) if isinstance(spec, SeriesSpec) else (spec.channels, spec.height, spec.width)
    values = rng.uniform(-1, 1, (size, time, *step)).astype(np.float32)
    return Batch(torch.from_numpy(values), counted, labels)


def rows(batch: Batch[Tensor], start: int, end: int) -> Batch[Tensor]:
    """Some sequences of a batch, padded as they were."""
    labels = None if batch.labels is None else batch.labels[start:end]
    return Batch(batch.values[start:end], batch.lengths[start:end], labels)


def lengthened(batch: Batch[Tensor], spec: DataSpec, more: int = 3) -> Batch[Tensor]:
    """The same sequences with more padding, which holds the pad token, or numbers that would be noticed."""
    import torch

    shape = (len(batch.lengths), more, *batch.values.shape[2:])
    fill = spec.pad if isinstance(spec, TokenSpec) else 0.77
    padding = torch.full(shape, fill, dtype=batch.values.dtype)
    return Batch(torch.cat([batch.values, padding], dim=1), batch.lengths, batch.labels)
