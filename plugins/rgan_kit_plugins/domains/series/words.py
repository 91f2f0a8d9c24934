"""Words as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError

MAX_LABELS: Final = 1000


def numbered(words: Sequence[Sequence[str | None]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """int64 ``[rows]``, the number of each class, -1 for none, and their names in natural order.

    Raises:
        DataError: they are too many.
    """
    different = {word for part in words for word in part if word is not None}
    if len(different) > MAX_LABELS:
        raise DataError(
            f"The labels have {len(different):,} different values; at most {MAX_LABELS:,} classes are learnt.",
            "Is domain.label the name of a column of measurements?",
        )
    names = tuple(sorted(different, key=natural))
    places: dict[str | None, int] = {None: -1} | {name: place for place, name in enumerate(names)}
    return np.array([places[word] for part in words for word in part], np.int64), names


def natural(word: str) -> tuple[int, float, str]:
    """A sorting key that puts 9 before 10, and numbers before words."""
    try:
        number = float(word)
    except ValueError:
        return (1, 0.0, word)
    return (1, 0.0, word) if math.isnan(number) else (0, number, word)
