"""Samples of a moment as ``history.jsonl`` has them, checked before they are used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MOST_LINES: Final = 32
MOST_SAMPLES: Final = 1024
_LONGEST_LINE: Final = 4000

Point = tuple[float, float]


@dataclass(frozen=True)
class Moment:
    """Samples of a step.

    Attributes:
        lines: some of them, as the domain previews them.
        points: where all of them lie in the plane.
        scores, real_scores: what the discriminator thought of these and of held-out samples, logits; empty without one.
        curves: a few of them, ``[sample][feature][step]``; empty where they are no series.
    """

    lines: tuple[str, ...]
    points: tuple[Point, ...] = ()
    scores: tuple[float, ...] = ()
    real_scores: tuple[float, ...] = ()
    curves: tuple[tuple[tuple[float, ...], ...], ...] = ()


@dataclass(frozen=True)
class Real:
    """Held-out samples.

    Attributes:
        lines, points, curves: as of a moment.
        explained: share of their variance that the plane has.
        names: of the features of ``curves``.
        density: whether held-out nats are of a density; None where it is not said.
    """

    lines: tuple[str, ...]
    points: tuple[Point, ...] = ()
    explained: float = math.nan
    curves: tuple[tuple[tuple[float, ...], ...], ...] = ()
    names: tuple[str, ...] = ()
    density: bool | None = None


def moment_of(document: object) -> Moment | None:
    """What a line says of samples; None where it says nothing usable."""
    if not isinstance(document, dict):
        return None
    points = _points(document.get("points"))
    scores, real = (_numbers(document.get(name)) for name in ("scores", "real_scores"))
    return Moment(
        lines=_lines(document.get("lines")),
        points=points,
        scores=scores if len(scores) == len(points) else (),
        real_scores=real,
        curves=_curves(document.get("curves")),
    )


def real_of(document: object) -> Real | None:
    """What a line says of held-out samples; None where it says nothing usable."""
    if not isinstance(document, dict):
        return None
    explained = number(document.get("explained"))
    return Real(
        lines=_lines(document.get("lines")),
        points=_points(document.get("points")),
        explained=math.nan if explained is None else explained,
        curves=_curves(document.get("curves")),
        names=_lines(document.get("names")),
        density=density if isinstance(density := document.get("density"), bool) else None,
    )


def number(value: object) -> float | None:
    """A number that can be drawn; None for everything else that JSON may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e100 else None  # nan is below nothing


def _lines(value: object) -> tuple[str, ...]:
    texts = [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
    return tuple(text[:_LONGEST_LINE] for text in texts[:MOST_LINES])


def _numbers(value: object) -> tuple[float, ...]:
    """As many as there are, those that are none as nan."""
    if not isinstance(value, list):
        return ()
    found = (number(each) for each in value[:MOST_SAMPLES])
    return tuple(math.nan if each is None else each for each in found)


def _points(value: object) -> tuple[Point, ...]:
    pairs = [pair for pair in value[:MOST_SAMPLES] if isinstance(pair, list)] if isinstance(value, list) else []
    places = [_numbers(pair) for pair in pairs if len(pair) == 2]
    return tuple((x, y) for x, y in places if math.isfinite(x + y))


def _curves(value: object) -> tuple[tuple[tuple[float, ...], ...], ...]:
    samples = value[:8] if isinstance(value, list) else []
    return tuple(
        tuple(_numbers(feature) for feature in sample[:8] if isinstance(feature, list))
        for sample in samples
        if isinstance(sample, list)
    )
