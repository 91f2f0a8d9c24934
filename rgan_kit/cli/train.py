"""``rgankit train``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, finite
from rgan_kit.cli.extras import TRAIN, need
from rgan_kit.cli.part_options import PartOptionsCommand
from rgan_kit.cli.reported import begin_reported, resume_reported
from rgan_kit.cli.trained import DATA, DEVICE, DOMAIN, RECIPE
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.config import Request, RunConfig
    from rgan_kit.plugins.registry import Registry
    from rgan_kit.training.trainer import Trainer

SAMPLES_AT_END = 8


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command(cls=PartOptionsCommand)
    def train(
        plugin: Annotated[str | None, RECIPE] = None,
        domain: Annotated[str | None, DOMAIN] = None,
        data: Annotated[Path | None, DATA] = None,
        settings: Annotated[
            list[str] | None,
            typer.Option("--set", help="An option, as key=value: generator.hidden_size=64. Repeat it."),
        ] = None,
        config: Annotated[
            Path | None, typer.Option(help="TOML file; runs/<name>/config.toml replays that run.")
        ] = None,
        steps: Annotated[int | None, typer.Option(help="Steps of the whole training (train.steps).")] = None,
        seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
        device: Annotated[str | None, DEVICE] = None,
        run: Annotated[
            Path | None, typer.Option(help="Folder to write; runs/<recipe>-<domain>-<n> if not given.")
        ] = None,
        resume: Annotated[
            Path | None,
            typer.Option(help="Run to go on with; --steps, --data, --device and some of --set train.… may change."),
        ] = None,
        init_from: Annotated[
            str | None,
            typer.Option(help="Run whose weights to begin with, as RUN or RUN:step-00000250; what fits is taken."),
        ] = None,
        seeds: Annotated[
            str | None,
            typer.Option(help="Several, as 0-4 or 0,3,7: a run each (RUN-seed-0, …), then mean and spread."),
        ] = None,
        checkpoint: Annotated[
            str | None, typer.Option(help="With --resume: from this checkpoint, not the newest.")
        ] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be trained, and stop.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Train a recipe on your data, or on the embedded data of a domain."""
        from rgan_kit.config import Request, resolve
        from rgan_kit.plugins.registry import default_registry

        registry = default_registry()
        request = Request(plugin, domain, data, settings or (), config, steps, seed, device, init_from)
        if resume is not None and seeds is None:
            _refuse_beside_resume(request, run, dry_run)
            need("train", TRAIN)
            _resume(resume, checkpoint, request, registry, results)
            return
        if checkpoint is not None:
            raise UsageError("--checkpoint goes with --resume.", "Name the run: --resume runs/<name>")
        resolved = resolve(request, registry)
        need("train", TRAIN)
        if seeds is not None:
            from rgan_kit.cli.repeats import parse_seeds, repeat

            if seed is not None or dry_run or resume is not None:
                raise UsageError("--seeds goes with neither --seed, --dry-run nor --resume.", "Name one of them.")
            repeat(request, parse_seeds(seeds), run, registry, results)
        elif dry_run:
            from rgan_kit.cli.dry_run import show

            show(resolved, registry, results)
        else:
            _begin(resolved, run, registry, results)


def _refuse_beside_resume(request: Any, run: Path | None, dry_run: bool) -> None:
    unfit = ("recipe", "domain", "config", "seed", "init_from")
    if any(getattr(request, name) is not None for name in unfit) or run is not None or dry_run:
        raise UsageError(
            "--resume goes on with a run; what may change is --steps, --data, --device and some of --set train.….",
            "To change more, begin a new run: rgankit train --config RUN/config.toml --init-from RUN --set …",
        )


def _begin(config: RunConfig, run: Path | None, registry: Registry, results: Results) -> None:
    from rgan_kit.cli.progress import make_reporter
    from rgan_kit.training.metrics import known_figures

    with make_reporter(known_figures(registry)) as reporter:
        trainer = begin_reported(config, run, registry, reporter)
    _conclude(trainer, results)


def _resume(folder: Path, checkpoint: str | None, wanted: Request, registry: Registry, results: Results) -> None:
    from rgan_kit.cli.progress import make_reporter
    from rgan_kit.training.metrics import known_figures

    with make_reporter(known_figures(registry)) as reporter:
        trainer = resume_reported(folder, checkpoint, wanted, registry, reporter)
    _conclude(trainer, results)


def _conclude(trainer: Trainer, results: Results) -> None:
    from rgan_kit.contracts import as_lines
    from rgan_kit.training.outcome import table
    from rgan_kit.training.session import load_trained

    exported = load_trained(trainer.folder, None, trainer.registry)
    drawn = trainer.assessor.draw(exported.generator.to(trainer.engine.device), SAMPLES_AT_END)
    samples = as_lines(trainer.dataset.decoder, drawn.samples, drawn.labels)
    rows, reference = table(trainer.state), trainer.reference()
    following = ["rgankit", "export", str(trainer.folder)]
    if results.as_json:
        results.document(
            finite(
                {
                    "run": str(trainer.folder),
                    "step": trainer.state.step,
                    "kept_step": exported.step,
                    "evaluations": [{"moment": moment, "figures": dict(figures)} for moment, figures in rows],
                    "reference": reference,
                    "samples": samples,
                    "seconds": trainer.state.seconds,
                    "next": following,
                }
            )
        )
        return
    _print_table(rows, reference, trainer.registry, results)
    results.line("\nsamples:")
    for sample in samples:
        results.line(f"  {sample}")
    results.line(f"\nnext: {shlex.join(following)}")


def _print_table(
    rows: Sequence[tuple[str, Any]], reference: Mapping[str, float], registry: Registry, results: Results
) -> None:
    from rgan_kit.evaluation.report import table
    from rgan_kit.training.metrics import known_figures

    results.line()
    for line in table(rows, reference, known_figures(registry)):
        results.line(line)
