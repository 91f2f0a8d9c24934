"""The same seed gives the same tokens in every language."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from apps_support import APPS, ROOT, ended, printed

from rgan_kit.runtime import load

COUNT = 25
SEEDS = (1, 2**40 + 5)
CRAFTED = ["text", "told text", "labelled text", "melody", "events", "bars"]
EXAMPLES = [
    file for file in sorted((ROOT / "exported" / "models").glob("*.onnx")) if load(file).manifest.kind == "tokens"
]


def tokens_of(model: Path, seed: int, **asked) -> list[list[int]]:
    """Those of the runtime, up to each length."""
    outputs = load(model, provider="cpu").outputs(COUNT, seed=seed, **asked)
    return [row[:length].tolist() for row, length in zip(outputs["tokens"], outputs["lengths"], strict=True)]


@pytest.fixture(params=[*CRAFTED, *EXAMPLES], ids=lambda each: getattr(each, "stem", each))
def model(request, crafted) -> Path:
    return crafted.get(request.param, request.param)


@pytest.fixture(params=SEEDS)
def seed(request) -> int:
    return request.param


def python(model: Path, *words: object) -> str:
    program = APPS / "python" / "sample.py"
    return printed(sys.executable, program, model, "--count", COUNT, *words, PYTHONIOENCODING="utf-8")


def test_python(model, seed):
    assert json.loads(python(model, "--seed", seed, "--tokens")) == tokens_of(model, seed)


BEGINNING = "the cat sings"


def begun(model: Path, seed: int) -> list[list[int]]:
    return tokens_of(model, seed, given=BEGINNING, top_p=0.7)


def test_python_with_a_beginning_and_few_to_draw_from(crafted, seed):
    said = python(crafted["told text"], "--seed", seed, "--given", BEGINNING, "--top-p", 0.7, "--tokens")
    expected = begun(crafted["told text"], seed)
    assert json.loads(said) == expected
    assert all(row[:3] == expected[0][:3] for row in expected) and len({tuple(row) for row in expected}) > 5


@pytest.mark.apps
def test_node_with_a_beginning_and_few_to_draw_from(crafted, seed, node):
    words = ["--count", COUNT, "--seed", seed, "--given", BEGINNING, "--top-p", 0.7, "--tokens"]
    assert json.loads(printed(*node, crafted["told text"], *words)) == begun(crafted["told text"], seed)


@pytest.mark.apps
def test_cpp_with_a_beginning_and_few_to_draw_from(crafted, seed, cpp):
    said = printed(*cpp, crafted["told text"], COUNT, seed, 1, 0.7, "--given", BEGINNING, "--tokens").splitlines()
    assert [[int(token) for token in line.split()] for line in said] == begun(crafted["told text"], seed)


@pytest.mark.apps
def test_browser_with_a_beginning_and_few_to_draw_from(crafted, shown, seed):
    page = shown("told text")
    page.set("Seed", seed)
    page.set("Samples", COUNT)
    page.set("Begins with", BEGINNING)
    page.set("Top p", 0.7)
    assert json.loads(page.saved("Save numbers"))["tokens"] == begun(crafted["told text"], seed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["told text", "--given", "the unicorn"], "does not know 'unicorn'"),
        (["text", "--given", "the cat"], "takes no given"),
        (["text", "--top-p", "0.5"], "takes no top_p"),
        (["text", "--temperature", "0"], "takes no temperature of 0"),
        (["melody", "--given", "the cat"], "does not know"),
    ],
)
def test_python_refuses_what_a_model_cannot(words, said, crafted):
    done = ended(sys.executable, APPS / "python" / "sample.py", crafted[words[0]], *words[1:])
    assert (done.returncode, done.stdout) == (2, "") and said in done.stderr


def test_the_python_app_prints_what_rgankit_sample_prints(crafted, rgankit):
    said = rgankit("sample", crafted["text"], "-n", COUNT, "--seed", 7, "--provider", "cpu").out
    assert python(crafted["text"], "--seed", 7) == said


def test_the_python_app_needs_numpy_and_onnxruntime_alone():
    tree = ast.parse((APPS / "python" / "sample.py").read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    assert imported - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


@pytest.mark.apps
def test_node(model, seed, node):
    said = printed(*node, model, "--count", COUNT, "--seed", seed, "--tokens")
    assert json.loads(said) == tokens_of(model, seed)


@pytest.mark.apps
def test_the_node_app_prints_what_the_python_app_prints(crafted, node):
    assert printed(*node, crafted["text"], "--count", COUNT, "--seed", 7) == python(crafted["text"], "--seed", 7)


@pytest.mark.apps
@pytest.mark.parametrize("name", ["series", "video", "lstm", "gru in int8", "rnn in float16"])
def test_node_gives_the_numbers_of_series_and_frames(name, crafted, node):
    """The recurrent operators that models of series are exported with among them, their weights as in smaller files."""
    ((kind, expected),) = load(crafted[name], provider="cpu").outputs(COUNT, seed=5).items()
    said = json.loads(printed(*node, crafted[name], "--count", COUNT, "--seed", 5))
    given = np.array(said[kind], np.float64).reshape(said["shape"])
    assert np.abs(given - expected).max() <= (1 if kind == "frames" else 1e-4)


@pytest.mark.apps
def test_node_obeys_label_and_length(crafted, node):
    chosen = load(crafted["labelled text"], provider="cpu").outputs(3, seed=1, label="merry", length=9)
    said = printed(
        *node, crafted["labelled text"], "--count", 3, "--seed", 1, "--label", "merry", "--length", 9, "--tokens"
    )
    assert json.loads(said) == chosen["tokens"].tolist()


@pytest.mark.apps
def test_cpp(model, seed, cpp):
    lines = printed(*cpp, model, COUNT, seed, "--tokens").splitlines()
    assert [[int(token) for token in line.split()] for line in lines] == tokens_of(model, seed)


@pytest.mark.apps
def test_the_cpp_app_prints_what_the_python_app_prints(crafted, cpp):
    assert printed(*cpp, crafted["text"], COUNT, 7) == python(crafted["text"], "--seed", 7)


@pytest.mark.apps
def test_browser(crafted, shown, seed):
    for name in CRAFTED:
        page = shown(name)
        page.set("Seed", seed)
        page.set("Samples", COUNT)
        assert json.loads(page.saved("Save numbers"))["tokens"] == tokens_of(crafted[name], seed)


@pytest.mark.apps
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_browser_with_a_trained_model(file, page, crafted, seed):
    from rgan_kit.cli.demo_server import serving

    with serving(file) as address:
        page.open(address)
        page.see()
        page.set("Seed", seed)
        page.set("Samples", COUNT)
        assert json.loads(page.saved("Save numbers"))["tokens"] == tokens_of(file, seed)


@pytest.mark.apps
def test_a_freshly_trained_model(model_file, node, cpp):
    expected = tokens_of(model_file, 3)
    assert json.loads(python(model_file, "--seed", 3, "--tokens")) == expected
    assert json.loads(printed(*node, model_file, "--count", COUNT, "--seed", 3, "--tokens")) == expected
    said = printed(*cpp, model_file, COUNT, 3, "--tokens").splitlines()
    assert [[int(token) for token in line.split()] for line in said] == expected
