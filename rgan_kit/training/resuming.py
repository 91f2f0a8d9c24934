"""Going on with a run: where it stopped or further back, for longer, with its data or itself at another place."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import tomli_w

from rgan_kit.config import Amended, Request, RunConfig, amended
from rgan_kit.config.layers import read_toml
from rgan_kit.contracts import DataError, Dataset, UsageError
from rgan_kit.plugins.registry import Registry
from rgan_kit.storage import write_whole
from rgan_kit.training.described import read_described
from rgan_kit.training.finding import anew, check_run, choose_checkpoint
from rgan_kit.training.reporting import Reporter
from rgan_kit.training.schedule import learning_rate
from rgan_kit.training.session import load_dataset, make_trainer
from rgan_kit.training.trainer import Trainer


def resume(
    folder: Path, checkpoint: str | None, registry: Registry, reporter: Reporter, wanted: Request | None = None
) -> Trainer:
    """A run that goes on from a checkpoint (the newest, unless named).

    Args:
        folder: the run's.
        checkpoint: its name.
        registry: of what is installed.
        reporter: whoever watches.
        wanted: what is to change: data (the same at another place), device, steps, and settings that decide nothing of
            what is computed.

    Raises:
        DataError: no run, a damaged checkpoint, or data that has changed.
        UsageError: a change that would make it another run.
    """
    check_run(folder)
    wanted = wanted or Request()
    going_on = amended(folder, wanted, registry)
    config, step = going_on.config, choose_checkpoint(folder, checkpoint)
    if (config.train.steps != going_on.steps_before or wanted.steps) and config.train.steps <= step:
        raise UsageError(
            f"{folder} has {step} steps already, and --steps is {config.train.steps}.",
            "Say how many it is to have in all, or go back with --checkpoint.",
        )
    dataset = _same_data(config, folder)
    trainer = make_trainer(config, dataset, registry, folder, reporter, resuming=True)
    trainer.engine.settle_threads(config.train.threads or 1, lambda: None)
    trainer.restore(step)
    if wanted.steps or any(change.option in ("train.steps", "train.patience") for change in going_on.changes):
        trainer.state.ended, trainer.state.waited = False, 0
    if going_on.changes:
        content = tomli_w.dumps(going_on.written_at(step)).encode()
        trainer.settle = lambda: write_whole(folder / "config.toml", content)
    for line in (*map(str, going_on.changes), *_of_extension(trainer, going_on), *_of_versions(config, folder)):
        reporter.message(line)
    return trainer


def _same_data(config: RunConfig, folder: Path) -> Dataset:
    """The data of a run, wherever it lies now."""
    try:
        dataset = load_dataset(config)
    except DataError as error:
        if config.data is None or config.data.exists():
            raise
        words = f"rgankit train --resume {shlex.quote(str(folder))} --data NEW_PATH"
        raise DataError(error.problem, f"Has it moved? Say where it is: {words}") from error
    if dataset.fingerprint != read_described(folder).fingerprint:
        raise DataError(
            f"{config.data}: the data has changed since {folder} began, so it cannot go on as if nothing had happened.",
            f"Bring the old data back, begin with other data from these weights (--init-from {folder}), or "
            f"{anew(folder)}",
        )
    return dataset


def _of_versions(config: RunConfig, folder: Path) -> Iterator[str]:
    for distribution, version in (read_toml(folder / "config.toml").get("versions") or {}).items():
        if config.versions.get(distribution, version) != version:
            yield f"the run began with {distribution} {version}, this is {config.versions[distribution]}"


def _of_extension(trainer: Trainer, going_on: Amended) -> Iterator[str]:
    """How the schedule goes on where the number of steps is another one."""
    if trainer.config.train.steps == going_on.steps_before:
        return
    (stage, start, end), step = trainer.schedule.spans[-1], trainer.state.step
    yield f"stage {stage.name} has all of the difference: it is steps {start + 1} to {end}"
    if trainer.config.train.schedule == "cosine" and step > start:
        share = learning_rate(1, "cosine", trainer.schedule.at(step).progress)
        yield (
            "learning rates, and what losses make of a stage's progress, follow the stage as it is now: rates go on "
            f"at {share:.0%} of their highest"
        )
