"""What a run that goes back leaves behind: a run of its own in ``set-aside/``, and nothing is deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

from rgan_kit.contracts import DataError
from rgan_kit.storage import cannot_write
from rgan_kit.training.checkpoints import CheckpointFolder, verify
from rgan_kit.training.gallery import Gallery

FOLDER = "set-aside"
_COPIED = ("config.toml", "data.json", "data.safetensors", "metrics.jsonl", "history.jsonl")


def set_aside(run: Path, step: int) -> Path | None:
    """Moves what came after a step to where it can be looked at, exported and gone on with.

    Args:
        run: whose folder; nobody else trains it.
        step: that it goes back to.

    Returns:
        The folder, which is a run; None where nothing came after.

    Raises:
        RganKitError: it cannot be written.
    """
    checkpoints = CheckpointFolder(run / "checkpoints")
    later = [each for each in checkpoints.steps() if each > step]
    if not later:
        return None
    target = _free(run / FOLDER)
    try:
        (target / "checkpoints").mkdir(parents=True)
        for name in _COPIED:
            if (run / name).exists():
                shutil.copy2(run / name, target / name)
        _bring_best(checkpoints, later, CheckpointFolder(target / "checkpoints"))
        _move(Gallery(run / "samples"), Gallery(target / "samples"), step)
        for each in later:  # the newest last: a kill in the middle changes nothing of what the run goes on from
            checkpoints.path(each).rename(target / "checkpoints" / checkpoints.path(each).name)
    except OSError as error:
        raise cannot_write(target, error) from error
    return target


def _free(folder: Path) -> Path:
    number = 1
    while (folder / str(number)).exists():
        number += 1
    return folder / str(number)


def _bring_best(checkpoints: CheckpointFolder, later: list[int], target: CheckpointFolder) -> None:
    """A copy of the earlier checkpoint whose weights a later one calls the best."""
    try:
        best = (verify(checkpoints.path(later[-1])).get("best") or {}).get("step")
    except DataError:  # it is damaged, which may be why the run goes back
        return
    if best in checkpoints.steps() and best not in later:
        shutil.copytree(checkpoints.path(best), target.path(best))


def _move(samples: Gallery, target: Gallery, step: int) -> None:
    for each in samples.steps():
        if each > step:
            target.folder.mkdir(exist_ok=True)
            samples.path(each).rename(target.path(each))
