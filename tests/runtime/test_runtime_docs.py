"""``docs/model-file.md`` says what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from runtime_models import token_manifest, token_model

from rgan_kit.runtime import Manifest, TensorInfo, contract, noise

TEXT = (Path(__file__).parents[2] / "docs" / "model-file.md").read_text(encoding="utf-8")


def test_every_key_of_the_manifest_is_described():
    keys = {*Manifest.model_fields, *TensorInfo.model_fields, *token_manifest(labels=["x"]).to_metadata()}
    assert {key for key in keys if f"`{key}`" not in TEXT} == set()


@pytest.mark.parametrize("kind", ["tokens", "series", "frames"])
def test_every_input_and_output_is_described(kind):
    ports = [*contract.inputs(kind, noise_size=3, latent_size=2, conditional=True), *contract.outputs(kind)]
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    for port in ports:
        described = [row for row in rows if row.startswith(f"| `{port.name}` | {port.dtype}")]
        ranks = {len(found.group(1).split(",")) for row in described if (found := re.search(r"\[([a-z_, ]+)\]", row))}
        assert len(port.shape) in ranks or (port.shape == () and "scalar" in described[0])


def known_answers() -> list[tuple[int, int, list[int], list[float]]]:
    rows = re.findall(r"^\| (\d+) \| (\d+) \| `([0-9a-f ]+)` \| ([0-9., ]+) \|$", TEXT, re.MULTILINE)
    return [
        (int(seed), int(sample), [int(word, 16) for word in words.split()], [float(n) for n in numbers.split(",")])
        for seed, sample, words, numbers in rows
    ]


def test_the_known_answers_are_right():
    answers = known_answers()
    assert len(answers) == 3
    for seed, sample, words, numbers in answers:
        assert noise.words(seed, sample, 1, 5)[0].tolist() == words
        np.testing.assert_allclose(noise.uniform(seed, sample, 1, 5)[0], numbers, atol=5.1e-8)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_javascript_draws_the_same_bits():
    (program,) = re.findall(r"```js\n(.*?)```", TEXT, re.DOTALL)
    calls = [(seed, sample, 11) for seed, sample, *_ in known_answers()]
    program += (
        f"for (const [a, b, c] of {[list(c) for c in calls]}) console.log(Array.from(uniform(a, b, c)).join(' '));"
    )
    printed = subprocess.run(["node", "-e", program], check=True, capture_output=True, text=True).stdout
    drawn = [[float(number) for number in line.split()] for line in printed.splitlines()]
    assert drawn == [noise.uniform(seed, sample, 1, time)[0].tolist() for seed, sample, time in calls]


def test_the_python_runs_as_written(tmp_path, monkeypatch, domains):
    (program,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "model.onnx").write_bytes(token_model().SerializeToString())
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(program, "model-file.md", "exec"), names)
    assert len(names["samples"]) == len(names["arrays"]["tokens"]) == 10
