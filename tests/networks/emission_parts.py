"""Small data of every kind of column, emissions for them, and the probability of a step column by column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from rgan_kit.contracts import Batch, Column, SeriesSpec
from rgan_kit.training.moments import measure
from rgan_kit_plugins.emissions import build, columns_of
from rgan_kit_plugins.emissions.heads import Atoms, Bernoulli, Choice, LogisticMixture, NormalMixture
from rgan_kit_plugins.generators import RecurrentGeneratorOptions

HIDDEN = 5


class Drawn:
    """Training samples for what is measured of them."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.lengths = np.full(len(values), values.shape[1], np.int64)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        return Batch(self.values[indices], self.lengths[indices])


def spec(values: np.ndarray, *columns: Column) -> SeriesSpec:
    """Of samples ``[n, time, features]`` in own units, with what is measured of them."""
    flat = values.reshape(-1, values.shape[2])
    names = tuple(f"f{number}" for number in range(values.shape[2]))
    plain = SeriesSpec(len(names), values.shape[1], names, flat.min(0), flat.max(0), columns=columns)
    moments, bounds = measure(Drawn(values), plain)
    return SeriesSpec(
        len(names), values.shape[1], names, flat.min(0), flat.max(0), columns=columns, moments=moments, bounds=bounds
    )


