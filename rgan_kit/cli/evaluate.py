"""``rgankit evaluate``: how good samples are, of a model file or of any other tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rgan_kit.cli.console import Results, finite, say
from rgan_kit.cli.data import Settings, advising, select
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.contracts import Dataset, SampleSet

MODEL = ".onnx"
MOST = 5000
"""Samples drawn from a model unless asked otherwise: as many as real ones, and no more than these."""


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def evaluate(
        subject: Annotated[
            Path,
            typer.Argument(
                metavar="SAMPLES|MODEL", help="Samples as files of the domain, of any tool; or an .onnx file."
            ),
        ],
        against: Annotated[Path, typer.Option(help="Real data; what the model has not seen, where --train is given.")],
        train: Annotated[Path | None, typer.Option(help="What the model was trained on, to find copies of it.")] = None,
        domain: Annotated[str | None, typer.Option(help="Data domain; that of the model, or guessed.")] = None,
        settings: Settings = None,
        count: Annotated[
            int | None,
            typer.Option("--count", "-n", help="Samples drawn from MODEL; as many as real ones, up to 5,000."),
        ] = None,
        seed: Annotated[int, typer.Option(min=0, help="Of the samples drawn from MODEL, and of splits.")] = 0,
        quick: Annotated[bool, typer.Option("--quick", help="Only the figures that a training shows.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Measure samples against real data: every figure beside that of real data, with an interval (BLEU, FID-like,
        discriminative and predictive score, copies, …)."""
        from rgan_kit.config.run import check_there
        from rgan_kit.evaluation import ruler
        from rgan_kit.evaluation.subject import from_files, from_model, real_data
        from rgan_kit.plugins.registry import default_registry
        from rgan_kit.runtime import load

        registry = default_registry()
        for path in (subject, against, *([] if train is None else [train])):
            check_there(path)
        model = load(subject, provider="cpu") if subject.suffix == MODEL else None
        if model is None and count is not None:
            raise UsageError("--count draws samples from a model; these are files.", "Leave it out.")
        name = domain or (None if model is None else model.manifest.domain)
        selection = select(name, train or against, settings or (), registry)
        with advising(train or against):
            dataset = real_data(selection, against, train, seed)
        if model is None:
            samples = from_files(dataset, subject)
        else:
            samples = from_model(dataset, model, count or min(MOST, len(dataset.train) + len(dataset.validation)), seed)
        _introduce(samples, dataset)
        rows = ruler.measure(samples, registry, thorough=not quick, tell=lambda text: say(f"{text}\n"))
        if results.as_json:
            held = {"samples": len(samples.samples), "train": len(dataset.train), "held_out": len(dataset.validation)}
            results.document(finite({**held, "figures": [row.document() for row in rows]}))
            return
        for line in ruler.table(rows):
            results.line(line)


def _introduce(samples: SampleSet, dataset: Dataset) -> None:
    say(
        f"{len(samples.samples):,} samples beside {len(dataset.train):,} training and {len(dataset.validation):,} "
        "held-out ones\n"
    )
