"""The page of ``rgankit evaluate``: every figure with its interval beside that of real data, and samples beside real
ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from rgan_kit.evaluation.ruler import Row
from rgan_kit.reports.figures import number
from rgan_kit.reports.shell import shell

_WIDTH: Final = 220
_MARGIN: Final = 8
_WORDS: Final = {"lower": "lower is better", "higher": "higher is better", "real": "as real data has it"}


def page(title: str, facts: Mapping[str, str], rows: Sequence[Row], samples: Mapping[str, Sequence[str]]) -> str:
    """The whole page.

    Args:
        title: what was measured.
        facts: about it, by what they are.
        rows: the figures.
        samples: some samples in a line each, by what they are (generated, real).
    """
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    lists = "".join(_list(name, lines) for name, lines in samples.items())
    body = (
        f'<div class="runs"><div class="run"><dl>{listed}</dl></div></div>'
        f'<h2>Figures</h2><p class="key"><span class="r0"><i class="point"></i>samples, with the interval that chance '
        'makes of them</span><span><i class="dashed"></i>real data in their place</span></p>'
        f"{_table(rows)}{_parts(rows)}<h2>Samples beside real data</h2>"
        f'<div class="beside">{lists}</div>'
    )
    return shell(title, body, "rgankit evaluate")


def _list(name: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div><h3>{escape(name)}</h3><ol class="lines">{items}</ol></div>'


def _table(rows: Sequence[Row]) -> str:
    lines = "".join(_line(row) for row in rows)
    heads = "<th></th><th>samples</th><th>95 %</th><th>real data</th><th></th>"
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'


def _line(row: Row) -> str:
    figure, each = row.figure, row.measured
    known = not math.isnan(each.low)
    interval = f"{figure.text(each.low)} to {figure.text(each.high)}" if known else ""
    about = f"{figure.meaning}; {_WORDS[figure.better]}" if figure.meaning else _WORDS[figure.better]
    own, real = figure.text(each.value), figure.text(row.real)
    return (
        f"<tr><th>{escape(figure.heading)}<small>{escape(about)}</small></th><td>{own}</td><td>{interval}</td>"
        f"<td>{real}</td><td>{_strip(each.value, each.low, each.high, row.real)}</td></tr>"
    )


def _strip(value: float, low: float, high: float, real: float) -> str:
    """The value with its interval and that of real data on one scale, as a picture; empty where there is one alone."""
    known = [each for each in (value, low, high, real) if math.isfinite(each)]
    if len(known) < 2 or not math.isfinite(value):
        return ""
    least, most = min(known), max(known)
    span = most - least or 1.0

    def place(each: float) -> str:
        return f"{_MARGIN + (_WIDTH - 2 * _MARGIN) * (each - least) / span:.1f}"

    marks = ""
    if math.isfinite(low) and math.isfinite(high):
        marks += f'<line class="line" x1="{place(low)}" x2="{place(high)}" y1="11" y2="11"/>'
    if math.isfinite(real):
        marks += f'<line class="control real" x1="{place(real)}" x2="{place(real)}" y1="1" y2="21"/>'
    marks += f'<circle class="dot" cx="{place(value)}" cy="11" r="4"/>'
    label = f"samples {number(value)}, real data {number(real)}" if math.isfinite(real) else number(value)
    return f'<svg class="r0 strip" viewBox="0 0 {_WIDTH} 22" role="img" aria-label="{label}">{marks}</svg>'


def _parts(rows: Sequence[Row]) -> str:
    """Figures of several columns or classes, those that are farthest off first."""
    found = []
    for row in rows:
        if len(row.measured.parts) > 1:
            items = "".join(
                f"<tr><th>{escape(name)}</th><td>{row.figure.text(value)}</td></tr>"
                for name, value in row.worst_first()
            )
            found.append(
                f"<details><summary>{escape(row.figure.heading)} by parts</summary>"
                f'<div class="wide"><table><tbody>{items}</tbody></table></div></details>'
            )
    return "".join(found)
