"""``rgankit export``."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, say, shown, talk
from rgan_kit.cli.extras import EXPORT, need
from rgan_kit.errors import DataError, UsageError

if TYPE_CHECKING:
    from rgan_kit.export.exporter import Exported
    from rgan_kit.plugins.registry import Registry
    from rgan_kit.runtime.contract import Precision
    from rgan_kit.training.session import TrainedRun


class DType(StrEnum):
    """How weights are stored."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


class Quantize(StrEnum):
    """How weights are quantised."""

    INT8 = "int8"


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def export(
        run: Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/lstm-gan-text-1.")],
        out: Annotated[Path | None, typer.Option(help="File to write; exported/<run>.onnx if not given.")] = None,
        checkpoint: Annotated[str | None, typer.Option(help="Export this checkpoint, not the best one.")] = None,
        encoder: Annotated[
            bool, typer.Option("--encoder", help="Also write the encoder, beside the model as <name>.encoder.onnx.")
        ] = False,
        step: Annotated[
            bool, typer.Option("--step", help="Also write a single step for streaming, as <name>.step.onnx.")
        ] = False,
        dtype: Annotated[
            DType, typer.Option(help="float16 also writes <name>.float16.onnx, with weights in half precision.")
        ] = DType.FLOAT32,
        quantize: Annotated[
            Quantize | None, typer.Option(help="int8 also writes <name>.int8.onnx, dynamically quantised.")
        ] = None,
        opset: Annotated[
            int, typer.Option(min=18, max=21, help="ONNX opset; the lowest runs in the oldest runtimes.")
        ] = 18,
        licence: Annotated[str, typer.Option(help="Licence of the model, e.g. CC-BY-4.0; written into it.")] = "",
        description: Annotated[str, typer.Option(help="What the model is; written into it.")] = "",
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Export the generator of a run as one verified .onnx file."""
        from rgan_kit.plugins.registry import default_registry

        if out is not None and (not out.name or out.is_dir()):
            raise UsageError(
                f"--out {out}: this is a folder.", f"Name a file: --out {shlex.quote(str(out / 'my.onnx'))}"
            )
        need("export", EXPORT)
        from rgan_kit.training.session import load_trained

        registry = default_registry()
        trained = load_trained(run, checkpoint, registry)
        target = out or Path("exported") / f"{run.resolve().name}.onnx"
        smaller: list[Precision] = ["float16"] if dtype is DType.FLOAT16 else []
        smaller += ["int8"] if quantize else []
        about = {"opset": opset, "licence": licence, "description": description}
        made = _export(trained, target, registry, encoder, step, smaller, about)
        figures = _quality(trained, made, smaller, registry)
        if results.as_json:
            results.document(_document(made, trained.step, figures))
        else:
            _print(made, trained.step, figures, results)


def _export(
    trained: TrainedRun,
    target: Path,
    registry: Registry,
    encoder: bool,
    step: bool,
    smaller: Sequence[Precision],
    about: dict[str, Any],
) -> dict[str, Exported]:
    """Writes the model and what was asked for beside it; the model comes first in what is returned."""
    from rich.text import Text

    from rgan_kit.export.exporter import export
    from rgan_kit.export.smaller import export_smaller
    from rgan_kit.runtime.latent import encoder_beside
    from rgan_kit.runtime.stream import step_beside

    made: dict[str, Exported] = {}
    with talk().status(Text(shown(f"exporting step {trained.step} as {target}, and comparing it with torch"))):
        if encoder:  # first, since not every recipe has one
            made["encoder"] = export(trained, encoder_beside(target), registry, role="encoder", **about)
        if step:  # likewise
            made["step_model"] = export(trained, step_beside(target), registry, role="step", **about)
        made = {"model": export(trained, target, registry, **about), **made}
        for precision in smaller:
            made[precision] = export_smaller(trained, made["model"], precision)
    return made


def _print(made: dict[str, Exported], step: int, figures: dict[str, dict[str, float]], results: Results) -> None:
    for done in made.values():
        results.line(f"{done.path}: {done.bytes:,} bytes, from step {step}")
        parity = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in done.manifest.parity.items())
        results.line(f"compared with torch: {parity}")
    for line in _beside(figures):
        results.line(line)
    results.line(f"\nnext: {shlex.join(['rgankit', 'sample', str(made['model'].path), '-n', '10'])}")


def _quality(
    run: TrainedRun, made: dict[str, Exported], smaller: Sequence[str], registry: Registry
) -> dict[str, dict[str, float]]:
    """Figures of the samples of the model and of its smaller files; none where its data is not at hand."""
    if not smaller:
        return {}
    from rgan_kit.export.quality import measure

    try:
        return measure(run, {name: made[name].path for name in ("model", *smaller)}, registry)
    except DataError as error:
        say(f"samples were not measured: {error.problem}")
        return {}


def _beside(figures: dict[str, dict[str, float]]) -> Iterator[str]:
    """A line for every figure, with that of each file."""
    if not figures:
        return
    names = list(dict.fromkeys(name for each in figures.values() for name in each))
    width = max((len(name) for name in names), default=0)
    yield f"\nof 500 samples{'':{max(width - 14, 0)}}  " + "  ".join(f"{file:>12}" for file in figures)
    for name in names:
        values = (f"{each[name]:>12.4g}" if name in each else f"{'–':>12}" for each in figures.values())
        yield f"{name:<{max(width, 14)}}  " + "  ".join(values)


def _document(made: dict[str, Exported], step: int, figures: dict[str, dict[str, float]]) -> dict[str, Any]:
    files = {
        name: {"path": str(each.path), "bytes": each.bytes, "parity": each.manifest.parity}
        for name, each in made.items()
    }
    model = files.pop("model")
    finite = {file: {k: v if math.isfinite(v) else None for k, v in each.items()} for file, each in figures.items()}
    return {**model, "step": step, **files, **({"figures": finite} if finite else {})}
