"""How a step of a series is drawn from the state of a recurrence: the output layer of an autoregressive generator."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Emission(nn.Module, ABC):
    """``p(x_t | h_t, what the step sees of the one before)``, with a likelihood and draws that agree with it.

    All values are as networks see them, -1..1.

    Attributes:
        features: of a step.
        noise_size: standard normal numbers that a draw takes.
        straight_through: whether gradients of draws pass choices that have none of their own (Bengio et al. 2013,
            arXiv:1308.3432); else a draw is a differentiable function of its noise (Kingma & Welling 2014), but for
            which component of a mixture it comes from.
        discrete: whether ``log_prob`` are of probabilities and not of densities.
    """

    features: int
    noise_size: int
    straight_through: bool = False
    discrete: bool = False

    @property
    def seen_size(self) -> int:
        """Numbers that a step sees of the one before."""
        return self.features + 1

    def see(self, values: Tensor, previous: Tensor) -> Tensor:
        """What the next step sees of this one: the recurrence reads it, and it is zero where there is no step before.

        Args:
            values: ``[..., features]``.
            previous: ``[..., seen_size]``, what this step saw.

        Returns:
            ``[..., seen_size]``: the values, then a 1, then whatever else.
        """
        return torch.cat([values, torch.ones_like(values[..., :1])], dim=-1)

    @abstractmethod
    def log_prob(self, values: Tensor, hidden: Tensor, previous: Tensor) -> Tensor:
        """Nats of whole steps.

        Args:
            values: ``[..., features]``.
            hidden: ``[..., hidden_size]`` of the recurrence.
            previous: ``[..., seen_size]``.

        Returns:
            ``[...]``.
        """

    @abstractmethod
    def draw(self, hidden: Tensor, previous: Tensor, noise: Tensor) -> Tensor:
        """A step ``[batch, features]``, from ``[batch, hidden_size]``, ``[batch, seen_size]`` and ``[batch,
        noise_size]``. Traced for export: no shapes that depend on data."""

    def settle(self, series: Tensor) -> Tensor:
        """The last word on samples in the data's own units ``[..., features]``, where rounding could break what
        always holds."""
        return series
