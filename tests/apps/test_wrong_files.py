"""An app that is given the wrong file says in one line which and why, and ends with 2."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest
from apps_support import APPS, ended

PYTHON = [sys.executable, APPS / "python" / "sample.py"]


@pytest.fixture(scope="module")
def wrong(crafted, tmp_path_factory) -> dict[str, Path]:
    """Files that make no samples, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("wrong")
    whole = crafted["text"].read_bytes()
    contents = {
        "no model": b"this is no model at all",
        "cut": whole[: len(whole) * 2 // 3],
        "of another program": whole.replace(b"rgan_kit.", b"else_kit."),
    }
    files = {name: folder / f"{name}.onnx" for name in contents}
    for name, content in contents.items():
        files[name].write_bytes(content)
    files["newer"] = folder / "newer.onnx"
    later = onnx.load_from_string(whole)
    about = {"rgan_kit.manifest": json.dumps({"contract": 3, "sort": "tokens"}), "rgan_kit.contract": "3"}
    onnx.helper.set_model_props(later, about)
    onnx.save(later, files["newer"])
    return {**files, "absent": folder / "absent.onnx", "encoder": crafted["encoder"], "step": crafted["step"]}


REASONS = {
    "encoder": "holds the encoder of a model, which makes no samples. Name the model beside it.",
    "step": "holds the step of a model, which makes no samples. Name the model beside it.",
    "of another program": "not made by rgan-kit",
    "newer": "follows version 3 of the model contract",
    "no model": "",
    "cut": "",
    "absent": "",
}


@pytest.fixture(params=REASONS)
def case(request, wrong) -> tuple[Path, str]:
    return wrong[request.param], REASONS[request.param]


def refuses(app: list[object], file: Path, reason: str) -> None:
    done = ended(*app, file, PYTHONIOENCODING="utf-8")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert file.name in line
    assert reason in line
    assert (done.returncode, done.stdout) == (2, "")


def test_python(case):
    refuses(PYTHON, *case)


def test_python_says_what_a_model_has_not(crafted):
    for words, said in (
        (["labelled text", "--label", "sad"], "It has: calm, merry."),
        (["text", "--label", "sad"], "It has: none."),
        (["series"], "makes series, not tokens. Save them with --out"),
        (["video", "--tokens"], "makes frames, not tokens"),
    ):
        done = ended(*PYTHON, crafted[words[0]], *words[1:])
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


@pytest.mark.parametrize("words", [["--length", "0"], ["--length", "-1"], ["--count", "0"], ["--seed", "-1"]])
def test_python_refuses_numbers_out_of_range(words, crafted):
    done = ended(*PYTHON, crafted["text"], *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(
        "count and length are above 0, the temperature is not below it, the seed is from 0 to 2**64 - 1"
    )


def test_python_says_where_it_cannot_write(crafted, tmp_path):
    done = ended(*PYTHON, crafted["series"], "--out", tmp_path / "absent" / "x.npz")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "x.npz" in line
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.apps
def test_node(case, node):
    refuses(node, *case)


@pytest.mark.apps
def test_cpp(case, cpp):
    refuses(cpp, *case)


@pytest.mark.apps
def test_cpp_prints_tokens_alone(crafted, cpp):
    refuses(cpp, crafted["series"], "makes series, and this program prints tokens alone.")


@pytest.mark.apps
@pytest.mark.parametrize(
    "words",
    [["--count", "0"], ["--count", "2.5"], ["--seed", "-1"], ["--label", "sad"], ["--label", ""],
     ["--length", "0"], ["--length", "x"], ["--else"], ["--tokens", "second.onnx"]],
)  # fmt: skip
def test_node_refuses_words_that_it_does_not_know(words, crafted, node):
    done = ended(*node, crafted["labelled text"], *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


@pytest.mark.apps
@pytest.mark.parametrize(("name", "kind"), [("series", "series"), ("video", "frames")])
def test_node_has_no_tokens_of_other_kinds(name, kind, crafted, node):
    refuses([*node, "--tokens"], crafted[name], f"makes {kind}, not tokens")


@pytest.mark.apps
@pytest.mark.parametrize(
    "words",
    [["no number"], ["0"], ["-3"], ["10x"], ["2.9"], [" 2"], ["9" * 20], ["1", "-1"], ["1", "1x"], ["1", str(2**64)],
     ["1", "1", "-1"], ["1", "1", "1x"], ["1", "1", "nan"], ["1", "1", "1", "0"], ["1", "1", "1", "1.5"],
     ["1", "1", "1", "1", "1"]],
)  # fmt: skip
def test_cpp_refuses_words_that_it_does_not_know(words, crafted, cpp):
    done = ended(*cpp, crafted["text"], *words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: usage")
