"""``rgankit sample``: decoded samples, without torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, say, talk
from rgan_kit.errors import UsageError
from rgan_kit.storage import cannot_write

if TYPE_CHECKING:
    from rgan_kit.runtime.model import Model

AT_ONCE = 256
"""Samples between two looks at the progress: one call of the graph."""


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
        watermark_key: Annotated[
            Path | None, typer.Option(help="Mark the samples (tokens) with this key; made if it does not exist.")
        ] = None,
        out: Annotated[Path | None, typer.Option(help="Folder for the samples as files.")] = None,
        provider: Annotated[str, typer.Option(help="cpu, cuda, tensorrt or auto.")] = "auto",
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Draw samples from an exported model; needs onnxruntime and no torch."""
        from rgan_kit.runtime import load
        from rgan_kit.runtime.noise import SEEDS

        if not 1 <= count < SEEDS:
            raise UsageError(f"--count {count}: this many samples cannot be drawn.", "Ask for one or more: -n 10")
        if out is not None and out.exists() and not out.is_dir():
            raise UsageError(f"--out {out}: this is no folder.", "Name a folder; it is made where it does not exist.")
        loaded = load(model, provider=provider)
        used = _fresh_seed() if seed is None else seed
        source = _marked(loaded, watermark_key, used, count) if watermark_key else {"seed": used}
        drawn = _draw(loaded, count, **source, temperature=temperature, label=label, length=length)
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


def _marked(model: Model, path: Path, seed: int, count: int) -> dict[str, int]:
    """Where the numbers of marked samples come from: the key's secret seed, from a place that the public one picks."""
    from rgan_kit.runtime import watermark

    if not path.exists():
        try:
            watermark.write_key(watermark.make_key(model), path)
        except OSError as error:
            raise cannot_write(path, error) from error
        say(f"made the key {path}: keep it secret, and keep it")
    key = watermark.read_key(path)
    if key.manifest.hashes != model.manifest.hashes:
        raise UsageError(f"{path} was made for another model.", "Name a new file for a new key.")
    return {"seed": key.secret, "start": key.start(seed, count)}


def _draw(model: Model, count: int, start: int = 0, **options: Any) -> list[Any]:
    """All samples; a bar on a terminal shows how far that is."""
    if count <= AT_ONCE or not sys.stderr.isatty():
        return model.sample(count, start=start, **options)
    from rich.progress import track

    drawn: list[Any] = []
    for done in track(range(0, count, AT_ONCE), "drawing", console=talk(), transient=True):
        drawn += model.sample(min(AT_ONCE, count - done), start=start + done, **options)
    return drawn


def _fresh_seed() -> int:
    import secrets

    return secrets.randbits(32)
