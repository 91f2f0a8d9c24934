"""``rgankit evaluate``: how good samples are, of a model file or of any other tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rgan_kit.cli.console import Results, finite, say
from rgan_kit.cli.data import Settings, advising, select
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.contracts import SampleSet
    from rgan_kit.evaluation.ruler import Row
    from rgan_kit.plugins.registry import Registry

MODEL = ".onnx"
SHOWN = 12
"""Samples, and real ones, that stand on the page of a report."""

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
            typer.Option("--count", "-n", min=1, help="Samples drawn from MODEL; as many as real ones, up to 5,000."),
        ] = None,
        seed: Annotated[int, typer.Option(min=0, help="Of the samples drawn from MODEL, and of splits.")] = 0,
        report: Annotated[Path | None, typer.Option(help="Also write one HTML page with all of it.")] = None,
        quick: Annotated[bool, typer.Option("--quick", help="Only the figures that a training shows.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Measure samples against real data: every figure beside that of real data, with an interval (BLEU, FID-like,
        discriminative and predictive score, copies, …)."""
        from rgan_kit.cli.report import refuse_another
        from rgan_kit.evaluation import ruler
        from rgan_kit.plugins.registry import default_registry

        registry = default_registry()
        if report is not None:
            refuse_another(report, "--report")
        samples = _asked(subject, against, train, _Choice(domain, settings or (), count, seed), registry)
        dataset = samples.dataset
        facts = {
            "samples": f"{len(samples.samples):,} of {subject}",
            "training data": f"{len(dataset.train):,} of {train or against}",
            "held-out data": f"{len(dataset.validation):,} of {against}",
        }
        say("".join(f"{name}: {text}\n" for name, text in facts.items()))
        rows = ruler.measure(samples, registry, thorough=not quick, tell=lambda text: say(f"{text}\n"))
        if report is not None:
            _write(report, subject, facts, rows, samples)
        if results.as_json:
            held = {"samples": len(samples.samples), "train": len(dataset.train), "held_out": len(dataset.validation)}
            written = {"report": None if report is None else str(report)}
            results.document(finite({**held, "figures": [row.document() for row in rows], **written}))
            return
        for line in ruler.table(rows):
            results.line(line)
        if report is not None:
            results.line(f"\n{report}: open it in a browser")


@dataclass(frozen=True)
class _Choice:
    """What was said of the domain and of samples to be drawn."""

    domain: str | None
    settings: Sequence[str]
    count: int | None
    seed: int


def _asked(subject: Path, against: Path, train: Path | None, choice: _Choice, registry: Registry) -> SampleSet:
    """The samples, with the data that they are measured by."""
    from rgan_kit.config.run import check_there
    from rgan_kit.evaluation.subject import from_files, from_model, real_data
    from rgan_kit.runtime import load

    for path in (subject, against, *([] if train is None else [train])):
        check_there(path)
    model = load(subject, provider="cpu") if subject.suffix == MODEL else None
    if model is None and choice.count is not None:
        raise UsageError("--count draws samples from a model; these are files.", "Leave it out.")
    name = choice.domain or (None if model is None else model.manifest.domain)
    selection = select(name, train or against, choice.settings, registry)
    with advising(train or against):
        dataset = real_data(selection, against, train, choice.seed)
    if model is None:
        return from_files(dataset, subject)
    count = choice.count or min(MOST, len(dataset.train) + len(dataset.validation))
    return from_model(dataset, model, count, choice.seed)


def _write(report: Path, subject: Path, facts: Mapping[str, str], rows: list[Row], samples: SampleSet) -> None:
    """The page of a report."""
    from rgan_kit.contracts import as_lines, evenly
    from rgan_kit.evaluation.real import decoded
    from rgan_kit.reports.evaluation import page
    from rgan_kit.storage import write_whole

    dataset = samples.dataset
    generated = [samples.samples[number] for number in evenly(len(samples.samples), SHOWN)]
    real = decoded(dataset, evenly(len(dataset.train), SHOWN))
    shown = {"samples": as_lines(dataset.decoder, generated), "real data": as_lines(dataset.decoder, real)}
    write_whole(report, page(subject.name, facts, rows, shown).encode("utf-8", "backslashreplace"))
