"""Evaluating a generator while it trains: samples, held-out likelihood and metrics."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rgan_kit.contracts import Dataset, SampleSet, SequenceSource, TokenSpec, evenly
from rgan_kit.plugins.registry import Registry
from rgan_kit.runtime import noise
from rgan_kit.training.characters import symbols_per_character
from rgan_kit.training.likelihood import MOST_HELD_OUT
from rgan_kit.training.metrics import Metrics

if TYPE_CHECKING:
    from rgan_kit.training.engine import Engine
    from rgan_kit.training.likelihood import HeldOut

SAMPLE_SEED = 0
"""Of the noise of evaluations: the same every time, so that figures differ by weights alone."""

MOST_NATS = 700.0
"""Beyond, a perplexity is no number that a computer holds."""

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it are spread evenly over 0..1 however many there are (Weyl 1916)."""


class Assessor:
    """Draws and measures samples of a generator.

    Args:
        dataset: what it is trained on.
        registry: whose metrics apply.
        engine: where it is computed.
        samples: how many are drawn for an evaluation.
    """

    def __init__(self, dataset: Dataset, registry: Registry, engine: Engine, samples: int) -> None:
        self.dataset = dataset
        self.engine = engine
        self.samples = samples
        self._metrics = Metrics(registry, dataset.spec.kind)

    @torch.no_grad()
    def draw(self, generator: Any, count: int, start: int = 0, seed: int = SAMPLE_SEED) -> SampleSet:
        """Samples from the module that would be exported, at temperature 1."""
        sampler = generator.sampler().to(self.engine.device)
        chunks = []
        for first in range(start, start + count, 256):
            size = min(256, start + count - first)
            drawn = sampler(**self._inputs(generator, first, size, seed))
            drawn = drawn if isinstance(drawn, tuple) else (drawn,)  # a model of one output gives it alone
            chunks.append([output.cpu().numpy() for output in drawn])
        outputs = dict(
            zip((self.dataset.spec.kind, "lengths"), map(np.concatenate, zip(*chunks, strict=True)), strict=False)
        )
        names = self.dataset.spec.labels
        labels = [names[number] for number in self._labels(start, count)] if names else None
        return SampleSet(self.dataset.decoder.decode(outputs), outputs, self.dataset, labels)

    def _inputs(self, generator: Any, start: int, count: int, seed: int) -> dict[str, torch.Tensor]:
        spec = self.dataset.spec
        inputs: dict[str, torch.Tensor] = {}
        if isinstance(spec, TokenSpec):
            inputs["noise"] = torch.from_numpy(noise.uniform(seed, start, count, spec.max_length))
            inputs["temperature"] = torch.tensor(1.0)
        else:
            drawn = noise.normal(seed, start, count, spec.max_length, generator.noise_size)
            inputs["noise"] = torch.from_numpy(drawn)
        if generator.latent_size:
            inputs["latent"] = torch.from_numpy(noise.latent(seed, start, count, generator.latent_size))
        if spec.labels:
            inputs["labels"] = torch.from_numpy(self._labels(start, count))
        return {name: tensor.to(self.engine.device) for name, tensor in inputs.items()}

    def _labels(self, start: int, count: int) -> np.ndarray:
        """Labels of samples with these numbers, as often as held-out data has each: int64 ``[count]``. A generator that
        is right about every class would be judged by the wrong mixture of them otherwise."""
        evenly_spread = (np.arange(start, start + count) + 0.5) * GOLDEN % 1.0
        chosen: np.ndarray = np.searchsorted(self._label_shares.cumsum(), evenly_spread, side="right")
        return chosen.clip(0, len(self._label_shares) - 1).astype(np.int64)

    @cached_property
    def _label_shares(self) -> np.ndarray:
        return label_shares(self.dataset.validation, len(self.dataset.spec.labels))

    def evaluate(self, generator: Any, likelihood: HeldOut | None) -> dict[str, float]:
        """All figures of a generator, by name.

        Args:
            generator: as it would be exported.
            likelihood: how that of held-out data is computed; None where it has none.
        """
        figures: dict[str, float] = {}
        if likelihood is not None:
            figures["heldout_nll"] = nats = likelihood.nll(self.dataset, self.engine)
            figures |= self._in_other_units(nats)
        return figures | self._metrics.figures(self.draw(generator, self.samples))

    def _in_other_units(self, nats: float) -> dict[str, float]:
        """Held-out nats of symbols as others give them: perplexity, and bits a character, where samples are text."""
        if not isinstance(self.dataset.spec, TokenSpec):
            return {}
        perplexity = math.exp(nats) if nats < MOST_NATS else math.inf
        per_character = self._symbols_per_character
        bits = {} if per_character is None else {"bits_a_character": nats * per_character / math.log(2)}
        return {"perplexity": perplexity, **bits}

    @cached_property
    def _symbols_per_character(self) -> float | None:
        picked = evenly(len(self.dataset.validation), MOST_HELD_OUT)
        return symbols_per_character(self.dataset, self.dataset.validation, picked)

    @property
    def judging(self) -> list[str]:
        """Names of the figures that say how good samples are."""
        return self._metrics.selecting


def label_shares(source: SequenceSource, classes: int) -> np.ndarray:
    """How often each class occurs: float64 ``[classes]``, adding up to 1; even where the source tells none."""
    known = getattr(source, "labels", None)  # without reading clips for their labels alone
    if known is None:
        picked = evenly(len(source), MOST_HELD_OUT)
        batches = [source.take(picked[first : first + 64]).labels for first in range(0, len(picked), 64)]
        known = np.concatenate([each for each in batches if each is not None] or [np.zeros(0, np.int64)])
    counts = np.bincount(known, minlength=classes).astype(np.float64)
    return counts / counts.sum() if counts.sum() else np.full(classes, 1 / classes)
