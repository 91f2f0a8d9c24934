"""What every page has around its content: a policy that forbids all requests, and the style."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import Final

from rgan_kit import __version__

MARK: Final = "<!doctype html><!-- rgankit report -->"
"""How such a page begins, so that it may be written over."""


def shell(title: str, body: str, command: str, *, script: str = "") -> str:
    """A whole page.

    Args:
        title: in plain text.
        body: HTML, with everything of strangers escaped.
        command: that made the page.
        script: of the page itself; no other runs.
    """
    style = _read("style.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    scripts = f"; script-src 'sha256-{digest}'" if script else ""
    policy = f"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'{scripts}"
    return (
        f'{MARK}\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)} · {escape(command)}</title>'
        f"<style>{style}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}"
        f"<footer><small>Made by {escape(command)} {escape(__version__)}.</small></footer>"
        f"{f'<script>{script}</script>' if script else ''}</body></html>\n"
    )


def own_script() -> str:
    """That of the pages of runs."""
    return _read("script.js")


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