def numbers(features: int = 2, seed: int = 0) -> np.ndarray:
    """Random walks that move together; the second feature is never below the first, and at times on it."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(200, 6, features)) * 0.3
    steps[:, :, 1:] += steps[:, :, :1]
    walks = np.cumsum(steps, 1)
    if features > 1:
        walks[:, :, 1] = np.maximum(walks[:, :, 0], walks[:, :, 0] + 0.3 * rng.normal(size=walks.shape[:2]) + 0.2)
    return walks.astype(np.float32)


def binary(features: int = 3) -> SeriesSpec:
    rng = np.random.default_rng(0)
    values = (rng.random((50, 6, features)) < 0.4).astype(np.float32)
    return spec(values, *(Column(f"k{number}", grid=1.0) for number in range(features)))


def grid(features: int = 2, most: int = 255) -> SeriesSpec:
    rng = np.random.default_rng(0)
    values = rng.integers(0, most + 1, (50, 6, features)).astype(np.float32)
    values[0, 0], values[0, 1] = 0, most
    return spec(values, *(Column(f"p{number}", grid=1.0) for number in range(features)))


def every_column() -> SeriesSpec:
    """A category of three levels, a number of five values, one on a grid, a binary one and a free one."""
    rng = np.random.default_rng(0)
    size = (100, 6)
    level = rng.integers(0, 3, size)
    values = [*(np.float32(level == each) for each in range(3)), rng.integers(0, 5, size) * 10.0]
    values += [rng.integers(0, 101, size) / 10.0, rng.integers(0, 2, size), rng.normal(size=size) + level]
    made = np.stack(values, -1).astype(np.float32)
    columns = (Column("c", levels=("x", "y", "z")), Column("few", grid=10.0), Column("fine", grid=0.1))
    return spec(made, *columns, Column("flag", grid=1.0), Column("free"))


def emission(name: str, data: SeriesSpec, seed: int = 0, **options: Any) -> Any:
    """With weights far enough from nothing that every column depends on those before it."""
    torch.manual_seed(seed)
    made = build(RecurrentGeneratorOptions(emission=name, emission_size=4, **options), data, HIDDEN).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return made


def given(model: Any, count: int, seen: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """A hidden state and a step before, the same for ``count`` rows."""
    generator = torch.Generator().manual_seed(3)
    hidden = torch.randn(1, HIDDEN, generator=generator).expand(count, -1)
    previous = torch.zeros(1, model.seen_size)
    if seen:
        previous[:, : model.features] = torch.rand(1, model.features, generator=generator) - 0.5
        previous[:, model.features] = 1
    return hidden, previous.expand(count, -1)


def nats_by_columns(
    model: Any, data: SeriesSpec, values: np.ndarray, hidden: np.ndarray, previous: np.ndarray
) -> float:
    """The probability of one step, ``values`` ``[features]``, with the formulas of the papers in float64."""
    arrays = {name: tensor.detach().double().numpy() for name, tensor in model.state_dict().items()}
    seen = int(previous[data.features])
    features, before = data.features, previous[: data.features]
    total, running, start = 0.0, np.zeros(model.units), 0
    for column, about in enumerate(columns_of(data)):
        width = about.features
        group = next(number for number, columns in enumerate(model.groups) if column in columns)
        place = model.groups[group].index(column)
        context = arrays["project.weight"] @ hidden + arrays["project.bias"]
        context = context + arrays["bias"][column] if model.shared else context.reshape(-1, model.units)[column]
        units = np.tanh(context + running)
        head = model.heads[group]
        raw = units @ arrays[f"heads.{group}.weight"][place] + arrays[f"heads.{group}.bias"][place]
        if model.shared:
            raw = raw + (arrays[f"direct.{group}.weight"] @ hidden).reshape(-1, head.size)[place]
        bases = []
        for feature in range(start, start + width):
            base = arrays["linear.offset"][seen, feature]
            base += before @ arrays["linear.past"][:, feature] if seen else 0.0
            base += values[:start] @ arrays["linear.within"][:start, seen, feature]
            bases.append(base)
            assert not arrays["linear.within"][start:features, seen, feature].any()
        scale = arrays["linear.deviation"][seen, start]
        low, high = _bounds(model, data, start, values)
        total += _nats(head, raw, values[start : start + width], bases[0], scale, (low, high), place)
        for feature in range(start, start + width):
            innovation = (values[feature] - bases[feature - start]) / arrays["linear.deviation"][seen, feature]
            running = running + innovation * arrays["from_earlier"][feature]
        start += width
    return total


def _bounds(model: Any, data: SeriesSpec, feature: int, values: np.ndarray) -> tuple[float, float]:
    low, high = (-1.0, 1.0) if model.bounds.offsets[0, 1, 0] == 1 else (-math.inf, math.inf)
    own = data.minimum + (np.r_[values, [-1] * (data.features - len(values))] + 1) / 2 * (data.maximum - data.minimum)
    for lower, upper in data.bounds.tolist():
        if max(lower, upper) == feature:
            bound = own[min(lower, upper)] if min(lower, upper) >= 0 else 0.0
            scaled = (bound - data.minimum[feature]) / (data.maximum[feature] - data.minimum[feature]) * 2 - 1
            low, high = (max(low, scaled), high) if upper == feature else (low, min(high, scaled))
    return low, high


def _nats(
    head: Any, raw: np.ndarray, value: np.ndarray, base: float, scale: float, bounds: tuple[float, float], place: int
) -> float:
    if isinstance(head, Bernoulli):
        probability = 1 / (1 + math.exp(-raw[0]))
        return math.log(probability if value[0] > 0 else 1 - probability)
    if isinstance(head, Choice | Atoms):
        level = value.argmax() if isinstance(head, Choice) else round((value[0] + 1) / 2 * (head.size - 1))
        return float(raw[level] - math.log(np.exp(raw).sum()))
    logits, means, spreads = raw.reshape(3, -1)
    weights = np.exp(logits) / np.exp(logits).sum()
    low, high = bounds
    total = 0.0
    for weight, mean, spread in zip(weights, base + scale * means, np.exp(spreads), strict=True):
        if isinstance(head, NormalMixture):
            deviation = scale * (spread + head.least)
            below = 0.5 * math.erfc(-(value[0] - mean) / deviation / math.sqrt(2))
            density = math.exp(-0.5 * ((value[0] - mean) / deviation) ** 2) / deviation / math.sqrt(2 * math.pi)
            total += weight * (below if value[0] <= low + 1e-5 else 1 - below if value[0] >= high - 1e-5 else density)
        else:
            assert isinstance(head, LogisticMixture)
            step = float(head.steps[place])
            width = scale * spread + step / 16
            above, below = (1 / (1 + math.exp(-(value[0] + side * step / 2 - mean) / width)) for side in (1, -1))
            total += weight * (
                above if value[0] <= low + step / 2 else 1 - below if value[0] >= high - step / 2 else above - below
            )
    return math.log(total)
