"""Charts as SVG within a page; their colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from rgan_kit.reports.figures import number

WIDTH: Final = 340
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 24
_MOST_POINTS: Final = 300
_LOG_FROM: Final = 100.0
"""Greatest value by least, from which on an axis is logarithmic."""


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        run: number of the run, which has a colour.
        steps, values: of the same number.
        control: what real data has in its place; None where there is nothing.
        mark: a step that is marked: that of the weights which are kept.
    """

    run: int
    steps: Sequence[int]
    values: Sequence[float]
    control: float | None = None
    mark: int | None = None


@dataclass(frozen=True)
class Scale:
    """From values to places."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        low, high, value = (math.log10(v) if self.logarithmic else v for v in (self.low, self.high, value))
        return self.start + (value - low) / ((high - low) or 1) * (self.end - self.start)

    def ticks(self, most: int = 4) -> list[float]:
        """Round numbers within the scale."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            by = max(1, -(-(last - first + 1) // most))
            return [10.0**power for power in range(first, last + 1, by)]
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        rough = span / most
        base = 10.0 ** math.floor(math.log10(rough))
        step = next(base * each for each in (1, 2, 2.5, 5, 10) if base * each >= rough)
        first = math.ceil(self.low / step)
        return [step * place for place in range(first, math.floor(self.high / step) + 1)]


@dataclass
class Chart:
    """Curves of one figure, a line a run.

    Attributes:
        title: above it.
        lines: at least one.
        meaning: below the title, small.
        stages: steps at which stages begin, with their names; drawn where there is one run.
    """

    title: str
    lines: Sequence[Line]
    meaning: str = ""
    stages: Sequence[tuple[int, str]] = field(default_factory=tuple)

    def html(self) -> str:
        """A ``<figure>``."""
        values = [value for line in self.lines for value in line.values]
        values += [line.control for line in self.lines if line.control is not None]
        across = Scale(0, max(1, *(line.steps[-1] for line in self.lines)), _LEFT, WIDTH - _RIGHT)
        up = _upward(values)
        parts = [_grid(across, up)]
        for step, name in self.stages[1:] if len(self.lines) == 1 else ():
            parts.append(
                f'<line class="stage" x1="{across(step):.1f}" x2="{across(step):.1f}" y1="{_TOP}" '
                f'y2="{HEIGHT - _BOTTOM}"><title>{escape(name)} begins</title></line>'
            )
        parts += [self._line(line, across, up) for line in self.lines]
        note = " (logarithmic)" if up.logarithmic else ""
        small = f"<small>{escape(self.meaning)}{note}</small>" if self.meaning or note else ""
        return (
            f'<figure class="chart"><figcaption>{escape(self.title)}{small}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">{"".join(parts)}'
            f'<text class="readout" x="{WIDTH - _RIGHT}" y="{_TOP + 4}"></text></svg></figure>'
        )

    def _line(self, line: Line, across: Scale, up: Scale) -> str:
        points = thinned(list(zip(line.steps, line.values, strict=True)))
        places = [(across(step), up(value)) for step, value in points]
        said = ";".join(f"{step}:{number(value)}" for step, value in points)
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        run = f"r{line.run}"
        across_places = " ".join(f"{x:.1f}" for x, _ in places)
        drawn = f'<path class="line {run}" d="{path}" data-x="{across_places}" data-said="{said}"/>'
        if len(points) == 1:
            drawn += f'<circle class="dot {run}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>'
        if line.control is not None:
            y = up(line.control)
            drawn += (
                f'<line class="control {run}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}">'
                f"<title>real data: {number(line.control)}</title></line>"
            )
        marked = dict(zip(line.steps, line.values, strict=True)).get(-1 if line.mark is None else line.mark)
        if marked is not None and line.mark is not None:
            drawn += (
                f'<circle class="kept {run}" cx="{across(line.mark):.1f}" cy="{up(marked):.1f}" r="4">'
                f"<title>weights kept, step {line.mark}: {number(marked)}</title></circle>"
            )
        return drawn


def _upward(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    if low > 0 and high / low >= _LOG_FROM:
        return Scale(low / 1.1, high * 1.1, HEIGHT - _BOTTOM, _TOP, logarithmic=True)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1
    return Scale(low - margin, high + margin, HEIGHT - _BOTTOM, _TOP)


def _grid(across: Scale, up: Scale) -> str:
    lines = []
    for value in up.ticks():
        y = up(value)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="tick" x="{_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{tick(value)}</text>')
    for value in across.ticks():
        x = across(value)
        lines.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 7}" text-anchor="middle">{tick(value)}</text>')
    return "".join(lines)


def tick(value: float) -> str:
    """A round number, short."""
    if value and not 1e-3 <= abs(value) < 1e4:
        return f"{value:.1e}".replace(".0e", "e").replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return f"{value:.6g}"


def thinned(points: list[tuple[int, float]], most: int = _MOST_POINTS) -> list[tuple[int, float]]:
    """The same with at most about so many points: lowest and highest of each stretch, so that no peak is lost."""
    if len(points) <= most:
        return points
    size = -(-2 * len(points) // most)
    kept = [points[0]]
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        kept += sorted({min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])})
    return [*kept, points[-1]]


def small_curves(curves: Sequence[Sequence[float]], real: Sequence[Sequence[float]], run: int, title: str) -> str:
    """Samples of one feature over their steps, real ones behind: a ``<figure>``."""
    shown = [value for curve in [*curves, *real] for value in curve if math.isfinite(value)]
    if not shown:
        return ""
    steps = max(len(curve) for curve in [*curves, *real])
    across, up = Scale(0, max(1, steps - 1), 30, WIDTH - 6), _upward_small(shown)
    lines = []
    for value in up.ticks(3):
        lines.append(f'<line class="grid" x1="30" x2="{WIDTH - 6}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>')
        lines.append(f'<text class="tick" x="26" y="{up(value) + 3:.1f}" text-anchor="end">{tick(value)}</text>')
    lines += [f'<path class="line real" d="{_path(curve, across, up)}"/>' for curve in real]
    lines += [f'<path class="line thin r{run}" d="{_path(curve, across, up)}"/>' for curve in curves]
    return (
        f'<figure class="small"><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} 110" role="img" '
        f'aria-label="{escape(title)}">{"".join(lines)}</svg></figure>'
    )


def _upward_small(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1
    return Scale(low - margin, high + margin, 106, 4)


def _path(curve: Sequence[float], across: Scale, up: Scale) -> str:
    known = [(place, value) for place, value in enumerate(curve) if math.isfinite(value)]
    return "M" + "L".join(f"{across(place):.1f} {up(value):.1f}" for place, value in known) if known else ""
