"""``rgankit sample``: decoded samples, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rgan_kit.cli.console import Results
from rgan_kit.errors import UsageError


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def sample(
        model: Annotated[Path, typer.Argument(help="An exported .onnx file.")],
        count: Annotated[int, typer.Option("--count", "-n", help="How many samples.")] = 10,
        seed: Annotated[
            int | None, typer.Option(help="Same seed, same samples; a new one each time if not given.")
        ] = None,
        temperature: Annotated[float | None, typer.Option(help="Below 1 sharpens, above 1 flattens (tokens).")] = None,
        label: Annotated[str | None, typer.Option(help="Class of the samples, for conditional models.")] = None,
        length: Annotated[int | None, typer.Option(help="Longest sample; the data's longest if not given.")] = None,
        out: Annotated[Path | None, typer.Option(help="Folder for the samples as files.")] = None,
        provider: Annotated[str, typer.Option(help="cpu, cuda, tensorrt or auto.")] = "auto",
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Draw samples from an exported model; needs onnxruntime and no torch."""
        from rgan_kit.runtime import load

        if out is not None and out.exists() and not out.is_dir():
            raise UsageError(f"--out {out}: this is no folder.", "Name a folder; it is made where it does not exist.")
        loaded = load(model, provider=provider)
        used = _fresh_seed() if seed is None else seed
        drawn = loaded.sample(count, seed=used, temperature=temperature, label=label, length=length)
        written = loaded.save(drawn, out) if out is not None else []
        previews = [loaded.decoder.preview(each) for each in drawn]
        if results.as_json:
            results.document(
                {
                    "samples": previews,
                    "seed": used,
                    "provider": loaded.provider,
                    "files": [str(path) for path in written],
                }
            )
            return
        for line in written or previews:
            results.line(str(line))


def _fresh_seed() -> int:
    import secrets

    return secrets.randbits(32)
