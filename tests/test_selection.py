"""Which weights are kept: near the best likelihood, and among those the best samples."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rgan_kit.contracts import MetricSpec
from rgan_kit.training.assessment import Assessor


@pytest.fixture
def assessor() -> Assessor:
    metric = MetricSpec(
        name="m", summary="", kinds=frozenset({"tokens"}), compute=lambda samples: {}, selects=("ngram_nll",)
    )
    dataset = SimpleNamespace(spec=SimpleNamespace(kind="tokens"))
    return Assessor(
        dataset, SimpleNamespace(offers=lambda kind: [SimpleNamespace(spec=metric, qualified="it:m")]), None, 10
    )


def kept(assessor: Assessor, evaluations: list[tuple[float | None, float]]) -> int:
    """The index of the evaluation that is kept."""
    best, index, lowest = None, -1, None
    for number, (held_out, samples) in enumerate(evaluations):
        figures = {"ngram_nll": samples} | ({} if held_out is None else {"heldout_nll": held_out})
        known = [nats for nats in (lowest, figures.get("heldout_nll")) if nats is not None]
        lowest = min(known, default=None)
        if assessor.better(figures, best, lowest):
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
def test_what_is_kept(assessor, evaluations, expected):
    assert kept(assessor, evaluations) == expected
