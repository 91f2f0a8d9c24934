"""The benchmark of the page ends, and says why, where the page shows no samples."""

from __future__ import annotations

import importlib.util
import sys
import time
from types import ModuleType

import numpy as np
import onnx
import pytest
from apps_support import ROOT, ended
from onnx import numpy_helper

pytestmark = pytest.mark.apps
PROGRAM = ROOT / "benchmarks" / "browser.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("browser_benchmark", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_model_that_the_page_refuses_fails_at_once_in_the_words_of_the_page(crafted, browser, benchmark, tmp_path):
    model = onnx.load(crafted["video"])
    (shape,) = [stored for stored in model.graph.initializer if stored.name == "shape"]
    shape.CopyFrom(numpy_helper.from_array(np.array([0, 0, 5, 7, 1]), "shape"))  # not what the output declares
    onnx.save(model, tmp_path / "refused.onnx")
    begun = time.monotonic()
    done = ended(sys.executable, PROGRAM, tmp_path / "refused.onnx", "--runs", 1)
    assert time.monotonic() - begun < benchmark.PATIENCE / 1000
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "refused.onnx: This model does not open: " in line
    assert (done.returncode, done.stdout) == (1, "")


def test_what_never_happens_is_not_waited_for_without_end(shown, benchmark):
    from playwright.sync_api import TimeoutError

    tab = shown("text").tab
    tab.set_default_timeout(300)
    with pytest.raises(TimeoutError):
        benchmark.mark(tab, "never")
