"""Planted faults: each is seen by the figures that are for it, and samples without a fault by hardly any."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "evaluating.md").read_text(encoding="utf-8")


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


faults = load("faults")

SEES = {
    ("tokens", "mode collapse"): {"distinct", "coverage_nll", "self_bleu_4", "embedding_distance"},
    ("tokens", "copies"): {"verbatim", "copied_runs", "membership"},
    ("tokens", "time reversed"): {"ngram_nll", "bleu_4", "embedding_distance"},
    ("tokens", "classes ignored"): {"class_kept"},
    ("series", "mode collapse"): {"distinct", "recall", "coverage", "feature_distance"},
    ("series", "copies"): {"near_copies", "membership"},
    ("series", "noise of 5"): {"changes_told_apart", "feature_distance"},
    ("series", "time reversed"): {"feature_distance"},
    ("series", "columns exchanged"): {"cross_correlation_distance", "feature_distance"},
    ("series", "classes ignored"): {"class_kept"},
    ("series", "lengths constant"): {"length_distance"},
    ("frames", "mode collapse"): {"distinct", "recall", "coverage"},
    ("frames", "copies"): {"near_copies", "membership", "closest_record"},
    ("frames", "noise of 1 %"): {"recall"},
    ("frames", "noise of 5 %"): {"pixel_distance", "feature_distance"},
    ("frames", "time reversed"): {"feature_distance"},
    ("frames", "classes ignored"): {"class_kept"},
    ("frames", "colour fading"): {"content_drift"},
}


@pytest.mark.parametrize("kind", ["series", pytest.param("tokens", marks=pytest.mark.slow),
                                  pytest.param("frames", marks=pytest.mark.slow)])  # fmt: skip
def test_every_fault_is_seen_by_the_figures_that_are_for_it(kind):
    found = faults.seen(kind, 100)
    for (of, beginning), wanted in SEES.items():
        if of == kind:
            (names,) = [{figure.name for figure in own} for fault, own in found.items() if fault.startswith(beginning)]
            assert wanted <= names, f"{beginning}: {wanted - names} do not see it"


def test_samples_without_a_fault_are_hardly_ever_called_faulty():
    values = np.random.default_rng(0).normal(size=(400, faults.PERFECT + 1))
    assert np.mean([faults.off(row[0], row[1:].tolist()) for row in values]) < 0.03
    assert faults.off(5.0, [0.0, 0.1, -0.1]) and not faults.off(float("nan"), [0.0, 0.1])


def test_the_page_lists_every_fault():
    assert all(f"| {fault} |" in PAGE for fault in faults.FAULTS)
