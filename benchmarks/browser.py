"""The page of ``rgankit demo`` in Chromium: milliseconds from a model's arrival to its first samples on the screen.

    python benchmarks/browser.py [MODEL …] [--runs 9] [--json]

Each run is a new browser process with nothing in its caches. *Cold* opens the page with ``?model=``, so that the model
arrives, with its last byte, while onnxruntime is still being fetched and compiled. *Warm* drops it on a page that
says it is ready; it arrives with the drop. Samples are there once the frame that shows them has been drawn. Beside them
stand, from the beginning of the navigation: the page loaded, and onnxruntime compiled and ready without any model.

Needs ``pip install playwright`` and Chromium (the system's, or ``playwright install chromium``).
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rgan_kit.cli.demo_server import serving

MODELS = Path(__file__).parents[1] / "exported" / "models"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60_000
"""Milliseconds."""

WATCH = """
addEventListener("DOMContentLoaded", () => {
  const watch = (id, seen, mark) => {
    const observer = new MutationObserver(() => {
      if (!seen(document.getElementById(id))) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => performance.mark(mark)));  // behind the frame that shows it
    });
    observer.observe(document.getElementById(id), { childList: true, characterData: true, subtree: true });
  };
  watch("samples", (element) => element.childElementCount > 0, "drawn");
  watch("status", (element) => element.textContent.startsWith("Ready"), "ready");
});
"""
"""Runs in the page before its own scripts."""

DROP = """([name, content]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
  performance.mark("arrived");
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""

MARK = """name => {
  const problem = document.getElementById("problem").textContent;
  if (problem) throw new Error(problem);
  return performance.getEntriesByName(name, "mark")[0]?.startTime;
}"""
FETCHED = "() => performance.getEntriesByType('resource').find(({ name }) => name.endsWith('.onnx')).responseEnd"
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


@contextmanager
def opened(playwright: Any, address: str) -> Iterator[Any]:
    """A page in a browser process of its own.

    Raises:
        RuntimeError: it said something in the console, or on itself that something is wrong, or let ``PATIENCE`` pass.
    """
    from playwright.sync_api import Error

    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
    try:
        tab = browser.new_page(viewport={"width": 1180, "height": 860})
        tab.set_default_timeout(PATIENCE)
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.add_init_script(WATCH)
        tab.goto(address)
        failed: list[str] = []
        try:
            yield tab
        except Error as error:
            failed.append(error.message)
        said.append(tab.locator("#problem").inner_text())
        if complaints := [each for each in said if each] or failed:
            raise RuntimeError(f"{address}: {'; '.join(complaints)}")
    finally:
        browser.close()


def mark(tab: Any, name: str) -> float:
    """When something happened, once it has: milliseconds since the navigation began.

    Raises:
        playwright.sync_api.Error: the page complains, or the tab's time limit is over.
    """
    return float(tab.wait_for_function(MARK, arg=name, polling=20).json_value())


def once(playwright: Any, model: Path) -> dict[str, float]:
    """One run: milliseconds by what they are of."""
    with serving(model) as address:
        with opened(playwright, address) as tab:
            drawn = mark(tab, "drawn")
            cold = {"cold": drawn - tab.evaluate(FETCHED), "page and model": drawn}
        with opened(playwright, address.split("?")[0]) as tab:
            ready = mark(tab, "ready")
            begun = {"page loaded": tab.evaluate(LOADED), "onnxruntime ready": ready}
            tab.evaluate(DROP, [model.name, base64.b64encode(model.read_bytes()).decode()])
            return {**cold, "warm": mark(tab, "drawn") - mark(tab, "arrived"), **begun}


def measure(models: list[Path], runs: int) -> dict[str, dict[str, Any]]:
    """By model: its bytes, and the median, lowest and highest of each time; the first round is left out."""
    from playwright.sync_api import sync_playwright

    times: dict[Path, list[dict[str, float]]] = {model: [] for model in models}
    with sync_playwright() as playwright:
        for run in range(runs + 1):
            for model in models:
                taken = once(playwright, model)
                if run:
                    times[model].append(taken)
    return {
        model.stem: {"bytes": model.stat().st_size, **{name: spread([each[name] for each in own]) for name in own[0]}}
        for model, own in times.items()
    }


def spread(values: list[float]) -> dict[str, int]:
    return {
        "median_ms": round(statistics.median(values)),
        "lowest_ms": round(min(values)),
        "highest_ms": round(max(values)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", metavar="MODEL", help="exported/models where none is named")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        rows = measure(arguments.models or sorted(MODELS.glob("*.onnx")), arguments.runs)
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    columns = [name for name in next(iter(rows.values())) if name != "bytes"]
    print(f"| model | bytes | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for name, row in rows.items():
        cells = [f"{row[each]['median_ms']} ({row[each]['lowest_ms']}–{row[each]['highest_ms']})" for each in columns]
        print(f"| {name} | {row['bytes']:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
