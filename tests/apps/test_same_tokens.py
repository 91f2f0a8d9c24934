"""The same seed gives the same tokens in every language."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from apps_support import APPS, ROOT, printed

from rgan_kit.runtime import load

COUNT = 25
SEEDS = (1, 2**40 + 5)
CRAFTED = ["text", "labelled text", "melody", "events"]
EXAMPLES = [
    file for file in sorted((ROOT / "exported" / "models").glob("*.onnx")) if load(file).manifest.kind == "tokens"
]


def tokens_of(model: Path, seed: int) -> list[list[int]]:
    """Those of the runtime, up to each length."""
    outputs = load(model, provider="cpu").outputs(COUNT, seed=seed)
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


@pytest.fixture(scope="module")
def node() -> list[object]:
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node")
    if not (APPS / "node" / "node_modules").is_dir():
        pytest.skip("needs: npm ci, in exported/apps/node")
    return [program, APPS / "node" / "sample.js"]


@pytest.mark.apps
def test_node(model, seed, node):
    said = printed(*node, model, "--count", COUNT, "--seed", seed, "--tokens")
    assert json.loads(said) == tokens_of(model, seed)


@pytest.mark.apps
def test_the_node_app_prints_what_the_python_app_prints(crafted, node):
    assert printed(*node, crafted["text"], "--count", COUNT, "--seed", 7) == python(crafted["text"], "--seed", 7)


@pytest.fixture(scope="module")
def cpp(tmp_path_factory) -> Path:
    root = os.environ.get("ONNXRUNTIME_ROOT")
    if not shutil.which("cmake"):
        pytest.skip("needs CMake and a C++ compiler")
    if not root:
        pytest.skip("needs ONNXRUNTIME_ROOT, the folder of a release of onnxruntime with include/ and lib/")
    folder = tmp_path_factory.mktemp("cpp")
    printed("cmake", "-S", APPS / "cpp", "-B", folder, f"-DONNXRUNTIME_ROOT={root}", "-DCMAKE_BUILD_TYPE=Release")
    printed("cmake", "--build", folder, "--config", "Release")
    return next(path for path in (folder / "sample", folder / "Release" / "sample.exe") if path.is_file())


@pytest.mark.apps
def test_cpp(model, seed, cpp):
    lines = printed(cpp, model, COUNT, seed, "--tokens").splitlines()
    assert [[int(token) for token in line.split()] for line in lines] == tokens_of(model, seed)


@pytest.mark.apps
def test_the_cpp_app_prints_what_the_python_app_prints(crafted, cpp):
    assert printed(cpp, crafted["text"], COUNT, 7) == python(crafted["text"], "--seed", 7)


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
    said = printed(cpp, model_file, COUNT, 3, "--tokens").splitlines()
    assert [[int(token) for token in line.split()] for line in said] == expected
