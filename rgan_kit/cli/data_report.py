"""What a domain sees in a user's files, as data and in words."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rgan_kit.cli.console import Results, finite
from rgan_kit.config import TrainOptions
from rgan_kit.config.parts import recipe_kinds
from rgan_kit.contracts import (
    Dataset,
    FrameSpec,
    RecipeSpec,
    Sequences,
    SequenceSource,
    TokenSpec,
    Windows,
    evenly,
)
from rgan_kit.evaluation.real import decoded
from rgan_kit.plugins.blame import blamed

if TYPE_CHECKING:
    from rgan_kit.config import Selection
    from rgan_kit.contracts import DataSpec, Kind
    from rgan_kit.plugins.registry import Registry

EXAMPLES = 3
REFUSED_SHOWN = 20


def examine(selection: Selection, path: Path, out: Path | None, registry: Registry) -> dict[str, Any]:
    """Loads a data set and says what it is, JSON-able; writes three examples into ``out``, where given.

    Raises:
        DataError: it cannot be used; says which file and why.
    """
    with blamed(f"{selection.distribution}: loading the data of domain {selection.name}"):
        dataset = cast("Dataset", selection.spec.load(selection.options, path, 0))
        samples = decoded(dataset, evenly(len(dataset.train), EXAMPLES))
        previews = [dataset.decoder.preview(sample) for sample in samples]
    files: list[Path] = []
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        with blamed(f"{selection.distribution}: writing samples of domain {selection.name}"):
            files = dataset.decoder.write(samples, out)
    spec = dataset.spec
    report = {
        "path": str(path),
        "domain": selection.name,
        "kind": spec.kind,
        "summary": dict(dataset.summary),
        "refused": dict(dataset.refused),
        "samples": {"training": len(dataset.train), "validation": len(dataset.validation)},
        "lengths": _lengths(dataset),
        "content": _content(spec),
        "labels": _labels(dataset),
        "memory": _memory(dataset),
        "examples": previews,
        "files": [str(file) for file in files],
        "recipes": fitting(spec.kind, registry),
    }
    return cast("dict[str, Any]", finite(report))


def fitting(kind: Kind, registry: Registry) -> list[str]:
    """Names of the recipes that work on this kind of data."""
    return [offer.spec.name for offer in registry.offers(RecipeSpec) if kind in recipe_kinds(offer, registry)]


def _lengths(dataset: Dataset) -> dict[str, float]:
    """Without end tokens."""
    lengths = np.concatenate([dataset.train.lengths, dataset.validation.lengths]) - (
        isinstance(dataset.spec, TokenSpec) and dataset.spec.ends
    )
    return {"shortest": int(lengths.min()), "mean": float(lengths.mean()), "longest": int(lengths.max())}


def _content(spec: DataSpec) -> dict[str, Any]:
    """What one step is made of."""
    if isinstance(spec, TokenSpec):
        return {"vocabulary": spec.vocab_size, "special": len({spec.eos, *spec.never_generated})}
    if isinstance(spec, FrameSpec):
        return {"height": spec.height, "width": spec.width, "channels": spec.channels, "frames_a_second": spec.fps}
    bounds = zip(spec.names, spec.minimum.tolist(), spec.maximum.tolist(), strict=True)
    return {"features": [{"name": name, "minimum": low, "maximum": high} for name, low, high in bounds]}


def _labels(dataset: Dataset) -> dict[str, int | None]:
    """Samples of each class; None where they are not counted, as they are read only when they are needed."""
    names = dataset.spec.labels
    own = [getattr(source, "labels", None) for source in (dataset.train, dataset.validation)]
    known = [labels for labels in own if labels is not None]
    if len(known) < len(own):
        return dict.fromkeys(names)
    counts = np.bincount(np.concatenate(known), minlength=len(names)).tolist()
    return dict(zip(names, counts, strict=True))


def _memory(dataset: Dataset) -> dict[str, Any]:
    """Bytes of all samples as they are held, and of one batch as networks see it."""
    sources = (dataset.train, dataset.validation)
    step = dataset.train.take(np.array([0])).values[0, :1]
    size = TrainOptions().batch_size
    longest = max(int(source.lengths.max()) for source in sources)
    return {
        "data": sum(_bytes(source, step.nbytes) for source in sources),
        "streamed": not all(isinstance(source, Sequences | Windows) for source in sources),
        "batch": size * longest * step.size * (8 if dataset.spec.kind == "tokens" else 4),
        "batch_size": size,
    }


def _bytes(source: SequenceSource, step: int) -> int:
    if isinstance(source, Windows):
        return source.nbytes
    if isinstance(source, Sequences):
        return int(source.values.nbytes + source.offsets.nbytes)
    return int(source.lengths.sum()) * step


def print_report(report: dict[str, Any], results: Results) -> None:
    """The same for people."""
    results.line(f"{report['path']}: {report['kind']}, read by domain {report['domain']}")
    for key, text in report["summary"].items():
        results.line(f"  {key}: {text}")
    _print_refused(report["refused"], results)
    samples, lengths, memory = report["samples"], report["lengths"], report["memory"]
    results.line(f"samples: {samples['training']:,} for training, {samples['validation']:,} held out")
    results.line(f"lengths: {lengths['shortest']:,} to {lengths['longest']:,}, {lengths['mean']:,.1f} on average")
    for line in _content_in_words(report["content"]):
        results.line(line)
    if report["labels"]:
        counted = (name if count is None else f"{name} ({count:,})" for name, count in report["labels"].items())
        results.line(f"classes: {', '.join(counted)}")
    held = "decoded (in memory, or on disk above the domain's budget)" if memory["streamed"] else "for all samples"
    batch = f"{_size(memory['batch'])} at most for a batch of {memory['batch_size']}"
    results.line(f"memory: {_size(memory['data'])} {held}, {batch}")
    results.line("examples:")
    for example in report["examples"]:
        results.line(f"  {example}")
    for file in report["files"]:
        results.line(f"written: {file}")
    results.line(f"recipes that fit: {', '.join(report['recipes']) or 'none (see: rgankit plugins list)'}")
    if report["recipes"]:
        results.line(f"\nnext: {shlex.join(report['next'])}")


def _print_refused(refused: dict[str, str], results: Results) -> None:
    if refused:
        results.line(f"left out: {len(refused):,} files")
    for name, reason in list(refused.items())[:REFUSED_SHOWN]:
        results.line(f"  {name}: {reason}")
    if len(refused) > REFUSED_SHOWN:
        results.line(f"  … and {len(refused) - REFUSED_SHOWN:,} more (all of them: --json)")


def _content_in_words(content: dict[str, Any]) -> list[str]:
    if "vocabulary" in content:
        return [f"vocabulary: {content['vocabulary']:,} tokens, {content['special']} of them special"]
    if "features" in content:
        rows = [f"  {each['name']}: {each['minimum']:g} to {each['maximum']:g}" for each in content["features"]]
        return [f"features: {len(rows):,}", *rows]
    shape = f"{content['width']} × {content['height']}, {content['channels']} channel(s)"
    return [f"frames: {shape}, {content['frames_a_second']:g} a second"]


def _size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1000:
        return f"{count} bytes"
    power = min(int(np.log10(count) // 3), 4)
    return f"{count / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
