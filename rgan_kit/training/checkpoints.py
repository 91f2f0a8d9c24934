"""Checkpoints: ``model.safetensors``, ``training.safetensors`` and ``state.json`` with the SHA-256 of both.

A checkpoint appears under its name only when all of it is on disk. Nothing in it can run code.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from rgan_kit.contracts import DataError
from rgan_kit.storage import cannot_write, force_to_disk, read_json, sha256, to_json, write_whole

FORMAT = 1
MODEL, TRAINING, STATE = "model.safetensors", "training.safetensors", "state.json"
_NAME = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Checkpoint:
    """What a training needs to go on.

    Attributes:
        model: weights, by ``<network>.<parameter>`` and ``average.<parameter>``.
        training: optimizers.
        state: JSON-able; ``step``, ``best``, evaluations and counters.
    """

    model: Mapping[str, Tensor]
    training: Mapping[str, Tensor]
    state: Mapping[str, Any]


def average_of(network: str) -> str:
    """The name under which a network's moving average lies in a checkpoint."""
    return f"average_of_{network}"


def weights(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """Parameters (shared ones once) and persistent buffers of a network."""
    named: dict[str, Tensor] = dict(network.named_parameters())
    kept = network.state_dict(keep_vars=True)
    named.update({name: buffer for name, buffer in network.named_buffers() if name in kept})
    return {f"{prefix}.{name}": tensor.detach() for name, tensor in named.items()}


def load_weights(prefix: str, network: nn.Module, tensors: Mapping[str, Tensor], source: Path) -> None:
    """Copies what ``weights`` gave into a network.

    Raises:
        DataError: a tensor is missing, left over, or of another shape.
    """
    mine = weights(prefix, network)
    theirs = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}
    differing = sorted(mine.keys() ^ theirs.keys())
    differing += [name for name in mine.keys() & theirs.keys() if mine[name].shape != theirs[name].shape]
    if differing:
        raise DataError(
            f"{source}: the weights do not fit the {prefix} network ({', '.join(differing[:3])}).",
            "The plugin has changed since the run began: install the versions named in its config.toml.",
        )
    for name, tensor in mine.items():
        tensor.copy_(theirs[name])


class CheckpointFolder:
    """The ``checkpoints/`` folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: int) -> Path:
        """Where the checkpoint of a step lies."""
        return self.folder / f"step-{step:08d}"

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, in order."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(entry.name) for entry in self.folder.iterdir() if entry.is_dir())
        return sorted(int(match[1]) for match in matches if match)

    def save(self, step: int, checkpoint: Checkpoint) -> Path:
        """Writes a checkpoint, whole or not at all.

        Raises:
            RganKitError: it cannot be written; the earlier ones are as they were.
        """
        final = self.path(step)
        temporary = self.folder / f".{final.name}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(temporary, ignore_errors=True)  # left by a process that was killed
            temporary.mkdir()
            write_whole(temporary / MODEL, _serialized(checkpoint.model))
            write_whole(temporary / TRAINING, _serialized(checkpoint.training))
            hashes = {name: sha256(temporary / name) for name in (MODEL, TRAINING)}
            document = {**checkpoint.state, "format": FORMAT, "sha256": hashes}
            write_whole(temporary / STATE, to_json({**document, "checksum": _checksum(document)}))
            force_to_disk(temporary)
            if final.exists():  # reached again from an earlier one
                self._remove(step)
            temporary.rename(final)
            force_to_disk(self.folder)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise cannot_write(final, error) from error
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return final

    def load(self, step: int) -> Checkpoint:
        """Reads and verifies a checkpoint.

        Raises:
            DataError: damaged or missing; offers the newest earlier one that is whole.
        """
        folder = self.path(step)
        try:
            return Checkpoint(*self._read(folder))
        except DataError as error:
            raise DataError(f"{error.problem}", self._offer(step)) from error

    def _read(self, folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]:
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such checkpoint.")
        state = verify(folder)
        try:
            return load_file(folder / MODEL), load_file(folder / TRAINING), state
        except (OSError, SafetensorError) as error:
            raise DataError(f"{folder}: damaged: {error}.") from error

    def _offer(self, step: int) -> str:
        for earlier in reversed([known for known in self.steps() if known != step]):
            try:
                verify(self.path(earlier))
            except DataError:
                continue
            name = self.path(earlier).name
            return f"The checkpoint {name} is whole: go on from there with --checkpoint {name}"
        return "No other checkpoint of this run is whole: start again with --config and its config.toml."

    def prune(self, keep: int, best: int | None) -> None:
        """Deletes all but the newest ``keep`` checkpoints and the best."""
        for step in self.steps()[:-keep]:
            if step != best:
                self._remove(step)

    def sweep(self) -> None:
        """Removes what a killed process has left half done."""
        for left in self.folder.glob(".step-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _remove(self, step: int) -> None:
        """Under another name first: a kill in the middle leaves no half checkpoint under a valid one."""
        doomed = self.folder / f".{self.path(step).name}.old"
        shutil.rmtree(doomed, ignore_errors=True)
        self.path(step).rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _serialized(tensors: Mapping[str, Tensor]) -> bytes:
    # Without a moving average, `average` is the generator itself, and safetensors refuses to write memory twice.
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(document)).hexdigest()


def verify(folder: Path) -> dict[str, Any]:
    """The state of a checkpoint whose files are what they were when it was written.

    Raises:
        DataError: which file is missing, changed or cut short.
    """
    state = read_json(folder / STATE)
    if (
        not isinstance(state, dict)
        or not isinstance(state.get("sha256"), dict)
        or not isinstance(state.get("step"), int)
    ):
        raise DataError(f"{folder / STATE} is damaged: it lacks keys.")
    if state.pop("checksum", None) != _checksum(state):
        raise DataError(f"{folder / STATE} is damaged: its checksum does not fit.")
    if state.get("format") != FORMAT:
        raise DataError(f"{folder}: checkpoint format {state.get('format')}, this version reads {FORMAT}.")
    for name in (MODEL, TRAINING):
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing.")
        try:
            found = sha256(path)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
        if found != state["sha256"].get(name):
            raise DataError(f"{path} is damaged: its SHA-256 is not the one in {STATE}.")
    return state


def step_of(name: str) -> int | None:
    """The step in ``step-00000250``; None where it is no such name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None
