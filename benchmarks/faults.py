"""Which figures see which fault: samples of the very law of the data, with one fault planted, measured by the ruler.

    python benchmarks/faults.py [--kinds tokens,series,frames] [--count 300]

Real data, and all samples, come from one known source, so that samples without a fault are perfect. A figure sees a
fault where it lies farther from the mean of ten perfect sets of samples than six of their deviations. The published
scores of series are left out: they train judges for minutes on each set.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rgan_kit.contracts import Batch, Column, Dataset, DomainSpec, SampleSet, SeriesSpec
from rgan_kit.contracts.metrics import Figure
from rgan_kit.evaluation.subject import Held, outputs_of, samples_of
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.metrics import Metrics, known_figures

PERFECT = 10
DEVIATIONS = 6.0
SMALL_SHARE = 0.02
KINDS = ("tokens", "series", "frames")

Fault = Callable[[Batch, Batch, np.random.Generator], Batch]
"""From perfect samples, the training data and chance to faulty samples."""


class Plain:
    """A decoder of series that leaves them as they are."""

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Any]:
        return list(outputs["series"])


@dataclass(frozen=True)
class Bench:
    """Real data, and as much again for samples, all of one law."""

    dataset: Dataset
    spare: Batch

    def samples(self, batch: Batch) -> SampleSet:
        names = self.dataset.spec.labels
        labels = None if batch.labels is None or not names else [names[number] for number in batch.labels]
        return samples_of(self.dataset, outputs_of(self.dataset.spec, batch), labels)

    def perfect(self, number: int, count: int) -> Batch:
        return picked(self.spare, np.arange(number * count, (number + 1) * count))


def picked(batch: Batch, numbers: np.ndarray) -> Batch:
    labels = None if batch.labels is None else batch.labels[numbers]
    return Batch(batch.values[numbers], batch.lengths[numbers], labels)


# --- the benches ---


def tokens(count: int) -> Bench:
    """Sentences of the embedded language; their class is whether they begin with the commonest word."""
    spec: Any = installed_registry().get(DomainSpec, "text")
    options = spec.options(embedded_sentences=(PERFECT + 5) * count)
    dataset = spec.load(options, None, 0)
    batch = dataset.train.take(np.arange(len(dataset.train)))
    common = np.bincount(batch.values[:, 0]).argmax()
    labelled = replace(batch, labels=(batch.values[:, 0] == common).astype(np.int64))
    return _bench(replace(dataset, spec=replace(dataset.spec, labels=("others", "common"))), labelled, count)


def series(count: int) -> Bench:
    """Two columns of one wave, one of another; three classes of frequency; lengths from 16 to 24."""
    rng = np.random.default_rng(0)
    total = (PERFECT + 5) * count
    labels = rng.integers(3, size=total)
    frequency = 0.03 + 0.03 * labels + rng.uniform(0, 0.01, total)
    steps = np.arange(24)
    one, other = rng.uniform(0, 2 * np.pi, (2, total, 1))
    wave = 2 * np.pi * frequency[:, None] * steps
    height = rng.uniform(0.5, 1, (total, 1))
    rise = height * (steps / 24) ** 2  # so that time has a direction
    values = np.stack([np.sin(wave + one) + rise, np.cos(wave + one) + rise, height * np.sin(wave / 2 + other)], axis=2)
    lengths = rng.integers(16, 25, total)
    values[steps >= lengths[:, None]] = 0
    low, high = values.min((0, 1)).astype(np.float32), values.max((0, 1)).astype(np.float32)
    names = ("height", "speed", "noise")
    shares = np.bincount(lengths, minlength=25)[1:] / total
    spec = SeriesSpec(
        3, 24, names, low, high, ("slow", "middle", "fast"), tuple(map(Column, names)), length_shares=shares
    )
    empty: Any = Held(Batch(values[:1], lengths[:1]))
    dataset = Dataset(spec, empty, empty, Plain(), "")  # type: ignore[arg-type]
    return _bench(dataset, Batch(values.astype(np.float32), lengths, labels), count)


def frames(count: int) -> Bench:
    """Clips of the embedded shapes, whose classes are motions."""
    spec: Any = installed_registry().get(DomainSpec, "video")
    dataset = spec.load(spec.options(embedded_clips=round((PERFECT + 5) * count / 0.85)), None, 0)
    batch = dataset.train.take(np.arange((PERFECT + 5) * count))
    return _bench(dataset, batch, count)


def _bench(dataset: Dataset, batch: Batch, count: int) -> Bench:
    train, held_out = np.arange(2 * count), np.arange(2 * count, 3 * count)
    real = replace(dataset, train=Held(picked(batch, train)), validation=Held(picked(batch, held_out)), truth=None)
    return Bench(real, picked(batch, np.arange(3 * count, len(batch.lengths))))


# --- the faults ---


def collapse(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    return picked(batch, np.arange(len(batch.lengths)) % 6)


def copies(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    return picked(train, np.sort(rng.permutation(len(train.lengths))[: len(batch.lengths)]))


def turned(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    """Each back to front; an end token stays where it is."""
    values, ends = batch.values.copy(), batch.values.ndim == 2
    for row, length in zip(values, batch.lengths.tolist(), strict=True):
        row[: length - ends] = row[: length - ends][::-1].copy()
    return replace(batch, values=values)


def noisy(share: float) -> Fault:
    """Of numbers, normal noise of this share of the range; of tokens, this share of them any other."""

    def fault(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
        values = batch.values
        if values.ndim == 2:
            inside = np.arange(values.shape[1]) < (batch.lengths - 1)[:, None]
            known = np.unique(train.values[np.arange(train.values.shape[1]) < (train.lengths - 1)[:, None]])
            changed = inside & (rng.random(values.shape) < share)
            return replace(batch, values=np.where(changed, rng.choice(known, values.shape), values))
        if values.dtype == np.uint8:
            noise = rng.normal(0, 255 * share, values.shape)
            return replace(batch, values=np.clip(values + noise, 0, 255).astype(np.uint8))
        span = np.ptp(train.values, axis=(0, 1))
        made = (values + rng.normal(0, 1, values.shape) * share * span).astype(np.float32)
        made[np.arange(values.shape[1]) >= batch.lengths[:, None]] = 0
        return replace(batch, values=made)

    return fault


def exchanged(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    """Each second column is that of the next sample."""
    values = batch.values.copy()
    values[..., 1::2] = np.roll(values[..., 1::2], 1, axis=0)
    shorter = np.minimum(batch.lengths, np.roll(batch.lengths, 1))
    values[np.arange(values.shape[1]) >= shorter[:, None]] = 0
    return Batch(values, shorter, batch.labels)


def classless(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    assert batch.labels is not None
    return replace(batch, labels=rng.permutation(batch.labels))


def of_one_length(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    """All as long as they are on average: shorter ones go on as they ended, longer ones are cut."""
    length = round(float(batch.lengths.mean()))
    values = batch.values.copy()
    for row, own in zip(values, batch.lengths.tolist(), strict=True):
        if values.ndim == 2:
            row[length - 1 :] = row[own - 1 :][0]  # the end token
            row[min(own, length) - 1 : length - 1] = row[max(0, min(own, length) - 2)]
            row[length:] = 0
        else:
            row[own:length] = row[own - 1]
            row[length:] = 0
    return Batch(values[:, :length], np.full(len(values), length), batch.labels)


def fading(batch: Batch, train: Batch, rng: np.random.Generator) -> Batch:
    """What is bright turns darker on the way, by a third at the end."""
    weights = np.linspace(1, 2 / 3, batch.values.shape[1]).reshape(1, -1, 1, 1, 1)
    return replace(batch, values=(batch.values * weights).astype(np.uint8))


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "mode collapse: six samples again and again": (collapse, KINDS),
    "copies of the training data": (copies, KINDS),
    "noise of 1 %": (noisy(0.01), KINDS),
    "noise of 5 %": (noisy(0.05), KINDS),
    "time reversed": (turned, KINDS),
    "columns exchanged between windows": (exchanged, ("series",)),
    "classes ignored": (classless, KINDS),
    "lengths constant": (of_one_length, ("tokens", "series")),
    "colour fading on its way": (fading, ("frames",)),
}

BENCHES = {"tokens": tokens, "series": series, "frames": frames}


def seen(kind: str, count: int) -> dict[str, list[Figure]]:
    """The figures that see each fault.

    Args:
        kind: of data.
        count: samples of a set.
    """
    bench, registry = BENCHES[kind](count), installed_registry()
    metrics = Metrics(registry, bench.dataset.spec.kind, thorough=True)
    names = [name for name in metrics.names if not name.endswith(":published")]
    known = known_figures(registry)
    numbers = np.arange(len(bench.dataset.train))
    train = bench.dataset.train.take(numbers)
    clean = [metrics.measure(bench.samples(bench.perfect(i, count)), names) for i in range(PERFECT)]
    found: dict[str, list[Figure]] = {}
    for name, (fault, kinds) in FAULTS.items():
        if kind not in kinds:
            continue
        faulty = fault(bench.perfect(PERFECT, count), train, np.random.default_rng(1))
        figures = metrics.measure(bench.samples(faulty), names)
        found[name] = [
            known.get(figure, Figure(name=figure))
            for figure, each in figures.items()
            if off(each.value, [perfect[figure].value for perfect in clean if figure in perfect], known.get(figure))
        ]
    return found


def off(value: float, usual: list[float], figure: Figure | None = None) -> bool:
    """Whether a figure lies where no perfect samples would have it; a share is off by one in fifty at least."""
    least = SMALL_SHARE if figure is not None and figure.unit == "share" else 0.0
    finite = [each for each in usual if math.isfinite(each)]
    if len(finite) < 2 or not math.isfinite(value):
        return False
    mean, deviation = float(np.mean(finite)), float(np.std(finite, ddof=1))
    return abs(value - mean) > max(DEVIATIONS * deviation, least, 1e-6 + 1e-3 * abs(mean))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--count", type=int, default=300)
    arguments = parser.parse_args()
    asked = arguments.kinds.split(",")
    tables = {kind: seen(kind, arguments.count) for kind in asked}
    print(f"| fault | {' | '.join(asked)} |")
    print("|---" * (len(asked) + 1) + "|")
    for fault, (_, kinds) in FAULTS.items():
        cells = [
            ", ".join(figure.heading for figure in tables[kind][fault]) or "none" if kind in kinds else "–"
            for kind in asked
        ]
        print(f"| {fault} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
