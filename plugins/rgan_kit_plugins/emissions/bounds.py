"""What a feature never lies beyond: other features of its step (low below open, close and high), or zero."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgan_kit.contracts import SeriesSpec

_FAR = 1e4
"""Where there is no bound, in units of networks."""


class Bounds(nn.Module):
    """Bounds of each feature by those before it in the step: the tightest of ``factor * feature + offset``.

    Args:
        data: with ``bounds``.
        within: whether nothing lies beyond -1..1 either.
    """

    factors: Tensor
    offsets: Tensor

    def __init__(self, data: SeriesSpec, *, within: bool = False) -> None:
        super().__init__()
        pairs = [] if data.bounds is None else data.bounds.tolist()
        self.pairs = [(low, high) for low, high in pairs if data.maximum[high] > data.minimum[high]]
        far = 1.0 if within else _FAR
        factors = torch.zeros(data.features, 2, data.features)  # of each feature's lower and upper bounds
        offsets = torch.tensor([-far, far])[:, None].repeat(data.features, 1, data.features)
        for low, high in self.pairs:
            later, earlier = (high, low) if low < high else (low, high)
            side = 0 if later == high else 1
            factor, offset = _scaled(data, later, earlier)
            place = later if earlier < 0 else earlier  # zero stands where the feature itself cannot
            factors[later, side, place], offsets[later, side, place] = factor, offset
        self.register_buffer("factors", factors, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Lower and upper bounds of whole steps, all ``[..., features]``."""
        if not self.pairs:
            lower, upper = self.offsets[:, :, 0].unbind(dim=1)
            return lower.expand_as(values), upper.expand_as(values)
        lower, upper = (values[..., None, :] * self.factors[:, side] + self.offsets[:, side] for side in (0, 1))
        return _ordered(lower, upper)

    def of_one(self, values: Tensor, factors: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Bounds ``[batch]`` of one feature, from the features so far ``[batch, features]`` and its own rows of
        ``factors`` and ``offsets``, ``[2, features]``."""
        return _ordered(values * factors[0] + offsets[0], values * factors[1] + offsets[1])

    def settle(self, series: Tensor) -> Tensor:
        """Samples in own units ``[..., features]`` once more within bounds, which rounding may have broken in the last
        digit."""
        if not self.pairs:
            return series
        values = list(series.unbind(dim=-1))
        for low, high in sorted(self.pairs, key=max):
            later, earlier = (high, low) if low < high else (low, high)
            bound = torch.zeros_like(values[later]) if earlier < 0 else values[earlier]
            values[later] = (torch.maximum if later == high else torch.minimum)(values[later], bound)
        return torch.stack(values, dim=-1)


def _ordered(lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """The tightest of several, in order."""
    tightest = lower.amax(dim=-1)
    return tightest, torch.maximum(tightest, upper.amin(dim=-1))


def _scaled(data: SeriesSpec, later: int, earlier: int) -> tuple[float, float]:
    """Factor and offset of a bound in units of networks; of zero where ``earlier`` is -1."""
    low, span = float(data.minimum[later]), float(data.maximum[later]) - float(data.minimum[later])
    if earlier < 0:
        return 0.0, -low * 2 / span - 1
    factor = (float(data.maximum[earlier]) - float(data.minimum[earlier])) / span
    return factor, factor + (float(data.minimum[earlier]) - low) * 2 / span - 1
