"""Runs in one table: those of one configuration with other seeds together, and differences in standard errors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rgan_kit.contracts.metrics import CONTROL
from rgan_kit.reports.figures import ordered
from rgan_kit.reports.runs import Run

_NOT_COMPUTED: Final = frozenset({
    "threads", "loggers", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "device",
})  # fmt: skip
"""Options of the trainer that change nothing of what is computed."""


@dataclass(frozen=True)
class Value:
    """A figure of a group.

    Attributes:
        mean: over its runs.
        error: standard error of that mean by the seeds; nan of a single run.
        runs: that have the figure.
    """

    mean: float
    error: float
    runs: int


@dataclass(frozen=True)
class Group:
    """Runs of one configuration with different seeds.

    Attributes:
        name: that of the run, or what their names have in common.
        runs: at least one.
        values: figures by name.
        real: the same of real data.
    """

    name: str
    runs: Sequence[Run]
    values: Mapping[str, Value]
    real: Mapping[str, float]

    def difference(self, other: Group, figure: str) -> tuple[float, float]:
        """How much larger a figure is than the other's, and that in standard errors of the difference; nan where a
        figure is not there, or where either group has one run and so no standard error."""
        if figure not in self.values or figure not in other.values:
            return math.nan, math.nan
        mine, theirs = self.values[figure], other.values[figure]
        apart, error = mine.mean - theirs.mean, math.hypot(mine.error, theirs.error)
        if math.isnan(error):
            return apart, math.nan
        return apart, (0.0 if apart == 0 else math.copysign(math.inf, apart)) if error == 0 else apart / error


def grouped(runs: Sequence[Run]) -> list[Group]:
    """Groups in the order of their first runs."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(configuration(run), []).append(run)
    return [_group(members) for members in found.values()]


def configuration(run: Run) -> str:
    """What two runs have in common that differ in their seeds alone."""
    kept: dict[str, Any] = {
        name: value for name, value in run.config.items() if name not in ("seed", "versions", "changes")
    }
    if isinstance(train := kept.get("train"), dict):
        kept["train"] = {name: value for name, value in train.items() if name not in _NOT_COMPUTED}
    return json.dumps(kept, sort_keys=True, default=str)


def _group(runs: list[Run]) -> Group:
    seeds = {json.dumps(run.config.get("seed"), default=str) for run in runs}
    values, real = {}, {}
    for name in dict.fromkeys(name for run in runs for name in run.figures):
        known = [run.figures[name] for run in runs if name in run.figures]
        mean = math.fsum(known) / len(known)
        error = math.nan
        if len(known) > 1 and len(seeds) == len(runs):  # the same seed twice is no second draw
            error = math.sqrt(math.fsum((each - mean) ** 2 for each in known) / (len(known) - 1) / len(known))
        values[name] = Value(mean, error, len(known))
    for name in values:
        if f"{CONTROL}{name}" in values:
            real[name] = values[f"{CONTROL}{name}"].mean
    return Group(_common_name([run.name for run in runs]), runs, values, real)


def _common_name(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    first, last = min(names), max(names)
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return f"{first[:same].rstrip('-_.') or first} ({len(names)} runs)"


def compared(groups: Sequence[Group]) -> list[str]:
    """Names of the figures that a table of these has, in its order."""
    return ordered(name for group in groups for name in group.values)


def other_data(runs: Sequence[Run]) -> str:
    """A warning where runs were trained on different data; empty where they were not."""
    if len({_data_of(run) for run in runs}) <= 1:
        return ""
    return "the runs were trained on different data, so their figures of it do not compare"


def _data_of(run: Run) -> str:
    """Files by their content; a domain's embedded data, which each seed draws anew, by how it is made."""
    return (
        run.fingerprint if "data" in run.config else json.dumps(run.config.get("domain"), sort_keys=True, default=str)
    )


def differing(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Options in which runs differ, as ``section.option``, with the value of each."""
    flat = [_flat(run.config) for run in runs]
    names = dict.fromkeys(name for options in flat for name in options)
    rows = {name: [options.get(name, "–") for options in flat] for name in names}
    return {name: row for name, row in rows.items() if len(set(row)) > 1}


def _flat(config: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{option}": json.dumps(each, default=str) for option, each in value.items()}
        else:
            flat[name] = json.dumps(value, default=str)
    return flat
