"""The page of `rgankit report` in a browser: light and dark, wide and on a phone, with nothing asked of anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apps_support import PICTURES
from support import call

pytestmark = pytest.mark.apps

SIZES = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(scope="module")
def pages(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of one run, and of two runs of which one has a hostile history, long words and a picture."""
    folder = tmp_path_factory.mktemp("pages")
    import shutil

    other = shutil.copytree(trained, folder / "another-run-with-a-name-that-is-very-long-and-has-no-place-to-break-it")
    with (other / "history.jsonl").open("a") as file:
        lines = ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "w" * 500, "\u202eright to left"]
        file.write(json.dumps({"step": 40, "samples": {"lines": lines, "points": [[0, 0]]}}) + "\n")
        file.write(json.dumps({"step": 40, "warning": "v" * 300}) + "\n")
    (other / "samples" / "step-00000040" / "a.gif").write_bytes(
        bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
    )
    for name, runs in {"one": [trained], "two": [trained, other]}.items():
        assert call("report", *runs, "--out", folder / f"{name}.html").code == 0
    return {name: folder / f"{name}.html" for name in ("one", "two")}


@pytest.mark.parametrize(("scheme", "width"), SIZES)
@pytest.mark.parametrize("name", ["one", "two"])
def test_a_page_fits_asks_nobody_and_says_nothing(browser, pages, name, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(pages[name].as_uri())
    for details in tab.locator("details").all():
        details.evaluate("each => { each.open = true }")
    tab.wait_for_timeout(100)
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=PICTURES / f"report-{name}-{scheme}-{width}.png", full_page=True)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]
    ground, text = tab.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    light = {colour: sum(map(int, colour.strip("rgb()").split(","))) > 384 for colour in (ground, text)}
    assert (light[ground], light[text]) == ((True, False) if scheme == "light" else (False, True))
    assert said == []
    context.close()


def test_a_chart_says_its_values_where_it_is_pointed_at(browser, pages):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(pages["one"].as_uri())
    chart = tab.locator("figure.chart", has_text="likelihood: loss").locator("svg")
    chart.hover(position={"x": 60, "y": 40})
    said = chart.locator(".readout").text_content()
    assert said.startswith("step ") and float(said.partition(": ")[2]) > 0
    context.close()
