"""Figures by name: none may take another's, and each stands with its control whichever way a metric gives it."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, Measured, MetricSpec, SampleSet, Sequences, TokenSpec
from rgan_kit.plugins.registry import Registry
from rgan_kit.training.metrics import Metrics


class Fixed:
    """A registry that offers some metrics."""

    def __init__(self, *metrics: MetricSpec) -> None:
        self._offers = [SimpleNamespace(spec=each, qualified=f"mine:{each.name}") for each in metrics]

    def offers(self, kind: object) -> list[SimpleNamespace]:
        return self._offers


def metric(name: str, figures: dict, **more) -> MetricSpec:
    return MetricSpec(name=name, summary=name, kinds=frozenset({"tokens"}), compute=lambda samples: figures, **more)


def measured(*metrics: MetricSpec) -> tuple[Metrics, dict[str, float]]:
    spec = TokenSpec(5, 1, 2, 0, 3)
    rows = Sequences.of([[3, 2]], fill=0, dtype=np.int64)
    samples = SampleSet(["a"], {"tokens": np.array([[3]])}, Dataset(spec, rows, rows, None, ""))  # type: ignore[arg-type]
    registry: Registry = Fixed(*metrics)  # type: ignore[assignment]
    both = Metrics(registry, "tokens")
    return both, both.figures(samples)


@pytest.mark.parametrize("name", ["heldout_nll", "perplexity", "nll"])
def test_no_metric_may_take_the_place_of_the_held_out_likelihood(caplog, name):
    with caplog.at_level(logging.WARNING):
        own, figures = measured(metric("greedy", {name: Measured(0.0, 0.0), "mine": 1.0}, selects=(name,)))
    assert figures == {"mine": 1.0}
    taken = "heldout_nll" if name == "nll" else name
    assert f"metric mine:greedy: its figure '{name}' is left out, since '{taken}' is one of rgan-kit" in caplog.text
    assert name == "nll" or own.selecting == [], "nor choose weights by what is not its own"


def test_of_two_metrics_with_one_figure_the_first_keeps_it_and_the_second_is_named(caplog):
    with caplog.at_level(logging.WARNING):
        _, figures = measured(metric("one", {"same": 1.0}), metric("two", {"same": 2.0, "other": 3.0}))
    assert figures == {"same": 1.0, "other": 3.0}
    assert "metric mine:two: its figure 'same' is left out, since 'same' is one of mine:one" in caplog.text


def test_the_control_is_the_same_whether_it_is_given_beside_or_inside():
    _, old = measured(metric("old", {"x": 1.0, "heldout_x": 2.0}))
    _, new = measured(metric("new", {"x": Measured(1.0, real=2.0)}))
    assert old == new == {"x": 1.0, "heldout_x": 2.0}
