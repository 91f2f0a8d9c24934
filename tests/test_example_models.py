"""The example models that are committed: small, by the contract, and good at what they say they do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.config import Request, resolve
from rgan_kit.errors import UsageError
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.runtime import check, load

MODELS = Path(__file__).parent.parent / "exported" / "models"

LEAST_VALID = {"sentences": 0.95, "melody": 0.4, "shapes": 0.5, "sines": 0.6}
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


def test_the_program_in_the_readme_runs_all_of_them(tmp_path):
    """Also those of version 1 of the contract."""
    program = re.search(r"```python\n(.*?)```", (MODELS.parent / "README.md").read_text(encoding="utf-8"), re.S)[1]
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    for path in sorted(MODELS.glob("*.onnx")):
        model = load(path, provider="cpu")
        words = [sys.executable, "program.py", path, "5", "7"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{path.name}: {done.stderr}"
        outputs = model.outputs(5, seed=7)
        if model.manifest.kind == "tokens":
            rows = zip(outputs["tokens"], outputs["lengths"], strict=True)
            names = model.manifest.decoder["vocabulary"]
            assert done.stdout.splitlines() == [" ".join(names[token] for token in row[:n]) for row, n in rows]
        else:
            made = np.load(tmp_path / "samples.npy")
            most = 1 if model.manifest.kind == "frames" else 1e-4
            assert np.abs(made.astype(float) - outputs[model.manifest.kind]).max() <= most


def test_files_of_version_1_are_still_here_and_say_what_they_cannot():
    versions = {path.stem: load(path).manifest.contract for path in MODELS.glob("*.onnx")}
    assert 1 in versions.values()
    for name in (name for name, version in versions.items() if version == 1):
        model = load(MODELS / f"{name}.onnx")
        with pytest.raises(UsageError, match="cannot go on from a beginning"):
            model.outputs(1, given=np.zeros((2, *model.manifest.outputs[0].shape[2:]), model.manifest.outputs[0].dtype))
