"""Inputs and outputs of a model file, by the kind of data: the table of ``docs/model-file.md`` in code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rgan_kit.contracts import FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.runtime import contract, noise
from rgan_kit.runtime.manifest import TensorInfo

_DESCRIPTIONS: dict[str, str] = {
    "noise": "chance, fresh for every step",
    "latent": "one vector for the whole sequence",
    "temperature": "below 1 sharpens, above 1 flattens",
    "labels": "class of the sequence, by its place in the manifest's labels",
    "tokens": "symbols by their number in the vocabulary; padding after the end token",
    "lengths": "symbols of each sequence, the end token not counted",
}
_UNITS = {"tokens": "symbol", "lengths": "symbols", "series": "the data's own", "frames": "0..255"}


def inputs_of(spec: DataSpec, generator: Any) -> list[TensorInfo]:
    """What a sampler takes, in order."""
    limits: dict[str, dict[str, Any]] = {
        "temperature": {"default": 1.0, "minimum": 0.0},
        "labels": {"minimum": 0, "maximum": len(spec.labels) - 1},
    }
    if isinstance(spec, TokenSpec):
        limits["noise"] = {"minimum": 0.0, "maximum": 1.0}
    ports = contract.inputs(
        spec.kind,
        noise_size=noise_size(spec, generator),
        latent_size=int(generator.latent_size),
        conditional=bool(spec.labels),
    )
    return [
        TensorInfo(
            name=port.name,
            dtype=port.dtype,
            shape=port.shape,
            distribution=port.distribution,
            description=_DESCRIPTIONS[port.name],
            **limits.get(port.name, {}),
        )
        for port in ports
    ]


def noise_size(spec: DataSpec, generator: Any) -> int:
    """Numbers of noise a step; 0 for tokens, where it is one that has no dimension of its own."""
    return 0 if isinstance(spec, TokenSpec) else int(generator.noise_size)


def outputs_of(spec: DataSpec) -> list[TensorInfo]:
    """What a sampler gives, in order."""
    sizes = iter(_sizes(spec))
    return [
        TensorInfo(
            name=port.name,
            dtype=port.dtype,
            shape=tuple(next(sizes) if size == "*" else size for size in port.shape),
            units=_UNITS[port.name],
            description=_DESCRIPTIONS.get(port.name, ""),
        )
        for port in contract.outputs(spec.kind)
    ]


def _sizes(spec: DataSpec) -> tuple[int, ...]:
    """What the model fixes of its outputs' shape."""
    if isinstance(spec, SeriesSpec):
        return (spec.features,)
    return (spec.height, spec.width, spec.channels) if isinstance(spec, FrameSpec) else ()


def example_inputs(infos: Sequence[TensorInfo], batch: int, time: int, seed: int = 1) -> dict[str, Tensor]:
    """One tensor for each input, of a given batch and time."""
    sizes = {"batch": batch, "time": time}
    tensors: dict[str, Tensor] = {}
    for info in infos:
        shape = [sizes[size] if isinstance(size, str) else size for size in info.shape]
        if info.name == "temperature":
            tensors[info.name] = torch.tensor(1.0)
        elif info.name == "labels":
            tensors[info.name] = torch.arange(batch) % (int(info.maximum or 0) + 1)
        else:
            draw = noise.uniform if info.distribution == "uniform" else noise.normal
            drawn = draw(seed, 0, 1, int(np.prod(shape)), *([] if info.distribution == "uniform" else [1]))
            tensors[info.name] = torch.from_numpy(drawn.reshape(shape))
    return tensors
