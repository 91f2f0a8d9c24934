"""Beginning with the weights of another run: what fits is taken, symbols and classes by name, and the rest is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rgan_kit.config import RunConfig
from rgan_kit.contracts import DataError, Dataset, TokenSpec, UsageError
from rgan_kit.contracts.data import DataSpec
from rgan_kit.training.building import Networks, build_networks
from rgan_kit.training.checkpoints import CheckpointFolder, average_of
from rgan_kit.training.described import DescribedData, describe, read_described
from rgan_kit.training.finding import check_run, chosen

Pairs = list[tuple[int, int]]
"""Places that mean the same: in the new data, in the old."""

Axes = Mapping[str, frozenset[int]]
"""Which axes of a tensor run along something, by the tensor's name."""

NAMED = 4
"""So many tensors that are begun anew are named."""


def initialised(networks: Networks, config: RunConfig, dataset: Dataset) -> list[str]:
    """Copies what fits of ``config.init_from`` into networks; returns what was taken and what was not, in words.

    Of networks with averaged weights those are taken. What layers keep for the data (scales, grammars) is not.

    Raises:
        DataError: no run, a damaged checkpoint, or nothing of it fits.
    """
    assert config.init_from is not None
    folder, data, model = _read(config.init_from)
    meanings = [_symbols(data, describe(dataset)), _classes(data.spec, dataset.spec)]
    larger = (
        None if pairs is None else grow(dataset.spec)
        for pairs, grow in zip(meanings, (_symbol, _class), strict=True)
    )  # fmt: skip
    along = [_axes(networks, config, spec) for spec in larger]
    said, found = [f"begins with the weights of {folder}"], 0
    for name, network in networks.items():
        prefix = average_of(name) if any(key.startswith(f"{average_of(name)}.") for key in model) else name
        theirs = {key.removeprefix(f"{prefix}."): t for key, t in model.items() if key.startswith(f"{prefix}.")}
        taken, left = _take(name, network, theirs, list(zip(along, meanings, strict=True)))
        found += taken
        said.append(_told(name, taken, left, bool(theirs)))
    if not found:
        raise DataError(
            f"{folder}: nothing of it fits the networks of recipe {config.recipe} as they are set.",
            "Set the sizes as that run has them (see its config.toml).",
        )
    return said + list(_of_names(data, dataset.spec, meanings))


def _read(init_from: str) -> tuple[Path, DescribedData, Mapping[str, Tensor]]:
    name, colon, number = init_from.partition(":step-")
    folder = Path(name)
    if folder.suffix == ".onnx":
        raise UsageError(
            f"{folder}: a model file has its weights multiplied into each other, so no training can begin with them.",
            "Name the run that it was exported from.",
        )
    check_run(folder)
    step, checkpoint = chosen(folder, f"step-{number}" if colon else None)
    return CheckpointFolder(folder / "checkpoints").path(step), read_described(folder), checkpoint.model


def _take(
    name: str, network: nn.Module, theirs: Mapping[str, Tensor], meanings: Sequence[tuple[Axes, Pairs | None]]
) -> tuple[int, list[str]]:
    """Copies tensors; gives the numbers that were copied, and what was left in words.

    Where no matrix fits nothing is taken: a bias that happens to be as long says nothing by itself.
    """
    fitting, left = [], []
    for key, tensor in _learnt(network):
        pairs = {axis: each for axes, each in meanings if each is not None for axis in axes.get(f"{name}.{key}", ())}
        old = theirs.get(key)
        if old is not None and _fits(tensor, old, pairs):
            fitting.append((tensor, old, pairs))
        else:
            there = "not there" if old is None else f"there {list(old.shape)}"
            left.append(f"{key} {list(tensor.shape)} ({there})")
    if not any(tensor.dim() > 1 for tensor, _, _ in fitting):
        return 0, left
    return sum(_copy(*each) for each in fitting), left


@torch.no_grad()
def _copy(tensor: Tensor, old: Tensor, pairs: Mapping[int, Pairs]) -> int:
    """Copies what means the same; gives how many numbers that were."""
    places = [pairs.get(axis, [(i, i) for i in range(n)]) for axis, n in enumerate(tensor.shape)]
    values = tensor.cpu().numpy().copy()
    mine, theirs = ([[pair[side] for pair in axis] for axis in places] for side in (0, 1))
    values[np.ix_(*mine)] = old.cpu().numpy()[np.ix_(*theirs)]
    tensor.copy_(torch.from_numpy(values))
    return int(np.prod([len(each) for each in mine]))


