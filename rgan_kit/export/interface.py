"""Inputs and outputs of a model file, by the kind of data: the table of ``docs/model-file.md`` in code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rgan_kit.contracts import FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.contracts.data import DataSpec
from rgan_kit.runtime import contract, noise
from rgan_kit.runtime.contract import Port
from rgan_kit.runtime.manifest import TensorInfo

_DESCRIPTIONS: dict[str, str] = {
    "noise": "chance, fresh for every step",
    "latent": "one vector for the whole sequence",
    "temperature": "below 1 sharpens, above 1 flattens",
    "labels": "class of the sequence, by its place in the manifest's labels",
    "given": "values of the sample where `known` says so",
    "known": "which positions are given: those of a beginning, from the first on",
    "top_p": "the likeliest symbols whose chances add up to it are drawn from; 1 draws from all",
    "top_k": "so many of the likeliest symbols are drawn from; 0 draws from all",
    "min_length": "no sample ends before it has so many symbols; 0 lets it end anywhere",
    "tokens": "symbols by their number in the vocabulary; padding after the end token",
    "lengths": "symbols of each sequence, the end token not counted",
    "previous": "the symbol before; the default at the start",
    "logits": "of the next symbol, at temperature 1; far below the others where it must not come",
    "mean": "middle of the latent's normal distribution",
    "log_variance": "logarithm of its variance",
}
_STEPS = "steps of each sample; what follows is padding"
_ENCODED_LENGTHS = "positions of each sequence that count, the end token among them"
_LIMITS: dict[str, dict[str, Any]] = {
    "temperature": {"default": 1.0, "minimum": 0.0},
    "given": {"default": 0},
    "known": {"default": 0},
    "top_p": {"default": 1.0, "minimum": 0.0, "maximum": 1.0},
    "top_k": {"default": 0, "minimum": 0},
    "min_length": {"default": 0, "minimum": 0},
}
_UNITS = {"tokens": "symbol", "lengths": "symbols", "series": "the data's own", "frames": "0..255"}


def inputs_of(spec: DataSpec, generator: Any) -> list[TensorInfo]:
    """What a sampler takes, in order."""
    ports = contract.inputs(
        spec.kind,
        noise_size=noise_size(spec, generator),
        latent_size=int(generator.latent_size),
        conditional=bool(spec.labels),
        takes=takes_of(generator),
    )
    return [_input(port, spec) for port in ports]


def takes_of(generator: Any) -> tuple[str, ...]:
    """The inputs of ``contract.OPTIONAL`` that a generator's sampler takes: it names them as ``takes``."""
    return tuple(getattr(generator, "takes", ()))


def _input(port: Port, spec: DataSpec) -> TensorInfo:
    """An input of a sampler, or of a step that holds for the whole sequence, as a manifest declares it."""
    limits: dict[str, Any] = dict(_LIMITS.get(port.name, {}))
    if port.name == "labels":
        limits = {"minimum": 0, "maximum": len(spec.labels) - 1}
    if isinstance(spec, TokenSpec):
        of_tokens: dict[str, dict[str, Any]] = {
            "noise": {"minimum": 0.0, "maximum": 1.0},
            "given": {"minimum": 0, "maximum": spec.vocab_size - 1},
        }
        limits |= of_tokens.get(port.name, {})
    sizes = iter(_sizes(spec))
    return TensorInfo(
        name=port.name,
        dtype=port.dtype,
        shape=tuple(next(sizes) if size == "*" else size for size in port.shape),
        distribution=port.distribution,
        description=_DESCRIPTIONS[port.name],
        **limits,
    )


def noise_size(spec: DataSpec, generator: Any) -> int:
    """Numbers of noise a step; 0 for tokens, where it is one that has no dimension of its own."""
    return 0 if isinstance(spec, TokenSpec) else int(generator.noise_size)


def outputs_of(spec: DataSpec, generator: Any = None) -> list[TensorInfo]:
    """What a sampler gives, in order; a generator that is ``variable`` gives lengths of series and frames too."""
    sizes = iter(_sizes(spec))
    return [_declared(port, sizes, spec) for port in contract.outputs(spec.kind, is_variable(generator))]


def is_variable(generator: Any) -> bool:
    """Whether a generator of series or frames gives each sample a length of its own."""
    return bool(getattr(generator, "variable", False))


