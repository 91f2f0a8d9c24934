"""Finding a run on disk, and the checkpoint that is meant."""

from __future__ import annotations

import shlex
from pathlib import Path

from rgan_kit.config.layers import read_toml
from rgan_kit.contracts import DataError
from rgan_kit.training.checkpoints import Checkpoint, CheckpointFolder, step_of


def check_run(folder: Path) -> None:
    """Raises ``DataError`` where a folder is no run."""
    if not (folder / "config.toml").is_file():
        raise DataError(
            f"{folder}: this is no run: it has no config.toml.", "Runs lie in ./runs unless told otherwise."
        )


def anew(folder: Path) -> str:
    """What to do where nothing else can be done, in words."""
    return f"begin anew with: rgankit train --config {shlex.quote(str(folder / 'config.toml'))}"


def choose_checkpoint(folder: Path, name: str | None) -> int:
    """The step of the named checkpoint, or of the newest.

    Raises:
        DataError: there is none.
    """
    steps = CheckpointFolder(folder / "checkpoints").steps()
    if not steps:
        raise DataError(f"{folder}: no checkpoint was saved yet.", f"It is lost: {anew(folder)}")
    step = steps[-1] if name is None else step_of(name)
    if step not in steps:
        known = ", ".join(f"step-{known:08d}" for known in steps)
        raise DataError(f"{folder}: there is no checkpoint '{name}'.", f"There are: {known}.")
    return step


def chosen(folder: Path, name: str | None) -> tuple[int, Checkpoint]:
    """The named checkpoint and its step, else that of the best evaluation, else the newest.

    Raises:
        DataError: there is none, or it is damaged.
    """
    checkpoints = CheckpointFolder(folder / "checkpoints")
    step = choose_checkpoint(folder, name)
    loaded = checkpoints.load(step)
    best = (loaded.state.get("best") or {}).get("step")
    untrained = best == 0 and "init_from" not in read_toml(folder / "config.toml")  # as runs of earlier releases say
    if name is None and best not in (None, step) and not untrained:
        return int(best), checkpoints.load(int(best))
    return step, loaded
