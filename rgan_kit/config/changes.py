"""What may change when a run goes on, and what makes it another run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rgan_kit.config.layers import read_toml
from rgan_kit.config.run import Request, RunConfig, resolve
from rgan_kit.errors import UsageError
from rgan_kit.plugins.registry import Registry

FREE = frozenset(
    {
        "device", "threads", "loggers", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints",
        "evaluate_every", "evaluation_samples", "select", "patience",
    }
)  # fmt: skip
"""Options of the trainer that say where a training is computed and what is told and kept of it."""

_STEPS = ("steps", "planned_steps")
NOTES = "changes"
"""The key of a ``config.toml`` that notes them."""

_ELSEWHERE = ("data", "init_from", "origins", "versions", NOTES)
"""Keys that say where something lies or what was installed. Data is known by its content (``Dataset.fingerprint``)."""


@dataclass(frozen=True)
class Change:
    """An option that has another value from now on."""

    option: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.option}: {self.before} before, {self.after} from now on"


@dataclass(frozen=True)
class Amended:
    """A run's configuration as it goes on.

    Attributes:
        config: resolved.
        changes: what is different.
        before: its ``config.toml`` as it is now.
        steps_before: of the whole training.
    """

    config: RunConfig
    changes: tuple[Change, ...]
    before: Mapping[str, Any]
    steps_before: int

    def written_at(self, step: int) -> dict[str, Any]:
        """What ``config.toml`` is to hold, with a note of what changed after which step.

        What it lacks it goes on lacking, since options that came later are no change.
        """
        document = _copied(self.before)
        there = _flat(document)
        notes = [{**vars(change), "step": step, "before": there.get(change.option)} for change in self.changes]
        document[NOTES] = [*document.get(NOTES, []), *map(_without_none, notes)]
        for change in self.changes:
            _put(document, change.option, change.after)
        return document


def amended(folder: Path, wanted: Request, registry: Registry) -> Amended:
    """The configuration of a run with the changes that are wanted.

    Args:
        folder: the run's.
        wanted: data, device, steps and settings count.
        registry: of what is installed.

    Raises:
        UsageError: one of them would change what is computed.
    """
    path = folder / "config.toml"
    before = resolve(Request(config=path), registry)
    config = resolve(replace(wanted, config=path), registry)
    old, new = _flat(before.to_dict()), _flat(config.to_dict())
    changes = [Change(key, old.get(key), new.get(key)) for key in (old | new) if old.get(key) != new.get(key)]
    changes = [change for change in changes if change.option.partition(".")[0] not in ("origins", "versions")]
    for change in changes:
        if not _may_change(change.option):
            raise UsageError(
                f"{change.option} decides what is computed, so a run that goes on keeps it ({change.before}).",
                "What may change is --data, --device, --steps and, by --set, "
                f"{', '.join(f'train.{name}' for name in sorted(FREE))}. Otherwise begin a new run from its weights: "
                f"rgankit train --config {path} --init-from {folder} --set …",
            )
    if config.train.steps != before.train.steps and not before.train.planned_steps:
        changes.append(Change("train.planned_steps", 0, before.train.steps))
        planned = config.train.model_copy(update={"planned_steps": before.train.steps})
        config = replace(config, train=planned)
    return Amended(config, tuple(changes), read_toml(path), before.train.steps)


def _may_change(option: str) -> bool:
    section, _, name = option.partition(".")
    return option == "data" or (section == "train" and (name in FREE or name == "steps"))


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        flat |= {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, Mapping) else {key: value}
    return flat


def _copied(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}  # TOML has no None


def _put(document: dict[str, Any], option: str, value: Any) -> None:
    section, dot, name = option.partition(".")
    table, key = (document.setdefault(section, {}), name) if dot else (document, section)
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _as_begun(document: Mapping[str, Any]) -> dict[str, Any]:
    """A ``config.toml`` without the changes that it notes."""
    begun = _copied(document)
    notes = begun.pop(NOTES, [])
    try:
        for note in reversed(notes):
            _put(begun, note["option"], note.get("before"))
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(
            f"config.toml: `{NOTES}` is not what `rgankit train --resume` notes there: {str(notes)[:120]}",
            "Take the file as it was, or begin anew without that table.",
        ) from error
    return begun


def digests(config: RunConfig, written: Path) -> tuple[str, str]:
    """SHA-256 (hex) of everything in a configuration that decides what is computed: as checkpoints have it, and as
    those of before runs could change had it.

    Args:
        config: counts where nothing is written yet.
        written: the run's ``config.toml``. Options that came later are not in it, and are no change.
    """
    document = read_toml(written) if written.exists() else config.to_dict()
    whole = {key: value for key, value in _as_begun(document).items() if key not in ("origins", "versions")}
    return _sha256(_deciding(document)), _sha256(whole)


def _deciding(document: Mapping[str, Any]) -> dict[str, Any]:
    """Steps by which a run was extended decide nothing of what came before; those that its stages shared out do."""
    train = document.get("train", {})
    deciding = {key: value for key, value in document.items() if key not in _ELSEWHERE}
    kept = {key: value for key, value in train.items() if key not in FREE and key not in _STEPS}
    deciding["train"] = {**kept, "planned_steps": train.get("planned_steps") or train.get("steps")}
    return deciding


def _sha256(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
