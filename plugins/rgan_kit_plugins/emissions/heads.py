"""Distributions of single columns, each with parameters of its own: what steps drawn one column after another are made
of.

A head serves several columns at once. Its parameters come from their hidden units by one matrix a column, ``[columns,
units, size]``. Densities and probabilities are of values as networks see them, -1..1.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HALF_LOG_2PI = math.log(2 * math.pi) / 2
_WIDEST = 4.0
"""Logarithm of the largest deviation, in those of the innovation: far beyond the data, and never infinite."""

_SAME = 2e-6
"""Numbers this near to a bound, in units of networks, are on it: what float32 makes of equal numbers."""


class Frame(NamedTuple):
    """What a number is measured by, each of the shape of its column without a width.

    Attributes:
        base: what means are counted from.
        scale: what deviations are counted in.
        lower, upper: what it never lies beyond.
    """

    base: Tensor
    scale: Tensor
    lower: Tensor
    upper: Tensor

    def of(self, columns: list[int] | slice) -> Frame:
        """That of some columns, which are the last dimension."""
        return Frame(*(part[..., columns] for part in self))


class Head(nn.Module, ABC):
    """The distribution of a column given its parameters, for ``count`` columns side by side.

    Attributes:
        noise: standard normal numbers that a draw takes.
        straight_through: whether gradients of draws pass a choice that has none of its own (Bengio et al. 2013,
            arXiv:1308.3432).
        discrete: whether ``log_prob`` are of probabilities and not of densities.
        number: whether values are numbers, whose innovations say more than they.
    """

    noise: ClassVar[int] = 1
    straight_through: ClassVar[bool] = False
    discrete: ClassVar[bool] = True
    number: ClassVar[bool] = False

    def __init__(self, count: int, units: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.empty(count, units, size).uniform_(-1, 1) / math.sqrt(units))
        self.bias = nn.Parameter(torch.zeros(count, size))

    def parameters_of(self, units: Tensor) -> Tensor:
        """``[..., count, units]`` to ``[..., count, size]``."""
        return torch.einsum("...cu,cup->...cp", units, self.weight) + self.bias

    @property
    def own(self) -> tuple[Tensor, ...]:
        """What columns have of their own, ``[count, ...]`` each: weight, bias, and whatever ``draw`` takes more."""
        return self.weight, self.bias

    @abstractmethod
    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """Nats ``[..., count]`` of values ``[..., count, width]``, given parameters ``[..., count, size]``."""

    @abstractmethod
    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """Values ``[batch, width]`` of one column, from ``[batch, size]`` and ``[batch, noise]``; ``own`` is what it
        has besides weight and bias."""


class _Mixture(Head):
    """What mixtures of normal and of logistic distributions share: components with a weight, a mean and a spread."""

    noise = 2
    number = True

    def __init__(self, count: int, units: int, components: int) -> None:
        super().__init__(count, units, 3 * components)
        with torch.no_grad():  # components begin apart from each other
            if components > 1:
                self.bias[:, components : 2 * components] = torch.linspace(-0.5, 0.5, components)
            self.bias[:, 2 * components :] = -1.0

    def components(self, parameters: Tensor, frame: Frame, least: Tensor | float) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, means and spreads, each ``[..., components]``; ``least`` is added to spreads, in scales."""
        logits, mean, spread = parameters.chunk(3, dim=-1)
        scale = frame.scale[..., None]
        return logits, frame.base[..., None] + scale * mean, scale * (spread.clamp(max=_WIDEST).exp() + least)


