"""Makes the built-in emissions, each by a function of its name, from a generator's options, the data and the size of
the recurrence. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rgan_kit.contracts import SeriesSpec
from rgan_kit_plugins.emissions import FEW_LEVELS, MOST_LEVELS, columns_of, levels_of
from rgan_kit_plugins.emissions.bernoulli import BernoulliEmission
from rgan_kit_plugins.emissions.heads import Atoms, Bernoulli, Choice, Head, LogisticMixture, NormalMixture
from rgan_kit_plugins.emissions.in_turn import Group, InTurnEmission
from rgan_kit_plugins.emissions.mixture import MixtureEmission

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions

_RAREST = 1e-4
"""Share that a feature which is never 1 begins with."""


def mixture(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> MixtureEmission:
    """One of several normal distributions."""
    return MixtureEmission(hidden_size, data.features, options.mixture, options.least_deviation)


def bernoulli(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> BernoulliEmission:
    """Independent binary features."""
    made = BernoulliEmission(hidden_size, data.features)
    begin_at_shares(made.bias, data)
    return made


def joint(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> InTurnEmission:
    """Numbers one after another."""
    head = NormalMixture(data.features, options.emission_size, options.mixture, options.least_deviation)
    return InTurnEmission(hidden_size, data, [_all(head, data)], options.emission_size)


def bernoulli_nade(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> InTurnEmission:
    """Binary features one after another."""
    head = Bernoulli(data.features, options.emission_size)
    begin_at_shares(head.bias, data)
    return InTurnEmission(hidden_size, data, [_all(head, data)], options.emission_size, shared=True)


def logistic(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> InTurnEmission:
    """Pixels one after another, none beyond the darkest or the brightest."""
    steps = _steps(data, range(data.features))
    head = LogisticMixture(data.features, options.emission_size, options.mixture, steps)
    return InTurnEmission(hidden_size, data, [_all(head, data)], options.emission_size, shared=True, within=True)


def mixed(options: RecurrentGeneratorOptions, data: SeriesSpec, hidden_size: int) -> InTurnEmission:
    """Each column as suits it."""
    columns, levels, units = columns_of(data), levels_of(data), options.emission_size
    groups: list[Group] = []
    free: list[int] = []
    gridded: list[int] = []
    binary: list[int] = []
    for number, (column, count) in enumerate(zip(columns, levels, strict=True)):
        if column.levels:
            groups.append(Group(Choice(units, count), (number,)))
        elif count == 2:
            binary.append(number)
        elif 2 < count <= FEW_LEVELS:
            groups.append(Group(Atoms(units, count), (number,)))
        else:
            (gridded if 0 < count <= MOST_LEVELS else free).append(number)
    if binary:
        groups.append(Group(Bernoulli(len(binary), units), tuple(binary)))
    if gridded:
        head = LogisticMixture(len(gridded), units, options.mixture, _steps(data, gridded))
        groups.append(Group(head, tuple(gridded)))
    if free:
        groups.append(Group(NormalMixture(len(free), units, options.mixture, options.least_deviation), tuple(free)))
    return InTurnEmission(hidden_size, data, groups, units)


def begin_at_shares(bias: Tensor, data: SeriesSpec) -> None:
    """Sets logits ``[features]`` or ``[features, 1]`` of binary features to how often each is 1 in the data, which is
    otherwise what a training spends its first hundred steps on."""
    if data.moments is not None:
        mean = torch.from_numpy(data.moments[0, 1 + data.features :]).float()
        share = ((mean + 1) / 2).clamp(_RAREST, 1 - _RAREST)
        with torch.no_grad():
            bias.copy_(torch.logit(share).view_as(bias))


def _all(head: Head, data: SeriesSpec) -> Group:
    return Group(head, tuple(range(data.features)))


def _steps(data: SeriesSpec, columns: Sequence[int]) -> Tensor:
    """Of each column the distance of neighbouring values, as networks see them."""
    every = columns_of(data)
    starts = [sum(column.features for column in every[:number]) for number in columns]
    spans = [float(data.maximum[start]) - float(data.minimum[start]) for start in starts]
    return torch.tensor([2 * every[number].grid / span for number, span in zip(columns, spans, strict=True)])
