"""Real samples as if a model had made them, so that they are decoded, shown and measured as generated ones are."""

from __future__ import annotations

from typing import Any

import numpy as np

from rgan_kit.contracts import Dataset, DataSpec, SequenceSource, TokenSpec


def as_outputs(spec: DataSpec, source: SequenceSource, index: int) -> dict[str, np.ndarray]:
    """One sample of a source as a model's outputs with a batch of one: ``tokens`` int64 ``[1, time]`` and ``lengths``
    without the end token, ``series`` float32 ``[1, time, features]`` in the data's own units, or ``frames`` uint8
    ``[1, time, height, width, channels]``."""
    batch = source.take(np.array([index]))
    length = int(batch.lengths[0])
    if isinstance(spec, TokenSpec):
        return {"tokens": batch.values[:, : length - spec.ends], "lengths": batch.lengths - spec.ends}
    return {spec.kind: batch.values[:, :length]}


def decoded(dataset: Dataset, indices: np.ndarray) -> list[Any]:
    """Training samples with these numbers as the domain shows and writes samples, each as long as it is."""
    outputs = (as_outputs(dataset.spec, dataset.train, int(index)) for index in indices)
    return [sample for each in outputs for sample in dataset.decoder.decode(each)]
