"""The page in a browser, as the tests use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine."""


class Page:
    """The page in a browser of its own, and everything that its console said.

    Args:
        browser: of Playwright.
        options: of the browser's context.
    """

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1180, "height": 860}, **options)
        self.context.set_default_timeout(PATIENCE)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, address: str) -> None:
        self.tab.goto(address)
        self.wait_until("drawn" if "?model" in address else "Ready")

    def wait_until(self, said: str) -> str:
        """What the status line says, once it says this."""
        line = self.tab.locator("#status", has_text=said)
        line.wait_for()
        return line.inner_text()

    def choose(self, file: Path | dict[str, Any]) -> None:
        self.tab.set_input_files("#file", file)

    def problem(self) -> str:
        """What the page complains of, once it does."""
        alert = self.tab.locator("#problem:not(:empty)")
        alert.wait_for()
        return alert.inner_text()

    def saved(self, button: str) -> bytes:
        """The file that a button saves."""
        with self.tab.expect_download() as download:
            self.tab.get_by_role("button", name=button).click()
        return Path(download.value.path()).read_bytes()

    def set(self, label: str, value: object) -> None:
        """Types a setting, and waits for the samples of it."""
        self.tab.locator("#controls").get_by_label(label, exact=True).fill(str(value))
        self.redrawn()

    def redrawn(self) -> None:
        """Waits until samples are drawn that are not those of a moment ago."""
        self.tab.locator("#samples > :not([data-seen])").wait_for()
        self.see()

    def see(self) -> None:
        """Marks the samples of now as seen."""
        self.tab.evaluate("document.querySelector('#samples > *').dataset.seen = 'yes'")