def encoder_inputs_of(spec: DataSpec) -> list[TensorInfo]:
    """What an encoder takes, in order."""
    values, lengths = contract.encoder_inputs(spec.kind)
    last = {"minimum": 0, "maximum": spec.vocab_size - 1} if isinstance(spec, TokenSpec) else {}
    lengths_info = TensorInfo(
        name=lengths.name, dtype=lengths.dtype, shape=lengths.shape, minimum=1, description=_ENCODED_LENGTHS
    )
    return [_declared(values, iter(_sizes(spec))).model_copy(update=last), lengths_info]


def encoder_outputs_of(latent_size: int) -> list[TensorInfo]:
    """What an encoder gives, in order."""
    return [_declared(port, iter(())) for port in contract.encoder_outputs(latent_size)]


def step_inputs_of(spec: DataSpec, generator: Any, states: Sequence[Sequence[int]]) -> list[TensorInfo]:
    """What a step takes, in order; ``states`` are shapes without their batch."""
    ports = contract.step_inputs(
        spec.kind,
        noise_size=noise_size(spec, generator),
        latent_size=int(generator.latent_size),
        conditional=bool(spec.labels),
        states=states,
        takes=takes_of(generator),
    )
    whole = ("latent", "labels", *contract.OPTIONAL[spec.kind])
    return [_input(port, spec) if port.name in whole else _fresh(port, spec) for port in ports]


def _fresh(port: Port, spec: DataSpec) -> TensorInfo:
    """An input of a step that changes with every step."""
    limits: dict[str, Any] = {}
    description = _DESCRIPTIONS.get(port.name, "what the step before gave under the same name with next_ before it")
    if port.distribution == "state":
        limits = {"default": 0}
    if port.name == "previous" and isinstance(spec, TokenSpec):
        limits = {"default": spec.bos, "minimum": 0, "maximum": spec.vocab_size - 1}
    return TensorInfo(
        name=port.name,
        dtype=port.dtype,
        shape=port.shape,
        distribution=port.distribution,
        description=description,
        **limits,
    )


def step_outputs_of(spec: DataSpec, states: Sequence[Sequence[int]], generator: Any = None) -> list[TensorInfo]:
    """What a step gives, in order; of a generator that is ``variable``, the length of its sample too."""
    sizes = iter((spec.vocab_size,) if isinstance(spec, TokenSpec) else _sizes(spec))
    return [_declared(port, sizes, spec) for port in contract.step_outputs(spec.kind, states, is_variable(generator))]


def _declared(port: Port, sizes: Iterator[int], spec: DataSpec | None = None) -> TensorInfo:
    """A port without a distribution, as a manifest declares it; ``sizes`` are those that the model fixes."""
    if port.name == "lengths" and spec is not None and not isinstance(spec, TokenSpec):
        return TensorInfo(name=port.name, dtype=port.dtype, shape=port.shape, units="steps", description=_STEPS)
    return TensorInfo(
        name=port.name,
        dtype=port.dtype,
        shape=tuple(next(sizes) if size == "*" else size for size in port.shape),
        units=_UNITS.get(port.name, ""),
        description=_DESCRIPTIONS.get(port.name, ""),
    )


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
        if info.distribution == "constant":
            tensors[info.name] = torch.full(shape, info.default or 0, dtype=getattr(torch, info.dtype))
        elif info.name == "lengths":
            tensors[info.name] = torch.from_numpy(noise.labels(seed, 0, batch, time) + 1)
        elif info.name in ("tokens", "frames", "series", "previous"):
            tensors[info.name] = _example_values(info, shape, seed)
        elif info.name == "labels":
            tensors[info.name] = torch.arange(batch) % (int(info.maximum or 0) + 1)
        elif info.distribution == "state":
            tensors[info.name] = torch.zeros(shape)
        else:
            draw = noise.uniform if info.distribution == "uniform" else noise.normal
            drawn = draw(seed, 0, 1, int(np.prod(shape)), *([] if info.distribution == "uniform" else [1]))
            tensors[info.name] = torch.from_numpy(drawn.reshape(shape))
    return tensors


def _example_values(info: TensorInfo, shape: Sequence[int], seed: int) -> Tensor:
    """Samples of a kind, as an encoder or a step takes them."""
    count = int(np.prod(shape))
    if info.dtype == "float32":
        return torch.from_numpy(noise.normal(seed, 0, 1, count, 1).reshape(shape).copy())
    drawn = noise.labels(seed, 0, count, 256 if info.dtype == "uint8" else int(info.maximum or 0) + 1)
    return torch.from_numpy(drawn.reshape(shape).astype(info.dtype))
