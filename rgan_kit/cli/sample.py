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
    from collections.abc import Sequence

    import numpy as np

    from rgan_kit.runtime.model import Model


class Format(StrEnum):
    """Of the parts of a shard."""

    JSONL = "jsonl"
    PARQUET = "parquet"


USUAL = 10
"""Samples where nobody says how many."""

AT_ONCE = 256
"""Samples between two looks at the progress: one call of the graph."""


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def sample(
        model: Annotated[Path, typer.Argument(help="An exported .onnx file.")],
        count: Annotated[int | None, typer.Option("--count", "-n", help="How many samples; 10 if not given.")] = None,
        seed: Annotated[
            int | None, typer.Option(help="Same seed, same samples; a new one each time if not given.")
        ] = None,
        temperature: Annotated[
            float | None, typer.Option(help="Below 1 sharpens, above 1 flattens, 0 takes the likeliest (tokens).")
        ] = None,
        label: Annotated[str | None, typer.Option(help="Class of the samples, for conditional models.")] = None,
        length: Annotated[int | None, typer.Option(help="Longest sample; the data's longest if not given.")] = None,
        given: Annotated[
            str | None, typer.Option(metavar="FILE|TEXT", help="What every sample begins with, and goes on from.")
        ] = None,
        given_each: Annotated[
            Path | None, typer.Option(metavar="FILE", help="A file of beginnings: one sample goes on from each.")
        ] = None,
        horizon: Annotated[
            int | None, typer.Option(help="Steps drawn after the beginning, in place of --length.")
        ] = None,
        replace_unknown: Annotated[
            str | None, typer.Option(metavar="TEXT", help="Read in place of what a model does not know of a beginning.")
        ] = None,
        top_p: Annotated[
            float | None, typer.Option(help="Draw from the likeliest symbols whose chances add up to this.")
        ] = None,
        top_k: Annotated[int | None, typer.Option(help="Draw from so many of the likeliest symbols.")] = None,
        min_length: Annotated[int | None, typer.Option(help="No sample ends before it has so many symbols.")] = None,
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
        from rgan_kit.runtime.drawing import fresh_seed
        from rgan_kit.runtime.noise import SEEDS

        if count is not None and not 1 <= count < SEEDS:
            raise UsageError(f"--count {count}: this many samples cannot be drawn.", "Ask for one or more: -n 10")
        if out is not None and out.exists() and not out.is_dir():
            raise UsageError(f"--out {out}: this is no folder.", "Name a folder; it is made where it does not exist.")
        if shard is not None or stream:
            _refuse_together(shard, stream, out, watermark_key, given, given_each)
        loaded = load(model, provider=provider, timeout=timeout, ends_process=True)
        choice = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "min_length": min_length}
        if shard is not None and out is not None:
            if horizon is not None:
                raise UsageError("--shard goes with no --horizon.", "Say how long samples are with --length.")
            _write_shard(
                loaded, shard, out, count or USUAL, seed, form.value, results, label=label, length=length, **choice
            )
            return
        begun = _begun(loaded, given, given_each, replace_unknown)
        used = fresh_seed() if seed is None else seed
        asked: dict[str, Any] = {**choice, "label": label, "length": length, "horizon": horizon}
        if stream:
            _stream(loaded, count or USUAL, used, {**asked, "given": begun[0] if begun else None}, results)
            return
        n = _number(count, begun, given_each)
        source = _marked(loaded, watermark_key, used, n) if watermark_key else {"seed": used}
        drawn = _draw(loaded, n, begun, **source, **asked)
        labels = loaded.labels(n, **source, label=label)
        written = loaded.save(drawn, out, labels) if out is not None else []
        if results.as_json:
            _print_document(loaded, drawn, labels, used, written, results)
            return
        for line in written or as_lines(loaded.decoder, drawn, labels):
            results.line(str(line))


