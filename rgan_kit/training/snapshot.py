"""Everything of a training that a checkpoint holds, taken from a trainer and put back into one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from rgan_kit.config.changes import digests
from rgan_kit.contracts import UsageError
from rgan_kit.training.checkpoints import Checkpoint, average_of, load_weights, weights
from rgan_kit.training.state import TrainerState

if TYPE_CHECKING:
    from rgan_kit.training.trainer import Trainer


def stored(trainer: Trainer) -> dict[str, nn.Module]:
    """Everything whose weights a checkpoint holds, by the prefix of their names."""
    found: dict[str, nn.Module] = dict(trainer.networks.items())
    found.update({average_of(name): network for name, network in trainer.updater.averaged.items()})
    if isinstance(trainer.objective, nn.Module):  # one that remembers something, such as a baseline
        found["objective"] = trainer.objective
    return found


def snapshot(trainer: Trainer) -> Checkpoint:
    """The training as it is now."""
    updater = trainer.updater
    named = [weights(prefix, network) for prefix, network in stored(trainer).items()]
    state = {
        **vars(trainer.state),
        "config": digests(trainer.config, trainer.folder / "config.toml")[0],
        "computed": trainer.engine.describe(),
        "skipped": updater.skipped,
        "declined": updater.declined,
        "figures": {name: repr(float(value)) for name, value in updater.latest.items()},  # JSON has no NaN
        "averaged": {name: average.updates for name, average in updater.averages.items()},
    }
    return Checkpoint({name: t for part in named for name, t in part.items()}, updater.state(), state)


def put_back(trainer: Trainer, checkpoint: Checkpoint, path: Path) -> None:
    """Makes a training what it was.

    Args:
        trainer: of the same configuration.
        checkpoint: what ``snapshot`` gave.
        path: where it was read.

    Raises:
        DataError: it does not fit.
        UsageError: the configuration has been changed since.
    """
    if checkpoint.state["config"] not in digests(trainer.config, trainer.folder / "config.toml"):
        raise UsageError(
            f"{trainer.folder / 'config.toml'} is not what it was when {path.name} was saved.",
            "Undo the change, or begin a new run with: rgankit train --config … (what may change does so beside "
            "--resume: --steps, --data, --device and some of train).",
        )
    for prefix, network in stored(trainer).items():
        load_weights(prefix, network, checkpoint.model, path)
    updater, state = trainer.updater, checkpoint.state
    updater.load_state(checkpoint.training)
    updater.skipped = dict(state["skipped"])
    updater.declined = dict(state.get("declined", {}))  # which older ones lack
    updater.latest = {name: float(value) for name, value in state.get("figures", {}).items()}
    for name, average in updater.averages.items():
        average.updates = int(state["averaged"][name])
    trainer.state = TrainerState(**{name: state.get(name, value) for name, value in vars(TrainerState()).items()})


def other_bits(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Says where a training goes on otherwise than it was computed so far; nothing, where that is the same.

    Args:
        before, now: what ``Engine.describe`` said.
    """
    differing = [
        f"{name} {before[name]}, now {now.get(name, 'another')}" for name in before if before[name] != now.get(name)
    ]
    return (
        f"the last bits will differ from those of a run that stayed as it was: {'; '.join(differing)}"
        if differing
        else ""
    )
