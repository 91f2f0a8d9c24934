"""What is to be measured, and by what: samples of any tool in a domain's file formats, or drawn from a model file; and
real data."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rgan_kit.config.parts import Selection
from rgan_kit.contracts import (
    Batch,
    DataError,
    Dataset,
    DataSpec,
    FrameSpec,
    SampleSet,
    SequenceSource,
    SeriesSpec,
    TokenSpec,
    write_samples,
)
from rgan_kit.plugins.blame import blamed
from rgan_kit.runtime.model import Model


@dataclass(frozen=True, eq=False)
class Held:
    """The samples of a padded batch as a source."""

    batch: Batch[np.ndarray]

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return self.batch.lengths

    @property
    def labels(self) -> np.ndarray | None:
        """int64 ``[samples]`` or None."""
        return self.batch.labels

    def __len__(self) -> int:
        return len(self.batch.lengths)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded to the longest of them."""
        lengths = self.batch.lengths[indices]
        longest = int(lengths.max(initial=0))
        labels = None if self.batch.labels is None else self.batch.labels[indices]
        return Batch(self.batch.values[indices, :longest], lengths, labels)


@dataclass(frozen=True, eq=False)
class Joined:
    """The samples of two sources, one after the other."""

    first: SequenceSource
    second: SequenceSource

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return np.concatenate([self.first.lengths, self.second.lengths])

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded to the longest of them."""
        early = indices < len(self.first)
        parts = [self.first.take(indices[early]), self.second.take(indices[~early] - len(self.first))]
        longest = max(part.values.shape[1] for part in parts)
        shape = (len(indices), longest, *parts[0].values.shape[2:])
        values = np.zeros(shape, parts[0].values.dtype)
        lengths = np.zeros(len(indices), np.int64)
        labels = None if any(part.labels is None for part in parts) else np.zeros(len(indices), np.int64)
        for places, part in zip((early, ~early), parts, strict=True):
            values[places, : part.values.shape[1]] = part.values
            lengths[places] = part.lengths
            if labels is not None and part.labels is not None:
                labels[places] = part.labels
        return Batch(values, lengths, labels)


def real_data(selection: Selection, against: Path, train: Path | None, seed: int) -> Dataset:
    """What samples are measured by: ``train`` and ``validation`` of the data set are the training data and data that
    the model has not seen.

    Args:
        selection: the domain with its options.
        against: real data: with ``train``, held-out ones; else both, split as the domain splits what it trains on.
        train: what the samples' model was trained on, all of it.
        seed: of the split.

    Raises:
        DataError: something cannot be read, or is too little.
    """
    with blamed(f"{selection.distribution}: loading the data of domain {selection.name}"):
        dataset: Dataset = selection.spec.load(selection.options, against if train is None else train, seed)
    if train is None:
        return dataset
    held_out = Held(_read(dataset, against))
    return replace(dataset, train=Joined(dataset.train, dataset.validation), validation=held_out, truth=None)


def from_files(dataset: Dataset, path: Path) -> SampleSet:
    """Samples of any tool, in the file formats of the domain.

    Raises:
        DataError: they cannot be read as this data is.
    """
    batch = _read(dataset, path)
    names = dataset.spec.labels
    labels = None if batch.labels is None or not names else [names[number] for number in batch.labels.tolist()]
    return samples_of(dataset, outputs_of(dataset.spec, batch), labels)


def from_model(dataset: Dataset, model: Model, count: int, seed: int) -> SampleSet:
    """Samples that a model file makes: as they are where they are made of the same symbols, columns or pixels as the
    data; else written and read as the data are.

    Raises:
        DataError: they cannot be read as this data is.
    """
    outputs = model.outputs(count, seed=seed)
    labels = model.labels(count, seed=seed)
    if _same(model.manifest.decoder, dataset.decoder.manifest(), dataset.spec, outputs):
        return samples_of(dataset, outputs, labels if dataset.spec.labels else None)
    with tempfile.TemporaryDirectory() as folder:
        write_samples(model.decoder, model.decoder.decode(outputs), Path(folder), labels)
        return from_files(dataset, Path(folder))


def samples_of(dataset: Dataset, outputs: Mapping[str, np.ndarray], labels: list[str] | None) -> SampleSet:
    """Samples of the arrays that a model gives."""
    with blamed("the domain's decoder"):
        return SampleSet(dataset.decoder.decode(outputs), outputs, dataset, labels)


def outputs_of(spec: DataSpec, batch: Batch[np.ndarray]) -> dict[str, np.ndarray]:
    """A batch of samples as the arrays that a model would give."""
    outputs: dict[str, np.ndarray] = {spec.kind: batch.values}
    if isinstance(spec, TokenSpec):
        return {**outputs, "lengths": batch.lengths - spec.ends}
    alike = bool((batch.lengths == batch.values.shape[1]).all())
    return outputs if alike else {**outputs, "lengths": batch.lengths}


def _read(dataset: Dataset, path: Path) -> Batch[np.ndarray]:
    with blamed("the domain's decoder"):
        batch = dataset.decoder.read(path)
    if not len(batch.lengths):
        raise DataError(f"{path}: there are no samples in it.")
    return batch


def _same(
    mine: Mapping[str, object], real: Mapping[str, object], spec: DataSpec, outputs: Mapping[str, np.ndarray]
) -> bool:
    """Whether a model's outputs are of the symbols, columns or pixels that the data have."""
    if isinstance(spec, SeriesSpec):
        return list(_list(mine, "names")) == list(spec.names)
    if isinstance(spec, FrameSpec):
        return outputs["frames"].shape[2:] == (spec.height, spec.width, spec.channels)
    return mine == real


def _list(manifest: Mapping[str, object], key: str) -> list[object]:
    found = manifest.get(key)
    return list(found) if isinstance(found, list | tuple) else []
