"""``rgankit sample``: decoded samples, without torch."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, finite, say, shown, talk
from rgan_kit.errors import UsageError
from rgan_kit.storage import cannot_write

if TYPE_CHECKING:
    import numpy as np

    from rgan_kit.runtime.bulk import Order
    from rgan_kit.runtime.model import Model


class Format(StrEnum):
    """Of the parts of a shard."""

    JSONL = "jsonl"
    PARQUET = "parquet"


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
        stream: Annotated[
            bool, typer.Option("--stream", help="Print a sample as it is drawn, by the step file beside MODEL.")
        ] = False,
        shard: Annotated[
            str | None, typer.Option(help="Write this share of all samples as parts into --out, e.g. 3/16.")
        ] = None,
        form: Annotated[Format, typer.Option("--format", help="Of the parts.")] = Format.JSONL,
        timeout: Annotated[
            float | None, typer.Option(help="Seconds that one call of the graph may take; 600 if not given.")
        ] = None,
        provider: Annotated[str, typer.Option(help="cpu, cuda, tensorrt or auto.")] = "auto",
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Draw samples from an exported model; needs onnxruntime and no torch."""
        from rgan_kit.contracts import as_lines
        from rgan_kit.runtime import load
        from rgan_kit.runtime.noise import SEEDS

        if not 1 <= count < SEEDS:
            raise UsageError(f"--count {count}: this many samples cannot be drawn.", "Ask for one or more: -n 10")
        if out is not None and out.exists() and not out.is_dir():
            raise UsageError(f"--out {out}: this is no folder.", "Name a folder; it is made where it does not exist.")
        if shard is not None or stream:
            _refuse_together(shard, stream, out, watermark_key)
        loaded = load(model, provider=provider, timeout=timeout, ends_process=True)
        if shard is not None and out is not None:
            from rgan_kit.runtime.bulk import Order

            order = Order(count, seed or 0, form.value, temperature=temperature, label=label, length=length)
            _write_shard(loaded, order, shard, out, results)
            return
        used = _fresh_seed() if seed is None else seed
        if stream:
            chosen: dict[str, Any] = {"temperature": temperature, "label": label, "length": length}
            _stream(loaded, count, used, chosen, results)
            return
        source = _marked(loaded, watermark_key, used, count) if watermark_key else {"seed": used}
        drawn = _draw(loaded, count, **source, temperature=temperature, label=label, length=length)
        labels = loaded.labels(count, **source, label=label)
        written = loaded.save(drawn, out, labels) if out is not None else []
        if results.as_json:
            _print_document(loaded, drawn, labels, used, written, results)
            return
        for line in written or as_lines(loaded.decoder, drawn, labels):
            results.line(str(line))


def _print_document(
    model: Model, samples: list[Any], labels: list[str] | None, seed: int, written: list[Path], results: Results
) -> None:
    from rgan_kit.contracts import as_document

    document: dict[str, Any] = {"samples": [as_document(model.decoder, each) for each in samples]}
    if labels is not None:
        document["labels"] = labels
    files = [str(path) for path in written]
    results.document(finite({**document, "seed": seed, "provider": model.provider, "files": files}))


def _refuse_together(shard: str | None, stream: bool, out: Path | None, watermark_key: Path | None) -> None:
    if stream and (shard is not None or out is not None or watermark_key is not None):
        raise UsageError(
            "--stream prints samples as they are drawn; it goes with no --shard, --out or --watermark-key."
        )
    if shard is not None and out is None:
        raise UsageError("--shard writes parts into a folder.", "Name it with --out.")
    if shard is not None and watermark_key is not None:
        raise UsageError("--shard marks no samples.", "Leave --watermark-key out.")


def _write_shard(model: Model, order: Order, said: str, out: Path, results: Results) -> None:
    """The parts of one shard; a line for each as it is done."""
    from dataclasses import asdict

    from rgan_kit.runtime.bulk import Shard, write_shard

    shard, parts = Shard.parse(said), []
    for part in write_shard(model, order, out, shard):
        parts.append(part)
        if not results.as_json:
            done = "is there" if part.skipped else "written"
            results.line(f"{out / part.file}: samples {part.first:,} to {part.first + part.count - 1:,} {done}")
    if results.as_json:
        manifest, listed = str(out / shard.manifest), [asdict(part) for part in parts]
        results.document({"manifest": manifest, "seed": order.seed, "provider": model.provider, "parts": listed})


def _stream(model: Model, count: int, seed: int, options: dict[str, Any], results: Results) -> None:
    """Samples as they grow: symbols where the text of a beginning is the beginning of the text, steps of a series one a
    line; with ``--json`` all steps at the end."""
    import numpy as np

    drawn = []
    labels = model.labels(count, seed=seed, label=options["label"])
    for number in range(count):
        steps: list[Any] = []
        text = ""
        if labels is not None and not results.as_json:
            typer.echo(f"{shown(labels[number])}\t", nl=model.manifest.kind != "tokens")
        for made in model.stream(seed=seed, start=number, **options):
            steps.append(made)
            if results.as_json:
                continue
            if model.manifest.kind == "series":
                results.line(" ".join(f"{value:.6g}" for value in made))
            elif model.manifest.kind == "tokens":
                text = _grown(model, np.array([steps]), text)
        if not results.as_json:
            results.line("" if model.manifest.kind != "frames" else f"sample {number}: {len(steps)} frames")
        drawn.append([made if isinstance(made, int) else made.tolist() for made in steps])
    if results.as_json:
        classes = {} if labels is None else {"labels": labels}
        results.document({"steps": drawn, **classes, "seed": seed, "provider": model.provider})


def _grown(model: Model, tokens: np.ndarray, before: str) -> str:
    """Prints what a sample has grown by; nothing until it shows."""
    import numpy as np

    (sample,) = model.decoder.decode({"tokens": tokens, "lengths": np.array([tokens.shape[1]])})
    text = sample if isinstance(sample, str) else model.decoder.preview(sample)
    if not text.startswith(before):
        return before
    typer.echo(shown(text[len(before) :]), nl=False)
    return text


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
