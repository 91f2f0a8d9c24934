"""The training loop: stages and phases, evaluations, samples, checkpoints and lifecycle hooks."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from rgan_kit.config import RunConfig
from rgan_kit.contracts import (
    Dataset,
    ExitCode,
    NetworkName,
    Objective,
    as_lines,
)
from rgan_kit.plugins.blame import blamed
from rgan_kit.plugins.contain import contained
from rgan_kit.plugins.registry import Registry
from rgan_kit.storage import locked
from rgan_kit.training import outcome, selection
from rgan_kit.training.aside import set_aside
from rgan_kit.training.assessment import Assessor
from rgan_kit.training.batches import Batches
from rgan_kit.training.building import composed, own_parameters
from rgan_kit.training.checkpoints import CheckpointFolder
from rgan_kit.training.engine import Engine
from rgan_kit.training.events import Events
from rgan_kit.training.gallery import Gallery
from rgan_kit.training.likelihood import HeldOut, is_density
from rgan_kit.training.means import Means
from rgan_kit.training.monitor import Monitor
from rgan_kit.training.optimizers import check_names
from rgan_kit.training.overview import Overview
from rgan_kit.training.reporting import Clock, Progress, Reporter
from rgan_kit.training.schedule import Place, Schedule, due
from rgan_kit.training.snapshot import other_bits, put_back, snapshot
from rgan_kit.training.state import Interrupted, TrainerState
from rgan_kit.training.updates import Updater

SAMPLES_SHOWN = 64


class Trainer:
    """Trains the networks of a run.

    Args:
        config: resolved.
        dataset: what it trains on.
        networks: by name, already on the engine's device.
        objective: what it aims at.
        engine: where it computes.
        registry: its host is told how the training goes; its metrics measure samples.
        folder: the run's.
        reporter: whoever watches.

    Attributes:
        fresh: whether the folder was made for this training, and goes with it where nothing was saved.
        settle: what is to be written once the run is ours alone.
    """

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        networks: Mapping[NetworkName, nn.Module],
        objective: Objective,
        engine: Engine,
        registry: Registry,
        folder: Path,
        reporter: Reporter,
    ) -> None:
        options = config.train
        self.config, self.dataset, self.networks = config, dataset, networks
        self.engine, self.registry, self.folder = engine, registry, folder
        self.reporter = reporter
        self.objective = objective
        self.schedule = Schedule(objective.stages(), options.steps, options.planned_steps)
        self.batches = Batches(dataset, options.batch_size, config.seed, engine, options.accumulate)
        own = own_parameters(objective, networks)
        self.updater = Updater(networks, options, engine, config.averaged, own.values())
        check_names(options, self.updater.named, {p.name for stage in objective.stages() for p in stage.phases})
        self.generator = composed(config, self.updater.averaged, dataset.spec)
        self.likelihood = HeldOut.of(config, self.updater.averaged, self.generator)
        self.assessor = Assessor(dataset, registry, engine, options.evaluation_samples)
        self.overview = Overview(
            dataset, engine, networks.get("discriminator"), is_density(self.generator, dataset.spec)
        )
        self.checkpoints = CheckpointFolder(folder / "checkpoints")
        self.gallery = Gallery(folder / "samples")
        self.state = TrainerState()
        part = config.parts["objective"]
        self._objective = f"{part.distribution}: objective {part.name}"
        self.events = Events(registry.host, reporter)
        self.monitor = Monitor(self.events.warning, config.options_that_count())
        self.fresh = False
        self.settle: Callable[[], None] = lambda: None
        self._means = Means()
        self._stop: ExitCode | None = None
        self._saved = -1
        self._clock = Clock(0)

    # --- one step ---

    def step(self) -> dict[str, Any]:
        """Takes one step; returns figures not yet read from the device."""
        step, options = self.state.step, self.config.train
        place = self.schedule.at(step)
        self.engine.seed_step(step)
        parts = range(options.accumulate)
        shared = [self.batches.of_step(step, place, part) for part in parts]
        figures: dict[str, Any] = {}
        for phase in place.stage.phases:
            for repeat in range(phase.repeats if due(phase, place) else 0):
                own = (self.batches.of_phase(phase, repeat, step, place, part) for part in parts)
                first, *further = own if phase.own_batch else shared
                with blamed(f"{self._objective}, phase {phase.name},"):
                    ran = self.updater.run(phase, first, place, further)
                self._means.add(ran)
                figures.update(ran)
        self.state.step = step + 1
        return figures

    # --- the whole training ---

    def request_stop(self, exit_code: ExitCode) -> None:
        """Makes the training save and stop after the step that it is in."""
        self._stop = exit_code

    def train(self) -> TrainerState:
        """Trains to the end.

        Raises:
            Interrupted: asked to stop by ``request_stop``; everything is saved.
            RganKitError: no finite gradients, or a file that cannot be written.
        """
        for _ in self.steps():
            pass
        return self.state

    def steps(self) -> Iterator[int]:
        """Trains step by step, and gives the number of steps done; where nobody asks for more, everything is saved.

        Raises:
            As ``train`` does.
        """
        with locked(self.folder):
            try:
                yield from self._steps()
            except BaseException:
                if self.fresh and not self.checkpoints.steps():  # nothing to go on with
                    shutil.rmtree(self.folder, ignore_errors=True)
                raise

    def _steps(self) -> Iterator[int]:
        status = "failed"
        self._open()
        try:
            with contained():  # a part's sys.exit is no end of a training
                if self.state.step == 0:
                    self._evaluate("start")
                    self.save()
            self._clock = Clock(self.state.step)
            while self.state.step < self.schedule.steps and not self.state.ended:
                with contained():
                    self._one()
                with self._clock.stopped():
                    yield self.state.step
            with contained():
                self._conclude()
            status = "done"
        except (Interrupted, KeyboardInterrupt):
            status = "interrupted"
            raise
        except GeneratorExit:
            self.save()
            status = "interrupted"
            raise
        finally:
            self.events.end(status)

    def _open(self) -> None:
        """Makes the folder ready, and tells that a training begins."""
        for network in self.networks.values():
            network.train()
        self.settle()
        aside = set_aside(self.folder, self.state.step)
        if aside is not None:
            self.reporter.message(f"what came after step {self.state.step} is set aside, a run of its own: {aside}")
        self.checkpoints.sweep()
        self.events.open(self.config, self.folder, self.state.step)
        self.events.start()

    def _one(self) -> None:
        """One step, and what is due after it."""
        place = self.schedule.at(self.state.step)
        self.advance(place)
        with self._clock.stopped():
            self._periodic(self.state.step, place)
        if self._stop is not None:
            self.save()
            raise Interrupted(self.state.step, self.folder, self._stop)

    def _conclude(self) -> None:
        for text in outcome.warnings(self.state, self.assessor.judging):
            self.events.warning(text)
        self.events.table(outcome.table(self.state), self.reference())

    def advance(self, place: Place) -> None:
        """Takes one step, and writes a line of metrics where it is due."""
        self.step()
        if self.state.step % self.config.train.log_every == 0 or place.last:
            steps, seconds = self._clock.lap(self.state.step)
            self.state.seconds += seconds
            self._log(place, seconds / max(steps, 1))

    def _periodic(self, step: int, place: Place) -> None:
        """Samples, evaluation and checkpoint, where they are due."""
        options = self.config.train
        if step % options.evaluate_every == 0 or place.last:
            self._evaluate(f"after {place.stage.name}" if place.last else "")
        last = place.last or self.state.ended
        if step % options.sample_every == 0 or last:
            self._show_samples(step)
        if step % options.checkpoint_every == 0 or last or (self.state.best or {}).get("step") == step:
            self.save()

    def _log(self, place: Place, seconds: float) -> None:
        metrics, options = self._means.take(), self.config.train
        step, left = self.state.step, self.schedule.steps - self.state.step
        metrics["sequences_per_second"] = rate = options.batch_size * options.accumulate / max(seconds, 1e-9)
        self.events.metrics(step, metrics, stage=place.stage.name)
        self.monitor.steps(step, metrics)
        self.reporter.progress(Progress(step, self.schedule.steps, place.stage.name, rate, left * seconds, metrics))

    def _show_samples(self, step: int) -> None:
        drawn = self.assessor.draw(self.generator, SAMPLES_SHOWN)
        lines = as_lines(self.dataset.decoder, drawn.samples)
        shown = as_lines(self.dataset.decoder, drawn.samples, drawn.labels)
        self.events.drawn(step, shown, len(set(lines)) / len(lines))
        files = self.gallery.write(step, drawn, self.dataset)
        self.events.samples(step, drawn, shown, files)
        self.events.overview(step, self.overview.of(drawn, shown))

    def _evaluate(self, moment: str) -> None:
        figures = self.assessor.evaluate(self.generator, self.likelihood)
        step = self.state.step
        cleaned = {name: value for name, value in figures.items() if math.isfinite(value)}  # JSON has no others
        if self._judge(cleaned) and not moment:
            moment = f"after {self.schedule.spans[-1][0].name}"
        self.events.evaluation(step, moment, figures)
        if moment:
            self.state.note(moment, cleaned)
        if step * 4 >= self.schedule.steps:  # before that, samples that are all alike have simply not been learnt yet
            self.monitor.samples(step, figures)

    def _judge(self, figures: Mapping[str, float]) -> bool:
        """Keeps weights that are better; whether the training is over, since none have come for long enough."""
        state, options = self.state, self.config.train
        untrained = state.step == 0 and self.config.init_from is None  # nobody's choice
        improved = selection.judge(state, figures, self.assessor.judging, options.select == "best" and not untrained)
        if state.step > self.schedule.spans[-1][1]:
            state.waited = 0 if improved else state.waited + 1
        state.ended = 0 < options.patience <= state.waited and state.step < self.schedule.steps
        if state.ended:
            self.reporter.message(f"ended after step {state.step}: {state.waited} evaluations without better weights")
        return state.ended

    def reference(self) -> Mapping[str, float]:
        """Figures of the known source; none where there is none."""
        return self.dataset.truth.reference() if self.dataset.truth else {}

    # --- checkpoints ---

    def save(self) -> None:
        """Writes a checkpoint of the step, unless there is one already."""
        if self._saved == self.state.step:
            return
        path = self.checkpoints.save(self.state.step, snapshot(self))
        self._saved = self.state.step
        best = self.state.best["step"] if self.state.best else None
        for kept in (self.checkpoints, self.gallery):
            kept.prune(self.config.train.keep_checkpoints, best)
        self.events.checkpoint(self.state.step, path)

    def restore(self, step: int) -> None:
        """Goes back (or on) to a checkpoint.

        Raises:
            DataError: it is damaged or does not fit.
            UsageError: the configuration has been changed since.
        """
        checkpoint = self.checkpoints.load(step)
        put_back(self, checkpoint, self.checkpoints.path(step))
        said = other_bits(checkpoint.state.get("computed") or {}, self.engine.describe())
        if said:
            self.reporter.message(said)
        if self.state.best and self.state.best["step"] not in self.checkpoints.steps():
            self.state.best = None  # it gave way to a better one, which is yet to come again
        self._saved = step
