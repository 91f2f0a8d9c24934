"""What the tests of the apps share: models of every kind, and a browser where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apps_models
import pytest
from apps_page import Page
from apps_support import APPS, printed

from rgan_kit.cli.demo_server import serving

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def crafted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model file of each kind and domain, made by hand."""
    return apps_models.make(tmp_path_factory.mktemp("crafted"))


@pytest.fixture(scope="session")
def node() -> list[object]:
    """The command of the Node app."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node")
    if not (APPS / "node" / "node_modules").is_dir():
        pytest.skip("needs: npm ci, in exported/apps/node")
    return [program, APPS / "node" / "sample.js"]


@pytest.fixture(scope="session")
def cpp(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The command of the C++ app, built."""
    root = os.environ.get("ONNXRUNTIME_ROOT")
    if not shutil.which("cmake"):
        pytest.skip("needs CMake and a C++ compiler")
    if not root:
        pytest.skip("needs ONNXRUNTIME_ROOT, the folder of a release of onnxruntime with include/ and lib/")
    folder = tmp_path_factory.mktemp("cpp")
    printed("cmake", "-S", APPS / "cpp", "-B", folder, f"-DONNXRUNTIME_ROOT={root}", "-DCMAKE_BUILD_TYPE=Release")
    printed("cmake", "--build", folder, "--config", "Release")
    return [next(path for path in (folder / "sample", folder / "Release" / "sample.exe") if path.is_file())]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium: the system's own, or the one of Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs: pip install playwright")
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    with playwright.sync_playwright() as running:
        try:
            opened = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("needs Chromium: playwright install chromium, or the system's package")
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    """A fresh page without a model; what its console complains of fails the test."""
    opened = Page(browser)
    yield opened
    opened.context.close()
    assert opened.complaints == []


@pytest.fixture
def shown(page: Page, crafted: dict[str, Path]) -> Iterator[Any]:
    """``shown("melody")``: the page with one of the models by hand, from ``rgankit demo``."""
    with serving(crafted["text"]) as address:
        page.open(address.split("?")[0])

        def show(name: str) -> Page:
            page.choose(crafted[name])
            page.wait_until("drawn")
            page.see()
            return page

        yield show
