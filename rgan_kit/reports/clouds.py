"""Real and generated samples as points of a plane, with what the discriminator thinks behind them, as GAN Lab has it
(Kahng et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np

from rgan_kit.reports.figures import number
from rgan_kit.reports.moments import Moment, Point, Real

SIDE: Final = 280
_MARGIN: Final = 8
_CELLS: Final = 24
_SHADES: Final = 6
_REACH: Final = 0.05
"""How far a score reaches into the plane, as a share of its width."""

Window = tuple[float, float, float, float]
"""Lowest x and y, width and height."""


def window(real: Real, moments: Sequence[Moment]) -> Window:
    """What holds all points."""
    points = np.array([*real.points, *(point for moment in moments for point in moment.points)] or [(0.0, 0.0)])
    low, high = points.min(0), points.max(0)
    wide, high_ = (max(float(each), 1e-9) for each in high - low)
    return float(low[0]), float(low[1]), wide, high_


def cloud(real: Real, moment: Moment, run: int, title: str, seen: Window) -> str:
    """A ``<figure>``: real points as rings, generated ones filled, scores as shades."""
    parts = [_surface(real, moment, seen)]
    parts += [_dot("ring", point, seen) for point in real.points]
    parts += [_dot(f"dot r{run}", point, seen) for point in moment.points]
    scores = [score for score in (*moment.scores, *moment.real_scores) if math.isfinite(score)]
    said = f"scores {number(min(scores))} to {number(max(scores))}" if scores else ""
    return (
        f'<figure class="cloud"><figcaption>{escape(title)}<small>{said}</small></figcaption>'
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(title)}: {len(real.points)} real and '
        f'{len(moment.points)} generated samples">{"".join(parts)}</svg></figure>'
    )


def _place(point: Point, seen: Window) -> tuple[float, float]:
    inner = SIDE - 2 * _MARGIN
    x, y = (point[0] - seen[0]) / seen[2], (point[1] - seen[1]) / seen[3]
    return _MARGIN + x * inner, SIDE - _MARGIN - y * inner


def _dot(kind: str, point: Point, seen: Window) -> str:
    x, y = _place(point, seen)
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'


def _surface(real: Real, moment: Moment, seen: Window) -> str:
    """Scores spread over the plane (Nadaraya 1964), where there are points: a path a shade."""
    if len(moment.scores) != len(moment.points) or len(moment.real_scores) != len(real.points):
        return ""
    points = np.array([_place(point, seen) for point in (*real.points, *moment.points)])
    scores = np.array([*moment.real_scores, *moment.scores])
    points, scores = points[np.isfinite(scores)], scores[np.isfinite(scores)]
    if not len(scores) or scores.max() <= scores.min():
        return ""
    size = SIDE / _CELLS
    middle = (np.arange(_CELLS) + 0.5) * size
    grid = np.stack(np.meshgrid(middle, middle), -1).reshape(-1, 1, 2)  # [cells, 1, 2]
    near = np.exp(-((grid - points) ** 2).sum(-1) / (2 * (_REACH * SIDE) ** 2))  # [cells, points]
    total = near.sum(1)
    mean = near @ scores / np.maximum(total, 1e-12)
    shades = np.clip((mean - scores.min()) / (scores.max() - scores.min()) * _SHADES, 0, _SHADES - 1).astype(int)
    paths: dict[int, list[str]] = {}
    for cell in np.flatnonzero(total > 0.3):
        x, y = cell % _CELLS * size, cell // _CELLS * size
        paths.setdefault(int(shades[cell]), []).append(f"M{x:.1f} {y:.1f}h{size:.1f}v{size:.1f}h-{size:.1f}z")
    return "".join(f'<path class="shade s{shade}" d="{"".join(cells)}"/>' for shade, cells in sorted(paths.items()))
