"""Runs as objects: ``train`` begins one, ``open_run`` finds one, and both do what the command line does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rgan_kit.api.memory import kept
from rgan_kit.api.watching import Callback, Watcher, Watching
from rgan_kit.cli.reported import announce_duration, introduce
from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import SampleSet, UsageError, write_samples
from rgan_kit.plugins.own import handed_over
from rgan_kit.plugins.registry import default_registry
from rgan_kit.runtime import Model, load
from rgan_kit.training.assessment import Assessor
from rgan_kit.training.engine import Engine
from rgan_kit.training.finding import check_run
from rgan_kit.training.likelihood import HeldOut
from rgan_kit.training.resuming import resume
from rgan_kit.training.session import RUNS, begin_somewhere, load_dataset, load_trained, read_config
from rgan_kit.training.stopping import stoppable
from rgan_kit.training.trainer import Trainer

__all__ = ["Callback", "Run", "open_run", "prepare", "train"]

Part = str | type[Any]
"""A part by name, or a class in a file of one's own."""


def train(
    recipe: str | None = None,
    *,
    data: Any = None,
    steps: int | None = None,
    callbacks: Sequence[Watcher] = (),
    progress: bool = True,
    **configuration: Any,
) -> Run:
    """Trains a recipe to the end, as ``rgankit train`` does.

    Args:
        recipe: its name; None where ``config`` names it.
        data: a path, strings, a table, an array or scores (see ``kept``); None for the domain's embedded data.
        steps: of the whole training.
        callbacks: functions of a ``Progress``, called with every line of metrics, which end the training by returning
            True; or ``Callback`` objects.
        progress: whether progress is shown on stderr.
        **configuration: as for ``prepare``.

    Returns:
        The run, trained.

    Raises:
        Interrupted: Ctrl-C, or a callback ended it; everything is saved, and ``open_run(…).train()`` goes on.
        RganKitError: as the command line says them.
    """
    run = prepare(recipe, data=data, steps=steps, progress=progress, **configuration)
    return run.train(callbacks=callbacks, progress=progress)


def prepare(
    recipe: str | None = None,
    *,
    data: Any = None,
    domain: str | None = None,
    steps: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    generator: Part | None = None,
    discriminator: Part | None = None,
    encoder: Part | None = None,
    objective: str | None = None,
    options: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
    init_from: str | Path | None = None,
    run: str | Path | None = None,
    progress: bool = True,
) -> Run:
    """A run that is yet to train: iterate over it, or call its ``train``.

    Args:
        recipe, data, steps, progress: as for ``train``.
        domain: that reads the data; None to recognise it.
        seed: of everything random.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        generator, discriminator, encoder, objective: other parts than the recipe's; networks by a class too.
        options: any others by name, as ``{"generator.hidden_size": 64, "train.batch_size": 32}``.
        config: a TOML file, such as a run's ``config.toml``.
        init_from: a run whose weights it begins with, as ``RUN`` or ``RUN:step-00000250``.
        run: the folder; None for a free one below ``runs``.

    Raises:
        RganKitError: as the command line says them.
    """
    root = RUNS if run is None else Path(run).parent
    found = None if data is None else kept(data, root)
    parts = {"generator": generator, "discriminator": discriminator, "encoder": encoder, "objective": objective}
    chosen = {name: handed_over(part) if isinstance(part, type) else part for name, part in parts.items() if part}
    settings = {**(found.options if found else {}), **chosen, **(options or {})}
    request = Request(
        recipe=recipe, domain=domain or (found.domain if found else None), data=found.path if found else None,
        settings=as_settings(settings), config=None if config is None else Path(config), steps=steps, seed=seed,
        device=device, init_from=None if init_from is None else str(init_from),
    )  # fmt: skip
    registry = default_registry()
    resolved = resolve(request, registry)
    dataset = load_dataset(resolved)
    watching = Watching()
    with watching.by(progress, ()):
        introduce(watching, resolved, dataset)
        trainer = begin_somewhere(resolved, dataset, registry, None if run is None else Path(run), watching)
        watching.message(f"run: {trainer.folder} (threads: {trainer.config.train.threads})")
    return Run(trainer.folder, trainer, watching)


def open_run(folder: str | Path) -> Run:
    """A run on disk.

    Raises:
        DataError: the folder is no run.
    """
    check_run(Path(folder))
    return Run(Path(folder))


