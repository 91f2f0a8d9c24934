"""Figures that mean the same for several kinds of data."""

from __future__ import annotations

from typing import Final

from rgan_kit.contracts import Figure

AUTOCORRELATION: Final = Figure(
    name="autocorrelation_distance",
    title="autocorrelation gap",
    meaning="of correlations of values with those before",
    better="lower",
)
SPREAD: Final = Figure(name="spread", meaning="deviation across samples; 1 is right, far below 1 is a collapse")
SPREAD_ERROR: Final = Figure(
    name="spread_error", title="spread error", meaning="how far the spread is from 1", better="lower"
)
DISTINCT: Final = Figure(name="distinct", meaning="samples that differ from each other", unit="share")
NEAR_COPIES: Final = Figure(
    name="near_copies",
    title="near copies",
    meaning="samples that are all but equal to a training sample",
    unit="share",
)
