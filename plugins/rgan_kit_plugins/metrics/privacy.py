"""What samples give away of the training data: runs copied word for word, distances to the closest record, and how well
an attacker tells members from others."""

from __future__ import annotations

import math
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import (
    KINDS,
    Dataset,
    Figure,
    FrameSpec,
    Measured,
    MetricSpec,
    SampleSet,
    Sequences,
    SequenceSource,
    TokenSpec,
    evenly,
)
from rgan_kit.evaluation import NGramModel, batch_rows, sampled_rows, source_rows
from rgan_kit.evaluation.attack import advantage
from rgan_kit.evaluation.intervals import around, halves
from rgan_kit.evaluation.overlap import hashes
from rgan_kit_plugins.metrics.learnt_features import learnt
from rgan_kit_plugins.metrics.series_metrics import Curves, nearest_distances, views

MOST: Final = 1000
"""Records of each kind that an attacker is asked about."""

RARE: Final = 0.05
"""Runs are as long as it takes for held-out data to have no more of them in common with the training data."""

_FEWEST: Final = 20
_ORDER: Final = 5
_MOST_SYMBOLS: Final = 2_000_000
_LONGEST_RUN: Final = 64


def membership(samples: SampleSet) -> dict[str, Measured]:
    """``membership``: how well an attacker who has the samples alone tells training records from held-out ones: by how
    near a sample lies, of tokens by nats under a 5-gram model of the samples. Half of the training records are asked
    about; the control has as many of the other half in place of the samples, which is 0.5 where held-out data are of
    the law of the training data. And for frames ``closest_record``: median distance of a sample to the nearest training
    record, beside that of held-out ones. Nothing for fewer than 20 of a kind."""
    dataset = samples.dataset
    if min(len(samples.samples), len(dataset.train) // 2, len(dataset.validation)) < _FEWEST:
        return {}
    if not isinstance(dataset.spec, TokenSpec) and not np.isfinite(samples.outputs[dataset.spec.kind]).all():
        return {}
    if isinstance(dataset.spec, TokenSpec):
        found = _of_tokens(samples)
    elif isinstance(dataset.spec, FrameSpec):
        found = _of_frames(samples)
    else:
        real, held_out, made = views(samples)
        asked = _some(real, np.arange(0, len(real.values), 2))
        rest = _some(real, np.arange(1, len(real.values), 2)[evenly(len(real.values) // 2, len(made.values))])
        found = {
            "membership": _attacked(
                *((nearest_distances(asked, each), nearest_distances(held_out, each)) for each in (made, rest))
            )
        }
    return found


def _some(curves: Curves, numbers: np.ndarray) -> Curves:
    return Curves(curves.values[numbers], curves.lengths[numbers])


def _attacked(own: tuple[np.ndarray, np.ndarray], usual: tuple[np.ndarray, np.ndarray]) -> Measured:
    """By distances of members and of others to samples, and to real records in their place."""
    value, control = advantage(*own), advantage(*usual)
    members, others = own
    parts = zip(halves(len(members)), halves(len(others)), strict=True)
    interval = around(value, [advantage(members[one], others[other]) for one, other in parts])
    return Measured(value, control, *interval)


def _of_frames(samples: SampleSet) -> dict[str, Measured]:
    """By pixels."""
    own = learnt(samples.dataset)
    frames = samples.outputs["frames"]
    made = frames[evenly(len(frames), MOST)]
    train, _ = own.take(own.train_source)
    held_out, _ = own.take(own.held_out_source)
    rest = train[1::2][evenly(len(train) // 2, len(made))]
    closest = [float(np.median(_nearest(each, train))) for each in (made, held_out)]
    attacked = _attacked(*((_nearest(train[::2], each), _nearest(held_out, each)) for each in (made, rest)))
    return {"membership": attacked, "closest_record": Measured(closest[0], closest[1])}


def _nearest(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Root mean square distance to the nearest of the others, as far as the shorter go, by the full range."""
    steps = min(clips.shape[1], others.shape[1])
    right = others[:, :steps].reshape(len(others), -1).astype(np.float32)
    squares = np.square(right).sum(1)
    found = []
    for first in range(0, len(clips), 128):
        left = clips[first : first + 128, :steps].reshape(-1, right.shape[1]).astype(np.float32)
        apart = np.square(left).sum(1)[:, None] + squares - 2 * left @ right.T
        found.append(np.sqrt(np.maximum(apart.min(1), 0) / right.shape[1]) / 255)
    return np.concatenate(found)


def _of_tokens(samples: SampleSet) -> dict[str, Measured]:
    """By nats a token under a model of the samples."""
    dataset = samples.dataset
    spec = dataset.spec
    assert isinstance(spec, TokenSpec)
    numbers = evenly(len(dataset.train), 2 * max(MOST, len(samples.samples)))
    rest = _taken(dataset.train, numbers[1::2][evenly(len(numbers) // 2, len(samples.samples))])
    asked = _taken(dataset.train, numbers[::2][evenly(len(numbers[::2]), MOST)])
    held_out = _taken(dataset.validation, evenly(len(dataset.validation), MOST))
    order = max(1, min(_ORDER, int(62 / math.log2(max(2, spec.vocab_size)))))
    found = []
    for rows in (sampled_rows(samples.outputs), rest):
        model = NGramModel(rows, vocab_size=spec.vocab_size, bos=spec.bos, order=order)
        found.append((model.nats_of_rows(asked), model.nats_of_rows(held_out)))
    return {"membership": _attacked(*found)}


def _taken(source: SequenceSource, numbers: np.ndarray) -> Sequences:
    """Some samples of tokens as rows, end tokens included."""
    batch = source.take(numbers)
    return batch_rows(batch.values, batch.lengths)


class _Runs:
    """Which runs of symbols stand in the training data, and how long they have to be to be rare in held-out data."""

    def __init__(self, dataset: Dataset) -> None:
        train = source_rows(dataset.train, _MOST_SYMBOLS)
        held_out = source_rows(dataset.validation, _MOST_SYMBOLS // 10)
        for size in (4, 6, 8, 12, 16, 24, 32, 48, _LONGEST_RUN):
            self.size = size
            self.known = np.unique(_runs(train, size)[0])
            self.control = self.share(held_out)
            if not self.control > RARE:
                break

    def share(self, rows: Sequences) -> float:
        """Symbols that lie in such a run, of all; nan where no row is so long."""
        keys, starts = _runs(rows, self.size)
        if not len(keys):
            return math.nan
        places = np.minimum(np.searchsorted(self.known, keys), max(0, len(self.known) - 1))
        seen = self.known[places] == keys if len(self.known) else np.zeros(len(keys), np.bool_)
        change = np.zeros(len(rows.values) + 1, np.int64)
        np.add.at(change, starts[seen], 1)
        np.add.at(change, starts[seen] + self.size, -1)
        return float((change.cumsum()[:-1] > 0).mean())


def _runs(rows: Sequences, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of ``size`` symbols within a row, and where each begins."""
    keys = hashes(rows.values, size)
    ends = np.repeat(rows.offsets[1:], rows.lengths)[: len(keys)]
    starts = np.flatnonzero(np.arange(len(keys)) + size <= ends)
    return keys[starts], starts


_known_runs: Final[WeakKeyDictionary[Dataset, _Runs]] = WeakKeyDictionary()


def copied_runs(samples: SampleSet) -> dict[str, Measured]:
    """``copied_runs``: share of symbols that lie in a run which the training data have word for word, at any offset;
    runs are so long that of held-out data at most one in twenty does. And that of held-out data."""
    dataset = samples.dataset
    if dataset not in _known_runs:
        _known_runs[dataset] = _Runs(dataset)
    own = _known_runs[dataset]
    value = own.share(sampled_rows(samples.outputs))
    if math.isnan(value) or math.isnan(own.control):
        return {}
    return {"copied_runs": Measured(value, own.control)}


METRICS: Final = (
    MetricSpec(
        name="membership",
        summary="how well an attacker who has the samples tells training records from held-out ones",
        kinds=frozenset(KINDS),
        compute=membership,
        thorough=True,
        paper="Chen et al. 2020, GAN-Leaks, arXiv:1909.03935",
        figures=(
            Figure(
                name="membership",
                title="membership attack",
                meaning="training and held-out records told apart by the samples; 0.5 is chance",
                better="lower",
            ),
            Figure(
                name="closest_record",
                title="closest record",
                meaning="median distance of a sample to the nearest training record; small: copies",
            ),
        ),
    ),
    MetricSpec(
        name="copied_runs",
        summary="share of symbols in runs that stand word for word in the training data",
        kinds=frozenset({"tokens"}),
        compute=copied_runs,
        thorough=True,
        figures=(
            Figure(
                name="copied_runs",
                title="copied runs",
                meaning="symbols in runs that the training data have, so long that few of held-out data's are",
                unit="share",
            ),
        ),
    ),
)
