"""Curves of a training: losses, gradient norms, figures with what real data has in their place."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from rgan_kit.contracts.metrics import CONTROL
from rgan_kit.reports.charts import Chart, Line
from rgan_kit.reports.figures import ordered, shown
from rgan_kit.reports.runs import Run

EVALUATION: Final = "evaluation/"
MOST_CHARTS: Final = 80


def charts(runs: Sequence[Run]) -> str:
    """Sections of charts, a line a run in each."""
    names = list(dict.fromkeys(name for run in runs for name in run.curves))
    figures = [name.removeprefix(EVALUATION) for name in names if name.startswith(EVALUATION)]
    steps = [name for name in names if not name.startswith(EVALUATION)]
    losses = [name for name in steps if name.rpartition("/")[2] == "loss"]
    gradients = [name for name in steps if name.rpartition("/")[2] == "gradient_norm"]
    others = [name for name in steps if name not in losses and name not in gradients]
    sections = {
        "Figures of samples and of held-out data": [_figure(runs, name) for name in ordered(figures)],
        "Losses": [_plain(runs, name) for name in losses],
        "Norms of gradients, before clipping": [_plain(runs, name) for name in gradients],
        "What else the training told": [_plain(runs, name) for name in others],
    }
    drawn = {title: [chart for chart in found if chart.lines] for title, found in sections.items()}
    body = "".join(_section(title, found) for title, found in drawn.items() if found)
    return (_key(runs) + body) if body else ""


def _section(title: str, found: Sequence[Chart]) -> str:
    more = (
        f"<p><small>{len(found) - MOST_CHARTS:,} more are in metrics.jsonl.</small></p>"
        if len(found) > MOST_CHARTS
        else ""
    )
    return f'<h3>{title}</h3><div class="charts">{"".join(chart.html() for chart in found[:MOST_CHARTS])}</div>{more}'


def _key(runs: Sequence[Run]) -> str:
    own = [f'<span><i class="r{number}"></i>{escape(run.name)}</span>' for number, run in enumerate(runs)]
    real = '<span><i class="dashed"></i>the same of real data (control)</span>'
    kept = "<span>○ weights that are kept</span>"
    stages = "<span>┊ a stage begins</span>" if len(runs) == 1 and len(runs[0].stages) > 1 else ""
    return f'<div class="key">{"".join(own)}{real}{kept}{stages}</div>'


def _figure(runs: Sequence[Run], name: str) -> Chart:
    figure = shown(name)
    lines = []
    for number, run in enumerate(runs):
        steps, values = run.curves.get(f"{EVALUATION}{name}", ([], []))
        if steps:
            _, controls = run.curves.get(f"{EVALUATION}{CONTROL}{name}", ([], []))
            kept = run.kept[0] if run.kept else None
            lines.append(Line(number, steps, values, controls[-1] if controls else None, kept))
    return Chart(figure.title, lines, figure.meaning, runs[0].stages)


def _plain(runs: Sequence[Run], name: str) -> Chart:
    lines = [Line(number, *run.curves[name]) for number, run in enumerate(runs) if run.curves.get(name, ([], []))[0]]
    phase, _, figure = name.rpartition("/")
    title = f"{phase}: {figure.replace('_', ' ')}" if phase else figure.replace("_", " ")
    return Chart(title, lines, "", runs[0].stages)
