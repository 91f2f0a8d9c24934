"""Which weights are kept: near the best likelihood, and among those the samples that are nearest to real data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from rgan_kit.contracts import Sequences
from rgan_kit.training.assessment import Assessor, label_shares
from rgan_kit.training.selection import better, worse


def kept(evaluations: list[tuple[float | None, float]]) -> int:
    """The index of the evaluation that is kept."""
    best, index, lowest = None, -1, None
    for number, (held_out, samples) in enumerate(evaluations):
        figures = {"coverage_nll": samples} | ({} if held_out is None else {"heldout_nll": held_out})
        known = [nats for nats in (lowest, figures.get("heldout_nll")) if nats is not None]
        lowest = min(known, default=None)
        if better(figures, best, lowest, ["coverage_nll"]):
            best, index = figures, number
    return index


@pytest.mark.parametrize(
    ("evaluations", "expected"),
    [
        ([(4.5, 7.0), (2.03, 2.45), (2.05, 2.38), (2.06, 2.40)], 2),  # better samples at nearly the best likelihood
        ([(2.03, 2.45), (2.40, 1.50)], 0),  # a model that only sharpens
        ([(4.5, 1.0), (2.03, 2.45)], 1),  # likelihood that improves brings samples along
        ([(2.05, 2.30), (2.00, 2.35)], 1),  # the earlier one falls out of tolerance
        ([(2.03, 2.45), (None, 2.0)], 0),  # a likelihood that is not finite
        ([(None, 2.0), (None, 1.5), (None, 1.7)], 1),  # no likelihood at all: samples alone
    ],
)
def test_what_is_kept(evaluations, expected):
    assert kept(evaluations) == expected


def test_figures_of_different_units_weigh_alike():
    names = ["large", "small"]
    before = {"large": 1000.0, "small": 0.001}
    assert better({"large": 1010.0, "small": 0.0005}, before, None, names)  # 1 % worse, twice as good
    assert not better({"large": 500.0, "small": 0.004}, before, None, names)  # twice as good, four times worse


def test_changes_that_are_less_than_what_real_data_has_weigh_little():
    names = ["clear", "chance"]
    before = {"clear": 1.0, "chance": 0.01, "heldout_chance": 1.0}
    assert better({"clear": 0.9, "chance": 0.02, "heldout_chance": 1.0}, before, None, names)


def test_what_ends_worse_than_it_began_is_named():
    start = {"a": 0.2, "heldout_a": 0.1, "b": 0.5, "heldout_b": 0.1, "heldout_nll": 2.0}
    ended = {"a": 0.4, "heldout_a": 0.1, "b": 0.1, "heldout_b": 0.1, "heldout_nll": 1.0}
    assert worse(ended, start, ["a", "b"]) == ["a"]
    assert worse({**ended, "a": 0.1, "heldout_nll": 2.5}, start, ["a", "b"]) == ["heldout_nll"]
    assert worse(start, start, ["a", "b"]) == []


def labelled(labels: list[int]) -> Sequences:
    return Sequences.of([[1]] * len(labels), fill=0, dtype=np.int64, labels=np.array(labels))


def test_labels_are_drawn_as_often_as_held_out_data_has_them():
    spec = SimpleNamespace(kind="tokens", labels=("often", "never", "seldom"))
    dataset = SimpleNamespace(spec=spec, validation=labelled([0] * 9 + [2]))
    assessor = Assessor(dataset, SimpleNamespace(offers=lambda kind: []), None, 10)
    drawn = assessor._labels(0, 500)
    assert np.abs(np.bincount(drawn, minlength=3) / 500 - [0.9, 0, 0.1]).max() < 0.01
    assert drawn.dtype == np.int64
    assert np.array_equal(np.concatenate([assessor._labels(0, 100), assessor._labels(100, 400)]), drawn)


def test_a_source_is_asked_for_its_labels_where_it_does_not_tell_them():
    inner = labelled([1, 1, 1, 0])
    source = SimpleNamespace(take=inner.take, __len__=inner.__len__)
    asked = type("Asked", (), {"take": lambda self, i: source.take(i), "__len__": lambda self: len(inner)})()
    assert label_shares(asked, 3).tolist() == [0.25, 0.75, 0.0]