def as_settings(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Options as the command line's ``--set`` has them."""
    return tuple(f"{key}={_toml(value)}" for key, value in options.items())


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


class Run:
    """A run: ``train``, ``prepare`` and ``open_run`` make it.

    Iterating over it trains it step by step and gives the number of steps done; who stops iterating has everything
    saved.

    Attributes:
        folder: where it lies.
        latest: the newest figures by name, as ``metrics.jsonl`` has them.
    """

    def __init__(self, folder: Path, trainer: Trainer | None = None, watching: Watching | None = None) -> None:
        self.folder = folder
        self._trainer, self._watching = trainer, watching or Watching()
        self._registry = default_registry()

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def config(self) -> RunConfig:
        """Its configuration, resolved."""
        return read_config(self.folder, self._registry)

    @property
    def latest(self) -> Mapping[str, float]:
        """The newest figures by name."""
        return self._watching.latest

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of ``metrics.jsonl``: each has its ``step``, and what was known there by name."""
        file = self.folder / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def train(
        self,
        steps: int | None = None,
        *,
        data: Any = None,
        device: str | None = None,
        checkpoint: str | None = None,
        options: Mapping[str, Any] | None = None,
        callbacks: Sequence[Watcher] = (),
        progress: bool = True,
    ) -> Run:
        """Trains it to the end, as ``rgankit train --resume`` does where it has begun.

        Args:
            steps: in all; more than it was planned for extend it.
            data: the same data, where it lies elsewhere now.
            device: another one.
            checkpoint: goes back to that one.
            options: of those that decide nothing of what is computed.
            callbacks, progress: as for the function ``train``.

        Returns:
            Itself.

        Raises:
            As the function ``train``.
        """
        changes = {"steps": steps, "data": data, "device": device, "checkpoint": checkpoint, "options": options}
        with self._watching.by(progress, callbacks):
            trainer = self._ready(**changes)
            if progress:
                announce_duration(self._watching, trainer)
            with stoppable(trainer):
                trainer.train()
        return self

    def __iter__(self) -> Iterator[int]:
        trainer = self._ready()
        self._watching.stop = trainer.request_stop
        yield from trainer.steps()

    def _ready(
        self,
        steps: int | None = None,
        data: Any = None,
        device: str | None = None,
        checkpoint: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Trainer:
        """The trainer at hand where it has not begun, else one that goes on with what is on disk."""
        changes = (steps, data, device, checkpoint, options)
        trainer = self._trainer
        changed = any(each is not None for each in changes)
        if changed and trainer is not None and not trainer.checkpoints.steps():
            raise UsageError(f"{self.folder} has not begun, so there is nothing to change.", "Say it to prepare.")
        if trainer is None or trainer.state.step or changed:
            path = None if data is None else kept(data, self.folder.parent).path
            wanted = Request(data=path, settings=as_settings(options or {}), steps=steps, device=device)
            trainer = self._trainer = resume(self.folder, checkpoint, self._registry, self._watching, wanted)
        self._watching.stop = trainer.request_stop
        return trainer

    def evaluate(self, checkpoint: str | None = None) -> dict[str, float]:
        """Figures of the weights that would be exported (or of a checkpoint by name), on held-out data."""
        trained, assessor = self._assessor(checkpoint)
        likelihood = HeldOut.of(trained.config, trained.networks, trained.generator)
        return assessor.evaluate(trained.generator, likelihood)

    def sample(self, n: int = 1, *, seed: int = 0, checkpoint: str | None = None) -> list[Any]:
        """Samples of those weights, decoded as the domain does.

        Args:
            n: how many.
            seed: of the noise, as a model file takes it.
            checkpoint: by name.
        """
        return list(self._drawn(n, seed, checkpoint).samples)

    def save_samples(self, folder: str | Path, n: int = 1, *, seed: int = 0) -> list[Path]:
        """Samples as files of the domain's own kind; returns the files."""
        drawn = self._drawn(n, seed, None)
        Path(folder).mkdir(parents=True, exist_ok=True)
        return write_samples(drawn.dataset.decoder, drawn.samples, Path(folder), drawn.labels)

    def export(self, path: str | Path, *, checkpoint: str | None = None, **about: Any) -> Model:
        """Writes one verified model file, as ``rgankit export`` does, and opens it.

        Args:
            path: of the file.
            checkpoint: by name; None for the best.
            **about: ``licence``, ``description`` and ``opset``, as ``rgan_kit.export.exporter.export`` has them.
        """
        from rgan_kit.export.exporter import export

        export(load_trained(self.folder, checkpoint, self._registry), Path(path), self._registry, **about)
        return load(path)

    def _drawn(self, n: int, seed: int, checkpoint: str | None) -> SampleSet:
        trained, assessor = self._assessor(checkpoint)
        return assessor.draw(trained.generator, n, seed=seed)

    def _assessor(self, checkpoint: str | None) -> tuple[Any, Assessor]:
        trained = load_trained(self.folder, checkpoint, self._registry)
        train = trained.config.train
        engine = Engine(train.device, train.precision, trained.config.seed)
        for network in trained.networks.values():
            network.to(engine.device)
        dataset = load_dataset(trained.config) if self._trainer is None else self._trainer.dataset
        return trained, Assessor(dataset, self._registry, engine, train.evaluation_samples)
