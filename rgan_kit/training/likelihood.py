"""The likelihood of held-out sequences: whose it is, and how it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rgan_kit.config import RunConfig
from rgan_kit.contracts import Autoregressive, Batch, Dataset, NetworkName, SequenceSource, TokenSpec, evenly
from rgan_kit.contracts.data import DataSpec
from rgan_kit.nn import Emission
from rgan_kit.training.engine import Engine
from rgan_kit.training.importance import importance_weighted

MOST_HELD_OUT = 1000
"""Held-out sequences that the likelihood is computed on."""

MOST_ENCODED, IMPORTANCE_SAMPLES = 256, 16
"""The same where it is a bound, for which every sequence is scored under so many latents."""


def is_density(generator: nn.Module, spec: DataSpec) -> bool:
    """Whether the nats of a generator are of a density, which compares with no probability: of series and frames,
    unless every emission says that its steps are discrete."""
    emissions = [each for each in generator.modules() if isinstance(each, Emission)]
    return not isinstance(spec, TokenSpec) and not (emissions and all(each.discrete for each in emissions))


@dataclass(frozen=True)
class HeldOut:
    """How the likelihood of held-out sequences is computed.

    Attributes:
        nats: of each sequence of a batch, ``[batch]``, at the positions that count, boolean ``[batch, time]``.
        networks: those that take part, which are put into evaluation mode.
        most: sequences that it is computed on.
    """

    nats: Callable[[Batch[Tensor], Tensor], Tensor]
    networks: tuple[nn.Module, ...]
    most: int

    @classmethod
    def of(cls, config: RunConfig, networks: Mapping[NetworkName, nn.Module], generator: Any) -> HeldOut | None:
        """The objective's own; else that of the generator. None where there is none.

        Args:
            config: of the run.
            networks: the averaged ones.
            generator: that they make.
        """
        part = config.parts["objective"]
        if part.spec.likelihood is None:
            return cls.of_generator(generator, networks.get("encoder"))
        return cls(partial(part.spec.likelihood, part.options, networks), tuple(networks.values()), MOST_ENCODED)

    @classmethod
    def of_generator(cls, generator: Any, encoder: Any = None) -> HeldOut | None:
        """By teacher forcing; with an encoder, by the importance-weighted bound (Burda et al. 2016), which is at most
        the likelihood. None where the generator has none."""
        if not isinstance(generator, Autoregressive):
            return None
        model: Any = generator
        if encoder is None:
            return cls(partial(_of_positions, model), (model,), MOST_HELD_OUT)
        return cls(partial(_importance_weighted, model, encoder), (model, encoder), MOST_ENCODED)

    @torch.no_grad()
    def nll(self, dataset: Dataset, engine: Engine) -> float:
        """Nats a position of held-out data (the end token counted). Densities are of values as networks see them.
        Neither context nor unknown symbols count: to say that something unknown comes is easier than to say what."""
        source: SequenceSource = dataset.validation
        modes = [(network, network.training) for network in self.networks]
        for network in self.networks:
            network.eval()
        total, positions = 0.0, 0
        picked = evenly(len(source), self.most)
        for first in range(0, len(picked), 128):
            batch = engine.place(source.take(picked[first : first + 128]), dataset.spec)
            counts = _counts(batch, dataset.spec)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(first)  # latents are drawn the same way every time
                total -= float(self.nats(batch, counts).double().sum())
            positions += int(counts.sum())
        for network, training in modes:
            network.train(training)
        return total / positions if positions else math.nan


def _of_positions(generator: Any, batch: Batch[Tensor], counts: Tensor) -> Tensor:
    nats: Tensor = generator.log_probs(batch)
    return nats.masked_fill(~counts, 0.0).sum(dim=1)


def _importance_weighted(generator: Any, encoder: Any, batch: Batch[Tensor], counts: Tensor) -> Tensor:
    return importance_weighted(generator, encoder, batch, IMPORTANCE_SAMPLES, counts)


def _counts(batch: Batch[Tensor], spec: DataSpec) -> Tensor:
    """Boolean ``[batch, time]``: which positions the likelihood is taken of."""
    steps = torch.arange(batch.values.shape[1], device=batch.values.device)
    counts = steps < batch.lengths[:, None]
    if batch.context is not None:
        counts &= steps >= batch.context[:, None]
    if isinstance(spec, TokenSpec) and spec.unknown is not None:
        counts &= batch.values != spec.unknown
    return counts
