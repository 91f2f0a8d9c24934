"""A search as a study of Optuna: trials are trainings, judged and pruned by their evaluations."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rgan_kit.config.space import Choice
from rgan_kit.contracts import RganKitError, UsageError
from rgan_kit.errors import ExitCode
from rgan_kit.training.reporting import Silent
from rgan_kit.training.session import begin, load_dataset
from rgan_kit.training.state import Interrupted
from rgan_kit.training.stopping import stoppable

if TYPE_CHECKING:
    from optuna import Study, Trial

    from rgan_kit.config import Request, RunConfig
    from rgan_kit.config.space import Space
    from rgan_kit.contracts import Dataset
    from rgan_kit.plugins.registry import Registry
    from rgan_kit.training.trainer import Trainer

STORAGE, NAME, FAILED = "study.db", "rgankit", "failed"
LIKELIHOOD = "heldout_nll"
HEARTBEAT = 15
"""Seconds between the signs of life of a trial; one that gives none for four of them is tried again."""


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        request: what every trial has in common.
        space: what it chooses.
        figure: to be made small; empty for held-out nats, or what first says how far samples are from real data.
        folder: of the study: ``study.db``, and a run for every trial.
        registry: of what is installed.
        say: tells whoever watches.
    """

    request: Request
    space: Space
    figure: str
    folder: Path
    registry: Registry
    say: Callable[[str], None]

    def check(self) -> None:
        """Raises ``UsageError`` where the space has an option, or values, that no training takes."""
        for option, each in self.space.items():
            for value in each.values if isinstance(each, Choice) else (each.low, each.high):
                self.resolved({option: value})

    def resolved(self, chosen: Mapping[str, Any]) -> RunConfig:
        """The configuration with these options.

        Raises:
            UsageError: they do not exist, or do not fit together.
        """
        from rgan_kit.config import resolve

        settings = [f"{option}={json.dumps(value)}" for option, value in chosen.items()]
        return resolve(replace(self.request, settings=[*self.request.settings, *settings]), self.registry)


def open_study(search: Search) -> Study:
    """The study of a folder, a new one where there is none.

    Raises:
        UsageError: it searches something else.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search.folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # signs of life, since version 2.8
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{search.folder / STORAGE}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=HEARTBEAT,
            grace_period=4 * HEARTBEAT,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )
    study = optuna.create_study(storage=storage, study_name=NAME, load_if_exists=True, direction="minimize")
    seed = (search.request.seed or 0) + len(study.trials)  # what a search chooses after a pause is something new
    study.sampler = optuna.samplers.TPESampler(seed=seed % 2**32)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)
    about = json.dumps({"request": repr(replace(search.request, config=None)), "space": repr(search.space)})
    if study.user_attrs.get("about", about) != about:
        raise UsageError(f"{search.folder} has a search for something else.", "Choose another --run.")
    study.set_user_attr("about", about)
    return study


def run_trials(study: Study, search: Search, trials: int) -> None:
    """Trains until a study has so many trials, those of other processes counted.

    Raises:
        Interrupted: asked to stop.
        UsageError: the figure that is wanted is none of these trainings.
    """

    def done() -> int:
        return sum(map(counts, study.get_trials(deepcopy=False)))

    def enough(study: Study, _: Any) -> None:
        if done() >= trials:
            study.stop()

    left = trials - done()
    if left > 0:
        study.optimize(_Trials(search), n_trials=left, callbacks=[enough], catch=(_Failed,))


def counts(trial: Any) -> bool:
    """Whether a trial is one of those that were asked for: not one that was stopped, which is tried again."""
    return trial.state.name in ("COMPLETE", "PRUNED") or FAILED in trial.user_attrs


class NoFigureError(UsageError):
    """The figure that is wanted is none of these trainings."""


class _Failed(Exception):  # noqa: N818 - a trial that ends, and no search
    """A trial that could not be trained; what was wrong has been said."""


class _Trials:
    """Trains a trial."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self._read: tuple[str, Dataset] | None = None

    def __call__(self, trial: Trial) -> float:
        chosen = {option: each.suggested(option, trial) for option, each in self.search.space.items()}
        words = f"trial {trial.number} ({', '.join(f'{option}={value}' for option, value in chosen.items())})"
        folder = self.search.folder / f"trial-{trial.number:04d}"
        trial.set_user_attr("run", str(folder))
        watching = _Pruning(trial, self.search.figure)
        try:
            config = self.search.resolved(chosen)
            value = watching.trained(begin(config, self._dataset(config), self.search.registry, folder, watching))
        except Interrupted:
            if watching.pruned:
                return self._given_up(words)
            trial.study.enqueue_trial(chosen)  # for who goes on with the search
            raise
        except NoFigureError:
            raise
        except RganKitError as error:
            trial.set_user_attr(FAILED, error.problem)
            self.search.say(f"{words} failed: {error.problem}")
            raise _Failed from error
        self.search.say(f"{words}: {watching.figure} {value:.4g}")
        return value

    def _given_up(self, words: str) -> float:
        from optuna import TrialPruned

        self.search.say(f"{words}: given up, as it is behind the others")
        raise TrialPruned

    def _dataset(self, config: RunConfig) -> Dataset:
        """The data, read once where all trials have the same."""
        key = repr((config.domain.options, config.data, config.seed))
        if self._read is None or self._read[0] != key:
            self._read = key, load_dataset(config)
        return self._read[1]


class _Pruning(Silent):
    """Tells a trial of its evaluations, and ends it where it is behind the others."""

    def __init__(self, trial: Trial, figure: str) -> None:
        self.trial, self.figure = trial, figure
        self.pruned = False
        self._trainer: Trainer | None = None

    def trained(self, trainer: Trainer) -> float:
        """Trains; the figure of the weights that are kept."""
        self._trainer = trainer
        with stoppable(trainer):
            trainer.train()
        kept = trainer.state.best or trainer.state.evaluations[-1]
        return self._of(kept["figures"])

    def evaluation(self, moment: str, figures: Mapping[str, float]) -> None:
        """A figure of the trial at a step."""
        assert self._trainer is not None
        step, value = self._trainer.state.step, self._of(figures)
        if step == 0:  # untrained
            return
        self.trial.report(value, step)
        if self.trial.should_prune():
            self.pruned = True
            self._trainer.request_stop(ExitCode.INTERRUPTED)

    def _of(self, figures: Mapping[str, float]) -> float:
        if not self.figure:
            assert self._trainer is not None
            judging = [name for name in self._trainer.assessor.judging if name in figures]
            self.figure = LIKELIHOOD if LIKELIHOOD in figures or not judging else judging[0]
        if self.figure not in figures:
            known = ", ".join(sorted(figures)) or "none"
            raise NoFigureError(f"--figure {self.figure}: these trainings have no such figure.", f"There are: {known}.")
        return float(figures[self.figure])
