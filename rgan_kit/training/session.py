"""Beginning a run, and looking at one without training it."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import tomli_w
import torch
from torch import nn

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.config.suiting import suited_to
from rgan_kit.contracts import Dataset, UsageError
from rgan_kit.plugins.blame import blamed
from rgan_kit.plugins.registry import Registry
from rgan_kit.storage import cannot_write, write_whole
from rgan_kit.training.building import Networks, build_networks, build_objective, composed, gives_steps, without_lengths
from rgan_kit.training.checkpoints import CheckpointFolder, average_of, load_weights
from rgan_kit.training.described import DescribedData, describe_data, read_described
from rgan_kit.training.engine import Engine
from rgan_kit.training.finding import check_run, chosen
from rgan_kit.training.initial import initialised
from rgan_kit.training.moments import with_moments
from rgan_kit.training.pace import rehearsal
from rgan_kit.training.reporting import Reporter, Silent
from rgan_kit.training.trainer import Trainer

RUNS = Path("runs")
"""Where runs go unless told otherwise."""

ATTEMPTS = 10


def load_dataset(config: RunConfig) -> Dataset:
    """The run's data, read by its domain.

    Raises:
        DataError: it cannot be used; says which file and why.
    """
    domain = config.domain
    with blamed(f"{domain.distribution}: loading the data of domain {domain.name}"):
        return with_moments(cast("Dataset", domain.spec.load(domain.options, config.data, config.seed)))


def make_trainer(
    config: RunConfig,
    dataset: Dataset,
    registry: Registry,
    folder: Path,
    reporter: Reporter | None = None,
    *,
    resuming: bool = False,
) -> Trainer:
    """A trainer that has not begun; writes nothing.

    Args:
        config: resolved; where nobody asked for anything, the data's own defaults count.
        dataset: what it trains on.
        registry: of what is installed.
        folder: the run's.
        reporter: whoever watches.
        resuming: its weights come from a checkpoint, so it needs no other run to begin with.

    Raises:
        DataError: the run to begin with is none, or nothing of it fits.
    """
    config = suited_to(config, dataset)
    engine = Engine(config.train.device, config.train.precision, config.seed)
    networks = build_networks(config, dataset.spec)
    if config.init_from is not None and not resuming:
        for line in initialised(networks, config, dataset):
            (reporter or Silent()).message(line)
    for network in networks.values():
        network.to(engine.device)
    torch.manual_seed(config.seed * 8 + len(networks))  # for parameters of its own
    objective = build_objective(config, networks, dataset.spec)
    if isinstance(objective, nn.Module):
        objective.to(engine.device)
    return Trainer(config, dataset, networks, objective, engine, registry, folder, reporter or Silent())


class RunExistsError(UsageError):
    """The folder for a new run is taken."""


def begin(config: RunConfig, dataset: Dataset, registry: Registry, folder: Path, reporter: Reporter) -> Trainer:
    """A new run: settles the threads, makes the folder and writes ``config.toml`` and ``data.json`` into it.

    Raises:
        RunExistsError: the folder is there already.
        RganKitError: it cannot be written; nothing is left of it.
    """
    _refuse_existing(folder)
    trainer = make_trainer(config, dataset, registry, folder, reporter)
    note = without_lengths(dataset.spec, trainer.generator)
    if note:
        reporter.message(note)
    threads = trainer.engine.settle_threads(config.train.threads, rehearsal(trainer))
    trainer.config = trainer.config.with_threads(threads)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        unfinished.mkdir(parents=True)
        write_whole(unfinished / "config.toml", tomli_w.dumps(trainer.config.to_dict()).encode())
        describe_data(unfinished, dataset)
        _refuse_existing(folder)
        unfinished.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process was quicker
            _refuse_existing(folder)
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    trainer.fresh = True
    return trainer


def stem_of(config: RunConfig) -> str:
    """What runs of a configuration are called, before their number."""
    return f"{config.recipe.split(':')[-1]}-{config.domain.spec.name}"


def begin_somewhere(
    config: RunConfig, dataset: Dataset, registry: Registry, folder: Path | None, reporter: Reporter, root: Path = RUNS
) -> Trainer:
    """A new run in the folder named, else in the next free one below ``root``, which another training may take first.

    Raises:
        RunExistsError: the folder is there already.
        UsageError: every name was taken.
    """
    stem = stem_of(config)
    for _ in range(ATTEMPTS):
        try:
            return begin(config, dataset, registry, folder or free_name(root, stem), reporter)
        except RunExistsError:
            if folder is not None:
                raise
    raise UsageError(f"{root / stem}-…: another training took every name that was free.", "Name a folder with --run.")


def _refuse_existing(folder: Path) -> None:
    if folder.exists():
        raise RunExistsError(
            f"{folder} exists.",
            f"Choose another --run, or go on with: rgankit train --resume {shlex.quote(str(folder))}",
        )


def read_config(folder: Path, registry: Registry) -> RunConfig:
    """The configuration of a run.

    Raises:
        DataError: the folder is no run.
    """
    check_run(folder)
    return resolve(Request(config=folder / "config.toml"), registry)


@dataclass(frozen=True)
class TrainedRun:
    """A finished (or unfinished) run as the exporter needs it.

    Attributes:
        config: resolved.
        data: what it was trained on, without the samples.
        networks: the averaged ones, with the chosen weights.
        step: of the checkpoint that they come from.
        folder: of the checkpoint.
    """

    config: RunConfig
    data: DescribedData
    networks: Networks
    step: int
    folder: Path

    @property
    def generator(self) -> nn.Module:
        """The generator that is exported."""
        return composed(self.config, self.networks, self.data.spec)

    @property
    def encoder(self) -> nn.Module | None:
        """The encoder that can be exported; None where there is none, or one that gives a posterior for every step."""
        part = self.config.parts.get("encoder")
        sequence = part is not None and part.kind == "encoder" and not gives_steps(part, self.data.spec.kind)
        return self.networks.get("encoder") if sequence else None


def load_trained(folder: Path, checkpoint: str | None, registry: Registry) -> TrainedRun:
    """The generator of a run: of the named checkpoint, else of the best evaluation, else of the newest.

    Raises:
        DataError: no run, or a damaged checkpoint.
    """
    config = read_config(folder, registry)
    data = read_described(folder)
    checkpoints = CheckpointFolder(folder / "checkpoints")
    step, loaded = chosen(folder, checkpoint)
    built = build_networks(config, data.spec)
    networks = {name: built[name] for name in config.averaged}
    for name, network in networks.items():
        load_weights(average_of(name), network.eval(), loaded.model, checkpoints.path(step))
    return TrainedRun(config, data, networks, step, checkpoints.path(step))


def free_name(root: Path, stem: str) -> Path:
    """``root/stem-N`` with the smallest N that is not taken."""
    number = 1
    while (root / f"{stem}-{number}").exists():
        number += 1
    return root / f"{stem}-{number}"
