"""A step of features that are one of two values, each independent of the others given the past."""

from __future__ import annotations

from torch import Tensor, nn

from rgan_kit.nn import Emission
from rgan_kit_plugins.emissions.heads import bernoulli_draw, bernoulli_nats


class BernoulliEmission(Emission, nn.Linear):
    """``P(x_tf = 1) = σ(w_f h_t + b_f)``: what recurrent networks on piano rolls had before RNN-RBM and RNN-NADE
    (Boulanger-Lewandowski et al. 2012, arXiv:1206.6392)."""

    straight_through = True
    discrete = True

    def __init__(self, hidden_size: int, features: int) -> None:
        super().__init__(hidden_size, features)
        self.features = self.noise_size = features

    def log_prob(self, values: Tensor, hidden: Tensor, previous: Tensor) -> Tensor:
        """Nats of a probability."""
        return bernoulli_nats(self(hidden).float(), values).sum(dim=-1)

    def draw(self, hidden: Tensor, previous: Tensor, noise: Tensor) -> Tensor:
        """-1 or 1 for each feature."""
        return bernoulli_draw(self(hidden).float(), noise)