def _begun(model: Model, given: str | None, each: Path | None, replace_unknown: str | None) -> list[np.ndarray]:
    """The beginnings that are asked for, as values: a file where there is one of that name, else text."""
    if given is None and each is None:
        if replace_unknown is not None:
            raise UsageError("--replace-unknown is about a beginning.", "Give one with --given or --given-each.")
        return []
    is_file = given is not None and _is_file(given)
    begun = model.beginnings(Path(given) if given is not None and is_file else given, each, replace_unknown)
    told = [name for name in ("latent", "labels") if model.manifest.input(name)]
    if told:
        say(f"note: {' and '.join(told)} of a sample are drawn without regard to its beginning\n")
    return begun


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or not one
        return False


def _number(count: int | None, begun: list[np.ndarray], each: Path | None) -> int:
    """How many samples there are to be."""
    if each is None:
        return USUAL if count is None else count
    if count not in (None, len(begun)):
        raise UsageError(f"--given-each has {len(begun):,} beginnings and -n asks for {count:,}.", "Leave -n out.")
    return len(begun)


def _print_document(
    model: Model, samples: list[Any], labels: list[str] | None, seed: int, written: list[Path], results: Results
) -> None:
    from rgan_kit.contracts import as_document

    document: dict[str, Any] = {"samples": [as_document(model.decoder, each) for each in samples]}
    if labels is not None:
        document["labels"] = labels
    files = [str(path) for path in written]
    results.document(finite({**document, "seed": seed, "provider": model.provider, "files": files}))


def _refuse_together(
    shard: str | None, stream: bool, out: Path | None, key: Path | None, given: str | None, each: Path | None
) -> None:
    if stream and (shard is not None or out is not None or key is not None or each is not None):
        raise UsageError(
            "--stream prints samples as they are drawn; it goes with no --shard, --out, --watermark-key or "
            "--given-each."
        )
    if shard is not None and out is None:
        raise UsageError("--shard writes parts into a folder.", "Name it with --out.")
    if shard is not None and (key is not None or given is not None or each is not None):
        raise UsageError(
            "--shard marks no samples and goes on from no beginnings.", "Leave --watermark-key and --given out."
        )


def _write_shard(
    model: Model, said: str, out: Path, count: int, seed: int | None, form: str, results: Results, **asked: Any
) -> None:
    """The parts of one shard; a line for each as it is done. Where no seed is given, it is that of the folder."""
    from dataclasses import asdict

    from rgan_kit.runtime.bulk import Order, Shard, seed_of, write_shard
    from rgan_kit.runtime.drawing import fresh_seed

    shard, parts = Shard.parse(said), []
    if seed is None:
        found = seed_of(out)
        seed = fresh_seed() if found is None else found
        say(f"seed {seed}; every other shard needs it: --seed {seed}\n")
    order = Order(count, seed, "parquet" if form == "parquet" else "jsonl", **asked)
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


def _draw(model: Model, count: int, begun: Sequence[np.ndarray] = (), start: int = 0, **asked: Any) -> list[Any]:
    """All samples; a bar on a terminal shows how far that is."""
    if count <= AT_ONCE:
        return model.sample(start=start, **_told(count, begun), **asked)
    from rich.progress import track

    drawn: list[Any] = []
    if begun and asked.get("length") is None:  # the same in every call
        usual = model.manifest.max_length if asked.get("horizon") is None else asked["horizon"]
        asked = {**asked, "length": max(map(len, begun)) + usual, "horizon": None}
    hidden = not sys.stderr.isatty()
    for done in track(range(0, count, AT_ONCE), "drawing", console=talk(), transient=True, disable=hidden):
        some = min(AT_ONCE, count - done)
        own = begun[done : done + some] if len(begun) > 1 else begun
        drawn += model.sample(start=start + done, **_told(some, own), **asked)
    return drawn


def _told(count: int, begun: Sequence[np.ndarray]) -> dict[str, Any]:
    return {"given_each": begun} if len(begun) > 1 else {"n": count, "given": begun[0] if begun else None}
