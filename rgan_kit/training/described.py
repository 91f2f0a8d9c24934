"""What a run remembers of its data, so that it can be exported where the data is not: ``data.json`` and its arrays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from rgan_kit.contracts import Column, DataError, Dataset, FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.storage import read_json, to_json, write_whole

DATA, ARRAYS = "data.json", "data.safetensors"
_SPECS: dict[str, type[DataSpec]] = {"tokens": TokenSpec, "series": SeriesSpec, "frames": FrameSpec}


@dataclass(frozen=True)
class DescribedData:
    """A data set without its samples.

    Attributes:
        spec: what one sample is.
        decoder: the decoder's manifest.
        fingerprint: SHA-256 of what was read.
    """

    spec: DataSpec
    decoder: dict[str, Any]
    fingerprint: str


def describe(dataset: Dataset) -> DescribedData:
    """A data set without its samples."""
    return DescribedData(dataset.spec, dataset.decoder.manifest(), dataset.fingerprint)


def describe_data(folder: Path, dataset: Dataset) -> None:
    """Writes the description of a data set into a run's folder."""
    fields = {field.name: getattr(dataset.spec, field.name) for field in dataclasses.fields(dataset.spec)}
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    document = {
        "kind": dataset.spec.kind,
        "spec": {name: _plain(value) for name, value in fields.items() if name not in arrays},
        "decoder": dataset.decoder.manifest(),
        "fingerprint": dataset.fingerprint,
        "summary": dict(dataset.summary),
    }
    if arrays:
        write_whole(folder / ARRAYS, save_arrays(arrays))
    write_whole(folder / DATA, to_json(document))


def read_described(folder: Path) -> DescribedData:
    """What ``describe_data`` wrote.

    Raises:
        DataError: missing or damaged.
    """
    document = read_json(folder / DATA)
    try:
        fields = dict(document["spec"])
        if (folder / ARRAYS).exists():
            fields.update(load_arrays((folder / ARRAYS).read_bytes()))
        for name in ("labels", "names"):
            if name in fields:
                fields[name] = tuple(fields[name])
        if "columns" in fields:
            fields["columns"] = tuple(Column(**{**c, "levels": tuple(c["levels"])}) for c in fields["columns"])
        spec = _SPECS[document["kind"]](**fields)
        return DescribedData(spec, dict(document["decoder"]), str(document["fingerprint"]))
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise DataError(f"{folder / DATA} is damaged: {error}.") from error


def _plain(value: object) -> object:
    """A field of a spec as JSON has it."""
    return (
        [dataclasses.asdict(part) for part in value]
        if isinstance(value, tuple) and value and isinstance(value[0], Column)
        else value
    )
