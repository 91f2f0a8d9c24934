"""What a domain sees in a user's files, as data and in words."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rgan_kit.cli.console import finite
from rgan_kit.cli.extras import TRAIN
from rgan_kit.config import TrainOptions
from rgan_kit.config.parts import recipe_kinds
from rgan_kit.contracts import (
    Column,
    Dataset,
    FrameSpec,
    RecipeSpec,
    Sequences,
    SequenceSource,
    Tally,
    TokenSpec,
    TooLittleError,
    Windows,
    as_lines,
    evenly,
    write_samples,
)
from rgan_kit.errors import RganKitError
from rgan_kit.evaluation.real import decoded
from rgan_kit.plugins.blame import blamed

if TYPE_CHECKING:
    from rgan_kit.config import Selection
    from rgan_kit.contracts import DataSpec, DomainSpec, Kind
    from rgan_kit.plugins.registry import Registry

EXAMPLES = 3


def examine(selection: Selection, path: Path, out: Path | None, registry: Registry) -> dict[str, Any]:
    """Loads a data set and says what it is, JSON-able; writes three examples into ``out``, where given.

    Raises:
        DataError: it cannot be used; says which file and why.
    """
    problem = ""
    with blamed(f"{selection.distribution}: loading the data of domain {selection.name}"):
        try:
            dataset = cast("Dataset", selection.spec.load(selection.options, path, 0))
        except TooLittleError as error:
            dataset, problem = error.dataset, str(error)
        picked = evenly(len(dataset.train), EXAMPLES)
        samples, labels = decoded(dataset, picked), _classes_of(dataset, picked)
        lines = as_lines(dataset.decoder, samples, labels)
    files: list[Path] = []
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        with blamed(f"{selection.distribution}: writing samples of domain {selection.name}"):
            files = write_samples(dataset.decoder, samples, out, labels)
    spec = dataset.spec
    report = {
        "path": str(path),
        "domain": selection.name,
        "files_seen": _seen(path, registry),
        "kind": spec.kind,
        "summary": dict(dataset.summary),
        "refused": dict(dataset.refused),
        "not_as_they_are": [_tally(each) for each in dataset.tallies if each.count],
        "too_little": problem,
        "samples": {"training": len(dataset.train), "validation": len(dataset.validation)},
        "lengths": _lengths(dataset),
        "content": _content(spec),
        "labels": _labels(dataset),
        "memory": _memory(dataset),
        "examples": lines,
        "files": [str(file) for file in files],
        "recipes": (recipes := fitting(spec.kind, registry, selection.spec)),
        "training": {} if problem else _pace(selection, dataset, path, recipes, registry),
    }
    return cast("dict[str, Any]", finite(report))


def fitting(kind: Kind, registry: Registry, domain: DomainSpec | None = None) -> list[str]:
    """Names of the recipes that work on this kind of data, the one that its domain advises first, and behind them those
    that bring options of this domain by which it makes theirs; those that are for another domain are left out."""
    offers = list(registry.offers(RecipeSpec))
    fit = [offer.spec.name for offer in offers if kind in recipe_kinds(offer, registry)]
    if domain is None:
        return fit
    brings = {offer.spec.name: cast("RecipeSpec", offer.spec).defaults.get("domain.name") for offer in offers}
    fit = [name for name in fit if brings[name] in (None, domain.name)]
    brought = [name for name, brings_domain in brings.items() if brings_domain == domain.name]
    return [*sorted(fit, key=lambda name: name != domain.recipe), *(name for name in brought if name not in fit)]


def _seen(path: Path, registry: Registry) -> dict[str, Any]:
    """Whose files lie there, by domain and ending."""
    census = registry.census(path)
    return {"domains": census.claimed, "others": census.others, "words": census.words()}


def _tally(tally: Tally) -> dict[str, Any]:
    return {**asdict(tally), "share": tally.share, "loud": tally.loud, "words": str(tally)}


def _classes_of(dataset: Dataset, indices: np.ndarray) -> list[str] | None:
    labels = dataset.train.take(indices).labels if dataset.spec.labels and len(indices) else None
    return None if labels is None else [dataset.spec.labels[number] for number in labels.tolist()]


def _pace(selection: Selection, dataset: Dataset, path: Path, recipes: list[str], registry: Registry) -> dict[str, Any]:
    """How long the first recipe that fits would train here; nothing where torch is not installed, or it cannot."""
    if not recipes or any(find_spec(module) is None for module in TRAIN):
        return {}
    from rgan_kit.config import Request, resolve
    from rgan_kit.training.pace import expected_seconds
    from rgan_kit.training.session import make_trainer

    try:
        config = resolve(Request(recipes[0], selection.name, path), registry)
        trainer = make_trainer(replace(config, domain=selection), dataset, registry, Path("unwritten"))
        return {"recipe": recipes[0], "steps": config.train.steps, "seconds": expected_seconds(trainer)}
    except (RganKitError, MemoryError, RuntimeError):  # training would say what is wrong; here it is beside the point
        return {}


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
    columns = spec.columns or [Column(name) for name in spec.names]
    lacking = np.concatenate([np.full(column.features, column.offset) for column in columns])
    bounds = zip(spec.names, (spec.minimum + lacking).tolist(), (spec.maximum + lacking).tolist(), strict=True)
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
    longest = max(int(source.lengths.max(initial=0)) for source in sources)
    return {
        "data": sum(_bytes(source, step.nbytes) for source in sources) - _shared(*sources),
        "streamed": not all(isinstance(source, Sequences) or hasattr(source, "nbytes") for source in sources),
        "batch": size * longest * step.size * (8 if dataset.spec.kind == "tokens" else 4),
        "batch_size": size,
    }


def _shared(one: SequenceSource, other: SequenceSource) -> int:
    """Bytes that two sources have in common: the text that both have windows of."""
    return one.row.nbytes if isinstance(one, Windows) and one.row is getattr(other, "row", None) else 0


def _bytes(source: SequenceSource, step: int) -> int:
    if isinstance(source, Sequences):
        return int(source.values.nbytes + source.offsets.nbytes)
    return int(getattr(source, "nbytes", int(source.lengths.sum()) * step))
