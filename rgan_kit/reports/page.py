"""The page of one run or several: one HTML file that asks nobody for anything.

Whatever comes from a run is escaped; the page's own policy forbids every script but its own and every address but
``data:``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rgan_kit.reports import curves, samples, summary
from rgan_kit.reports.media import Media
from rgan_kit.reports.runs import Run
from rgan_kit.reports.shell import own_script, shell

MOST_RUNS: Final = 8


def page(runs: Sequence[Run]) -> str:
    """The whole page.

    Args:
        runs: 1 to 8, as ``read_run`` gives them.
    """
    title = ", ".join(run.name for run in runs)
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
    body = f"{summary.heads(runs)}{summary.warnings(runs)}<nav>{links}</nav>{bodies}{summary.left_out(runs, media)}"
    return shell(title, body, "rgankit report", script=own_script())
