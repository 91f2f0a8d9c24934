"""Samples of a small network for contract tests: from its sampler, from ``generate()``; and what it finds likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, SeriesSpec, TokenSpec

if TYPE_CHECKING:
    from torch import Tensor

Nats = Callable[["Batch[Tensor]"], "Tensor"]
"""From a batch to the nats of its positions, ``[batch, time]``, without any chance."""


def livened(network: Any) -> Any:
    """The network with weights away from their start, where much is zero or even: requirements hold for any."""
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            spread = float(parameter.std()) if parameter.numel() > 1 else 0.0
            parameter.add_(torch.randn_like(parameter) * (spread if spread > 1e-3 else 0.3))
    return network


def latent_of(network: Any, size: int) -> Tensor | None:
    """One latent for all sequences, ``[size, latent_size]``; None where the network has none."""
    import torch

    if not network.latent_size:
        return None
    return torch.linspace(-1, 1, network.latent_size).expand(size, -1)


def labels_of(data: DataSpec, size: int) -> Tensor | None:
    """The last label for all sequences; None where the data has none."""
    import torch

    return torch.full((size,), len(data.labels) - 1) if data.labels else None


def chance(network: Any, data: DataSpec, size: int, time: int, seed: int = 0) -> dict[str, Tensor]:
    """Inputs of a sampler, by the names of ``docs/model-file.md``; the labels take turns."""
    import torch

    random = torch.Generator().manual_seed(seed)
    if isinstance(data, TokenSpec):
        given = {"noise": torch.rand(size, time, generator=random), "temperature": torch.tensor(1.0)}
    else:
        given = {"noise": torch.randn(size, time, network.noise_size, generator=random)}
    if network.latent_size:
        given["latent"] = torch.randn(size, network.latent_size, generator=random)
    if data.labels:
        given["labels"] = torch.arange(size) % len(data.labels)
    return given


def sampled(network: Any, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    """What the sampler gives, always as a tuple."""
    import torch

    with torch.no_grad():
        made = network.sampler()(**inputs)
    return tuple(made) if isinstance(made, tuple | list) else (made,)


def generated(network: Any, data: DataSpec, size: int, time: int) -> Batch[Tensor]:
    """What ``generate()`` gives without gradients, with the labels taking turns."""
    import torch

    torch.manual_seed(11)
    with torch.no_grad():
        made: Batch[Tensor] = network.generate(size, time, labels=chance_labels(data, size))
    return made


def chance_labels(data: DataSpec, size: int) -> Tensor | None:
    """Labels that take turns."""
    import torch

    return torch.arange(size) % len(data.labels) if data.labels else None


def in_own_units(values: Tensor, data: DataSpec) -> Tensor:
    """Values as networks see them, as the model file has them: ``[batch, time, ...]``."""
    import torch

    from rgan_kit.nn import to_uint8

    if isinstance(data, FrameSpec):
        return to_uint8(values)
    assert isinstance(data, SeriesSpec)
    low, high = torch.from_numpy(data.minimum), torch.from_numpy(data.maximum)
    return low + (values + 1) / 2 * (high - low)


def in_network_units(series: Tensor, data: SeriesSpec) -> Tensor:
    """The other way round, for series."""
    import torch

    low, high = torch.from_numpy(data.minimum), torch.from_numpy(data.maximum)
    return (series - low) / (high - low) * 2 - 1


def likelihood(network: Any, data: DataSpec, *, sequence_latent: bool = False) -> Nats | None:
    """The likelihood under one latent and one label, or None where chance is part of it, as in a bound by sampling.

    A model whose chance of a step is a latent is given one for every step, unless ``sequence_latent``.
    """
    import torch

    from rgan_kit.testing.examples import example_batch

    def under(of_steps: bool) -> Nats:
        def nats(batch: Batch[Tensor]) -> Tensor:
            size, time = batch.values.shape[:2]
            latent = latent_of(network, size)
            if of_steps:
                latent = torch.linspace(-1, 1, time * network.noise_size).view(1, time, -1).expand(size, -1, -1)
            with torch.no_grad():
                found: Tensor = network.log_probs(Batch(batch.values, batch.lengths, labels_of(data, size)), latent)
            return found

        return nats

    for of_steps in (False, True)[: 1 if sequence_latent or not network.noise_size else 2]:
        nats, found = under(of_steps), []
        for seed in (0, 1):
            torch.manual_seed(seed)
            try:
                found.append(nats(example_batch(data)))
            except (RuntimeError, TypeError, ValueError, IndexError):
                break  # takes no latent of every step
        if len(found) == 2 and torch.equal(*found):
            return nats
    return None


def next_shares(nats: Nats, prefixes: Tensor, vocabulary: int) -> np.ndarray:
    """Probability of each symbol after each of some prefixes int64 ``[n, time]``: float64 ``[n, vocabulary]``."""
    import torch

    size, time = prefixes.shape
    symbols = torch.arange(vocabulary).repeat(size)[:, None]
    values = torch.cat([prefixes.repeat_interleave(vocabulary, 0), symbols], dim=1)
    found = nats(Batch(values, torch.full((len(values),), time + 1)))[:, time]
    shares: np.ndarray = np.exp(found.double().numpy()).reshape(size, vocabulary)
    return shares
