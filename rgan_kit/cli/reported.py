"""A training with a report of it on stderr: what it is, how long it will take, how it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rgan_kit.cli.data import advising

if TYPE_CHECKING:
    from rgan_kit.config import Request, RunConfig
    from rgan_kit.contracts import Dataset
    from rgan_kit.plugins.registry import Registry
    from rgan_kit.training.trainer import Trainer


def begin_reported(config: RunConfig, run: Path | None, registry: Registry, reporter: Any) -> Trainer:
    """A new run, trained to its end."""
    from rgan_kit.training.session import begin_somewhere, load_dataset

    with advising(config.data):
        dataset = load_dataset(config)
    introduce(reporter, config, dataset)
    trainer = begin_somewhere(config, dataset, registry, run, reporter)
    reporter.message(f"run: {trainer.folder} (threads: {trainer.config.train.threads})")
    _train(trainer)
    return trainer


def resume_reported(
    folder: Path, checkpoint: str | None, wanted: Request | None, registry: Registry, reporter: Any
) -> Trainer:
    """A run that goes on to its end."""
    from rgan_kit.training.resuming import resume

    trainer = resume(folder, checkpoint, registry, reporter, wanted)
    introduce(reporter, trainer.config, trainer.dataset)
    reporter.message(f"run: {folder}, going on after step {trainer.state.step}")
    _train(trainer)
    return trainer


def introduce(reporter: Any, config: RunConfig, dataset: Dataset) -> None:
    """Says what is trained on what, and what was not taken of it."""
    from rgan_kit.cli.data_words import announced

    reporter.message(f"{config.recipe} on {config.data or config.domain.spec.default_data}")
    for line in announced(dataset):
        reporter.message(line)


def announce_duration(reporter: Any, trainer: Trainer) -> None:
    """Says how long the training will take, before it begins."""
    from rgan_kit.cli.progress import duration
    from rgan_kit.training.pace import rehearsed_seconds

    left = trainer.schedule.steps - trainer.state.step
    if left > 0 and not trainer.state.ended:
        for network in trainer.networks.values():
            network.train()
        try:
            seconds = rehearsed_seconds(trainer)
        except Exception:  # the training will meet it too, and say whose fault it is
            return
        reporter.message(f"{left:,} steps, about {duration(seconds)} and its evaluations")


def _train(trainer: Trainer) -> None:
    from rgan_kit.training.stopping import stoppable

    announce_duration(trainer.reporter, trainer)
    with stoppable(trainer):
        trainer.train()
