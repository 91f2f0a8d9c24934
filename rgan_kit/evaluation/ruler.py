"""All figures of samples, each beside that of real data and with an interval: what ``rgankit evaluate`` shows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Figure, Measured, SampleSet
from rgan_kit.evaluation.intervals import HALVES, around, halves
from rgan_kit.evaluation.report import aligned
from rgan_kit.plugins.registry import Registry
from rgan_kit.training.metrics import Metrics, known_figures

_WORST: Final = 3


@dataclass(frozen=True)
class Row:
    """A figure.

    Attributes:
        figure: how it is shown.
        measured: its value, that of real data, and its interval.
        metric: that it is of, ``distribution:name``.
        exact: what the known source of the data gives; nan where there is none.
    """

    figure: Figure
    measured: Measured
    metric: str
    exact: float = math.nan

    @property
    def real(self) -> float:
        """What real data has: exactly where that is known."""
        return self.measured.real if math.isnan(self.exact) else self.exact

    def worst_first(self) -> list[tuple[str, float]]:
        """Its parts by name: where higher is better from the lowest, else from the highest."""
        order = 1 if self.figure.better == "higher" else -1
        return sorted(self.measured.parts.items(), key=lambda part: order * part[1])

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        each, figure = self.measured, self.figure
        return {
            "name": figure.name, "title": figure.heading, "value": each.value, "low": each.low, "high": each.high,
            "real": each.real, "exact": self.exact, "better": figure.better, "unit": figure.unit,
            "meaning": figure.meaning, "metric": self.metric, "parts": dict(each.parts),
        }  # fmt: skip


def measure(
    samples: SampleSet,
    registry: Registry,
    *,
    thorough: bool = True,
    repeats: int = HALVES,
    tell: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """Every figure of every metric that applies.

    Where a metric gives no interval, it is computed on random halves of the samples too; see
    ``rgan_kit.evaluation.intervals``.

    Args:
        samples: to be measured.
        registry: whose metrics apply.
        thorough: whether also metrics that take too long for a training.
        repeats: halves of the samples, for intervals.
        tell: is told which metric is computed, and how long that took.
    """
    metrics = Metrics(registry, samples.dataset.spec.kind, thorough=thorough)
    truth = samples.dataset.truth
    exact = {} if truth is None else dict(truth.reference())
    parts = [subset(samples, half) for half in halves(len(samples.samples), repeats)]
    found: dict[str, Row] = {}
    known = known_figures(registry)
    for metric in metrics.names:
        started = time.perf_counter()
        whole = metrics.measure(samples, only=(metric,))
        if any(math.isnan(each.low) for each in whole.values()):
            whole = _with_intervals(whole, [metrics.measure(part, only=(metric,)) for part in parts])
        for name, each in whole.items():
            found[name] = Row(known.get(name, Figure(name=name)), each, metric, exact.get(name, math.nan))
        if whole:
            tell(f"{metric}: {time.perf_counter() - started:.1f} s")
    return [found[name] for name in (*known, *(name for name in found if name not in known)) if name in found]


def subset(samples: SampleSet, numbers: np.ndarray) -> SampleSet:
    """Some of the samples."""
    labels = None if samples.labels is None else [samples.labels[number] for number in numbers]
    outputs = {name: values[numbers] for name, values in samples.outputs.items()}
    return SampleSet([samples.samples[number] for number in numbers], outputs, samples.dataset, labels)


def _with_intervals(whole: Mapping[str, Measured], parts: list[dict[str, Measured]]) -> dict[str, Measured]:
    found = {}
    for name, each in whole.items():
        low, high = around(each.value, [part[name].value for part in parts if name in part])
        found[name] = replace(each, low=low, high=high) if math.isnan(each.low) else each
    return found


def table(rows: list[Row]) -> list[str]:
    """The figures as lines of text, and below what each of them means."""
    directions = {"lower": "lower", "higher": "higher", "real": "as real"}
    cells = [["", "samples", "95 %", "real data", "better"]]
    for row in rows:
        each, figure = row.measured, row.figure
        low, high = np.clip((each.low, each.high), 0, 1) if figure.unit == "share" else (each.low, each.high)
        interval = "" if math.isnan(low) else f"{figure.text(low)} to {figure.text(high)}"
        cells.append(
            [figure.heading, figure.text(each.value), interval, figure.text(row.real), directions[figure.better]]
        )
    lines = aligned(cells)
    return [
        *lines,
        *_bad_parts(rows),
        "",
        *(f"{r.figure.heading}: {r.figure.meaning}" for r in rows if r.figure.meaning),
    ]


def _bad_parts(rows: list[Row]) -> Iterator[str]:
    """Of figures of several columns or classes, those that are farthest off."""
    for row in rows:
        if len(row.measured.parts) > 1:
            text = ", ".join(f"{name} {row.figure.text(value)}" for name, value in row.worst_first()[:_WORST])
            yield f"{row.figure.heading}, worst of {len(row.measured.parts):,}: {text}"
