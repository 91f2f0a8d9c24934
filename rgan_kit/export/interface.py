"""Inputs and outputs of a model file, by the kind of data: the table of ``docs/model-file.md`` in code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rgan_kit.contracts import FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.runtime import noise
from rgan_kit.runtime.manifest import TensorInfo


def inputs_of(spec: DataSpec, generator: Any) -> list[TensorInfo]:
    """What a sampler takes, in order."""
    tokens = isinstance(spec, TokenSpec)
    shape: list[str | int] = ["batch", "time"] if tokens else ["batch", "time", int(generator.noise_size)]
    text = "one number a step picks the symbol" if tokens else "fresh noise for every step"
    infos = [_noise("noise", shape, "uniform" if tokens else "normal", text)]
    if tokens:
        infos.append(
            TensorInfo(
                name="temperature",
                dtype="float32",
                shape=[],
                distribution="constant",
                default=1.0,
                minimum=0.0,
                description="below 1 sharpens, above 1 flattens",
            )
        )
    if generator.latent_size:
        shape = ["batch", int(generator.latent_size)]
        infos.append(_noise("latent", shape, "normal", "one vector for the whole sequence"))
    if spec.labels:
        infos.append(
            TensorInfo(
                name="labels",
                dtype="int64",
                shape=["batch"],
                distribution="choice",
                minimum=0,
                maximum=len(spec.labels) - 1,
                description="class of the sequence, by its place in `labels`",
            )
        )
    return infos


def _noise(name: str, shape: list[str | int], distribution: str, description: str) -> TensorInfo:
    limits: dict[str, Any] = {"minimum": 0.0, "maximum": 1.0} if distribution == "uniform" else {}
    return TensorInfo(
        name=name, dtype="float32", shape=shape, distribution=distribution, description=description, **limits
    )


def outputs_of(spec: DataSpec) -> list[TensorInfo]:
    """What a sampler gives, in order."""
    if isinstance(spec, TokenSpec):
        tokens = "symbols by their number in the vocabulary; padding after the end token"
        lengths = "symbols of each sequence, the end token not counted"
        return [
            TensorInfo(name="tokens", dtype="int64", shape=["batch", "time"], units="symbol", description=tokens),
            TensorInfo(name="lengths", dtype="int64", shape=["batch"], units="symbols", description=lengths),
        ]
    if isinstance(spec, SeriesSpec):
        shape: list[str | int] = ["batch", "time", spec.features]
        return [TensorInfo(name="series", dtype="float32", shape=shape, units="the data's own")]
    assert isinstance(spec, FrameSpec)
    shape = ["batch", "time", spec.height, spec.width, spec.channels]
    return [TensorInfo(name="frames", dtype="uint8", shape=shape, units="0..255")]


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
