"""Trainings as runs in Weights & Biases, for ``rgankit train --set train.loggers=wandb``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rgan_kit import hookimpl
from rgan_kit.contracts import DeviceError, RunInfo

NAME: Final = "wandb"
PROJECT: Final = "rgan-kit"
STEP: Final = "step"
CODES: Final = {"done": 0, "interrupted": 130, "failed": 1}
PICTURES: Final = 4
SOUNDS: Final = 2


class WandbLogger:
    """One W&B run for each training, which goes on in it when it is resumed.

    A resumed training may begin before the last step that was logged, and W&B drops figures of an earlier step than it
    knows; so the step is a figure too, and the axis of all others.
    """

    def __init__(self) -> None:
        self._run: Any = None

    @hookimpl
    def rgankit_train_start(self, run: RunInfo, step: int) -> None:
        """Opens the run in W&B, if this logger was asked for.

        Raises:
            DeviceError: wandb is not installed, or does not let a run begin.
        """
        self._run = None
        if NAME not in run.loggers:
            return
        library = _library()
        project = os.environ.get("WANDB_PROJECT", PROJECT)
        known = _known_run(run.folder) if step else None
        config = {"recipe": run.recipe, **run.config}
        try:
            opened = library.init(
                project=project, dir=str(run.folder), id=known, name=run.name, config=config, resume=known and "allow"
            )
            opened.define_metric(STEP)
            opened.define_metric("*", step_metric=STEP)
        except Exception as error:  # whatever a server, a network or a missing login can raise
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise DeviceError(
                f"train.loggers asks for wandb, which cannot be written to: {reason}",
                "Log in with `wandb login`, write to disk alone with WANDB_MODE=offline, or leave wandb out.",
            ) from error
        (run.folder / "wandb.json").write_text(json.dumps({"id": str(opened.id)}) + "\n", encoding="utf-8")
        self._run = opened

    @hookimpl
    def rgankit_step_end(self, step: int, metrics: Mapping[str, float]) -> None:
        """All metrics at once."""
        if self._run is not None:
            self._run.log({STEP: step, **metrics})

    @hookimpl
    def rgankit_samples(self, step: int, lines: Sequence[str], files: Sequence[Path]) -> None:
        """A table of lines, the first pictures and the first sounds; all samples stay in the run's folder."""
        if self._run is not None:
            library = _library()
            pictures = [library.Image(str(file)) for file in files if file.suffix == ".png"][:PICTURES]
            sounds = [library.Audio(str(file)) for file in files if file.suffix == ".wav"][:SOUNDS]
            told = {"samples/text": library.Table(columns=["sample"], data=[[line] for line in lines])}
            told |= {"samples/pictures": pictures} if pictures else {}
            told |= {"samples/sounds": sounds} if sounds else {}
            self._run.log({STEP: step, **told})

    @hookimpl
    def rgankit_warning(self, run: RunInfo, text: str) -> None:
        """An alert, which W&B sends to whoever wants to know."""
        if self._run is not None:
            self._run.alert(title=f"rgan-kit: {run.name}"[:64], text=text)

    @hookimpl
    def rgankit_checkpoint_saved(self, path: Path) -> None:
        """Where the newest checkpoint lies; the file itself stays where it is."""
        if self._run is not None:
            self._run.summary["checkpoint"] = str(path)

    @hookimpl
    def rgankit_table(self, rows: Sequence[tuple[str, Mapping[str, float]]], reference: Mapping[str, float]) -> None:
        """The table, a figure a line; what is exported is the run's summary."""
        if self._run is not None:
            columns = [*rows, ("known source", reference)] if reference else list(rows)
            names = dict.fromkeys(name for _, figures in columns for name in figures)
            data = [[name, *(figures.get(name) for _, figures in columns)] for name in names]
            moments = [moment for moment, _ in columns]
            self._run.log({"table": _library().Table(columns=["figure", *moments], data=data)})
            for name, value in rows[-1][1].items():
                self._run.summary[f"exported/{name}"] = value

    @hookimpl
    def rgankit_train_end(self, status: str) -> None:
        """Closes the run in W&B, with how it ended."""
        run, self._run = self._run, None
        if run is not None:
            run.finish(exit_code=CODES[status])


def _library() -> Any:
    try:
        import wandb
    except Exception as error:  # a damaged installation may raise anything
        missing = isinstance(error, ModuleNotFoundError) and error.name == NAME
        reason = "is not installed" if missing else f"does not load: {type(error).__name__}: {error}"
        raise DeviceError(
            f"train.loggers asks for wandb, which {reason}.", 'Install it with: pip install "rgankit-wandb[wandb]"'
        ) from error
    return wandb


def _known_run(folder: Path) -> str | None:
    """The W&B run of a training that goes on; None where it had none."""
    try:
        return str(json.loads((folder / "wandb.json").read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


logger = WandbLogger()
