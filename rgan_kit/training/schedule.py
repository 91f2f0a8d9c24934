"""Which stage a step belongs to, and the learning rate there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rgan_kit.contracts import Phase, Stage, UsageError

FINAL_RATE = 0.1
"""Where the cosine ends, as a share of the learning rate."""


@dataclass(frozen=True)
class Place:
    """Where a step lies.

    Attributes:
        stage: its stage.
        step: within the stage, from 0.
        progress: within the stage, 0 up to but not including 1.
        last: whether the stage ends with it.
    """

    stage: Stage
    step: int
    progress: float
    last: bool


class Schedule:
    """Shares out the steps of a run among its stages, by their shares.

    Args:
        stages: of the objective.
        steps: of the whole training.
        planned: those that are shared out, where the run was extended (or cut) since and the last stage has the
            difference; 0 for all.

    Raises:
        UsageError: the run was cut before its last stage begins.
    """

    def __init__(self, stages: Sequence[Stage], steps: int, planned: int = 0) -> None:
        planned = planned or steps
        total = sum(stage.share for stage in stages)
        ends = [round(planned * sum(s.share for s in stages[: i + 1]) / total) for i in range(len(stages))]
        starts = [0, *ends[:-1]]
        spans = [(stage, start, end) for stage, start, end in zip(stages, starts, ends, strict=True) if end > start]
        last, start, _ = spans[-1]
        if steps <= start:
            raise UsageError(
                f"{steps} steps end this run before its last stage, {last.name}, begins.",
                f"Take more than {start}, or begin another run, whose stages share out {steps}.",
            )
        self.spans = [*spans[:-1], (last, start, steps)]
        self.steps = steps

    def at(self, step: int) -> Place:
        """The place of a step of the run (from 0)."""
        stage, start, end = next(span for span in self.spans if step < span[2])
        return Place(stage, step - start, (step - start) / (end - start), step + 1 == end)


def due(phase: Phase, place: Place) -> bool:
    """Whether a phase runs in a step."""
    return (place.step + 1) % phase.interval == 0


def learning_rate(base: float, schedule: str, progress: float) -> float:
    """Of a step: constant, or a cosine from ``base`` to a tenth of it (Loshchilov & Hutter 2017, without restarts)."""
    if schedule == "constant":
        return base
    return base * (FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * progress)) / 2)


def warmed_up(step: int, steps: int) -> float:
    """The share of its learning rate that a step of a stage has: rising evenly over the first ``steps``."""
    return min(1.0, (step + 1) / steps) if steps else 1.0