class NormalMixture(_Mixture):
    """A mixture of normal distributions (Bishop 1994), censored at its bounds (Tobin 1958): what would lie beyond one
    is on it, so that numbers that are often equal are so often equal. What is drawn is differentiable, but for the
    component.

    Args:
        count, units: as everywhere here.
        components: normal distributions.
        least: the smallest deviation, in scales.
    """

    discrete = False

    def __init__(self, count: int, units: int, components: int, least: float) -> None:
        super().__init__(count, units, components)
        self.least = least

    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """A density between the bounds, a probability on them; beyond them, where no draw is, still a density."""
        logits, mean, deviation = self.components(parameters, frame, self.least)
        apart = (values - mean) / deviation
        on_lower, on_upper = ((values - bound[..., None]).abs() <= _SAME for bound in (frame.lower, frame.upper))
        nats = -apart.square() / 2 - deviation.log() - _HALF_LOG_2PI
        nats = torch.where(on_lower, torch.special.log_ndtr(apart), nats)
        nats = torch.where(on_upper, torch.special.log_ndtr(-apart), nats)
        mixed = torch.logsumexp(F.log_softmax(logits, dim=-1) + nats, dim=-1)
        return mixed.masked_fill((on_lower & on_upper)[..., 0], 0.0)  # there is no other value

    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """One number picks the component, the other the value."""
        logits, mean, deviation = self.components(parameters, frame, self.least)
        mean, deviation = _picked(logits, noise[:, 1], mean, deviation)
        return _within(mean + deviation * noise[:, :1], frame)


class LogisticMixture(_Mixture):
    """A mixture of logistic distributions, integrated over the cells of a grid (Salimans et al. 2017, PixelCNN++,
    arXiv:1701.05517); the outermost cells between the bounds take all that would lie beyond.

    Args:
        count, units: as everywhere here.
        components: logistic distributions.
        steps: ``[count]``, of each column the distance of neighbouring values.
    """

    straight_through = True
    steps: Tensor

    def __init__(self, count: int, units: int, components: int, steps: Tensor) -> None:
        super().__init__(count, units, components)
        self.register_buffer("steps", steps.clone(), persistent=False)

    @property
    def own(self) -> tuple[Tensor, ...]:
        """The distance of neighbouring values too."""
        return self.weight, self.bias, self.steps

    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """Of the cell around a value."""
        half = self.steps / 2
        logits, mean, scale = self.components(parameters, frame, self._least(self.steps, frame.scale))
        above, below = (values + half[:, None] - mean) / scale, (values - half[:, None] - mean) / scale
        # σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b-a))
        nats = F.logsigmoid(above) + F.logsigmoid(-below) + torch.log(-torch.expm1(-2 * half[:, None] / scale))
        on_lower, on_upper = (
            (values - bound[..., None]).abs() <= half[:, None] for bound in (frame.lower, frame.upper)
        )
        nats = torch.where(on_lower, F.logsigmoid(above), nats)
        nats = torch.where(on_upper, F.logsigmoid(-below), nats)
        mixed = torch.logsumexp(F.log_softmax(logits, dim=-1) + nats, dim=-1)
        return mixed.masked_fill((on_lower & on_upper)[..., 0], 0.0)

    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """A logistic number, moved to the nearest value of the grid; gradients pass by that move."""
        (step,) = own
        logits, mean, scale = self.components(parameters, frame, self._least(step, frame.scale))
        mean, scale = _picked(logits, noise[:, 1], mean, scale)
        uniform = torch.special.ndtr(noise[:, :1]).clamp(1e-6, 1 - 1e-6)
        smooth = _within(mean + scale * (uniform.log() - torch.log1p(-uniform)), frame)
        return _straight_through(torch.round((smooth + 1) / step) * step - 1, smooth)

    @staticmethod
    def _least(step: Tensor, scale: Tensor) -> Tensor:
        """A sixteenth of a cell: a value that is certain is certain then."""
        return (step / scale / 16)[..., None]


class Bernoulli(Head):
    """One of two values, -1 and 1."""

    straight_through = True

    def __init__(self, count: int, units: int) -> None:
        super().__init__(count, units, 1)

    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """Of values -1 and 1; between them, the nats of both, weighted so."""
        return bernoulli_nats(parameters[..., 0], values[..., 0])

    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """1 where the number's place in the normal distribution is below the probability."""
        return bernoulli_draw(parameters, noise)


