"""What stands at the head of a page and at its end: runs, warnings, tables of figures, configuration."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from rgan_kit.contracts.metrics import CONTROL
from rgan_kit.reports.comparing import Group, compared, differing, grouped, other_data
from rgan_kit.reports.figures import ordered, shown
from rgan_kit.reports.media import Media
from rgan_kit.reports.runs import Run

SHORTEST_LINE = 1.96
"""Standard errors, from which on a difference is printed in bold."""


def heads(runs: Sequence[Run]) -> str:
    """A card a run."""
    return f'<div class="runs">{"".join(_head(number, run) for number, run in enumerate(runs))}</div>'


def _head(number: int, run: Run) -> str:
    began = next((at for _, status, at in run.ends if status == "began" and not math.isnan(at)), math.nan)
    facts = {
        "recipe": run.recipe,
        "data": run.data,
        "seed": str(run.config.get("seed", "–"))[:50],
        "steps": f"{run.step:,} of {run.steps:,}" if run.steps else f"{run.step:,}",
        "kept": f"step {run.kept[0]:,}" if run.kept else "the newest weights",
        "time": duration(run.seconds),
        "began": "" if math.isnan(began) else _date(began),
        "computed on": ", ".join(f"{name} {value}" for name, value in run.computed.items()),
        "versions": _versions(run.config.get("versions")),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    sessions = sum(status == "began" for _, status, _ in run.ends)
    state = run.state + (f", {sessions} sessions" if sessions > 1 else "")
    return (
        f'<div class="run" style="--run: var(--r{number})"><strong>{escape(run.name)}</strong> '
        f'<span class="state {run.state}">{state}</span><dl>{rows}</dl></div>'
    )


def duration(seconds: float) -> str:
    """``2 h 03 min`` or ``41 s``; empty where it is unknown."""
    if not 0 <= seconds < 1e9:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60} h {minutes % 60:02} min"
        if minutes >= 60
        else f"{minutes} min {rest:02} s"
        if minutes
        else f"{rest} s"
    )


def _date(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return ""


def _versions(value: object) -> str:
    known = value if isinstance(value, dict) else {}
    return ", ".join(f"{name} {version}" for name, version in list(known.items())[:20])


def warnings(runs: Sequence[Run]) -> str:
    """What the monitor and the end of the training said."""
    items = [f"<li>{_whose(runs, run)}{escape(text)}</li>" for run in runs for _, text in run.warnings]
    other = other_data(runs)
    items += [f"<li>{escape(other)}</li>"] if other else []
    return f'<ul class="warnings">{"".join(items)}</ul>' if items else ""


def _whose(runs: Sequence[Run], run: Run) -> str:
    return f"<strong>{escape(run.name)}</strong>: " if len(runs) > 1 else ""


def figures(runs: Sequence[Run]) -> str:
    """One run: a column a moment. Several: a column a group of seeds, and differences from the first."""
    return _over_moments(runs[0]) if len(runs) == 1 else _side_by_side(grouped(runs))


def _over_moments(run: Run) -> str:
    columns: list[tuple[str, Mapping[str, float]]] = [*run.evaluations]
    if run.kept is not None:
        columns.append((f"kept (step {run.kept[0]})", run.kept[1]))
    if not columns and run.figures:
        columns = [("newest", run.figures)]
    found = {name: value for _, values in columns for name, value in values.items()}
    real = {name: found[f"{CONTROL}{name}"] for name in found if f"{CONTROL}{name}" in found}
    heads = [moment for moment, _ in columns] + (["real data"] if real else [])
    rows = []
    for name in ordered(found):
        cells = [shown(name).text(values.get(name)) for _, values in columns]
        cells += [shown(name).text(real.get(name))] if real else []
        rows.append((name, cells))
    return _table(heads, rows) if rows else ""


def _side_by_side(groups: Sequence[Group]) -> str:
    first = groups[0]
    heads = [group.name for group in groups]
    heads[1:] = [text for name in heads[1:] for text in (name, "difference")]
    real = any(group.real for group in groups)
    rows = []
    for name in compared(groups):
        figure = shown(name)
        cells = []
        for group in groups:
            cells.append(value_text(group, name))
            if group is not first:
                cells.append(difference_text(group, first, name))
        if real:
            cells.append(figure.text(next((group.real[name] for group in groups if name in group.real), None)))
        rows.append((name, cells))
    note = (
        "<p><small>Differences are from the first column. Where both have several seeds they are followed by their "
        "number of standard errors (SE), in bold from 1.96 on; a single run has no standard error: train it with more "
        "seeds.</small></p>"
    )
    return (_table([*heads, *(["real data"] if real else [])], rows) + note) if rows else ""


def value_text(group: Group, name: str) -> str:
    """``0.345 ± 0.012``."""
    value = group.values.get(name)
    figure = shown(name)
    if value is None:
        return "–"
    return figure.text(value.mean) + ("" if math.isnan(value.error) else f" ± {figure.text(value.error)}")


def difference_text(group: Group, first: Group, name: str) -> str:
    """``+0.012 (3.1 SE)``."""
    apart, errors = group.difference(first, name)
    if math.isnan(apart):
        return "–"
    text = shown(name).text(apart)
    text = text if text.startswith("-") else f"+{text}"
    return text if math.isnan(errors) else f"{text} ({errors:+.1f} SE)"


def _table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = []
    for name, cells in rows:
        figure = shown(name)
        meaning = f"<small>{escape(figure.meaning)}</small>" if figure.meaning else ""
        row = "".join(f"<td{_bold(cell)}>{escape(cell)}</td>" for cell in cells)
        body.append(f"<tr><th>{escape(figure.title)}{meaning}</th>{row}</tr>")
    return (
        f'<div class="wide"><table><thead><tr><th></th>{top}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _bold(cell: str) -> str:
    errors = cell.rpartition("(")[2].removesuffix(" SE)") if cell.endswith(" SE)") else "0"
    return ' class="apart"' if abs(float(errors)) >= SHORTEST_LINE else ""


def configuration(runs: Sequence[Run]) -> str:
    """Options in which runs differ, and each whole configuration, folded up."""
    parts = []
    rows = differing(runs) if len(runs) > 1 else {}
    if rows:
        top = "".join(f"<th>{escape(run.name)}</th>" for run in runs)
        body = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
            for name, values in rows.items()
        )
        parts.append(
            f'<h3>Where they differ</h3><div class="wide words"><table><thead><tr><th></th>{top}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
    for run in runs:
        if run.summary:
            rows_of = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in run.summary.items())
            parts.append(
                f"<details><summary>Data of {escape(run.name)}</summary>"
                f'<div class="wide words"><table><tbody>{rows_of}</tbody></table></div></details>'
            )
        document = escape(json.dumps(run.config, indent=2, ensure_ascii=False, default=str))
        parts.append(f"<details><summary>All options of {escape(run.name)}</summary><pre>{document}</pre></details>")
    return "".join(parts)


def left_out(runs: Sequence[Run], media: Media) -> str:
    """What could not be read, and how much."""
    items = [f"<li>{_whose(runs, run)}{escape(note)}</li>" for run in runs for note in run.notes]
    items += [f"<li>{count:,} pictures or sounds {why}: left out</li>" for why, count in media.left_out.items()]
    return f'<h2 id="left-out">Left out</h2><ul>{"".join(items)}</ul>' if items else ""
