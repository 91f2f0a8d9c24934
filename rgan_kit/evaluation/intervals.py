"""Intervals by random halves: the delete-half jackknife (Shao & Wu 1989, Annals of Statistics 17, 1176-1197).

The deviation of a statistic over random halves of the samples is that of the statistic itself; what a half shifts it by
(fewer are distinct) does not enter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

HALVES: Final = 8

_TWO_SIDED: Final = 1.96
_FEWEST: Final = 8


def halves(count: int, repeats: int = HALVES) -> Iterator[np.ndarray]:
    """Numbers of random halves of ``count`` samples, always the same ones; none where there are few."""
    rng = np.random.default_rng(count)
    for _ in range(repeats if count >= _FEWEST else 0):
        yield np.sort(rng.permutation(count)[: count // 2])


def at_random(count: int, most: int) -> np.ndarray:
    """Numbers of at most ``most`` of ``count`` samples that stand in an order by content, always the same ones: those
    at even distances would be more unlike each other than chance has it."""
    return np.sort(np.random.default_rng(count).permutation(count)[:most])


def around(value: float, repeats: Sequence[float]) -> tuple[float, float]:
    """From a value and what halves give to the interval that it lies in (95 %); nan where too few are numbers."""
    finite = [each for each in repeats if math.isfinite(each)]
    if len(finite) < 2 or not math.isfinite(value):
        return math.nan, math.nan
    reach = _TWO_SIDED * float(np.std(finite, ddof=1))
    return value - reach, value + reach


def of_rows(statistic: Callable[[np.ndarray], float], rows: np.ndarray) -> tuple[float, float]:
    """The interval of a statistic of rows."""
    return around(statistic(rows), [statistic(rows[half]) for half in halves(len(rows))])
