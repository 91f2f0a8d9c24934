"""The page of one run or several: one HTML file that asks nobody for anything.

Whatever comes from a run is escaped; the page's own policy forbids every script but its own and every address but
``data:``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Final

from rgan_kit import __version__
from rgan_kit.reports import curves, samples, summary
from rgan_kit.reports.media import Media
from rgan_kit.reports.runs import Run

MARK: Final = "<!doctype html><!-- rgankit report -->"
"""How such a page begins, so that it may be written over."""

MOST_RUNS: Final = 8


def page(runs: Sequence[Run]) -> str:
    """The whole page.

    Args:
        runs: 1 to 8, as ``read_run`` gives them.
    """
    title = ", ".join(run.name for run in runs)
    style, script = (files(__package__).joinpath(name).read_text("utf-8") for name in ("style.css", "script.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    media = Media()
    sections = [
        ("figures", "Figures", summary.figures(runs)),
        ("samples", "Samples over time", samples.over_time(runs, media)),
        ("plane", "Real beside generated", samples.planes(runs)),
        ("curves", "Curves", curves.charts(runs)),
        ("configuration", "Configuration", summary.configuration(runs)),
    ]
    shown = [(anchor, heading, body) for anchor, heading, body in sections if body]
    links = "".join(f'<a href="#{anchor}">{heading}</a>' for anchor, heading, _ in shown)
    bodies = "".join(f'<h2 id="{anchor}">{heading}</h2>{body}' for anchor, heading, body in shown)
    return (
        f'{MARK}\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)} · rgankit report</title><style>{style}</style></head>'
        f"<body><h1>{escape(title)}</h1>{summary.heads(runs)}{summary.warnings(runs)}<nav>{links}</nav>{bodies}"
        f"{summary.left_out(runs, media)}"
        f"<footer><small>Made by rgankit report {escape(__version__)}.</small></footer>"
        f"<script>{script}</script></body></html>\n"
    )
