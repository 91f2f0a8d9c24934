"""What the two players of a GAN minimise, as functions of the discriminator's logits: one file, every formula.

``real`` and ``fake`` are logits ``[n]`` and ``[m]``; a loss is a scalar. Positive logits mean real. What is shown of a
game beside them is how well the discriminator tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

PlayerLoss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Players:
    """The losses of both.

    Attributes:
        discriminator, generator: ``(real, fake)`` to a scalar.
        paired: whether the generator's loss looks at real logits too.
        critic: whether scores are no logits but those of a Wasserstein critic, whose gap is a distance.
    """

    discriminator: PlayerLoss
    generator: PlayerLoss
    paired: bool = False
    critic: bool = False

    @torch.no_grad()
    def figures(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Of a critic its ``gap``, ``E D(x) - E D(G(z))``; of any other discriminator its ``accuracy``."""
        return {"gap": real.mean() - fake.mean()} if self.critic else {"accuracy": in_order(real, fake)}


def in_order(real: Tensor, fake: Tensor) -> Tensor:
    """The share of all pairs of a real and a generated sequence in which the real one has the higher logit, ties
    counted half: 0.5 where nothing is told apart. It needs no threshold, which relativistic discriminators lack."""
    ordered = fake.sort().values
    below = torch.searchsorted(ordered, real.contiguous())
    not_above = torch.searchsorted(ordered, real.contiguous(), right=True)
    return (below + not_above).double().mean().float() / (2 * max(1, len(fake)))


def cross_entropy(real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """``-E log D(x) - E log(1 - D(G(z)))`` (Goodfellow et al. 2014, eq. 1), with one-sided label smoothing
    (Salimans et al. 2016): real sequences count as ``1 - smoothing``."""
    return F.softplus(-real).mean() + smoothing * real.mean() + F.softplus(fake).mean()


def minimax(real: Tensor, fake: Tensor) -> Tensor:
    """``E log(1 - D(G(z)))`` (Goodfellow et al. 2014, eq. 1)."""
    return -F.softplus(fake).mean()


def non_saturating(real: Tensor, fake: Tensor) -> Tensor:
    """``-E log D(G(z))`` (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """``½ E (D(x) - 1)² + ½ E D(G(z))²`` (Mao et al. 2017, eq. 2 with a = 0, b = 1)."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_generator(real: Tensor, fake: Tensor) -> Tensor:
    """``½ E (D(G(z)) - 1)²`` (Mao et al. 2017, eq. 2 with c = 1)."""
    return (fake - 1).square().mean() / 2


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """``E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))`` (Lim & Ye 2017, arXiv:1705.02894)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def critic(real: Tensor, fake: Tensor) -> Tensor:
    """``E D(G(z)) - E D(x)`` (Arjovsky et al. 2017, arXiv:1701.07875)."""
    return fake.mean() - real.mean()


def raise_score(real: Tensor, fake: Tensor) -> Tensor:
    """``-E D(G(z))``: the generator's side of the hinge and Wasserstein losses."""
    return -fake.mean()


def relativistic_pairs(real: Tensor, fake: Tensor) -> Tensor:
    """``-E log σ(D(x) - D(G(z)))`` over pairs: as many ``real`` as ``fake`` (Jolicoeur-Martineau 2018, eq. 10)."""
    return F.softplus(fake - real).mean()


def relativistic_pairs_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with the players' places exchanged (eq. 11)."""
    return relativistic_pairs(fake, real)


def relativistic(real: Tensor, fake: Tensor) -> Tensor:
    """``-E log σ(D(x) - E D(G(z))) - E log(1 - σ(D(G(z)) - E D(x)))`` (relativistic average: Jolicoeur-Martineau
    2018, arXiv:1807.00734)."""
    return F.softplus(fake.mean() - real).mean() + F.softplus(fake - real.mean()).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with the players' places exchanged."""
    return relativistic(fake, real)


def players(name: str, options: Any) -> Players:
    """The losses of an objective."""
    if name in ("minimax", "non-saturating"):
        generator = minimax if name == "minimax" else non_saturating
        return Players(partial(cross_entropy, smoothing=options.label_smoothing), generator)
    return {
        "least-squares": Players(least_squares_discriminator, least_squares_generator),
        "hinge": Players(hinge, raise_score),
        "relativistic": Players(relativistic_pairs, relativistic_pairs_generator, paired=True),
        "relativistic-average": Players(relativistic, relativistic_generator, paired=True),
        "wasserstein": Players(critic, raise_score, critic=True),
        "wasserstein-gp": Players(critic, raise_score, critic=True),
    }[name]
