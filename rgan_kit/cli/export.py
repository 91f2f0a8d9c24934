"""``rgankit export``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, shown, talk
from rgan_kit.cli.extras import EXPORT, need
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.export.exporter import Exported


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
        opset: Annotated[
            int, typer.Option(min=18, max=21, help="ONNX opset; the lowest runs in the oldest runtimes.")
        ] = 18,
        licence: Annotated[str, typer.Option(help="Licence of the model, e.g. CC-BY-4.0; written into it.")] = "",
        description: Annotated[str, typer.Option(help="What the model is; written into it.")] = "",
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Export the generator of a run as one verified .onnx file."""
        from rich.text import Text

        from rgan_kit.plugins.registry import default_registry

        if out is not None and (not out.name or out.is_dir()):
            raise UsageError(
                f"--out {out}: this is a folder.", f"Name a file: --out {shlex.quote(str(out / 'my.onnx'))}"
            )
        need("export", EXPORT)
        registry = default_registry()
        from rgan_kit.export.exporter import export as export_run
        from rgan_kit.runtime.latent import encoder_beside
        from rgan_kit.training.session import load_trained

        trained = load_trained(run, checkpoint, registry)
        target = out or Path("exported") / f"{run.resolve().name}.onnx"
        made = []
        with talk().status(Text(shown(f"exporting step {trained.step} of {run}, and comparing it with torch"))):
            about: dict[str, Any] = {"opset": opset, "licence": licence, "description": description}
            if encoder:  # first, since not every recipe has one
                made.append(export_run(trained, encoder_beside(target), registry, role="encoder", **about))
            made.insert(0, export_run(trained, target, registry, **about))
        if results.as_json:
            results.document(_document(made, trained.step))
            return
        for done in made:
            results.line(f"{done.path}: {done.bytes:,} bytes, from step {trained.step}")
            parity = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in done.manifest.parity.items())
            results.line(f"compared with torch: {parity}")
        results.line(f"\nnext: {shlex.join(['rgankit', 'sample', str(target), '-n', '10'])}")


def _document(made: list[Exported], step: int) -> dict[str, Any]:
    files = [{"path": str(each.path), "bytes": each.bytes, "parity": each.manifest.parity} for each in made]
    return {**files[0], "step": step, **({"encoder": files[1]} if len(files) > 1 else {})}
