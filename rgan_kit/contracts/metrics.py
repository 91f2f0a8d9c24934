"""What metrics are: samples to be measured, and figures, how they are shown and what real data has in their place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from rgan_kit.contracts.data import Kind
from rgan_kit.contracts.domains import Dataset

Better = Literal["lower", "higher", "real"]
"""Which way is better: down, up, or towards what real data has."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How a figure is shown, wherever it stands.

    Attributes:
        name: as ``compute`` returns it.
        title: at the head of its row; the name in words where empty.
        meaning: one line: of what it is, and how it is read.
        unit: what it counts in (``nats a token``); ``share`` is shown in per cent.
        better: which way is better.
    """

    name: str
    title: str = ""
    meaning: str = ""
    unit: str = ""
    better: Better = "real"

    @property
    def heading(self) -> str:
        """What stands at the head of its row."""
        return self.title or self.name.replace("_", " ")

    def text(self, value: float | None) -> str:
        """The value as a cell."""
        if value is None or not math.isfinite(value):
            return "–"
        return f"{value:.1%}" if self.unit == "share" else f"{value:.3f}"


@dataclass(frozen=True)
class Measured:
    """A figure of samples.

    Attributes:
        value: of the samples.
        real: the same of real data in their place, the control; nan where there is none.
        low, high: an interval that the value lies in (95 %) by the chance of which samples were drawn; nan where
            the metric knows none, and ``rgankit evaluate`` finds it by repeats.
        parts: the same of each part by itself, a column or a class by name, where the whole is of several.
    """

    value: float
    real: float = math.nan
    low: float = math.nan
    high: float = math.nan
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples to be measured, with what they are measured against.

    Attributes:
        samples: decoded samples.
        outputs: the arrays that they were decoded from, named as in the model file.
        dataset: what the model was trained on.
        labels: the class of each sample by name; None where there are no classes.
    """

    samples: Sequence[Any]
    outputs: Mapping[str, np.ndarray]
    dataset: Dataset
    labels: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """Figures of samples.

    Attributes:
        name, summary, kinds, paper: as in ``ComponentSpec``.
        compute: ``compute(sample_set)`` returns figures by name, ``{}`` where they do not apply: ``Measured`` with the
            control beside, or a plain number. No two metrics may have figures of one name: the later one is left out.
        figures: how they are shown: titles, meanings, units, which way is better. One that is not described here is
            shown by its name.
        thorough: whether it takes too long for a training, so that ``rgankit evaluate`` alone computes it.
        selects: names of figures (lower is better) that say how far samples are from real data, in both directions: a
            likelihood that is too high is a distance too. The trainer keeps, among the weights whose held-out
            likelihood is near the best, those that have the lowest of them, by what share each changes.
    """

    name: str
    summary: str
    kinds: frozenset[Kind]
    compute: Callable[[SampleSet], Mapping[str, float | Measured]]
    selects: tuple[str, ...] = ()
    paper: str = ""
    figures: tuple[Figure, ...] = ()
    thorough: bool = False


CONTROL = "heldout_"
"""Where figures are plain numbers by name (``metrics.jsonl``, loggers), ``heldout_x`` is figure ``x`` of real data."""


def measured(result: Mapping[str, float | Measured]) -> dict[str, Measured]:
    """What a metric returned, each figure with its control: numbers under ``x`` and ``heldout_x`` are one figure."""
    whole = {name: each for name, each in result.items() if isinstance(each, Measured)}
    plain = {name: float(each) for name, each in result.items() if not isinstance(each, Measured)}
    controls = {CONTROL + name for name in plain if CONTROL + name in plain}
    paired = {
        name: Measured(value, plain.get(CONTROL + name, math.nan)) for name, value in plain.items()
        if name not in controls
    }  # fmt: skip
    return {name: whole[name] if name in whole else paired[name] for name in result if name not in controls}


def flat(figures: Mapping[str, Measured]) -> dict[str, float]:
    """The same as plain numbers by name, controls under ``heldout_x`` where there are some."""
    numbers: dict[str, float] = {}
    for name, each in figures.items():
        numbers[name] = each.value
        if not math.isnan(each.real):
            numbers[CONTROL + name] = each.real
    return numbers
