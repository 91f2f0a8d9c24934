"""Figures of what a network trained on the real data sees: see ``rgan_kit.evaluation.features``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import (
    Dataset,
    Figure,
    FrameSpec,
    Measured,
    MetricSpec,
    SampleSet,
    SequenceSource,
    TokenSpec,
    evenly,
)
from rgan_kit.evaluation.clouds import frechet, precision_recall_coverage
from rgan_kit.evaluation.features import Features
from rgan_kit.evaluation.intervals import around, at_random, halves

MOST: Final = 1000
FEWEST: Final = 20
"""Samples, and real ones of each side, below which nothing is measured."""

_MOST_NUMBERS: Final = 2**26


@dataclass(eq=False)
class Learnt:
    """The network of a data set, and what it makes of training and held-out samples."""

    train_source: SequenceSource
    held_out_source: SequenceSource
    numbers: int

    def take(self, source: SequenceSource) -> tuple[np.ndarray, np.ndarray]:
        """Some samples of a source, and their lengths."""
        batch = source.take(evenly(len(source), min(MOST, max(FEWEST, _MOST_NUMBERS // self.numbers))))
        return batch.values, batch.lengths

    def labels(self, source: SequenceSource) -> np.ndarray:
        """int64, the classes of the same samples."""
        labels = source.take(evenly(len(source), min(MOST, max(FEWEST, _MOST_NUMBERS // self.numbers)))).labels
        assert labels is not None
        return labels

    @cached_property
    def network(self) -> Features:
        """Trained on training samples."""
        return Features(*self.take(self.train_source))

    @cached_property
    def train(self) -> np.ndarray:
        """Of training samples."""
        return self.network(*self.take(self.train_source))

    @cached_property
    def held_out(self) -> np.ndarray:
        """Of held-out samples."""
        return self.network(*self.take(self.held_out_source))


_known: Final[WeakKeyDictionary[Dataset, Learnt]] = WeakKeyDictionary()


def learnt(dataset: Dataset) -> Learnt:
    """The network of a data set, trained once."""
    if dataset not in _known:
        spec = dataset.spec
        assert not isinstance(spec, TokenSpec)
        step = spec.height * spec.width * spec.channels if isinstance(spec, FrameSpec) else spec.features
        _known[dataset] = Learnt(dataset.train, dataset.validation, step * spec.length)
    return _known[dataset]


def features_of(samples: SampleSet) -> np.ndarray:
    """float64 ``[n, features]`` of samples (of at most 1,000 from all over them)."""
    values = samples.outputs[samples.dataset.spec.kind]
    chosen = evenly(len(values), MOST)
    lengths = samples.outputs.get("lengths")
    return learnt(samples.dataset).network(values[chosen], None if lengths is None else lengths[chosen])


def compute(samples: SampleSet) -> dict[str, Measured]:
    """``feature_distance``, ``precision``, ``recall`` and ``coverage``; of held-out samples as the control, of each
    kind equally many. Nothing for fewer than 20 of a kind, and for values that are no numbers."""
    dataset = samples.dataset
    if min(len(samples.samples), len(dataset.train), len(dataset.validation)) < FEWEST:
        return {}
    if not np.isfinite(samples.outputs[dataset.spec.kind]).all():
        return {}
    real, made, held_out = learnt(dataset).train, features_of(samples), learnt(dataset).held_out
    count = min(len(real), len(made), len(held_out))
    real, made, held_out = (cloud[at_random(len(cloud), count)] for cloud in (real, _sorted(made), held_out))
    own, control = _figures(real, made), _figures(real, held_out)
    repeats = [_figures(real[half], made[half]) for half in halves(count)]
    return {name: Measured(own[name], control[name], *around(own[name], [r[name] for r in repeats])) for name in own}


def _figures(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    precision, recall, coverage = precision_recall_coverage(real, made)
    distance = frechet(real, made)
    return {"feature_distance": distance, "precision": precision, "recall": recall, "coverage": coverage}


def _sorted(cloud: np.ndarray) -> np.ndarray:
    """In an order that does not depend on that of the samples."""
    return cloud[np.lexsort(cloud.T[::-1])]


METRICS: Final = (
    MetricSpec(
        name="learnt_features",
        summary="Fréchet distance, precision, recall and coverage by features that a network learns from the real data",
        kinds=frozenset({"series", "frames"}),
        compute=compute,
        thorough=True,
        paper="Heusel et al. 2017, arXiv:1706.08500; Kynkäänniemi et al. 2019, arXiv:1904.06991; Coates et al. 2011",
        figures=(
            Figure(
                name="feature_distance",
                title="Fréchet distance",
                meaning="FID-like, of features learnt from real data; compare with real data's",
                better="lower",
            ),
            Figure(
                name="precision",
                meaning="samples that lie among real ones by learnt features: how many are realistic",
                unit="share",
                better="higher",
            ),
            Figure(
                name="recall",
                meaning="real samples that lie among generated ones: how much of the data is made at all",
                unit="share",
                better="higher",
            ),
            Figure(
                name="coverage",
                meaning="real samples that have a generated one near them",
                unit="share",
                better="higher",
            ),
        ),
    ),
)
