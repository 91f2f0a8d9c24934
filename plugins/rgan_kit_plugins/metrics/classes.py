"""Whether samples of a class are of that class: by a classifier that is trained on the real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import KINDS, Dataset, Figure, Measured, MetricSpec, SampleSet, Sequences, TokenSpec, evenly
from rgan_kit.evaluation import NGramModel, batch_rows, sampled_rows
from rgan_kit_plugins.metrics.learnt_features import MOST as MOST_SEEN
from rgan_kit_plugins.metrics.learnt_features import features_of, learnt

MOST: Final = 4000
"""Real samples of each side that the classifier is trained on, or tried on."""

_FEWEST: Final = 20
_SHRINKAGE: Final = 1.0


def kept(samples: SampleSet) -> dict[str, Measured]:
    """``class_kept``: share of samples that a classifier takes for the class that they were asked for, all and of each
    class; and that of held-out data. It is of trigram models of the classes for tokens, and of ridge regression on
    learnt features for series and frames. Nothing without classes."""
    dataset = samples.dataset
    names = dataset.spec.labels
    if samples.labels is None or len(names) < 2 or min(len(dataset.train), len(dataset.validation)) < _FEWEST:
        return {}
    if dataset not in _known:
        _known[dataset] = _tokens(dataset) if isinstance(dataset.spec, TokenSpec) else _features(dataset)
    classify, control = _known[dataset]
    chosen = evenly(len(samples.samples), MOST_SEEN)
    wanted = np.array([names.index(samples.labels[number]) for number in chosen])
    right = classify(samples)[: len(wanted)] == wanted
    parts = {
        name: float(right[wanted == number].mean()) for number, name in enumerate(names) if (wanted == number).any()
    }
    return {"class_kept": Measured(float(right.mean()), control, parts=parts)} if len(right) else {}


Classifier = tuple[Callable[[SampleSet], np.ndarray], float]
"""From samples (1,000 at most, from all over them) to the numbers of their classes; and its accuracy otherwise."""

_known: Final[WeakKeyDictionary[Dataset, Classifier]] = WeakKeyDictionary()


def _tokens(dataset: Dataset) -> Classifier:
    spec = dataset.spec
    assert isinstance(spec, TokenSpec)
    rows, labels = _rows(dataset, held_out=False)
    models = []
    shares = (np.bincount(labels, minlength=len(spec.labels)) + 1) / (len(labels) + len(spec.labels))
    for number in range(len(spec.labels)):
        own = [rows[place] for place in np.flatnonzero(labels == number).tolist()]
        models.append(NGramModel(Sequences.of(own, fill=0, dtype=np.int64), vocab_size=spec.vocab_size, bos=spec.bos))

    def of_rows(asked: Sequences) -> np.ndarray:
        nats = np.stack([model.nats_of_rows(asked) * asked.lengths for model in models], axis=1)
        chosen: np.ndarray = np.argmin(nats - np.log(shares), axis=1)
        return chosen

    def classify(samples: SampleSet) -> np.ndarray:
        chosen = evenly(len(samples.samples), MOST_SEEN)
        return of_rows(sampled_rows({name: values[chosen] for name, values in samples.outputs.items()}))

    asked, truth = _rows(dataset, held_out=True)
    return classify, float((of_rows(asked) == truth).mean())


def _rows(dataset: Dataset, *, held_out: bool) -> tuple[Sequences, np.ndarray]:
    source = dataset.validation if held_out else dataset.train
    batch = source.take(evenly(len(source), MOST))
    assert batch.labels is not None
    return batch_rows(batch.values, batch.lengths), batch.labels


def _features(dataset: Dataset) -> Classifier:
    own, classes = learnt(dataset), len(dataset.spec.labels)
    labels = [own.labels(source) for source in (own.train_source, own.held_out_source)]
    design = np.append(own.train, np.ones((len(own.train), 1)), axis=1)
    scale = np.maximum(design.std(0), 1e-9)
    scale[-1] = 1.0
    design = design / scale
    wanted = np.eye(classes)[labels[0]]
    weights = np.linalg.solve(design.T @ design + _SHRINKAGE * np.eye(design.shape[1]), design.T @ wanted)

    def of_features(features: np.ndarray) -> np.ndarray:
        asked = np.append(features, np.ones((len(features), 1)), axis=1) / scale
        chosen: np.ndarray = np.argmax(asked @ weights, axis=1)
        return chosen

    control = float((of_features(own.held_out) == labels[1]).mean())
    return lambda samples: of_features(features_of(samples)), control


METRICS: Final = (
    MetricSpec(
        name="classes",
        summary="share of samples that a classifier trained on the real data takes for the class asked for",
        kinds=frozenset(KINDS),
        compute=kept,
        thorough=True,
        paper="Ravuri & Vinyals 2019, arXiv:1905.10887 (trained on real data, tried on samples)",
        figures=(
            Figure(
                name="class_kept",
                title="class kept",
                meaning="samples that a classifier trained on real data takes for the class asked for",
                unit="share",
                better="higher",
            ),
        ),
    ),
)
