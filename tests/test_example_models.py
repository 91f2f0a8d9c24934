"""The example models that are committed: small, by the contract, and good at what they say they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rgan_kit.config import Request, resolve
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.runtime import check, load

MODELS = Path(__file__).parent.parent / "exported" / "models"

LEAST_VALID = {"sentences": 0.95, "melody": 0.4, "shapes": 0.005, "sines": 0.6}
"""Share of samples that the embedded process itself could have made."""


def test_there_is_one_of_each_kind_and_each_is_described():
    assert {path.stem for path in MODELS.glob("*.onnx")} == set(LEAST_VALID)
    listed = (MODELS.parent / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`models/(\w+)\.onnx`", listed)) == set(LEAST_VALID)
    assert {load(path).manifest.kind for path in MODELS.glob("*.onnx")} == {"tokens", "series", "frames"}


@pytest.mark.parametrize("name", LEAST_VALID)
def test_an_example_is_small_says_what_it_is_and_makes_what_its_source_could_have_made(name):
    path = MODELS / f"{name}.onnx"
    assert path.stat().st_size <= 1_000_000
    assert sum(check(path).operators.values()) > 0
    model = load(path)
    assert model.manifest.licence == "Apache-2.0" and model.manifest.description.endswith(".")
    request = Request(recipe=model.manifest.recipe, domain=model.manifest.domain)
    domain = resolve(request, installed_registry()).domain
    truth = domain.spec.load(domain.options, None, 1).truth
    valid = truth.measure(model.sample(200, seed=3))["valid"]
    assert LEAST_VALID[name] <= valid <= 1
