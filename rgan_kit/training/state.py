"""What changes while a training runs, beside weights, and how one ends early."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rgan_kit.errors import ExitCode, RganKitError


class Interrupted(RganKitError):  # noqa: N818 - an answer to a request, not a fault
    """The training was asked to stop, and saved a checkpoint first."""

    def __init__(self, step: int, run: Path, exit_code: ExitCode) -> None:
        super().__init__(
            f"Stopped after step {step}; everything is saved.",
            f"Go on with: rgankit train --resume {shlex.quote(str(run))}",
        )
        self.exit_code = exit_code


@dataclass
class TrainerState:
    """What changes while a training runs, beside weights; kept in ``state.json``.

    Attributes:
        step: steps done.
        best: ``{"step", "figures"}`` of the evaluation whose weights are kept, or None.
        lowest: held-out nats of the best likelihood so far, or None.
        evaluations: one a moment: ``{"moment", "step", "figures"}``; moments are the start and the end of each stage.
        seconds: spent so far.
        waited: evaluations of the last stage in a row without better weights.
        ended: whether that were enough of them to end the training before its last step.
    """

    step: int = 0
    best: dict[str, Any] | None = None
    lowest: float | None = None
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    waited: int = 0
    ended: bool = False

    def note(self, moment: str, figures: dict[str, float]) -> None:
        """Keeps an evaluation of a moment; one of the same name, of the stage before it was extended, says its step."""
        for earlier in self.evaluations:
            if earlier["moment"] == moment:
                earlier["moment"] = f"{moment}, {earlier['step']} steps"
        self.evaluations.append({"moment": moment, "step": self.step, "figures": figures})
