"""Which weights are kept: near the best likelihood and, among those, with the samples nearest to real data.

Either alone can be had cheaply: a generator that only sharpens gains on its samples and loses on held-out data, one
that stops early the other way round. Figures have different units, so what counts of each is by what share it changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rgan_kit.training.state import TrainerState

from rgan_kit.contracts.metrics import CONTROL

TOLERANCE = 0.02
"""How far above the lowest held-out nats weights may lie that are kept for their samples, as a share of them (of one
nat where there are fewer)."""

WORSE = 0.1
"""Change of a figure, as a share, from which on a training has made it worse."""

Figures = Mapping[str, float]


def better(figures: Figures, best: Figures | None, lowest: float | None, names: Sequence[str]) -> bool:
    """Whether an evaluation is worth keeping more than the best one so far.

    Args:
        figures: of the evaluation, finite ones alone.
        best: figures of the best one so far, or None.
        lowest: held-out nats of the best likelihood so far, this evaluation's included; None where there is none.
        names: of the figures that say how far samples are from real data.
    """
    missing = 0.0 if lowest is None else math.inf  # a generator that has none, or a likelihood that was not finite
    nearest = 0.0 if lowest is None else lowest + TOLERANCE * max(1.0, abs(lowest))  # densities can be negative
    near = figures.get("heldout_nll", missing) <= nearest
    if best is None or (near and best.get("heldout_nll", missing) > nearest):
        return True
    changes = [change for _, change in _changes(figures, best, names)]
    return near and bool(changes) and sum(changes) < 0


def judge(state: TrainerState, figures: Figures, names: Sequence[str], choosing: bool) -> bool:
    """Notes an evaluation of the step that a training is at, as the best one where it is; whether it is.

    Args:
        state: of the training.
        figures: of the evaluation, finite ones alone.
        names: of the figures that say how far samples are from real data.
        choosing: whether these weights may be kept at all.
    """
    known = [nats for nats in (state.lowest, figures.get("heldout_nll")) if nats is not None]
    state.lowest = min(known, default=None)
    best = state.best["figures"] if state.best else None
    improved = choosing and better(figures, best, state.lowest, names)
    if improved:
        state.best = {"step": state.step, "figures": dict(figures)}
    return improved


def worse(figures: Figures, start: Figures, names: Sequence[str]) -> list[str]:
    """The figures (held-out nats among them) that are worse than they were before the training began."""
    nats = "heldout_nll"
    lost = [nats] if figures.get(nats, -math.inf) > start.get(nats, math.inf) else []
    return lost + [name for name, change in _changes(figures, start, names) if change > WORSE]


def _changes(figures: Figures, before: Figures, names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """How each figure changed, from -1 (better) to 1 (worse), as a share of both and of what real data has, which is
    what chance makes of it."""
    for name in names:
        if name in figures and name in before:
            mine, theirs, chance = figures[name], before[name], figures.get(CONTROL + name, 0.0)
            yield name, (mine - theirs) / max(abs(mine) + abs(theirs) + abs(chance), 1e-12)