def _fits(mine: Tensor, theirs: Tensor, pairs: Mapping[int, Pairs]) -> bool:
    return mine.dim() == theirs.dim() and all(
        axis in pairs or mine.shape[axis] == theirs.shape[axis] for axis in range(mine.dim())
    )


def _learnt(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters, and the statistics that layers of torch gather (batch and spectral norms); other buffers say
    something of the data, and the new data's are there."""
    yield from network.named_parameters()
    for path, module in network.named_modules():
        if type(module).__module__.startswith("torch."):
            kept = module.state_dict(keep_vars=True)
            for name, buffer in module.named_buffers(path, recurse=False):
                if name.rpartition(".")[2] in kept:
                    yield name, buffer


def _told(name: str, taken: int, left: Sequence[str], there: bool) -> str:
    if not there or not taken:
        return f"{name}: begun anew, as that run has none{' that fits' if there else ''}"
    if not left:
        return f"{name}: {taken:,} numbers taken"
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    return f"{name}: {taken:,} numbers taken; begun anew: {', '.join(left[:NAMED])}{more}"


def _of_names(data: DescribedData, spec: DataSpec, meanings: Sequence[Pairs | None]) -> Iterator[str]:
    symbols, classes = meanings
    if symbols is not None and isinstance(spec, TokenSpec):
        yield f"symbols: {len(symbols)} of {spec.vocab_size} are known there; the others are begun anew"
    if classes is not None:
        yield f"classes: {len(classes)} of {len(spec.labels)} are known there; the others are begun anew"
    mine, theirs = getattr(spec, "names", ()), getattr(data.spec, "names", ())
    if mine and theirs and mine != theirs and len(mine) == len(theirs):
        yield f"columns are taken by place: {', '.join(mine)} for {', '.join(theirs)}"


def _symbols(old: DescribedData, new: DescribedData) -> Pairs | None:
    """Symbols that both have, the special ones by what they are for; None where all are the same, or have no names."""
    if not isinstance(old.spec, TokenSpec) or not isinstance(new.spec, TokenSpec):
        return None
    theirs, mine = (list(data.decoder.get("vocabulary", ())) for data in (old, new))
    known = (len(theirs), len(mine)) == (old.spec.vocab_size, new.spec.vocab_size)
    roles = [(getattr(new.spec, role), getattr(old.spec, role)) for role in ("pad", "bos", "eos", "unknown")]
    special = [(i, j) for i, j in roles if i is not None and j is not None]
    if not known or (mine == theirs and all(i == j for i, j in special)):
        return None
    places = {symbol: j for j, symbol in enumerate(theirs) if j not in {j for _, j in roles}}
    mine_special = {i for i, _ in roles}
    return special + [(i, places[s]) for i, s in enumerate(mine) if i not in mine_special and s in places]


def _classes(old: DataSpec, new: DataSpec) -> Pairs | None:
    if old.labels == new.labels or not old.labels or not new.labels:
        return None
    return [(i, old.labels.index(label)) for i, label in enumerate(new.labels) if label in old.labels]


def _axes(networks: Networks, config: RunConfig, larger: DataSpec | None) -> Axes:
    """Axes that are longer where networks are built for data with one more of something."""
    if larger is None:
        return {}
    built = build_networks(config, larger)
    return {
        f"{name}.{key}": frozenset(
            axis for axis, (n, more) in enumerate(zip(tensor.shape, grown[key].shape, strict=True)) if n != more
        )
        for name, network in networks.items()
        for grown in [dict(_learnt(built[name]))]
        for key, tensor in _learnt(network)
        if key in grown and grown[key].dim() == tensor.dim()
    }


def _symbol(spec: DataSpec) -> DataSpec:
    """The same with one symbol more."""
    assert isinstance(spec, TokenSpec)
    grammar = None if spec.allowed_next is None else np.pad(spec.allowed_next, ((0, 1), (0, 1)), constant_values=True)
    return replace(spec, vocab_size=spec.vocab_size + 1, allowed_next=grammar)


def _class(spec: DataSpec) -> DataSpec:
    """The same with one class more."""
    return replace(spec, labels=(*spec.labels, "one more"))
