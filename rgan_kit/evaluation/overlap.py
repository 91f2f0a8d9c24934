"""How far samples repeat each other and the training data."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from math import nan


def distinct_share(samples: Sequence[Hashable]) -> float:
    """Number of different samples divided by the number of samples; nan without samples. It falls as more samples
    are drawn: compare equal numbers."""
    return len(set(samples)) / len(samples) if samples else nan


def verbatim_share(samples: Sequence[Hashable], training: AbstractSet[Hashable]) -> float:
    """Share of the samples that stand, whole and unchanged, in the training data; nan without samples."""
    return sum(sample in training for sample in samples) / len(samples) if samples else nan
