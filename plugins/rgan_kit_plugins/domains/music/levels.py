"""Few numbers that stand for many: tempos and loudnesses as a sequence tells them apart."""

from __future__ import annotations

from typing import Final

import numpy as np

MOST_TEMPOS: Final = 32
FASTEST: Final = 1000
"""Beats a minute."""


def levels(values: np.ndarray, most: int) -> list[int]:
    """At most so many whole numbers that stand for equal shares of the values; none where one is enough."""
    shares = (np.arange(most) + 0.5) / most
    chosen = np.unique(np.quantile(values, shares, method="nearest").round().astype(np.int64))
    return chosen.tolist() if len(chosen) > 1 else []


def whole_tempos(tempos: np.ndarray) -> np.ndarray:
    """Beats a minute as symbols have them: int64."""
    return np.asarray(np.clip(tempos.round(), 1, FASTEST), np.int64)
