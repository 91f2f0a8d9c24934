"""What came of a training: the table that it ends with, and whether it was worth it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rgan_kit.contracts.metrics import CONTROL
from rgan_kit.training.selection import worse
from rgan_kit.training.state import TrainerState


def table(state: TrainerState) -> list[tuple[str, Mapping[str, float]]]:
    """The evaluations at the start and at the end of each stage, and the one whose weights are kept: moments with
    their figures."""
    rows = [(row["moment"], row["figures"]) for row in state.evaluations]
    return rows if state.best is None else [*rows, (f"kept (step {state.best['step']})", state.best["figures"])]


def warnings(state: TrainerState, judging: Sequence[str]) -> Iterator[str]:
    """Says so where what is exported is worse than what the training began with.

    Args:
        state: at the end.
        judging: names of the figures that say how good samples are.
    """
    if len(state.evaluations) < 2:
        return
    ended, start = (state.best or state.evaluations[-1])["figures"], state.evaluations[0]["figures"]
    for name in worse(ended, start, judging):
        yield (
            f"{name} is worse than before the training ({start[name]:.4g}, now {ended[name]:.4g}; real data: "
            f"{ended.get(CONTROL + name, math.nan):.4g}). Look at the samples before you use it"
        )
