"""Metrics of series: one that meets every requirement, and others with the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np
from faulty_parts import Fault

from rgan_kit.contracts import Figure, MetricSpec
from rgan_kit.testing import MetricContract


def middle(samples):
    return {"odd_middle": float(samples.outputs["series"].mean())}


def first(samples):
    return {"odd_first": float(samples.outputs["series"][0].mean())}


def neighbours(samples):
    changes = np.diff(samples.outputs["series"].mean(axis=(1, 2)))
    return {"odd_change": float(np.abs(changes).mean()) if len(changes) else 0.0}


def chance(samples):
    few = np.random.permutation(len(samples.outputs["series"]))[:3]
    return {"odd_chance": float(samples.outputs["series"][few].mean())}


def sorts(samples):
    samples.outputs["series"].sort(axis=1)
    return middle(samples)


def taken(samples):
    return {"distinct": 1.0}


def divides(samples):
    means = samples.outputs["series"].mean(axis=(1, 2)).astype(float)
    return {"odd_ratio": float(means.sum()) / (len(set(means.tolist())) - 1)}


def nothing(samples):
    return {"odd_nothing": float(np.log(-1.0 - samples.outputs["series"].std()))}


def attributes(compute: Any, **changed: Any) -> dict[str, Any]:
    common = {"name": "odd", "summary": "a metric", "kinds": frozenset({"series"}), "compute": compute}
    return {"spec": MetricSpec(**common | changed), "plugin": "rgan_kit_plugins", "domains": ("series",)}


def mistake(compute: Any, test: str, *words: str, **changed: Any) -> Fault:
    return Fault(MetricContract, f"test_{test}", attributes(compute, **changed), words)


ORDER, SAME = "the_order_of_samples_does_not_matter", "the_same_samples_give_the_same_figures"
DESCRIBED = "what_it_describes_is_what_it_computes"
MISTAKES = (
    mistake(first, ORDER, "odd_first is", "Take all samples"),
    mistake(neighbours, ORDER, "odd_change is", "not with its neighbour"),
    mistake(chance, SAME, "odd_chance", "np.random.default_rng"),
    mistake(sorts, "it_changes_nothing_that_it_measures", "np.sort(values) and not values.sort()"),
    mistake(taken, "its_names_are_its_own", "distinct is one of the metric copies", "Begin the names of your figures"),
    mistake(divides, "few_samples_are_measured_too", "ZeroDivisionError", "Give {} where a figure means nothing"),
    mistake(nothing, "its_figures_are_finite_numbers_by_name", "'odd_nothing': nan", "where it is not defined"),
    mistake(middle, "it_computes_what_it_selects_by", "odd is not among odd_middle", "as compute()", selects=("odd",)),
    mistake(
        middle, "what_it_describes_is_what_it_computes", "not described: odd_middle", figures=(Figure(name="odd"),)
    ),
    mistake(middle, "its_kinds_and_summary_are_there", "summary ''", "MetricSpec(name=…", summary=""),
)
GOOD = (MetricContract, attributes(middle, selects=("odd_middle",)))