class Choice(Head):
    """One level of several (softmax), as one-hot features: 1 for the level that holds and -1 for the others. Gradients
    of draws are those of the probabilities."""

    straight_through = True
    levels: Tensor

    def __init__(self, units: int, levels: int) -> None:
        super().__init__(1, units, levels)
        self.register_buffer("levels", torch.arange(levels), persistent=False)  # made in a scan it cannot be traced

    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """Of the highest of ``levels`` values."""
        return F.log_softmax(parameters, dim=-1).gather(-1, values.argmax(dim=-1, keepdim=True))[..., 0]

    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """``[batch, levels]``."""
        hard = (_index(parameters, noise[:, 0]) == self.levels).to(parameters.dtype)
        return 2 * _straight_through(hard, F.softmax(parameters, dim=1)) - 1


class Atoms(Head):
    """A number that is one of a few on a grid, from -1 to 1: a softmax over them. Gradients of draws are those of the
    mean."""

    straight_through = True
    number = True
    atoms: Tensor

    def __init__(self, units: int, levels: int) -> None:
        super().__init__(1, units, levels)
        self.register_buffer("atoms", torch.linspace(-1, 1, levels), persistent=False)

    def log_prob(self, parameters: Tensor, values: Tensor, frame: Frame) -> Tensor:
        """Of the nearest atom."""
        level = torch.round((values + 1) / 2 * (self.size - 1)).long().clamp(0, self.size - 1)
        return F.log_softmax(parameters, dim=-1).gather(-1, level)[..., 0]

    def draw(self, parameters: Tensor, noise: Tensor, frame: Frame, *own: Tensor) -> Tensor:
        """``[batch, 1]``."""
        mean = F.softmax(parameters, dim=1) @ self.atoms
        return _straight_through(self.atoms[_index(parameters, noise[:, 0])[:, 0]], mean)[:, None]


def bernoulli_nats(logits: Tensor, values: Tensor) -> Tensor:
    """Of values -1 and 1, given the logits of 1; between them, the nats of both, weighted so."""
    share = (values + 1) / 2
    return share * F.logsigmoid(logits) + (1 - share) * F.logsigmoid(-logits)


def bernoulli_draw(logits: Tensor, noise: Tensor) -> Tensor:
    """-1 or 1, with the gradient of the mean."""
    probability = torch.sigmoid(logits)
    hard = (torch.special.ndtr(noise) < probability).to(probability.dtype)
    return 2 * _straight_through(hard, probability) - 1


def _index(logits: Tensor, normal: Tensor) -> Tensor:
    """The class that a standard normal number picks by its place in the cumulative distribution: int64 ``[batch, 1]``.
    For few classes; ``rgan_kit.nn.pick`` is for many."""
    cumulative = torch.cumsum(F.softmax(logits, dim=1), dim=1)[:, :-1]
    below: Tensor = cumulative <= torch.special.ndtr(normal)[:, None]
    return below.to(torch.float32).sum(dim=1, keepdim=True).to(torch.int64)


def _picked(logits: Tensor, normal: Tensor, *of_components: Tensor) -> list[Tensor]:
    """Of each tensor ``[batch, components]`` the component that a standard normal number picks, ``[batch, 1]``."""
    if logits.shape[1] == 1:
        return list(of_components)
    index = _index(logits, normal)
    return [each.gather(1, index) for each in of_components]


def _within(value: Tensor, frame: Frame) -> Tensor:
    """``[batch, 1]`` between the bounds."""
    return torch.minimum(torch.maximum(value, frame.lower[:, None]), frame.upper[:, None])


def _straight_through(hard: Tensor, soft: Tensor) -> Tensor:
    if torch.compiler.is_exporting():  # a graph has no gradients
        return hard
    return hard + (soft - soft.detach())
