"""Samples over time, and real beside generated ones in one plane."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from rgan_kit.reports import reading
from rgan_kit.reports.charts import small_curves
from rgan_kit.reports.clouds import cloud, window
from rgan_kit.reports.media import Media
from rgan_kit.reports.moments import Moment, Real
from rgan_kit.reports.runs import Run

MOMENTS: Final = 6
"""That are shown of a run: the first, the last, and some between."""

_STEP: Final = re.compile(r"step-(\d{8,12})")


def over_time(runs: Sequence[Run], media: Media) -> str:
    """A column a run, a card a moment, real samples first."""
    columns = []
    for number, run in enumerate(runs):
        folders = _folders(run.folder)
        steps = sorted({*run.moments, *folders})
        picked = _picked(steps, run.kept[0] if run.kept else None)
        cards = [_real_card(run.real)] if run.real and (run.real.lines or run.real.curves) else []
        last = max(folders, default=-1)
        for step in picked:
            pictures, sounds = media.of(folders[step], sounds=step == last) if step in folders else ([], [])
            cards.append(_card(run, number, step, pictures, sounds))
        if picked:
            left = len(steps) - len(picked)
            note = f"<p><small>{left:,} more moments are in the run.</small></p>" if left else ""
            columns.append((run, f'<div class="moments">{"".join(cards)}</div>{note}'))
    return _beside(runs, columns)


def _beside(runs: Sequence[Run], columns: Sequence[tuple[Run, str]]) -> str:
    if len(runs) == 1:
        return "".join(body for _, body in columns)
    return (
        '<div class="beside">'
        + "".join(
            f'<div style="--run: var(--r{runs.index(run)})"><h3>{escape(run.name)}</h3>{body}</div>'
            for run, body in columns
        )
        + "</div>"
        if columns
        else ""
    )


def _folders(run: Path) -> dict[int, Path]:
    """Of samples, by step."""
    if not reading.is_inside(run, "samples"):
        return {}
    found = ((_STEP.fullmatch(folder.name), folder) for folder in reading.folders(run / "samples"))
    return {int(match[1]): folder for match, folder in found if match}


def _picked(steps: Sequence[int], kept: int | None) -> list[int]:
    """The first, the last, that of the kept weights, and some between."""
    if len(steps) <= MOMENTS:
        return list(steps)
    places = {round(place * (len(steps) - 1) / (MOMENTS - 1)) for place in range(MOMENTS)}
    picked = {steps[place] for place in places}
    if kept is not None and kept in steps and kept not in picked:
        nearest = min((step for step in picked if step not in (steps[0], steps[-1])), key=lambda step: abs(step - kept))
        picked = picked - {nearest} | {kept}
    return sorted(picked)


def _real_card(real: Real) -> str:
    drawn = (
        "".join(
            small_curves([], [sample[place] for sample in real.curves if place < len(sample)], 0, name)
            for place, name in enumerate(real.names)
        )
        if real.curves
        else ""
    )
    return f'<div class="card"><h4>real, held out</h4>{drawn or _lines(real.lines)}</div>'


def _card(run: Run, number: int, step: int, pictures: Sequence[str], sounds: Sequence[str]) -> str:
    moment = run.moments.get(step)
    kept = " (kept)" if run.kept and run.kept[0] == step else ""
    lines = _lines(moment.lines) if moment else ""
    drawn = _drawn(moment, run.real, number)
    if not drawn and pictures:
        moving = pictures[0].startswith("data:image/gif")
        images = "".join(f'<img src="{picture}" alt="samples of step {step}">' for picture in pictures)
        drawn = f'<div class="pictures {"moving" if moving else "sheet"}">{images}</div>'
    drawn += "".join(f'<audio controls preload="none" src="{sound}"></audio>' for sound in sounds)
    body = f"{drawn}<details><summary>as lines</summary>{lines}</details>" if drawn and lines else drawn or lines
    return f'<div class="card"><h4>step {step:,}{kept}</h4>{body}</div>'


def _drawn(moment: Moment | None, real: Real | None, number: int) -> str:
    """Curves of a few samples, a picture a feature, real ones behind."""
    if moment is None or not moment.curves:
        return ""
    figures = []
    for place in range(max(map(len, moment.curves))):
        name = real.names[place] if real and place < len(real.names) else f"feature {place + 1}"
        own = [sample[place] for sample in moment.curves if place < len(sample)]
        others = [sample[place] for sample in real.curves if place < len(sample)] if real else []
        figures.append(small_curves(own, others, number, name))
    return "".join(figures)


def _lines(lines: Sequence[str]) -> str:
    return f'<ol class="lines">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ol>' if lines else ""


def planes(runs: Sequence[Run]) -> str:
    """A column a run, a picture a moment."""
    columns = []
    for number, run in enumerate(runs):
        steps = [step for step in sorted(run.moments) if run.moments[step].points]
        if run.real is None or not run.real.points or not steps:
            continue
        picked = _picked(steps, run.kept[0] if run.kept else None)
        seen = window(run.real, [run.moments[step] for step in picked])
        drawn = [cloud(run.real, run.moments[step], number, f"step {step:,}", seen) for step in picked]
        columns.append((run, f'<div class="clouds">{"".join(drawn)}</div>'))
    if not columns:
        return ""
    shares = [f"{run.real.explained:.0%} of the variance of real samples" for run, _ in columns if run.real]
    scored = any(moment.scores for run, _ in columns for moment in run.moments.values())
    surface = '<span><i class="shades"></i>discriminator: generated … real</span>' if scored else ""
    return (
        "<p><small>The two directions in which held-out samples differ most (PCA, "
        f"{', '.join(dict.fromkeys(shares))}); "
        "generated ones should lie where real ones do, and be spread as they are.</small></p>"
        f'<div class="key"><span><i class="point hollow"></i>real</span>'
        f'<span><i class="point r0"></i>generated</span>{surface}</div>{_beside(runs, columns)}'
    )
