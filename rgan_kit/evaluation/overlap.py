"""How far samples repeat each other and the training data."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import nan
from typing import Final

import numpy as np

from rgan_kit.contracts import Sequences, Windows

_LONGEST_KEY: Final = 16
_AT_ONCE: Final = 2**20
_MOST_PLACES: Final = 10_000
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


def distinct_share(samples: Sequence[Hashable]) -> float:
    """Number of different samples divided by the number of samples; nan without samples. It falls as more samples
    are drawn: compare equal numbers."""
    return len(set(samples)) / len(samples) if samples else nan


def verbatim_share(samples: Sequence[Hashable], training: AbstractSet[Hashable]) -> float:
    """Share of the samples that stand, whole and unchanged, in the training data; nan without samples."""
    return sum(sample in training for sample in samples) / len(samples) if samples else nan


def within_share(samples: Sequences, training: Windows) -> float:
    """Share of the samples that stand, whole and unchanged, anywhere in the text that the windows cover, wherever a
    window begins; nan without samples.

    Beginnings of samples are hashed (Karp & Rabin 1987), and looked at where the text has the same hash; of a beginning
    that the text has more than ``_MOST_PLACES`` times, the first so many places are looked at.
    """
    lengths = samples.lengths
    if not len(samples) or not lengths.min():
        return nan
    size = min(_LONGEST_KEY, int(lengths.min()))
    keys = hashes(samples.values, size)[samples.offsets[:-1]]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found = np.zeros(len(samples), np.bool_)
    looked: dict[int, int] = {}
    stretches = training.stretches()
    for begin, end in _pieces(stretches, size):
        text = hashes(training.row[begin:end], size)
        near = np.minimum(np.searchsorted(ordered, text), len(keys) - 1)
        places = np.flatnonzero(ordered[near] == text)
        places = places[np.argsort(near[places], kind="stable")]
        firsts, begins = np.unique(near[places], return_index=True)
        for first, same in zip(firsts.tolist(), np.split(places, begins)[1:], strict=True):
            # One beginning: where it stands, and all samples that have it.
            numbers = order[first : np.searchsorted(ordered, ordered[first], side="right")].tolist()
            for place in same.tolist():
                numbers = [number for number in numbers if not found[number]]
                looked[first] = looked.get(first, 0) + 1
                if not numbers or looked[first] > _MOST_PLACES:
                    break
                for number in numbers:
                    found[number] = _stands_at(samples[number], training.row, stretches, begin + place)
    return float(found.mean())


def hashes(tokens: np.ndarray, size: int) -> np.ndarray:
    """uint64 ``[tokens - size + 1]``: one number for each ``size`` symbols in a row, equal for equal ones."""
    count = max(0, len(tokens) - size + 1)
    found = np.zeros(count, np.uint64)
    for place in range(size):
        found *= _BASE
        found += tokens[place : place + count].astype(np.uint64) + np.uint64(1)
    return found


def _stands_at(sample: np.ndarray, row: np.ndarray, stretches: np.ndarray, place: int) -> bool:
    """Whether a stretch of the row that holds ``place`` has the whole sample there."""
    end = int(stretches[np.searchsorted(stretches[:, 0], place, side="right") - 1, 1])
    return place + len(sample) <= end and np.array_equal(row[place : place + len(sample)], sample)


def _pieces(stretches: np.ndarray, size: int) -> Iterator[tuple[int, int]]:
    """Begins and ends of parts of the stretches that hold every ``size`` symbols in a row at least once."""
    for begin, end in stretches.tolist():
        for start in range(begin, end - size + 1, _AT_ONCE):
            yield start, min(start + _AT_ONCE + size - 1, end)
