"""The hooks that a plugin may implement. Hooks only ever gain arguments.

A plugin is a module (or object) named by an entry point in the group ``rgan_kit.plugins``; it marks each
implementation with ``@rgan_kit.hookimpl``. An implementation takes those of the arguments that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import typer

    from rgan_kit.contracts import (
        DiscriminatorSpec,
        DomainSpec,
        EmissionSpec,
        EncoderSpec,
        GeneratorSpec,
        MetricSpec,
        NetworkSpec,
        ObjectiveSpec,
        RecipeSpec,
        RunInfo,
    )

PROJECT = "rgankit"
ENTRY_POINT_GROUP = "rgan_kit.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# --- Collecting: called once for each plugin by the registry; one that raises is named and skipped. ---


@hookspec
def rgankit_generators() -> Iterable[GeneratorSpec]:  # type: ignore[empty-body]
    """Generators that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_discriminators() -> Iterable[DiscriminatorSpec]:  # type: ignore[empty-body]
    """Discriminators that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_encoders() -> Iterable[EncoderSpec]:  # type: ignore[empty-body]
    """Encoders that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_networks() -> Iterable[NetworkSpec]:  # type: ignore[empty-body]
    """Networks that are no generators, discriminators or encoders of sequences, such as a recovery or a reward model.
    Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_emissions() -> Iterable[EmissionSpec]:  # type: ignore[empty-body]
    """Emissions that the plugin offers: how a step of a series is drawn, for ``generator.emission``. Called once by the
    registry; returns an iterable of specs."""


@hookspec
def rgankit_objectives() -> Iterable[ObjectiveSpec]:  # type: ignore[empty-body]
    """Objectives that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_domains() -> Iterable[DomainSpec]:  # type: ignore[empty-body]
    """Data domains that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_recipes() -> Iterable[RecipeSpec]:  # type: ignore[empty-body]
    """Recipes that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Metrics of samples that the plugin offers. Called once by the registry; returns an iterable of specs."""


@hookspec
def rgankit_commands() -> Iterable[typer.Typer]:  # type: ignore[empty-body]
    """Typer apps that become subcommands of ``rgankit`` under their own names. Called by the command line."""


# --- Deciding: stops at the first result that is not None. ---


@hookspec(firstresult=True)
def rgankit_guess_domain(path: Path) -> str | None:
    """The name of the domain that reads ``path`` (a file or folder that exists), or None.

    Called by ``rgankit train`` where ``--data`` is given without ``--domain``. Look at names, not at contents.
    """


# --- Watching a training: called by the trainer on rank 0. One that raises is named, and not called again. ---


@hookspec
def rgankit_train_start(run: RunInfo, step: int) -> None:
    """A training is about to begin (``step`` is 0) or to go on after ``step`` steps. Loggers open here."""


@hookspec
def rgankit_step_end(run: RunInfo, step: int, metrics: Mapping[str, float]) -> None:
    """Metrics were written: of the losses every ``train.log_every`` steps, as means since the last time, and
    ``samples/…`` and ``evaluation/…`` where those are due, so that a step may be told of several times. ``step`` is the
    number of steps done (0 for the evaluation before the first). Values may be NaN."""


@hookspec
def rgankit_samples(
    run: RunInfo,
    step: int,
    samples: Sequence[Any],
    lines: Sequence[str],
    files: Sequence[Path],
    outputs: Mapping[str, np.ndarray],
) -> None:
    """Samples were drawn, every ``train.sample_every`` steps and at the end of a stage.

    ``samples`` are what the domain's decoder makes of them, ``lines`` the same as it previews them (each behind its
    class and a tab, where there are classes), and ``files`` what it wrote into the run's ``samples/step-…``, pictures
    and sounds among them. ``outputs`` are the arrays that they were decoded from, named as in the model file:
    ``tokens``, ``series`` or ``frames``, and ``lengths`` where samples have several. All of them are there; how many to
    keep is yours to choose.
    """


@hookspec
def rgankit_warning(run: RunInfo, step: int, text: str) -> None:
    """Something that the user should look at was said, once: a trouble that the monitor saw, with what to change; or
    samples that are worse than before the training. ``step`` is the newest one that metrics were written of."""


@hookspec
def rgankit_table(
    run: RunInfo, rows: Sequence[tuple[str, Mapping[str, float]]], reference: Mapping[str, float]
) -> None:
    """The table that a training ends with, before ``rgankit_train_end`` and only where it is done: moments (the start,
    the end of each stage, and ``kept (step N)`` of the weights that are exported) with their finite figures, where
    ``heldout_x`` is figure ``x`` of real data; and the ``reference``, figures of the known source where there is one.
    """


@hookspec
def rgankit_checkpoint_saved(run: RunInfo, step: int, path: Path) -> None:
    """A checkpoint of ``step`` lies whole at ``path``. Called after each is written."""


@hookspec
def rgankit_train_end(run: RunInfo, status: str) -> None:
    """The training is over: ``status`` is ``done``, ``interrupted`` or ``failed``. Loggers close here."""


# --- Exporting ---


@hookspec
def rgankit_export_metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Extra metadata for the model file: JSON-able, put under ``extra.<plugin>`` of the manifest.

    Called by the exporter with the manifest as it stands; what is there already cannot be changed.
    """
