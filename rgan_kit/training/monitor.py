"""Watches a training for what goes wrong with recurrent GANs and VAEs, and says what to change.

Every objective is watched by the same names of figures: ``accuracy`` and ``gradient_norm`` of a phase, ``kl`` and
``active_units`` of a loss with an encoder, and, of samples beside held-out data, ``distinct`` and ``spread``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

WINNING: Final = 0.98
"""Share of sequences that a discriminator tells apart, from which on it teaches its generator little."""

PATIENCE: Final = 5
"""Lines of metrics in a row that have to show a trouble before it is one."""

COLLAPSED_SPREAD: Final = 0.3
"""Standard deviation of samples as a share of that of data, below which they are all alike."""

COLLAPSED_DISTINCT: Final = 0.5
"""Share of distinct samples as a share of that of held-out data, below which they repeat."""

IDLE_KL: Final = 0.1
"""Nats a sequence, below which a latent says nothing."""

EXPLODING: Final = 1e3
"""Norm of a gradient before clipping, from which on clipping decides everything."""


@dataclass(frozen=True)
class Trouble:
    """What can go wrong.

    Attributes:
        name: of the trouble.
        seen: whether a figure shows it, by the figure's last name and value.
        figure: the last part of the name of the figure that shows it.
        advice: what it means and what to change.
    """

    name: str
    figure: str
    seen: Callable[[float], bool]
    advice: str


STEPS: Final = (
    Trouble(
        "the discriminator wins",
        "accuracy",
        lambda value: value > WINNING,
        "it tells {value:.0%} of the sequences apart, so the generator learns little from it. Slow it down: lower "
        "train.discriminator_learning_rate, raise discriminator.dropout, or set discriminator.spectral_norm=true or "
        "objective.r1_weight=0.1",
    ),
    Trouble(
        "gradients explode",
        "gradient_norm",
        lambda value: value > EXPLODING,
        "their norm is {value:.3g} before clipping. Lower the learning rate of that network, or train.clip_norm",
    ),
    Trouble(
        "the latent is not used",
        "kl",
        lambda value: value < IDLE_KL,
        "it carries {value:.2g} nats a sequence (posterior collapse). Raise objective.free_bits or "
        "generator.word_dropout, or anneal longer (objective.annealing_share)",
    ),
    Trouble(
        "the latent is not used",
        "active_units",
        lambda value: value < 1,
        "none of its numbers says anything (posterior collapse). Raise objective.free_bits or generator.word_dropout",
    ),
)

COLLAPSE: Final = (
    "the samples collapse: {what}. Stop at an earlier checkpoint (the best one is kept), lower the generator's "
    "learning rate in the adversarial stage, set discriminator.minibatch_statistics=true, or raise "
    "objective.likelihood_weight"
)


@dataclass
class Monitor:
    """Says each trouble once, when it has lasted.

    Args:
        warn: takes a warning in words.
    """

    warn: Callable[[str], None]
    _lasting: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def steps(self, step: int, figures: Mapping[str, float]) -> None:
        """Looks at the figures of losses, as they are logged."""
        for name, value in figures.items():
            for trouble in STEPS:
                if name.rpartition("/")[2] == trouble.figure:
                    key = f"{trouble.name} ({name})"
                    self._lasting[key] = self._lasting.get(key, 0) + 1 if trouble.seen(value) else 0
                    if self._lasting[key] >= PATIENCE:
                        self._say(trouble.name, f"step {step}: {trouble.name}: {trouble.advice.format(value=value)}.")

    def samples(self, step: int, figures: Mapping[str, float]) -> None:
        """Looks at the figures of samples of a network that has had time to learn."""
        for what in _collapses(figures):
            self._say("collapse", f"step {step}: {COLLAPSE.format(what=what)}.")

    def _say(self, trouble: str, text: str) -> None:
        if trouble not in self._said:
            self._said.add(trouble)
            self.warn(text)


def _collapses(figures: Mapping[str, float]) -> Iterator[str]:
    distinct, usual = figures.get("distinct"), figures.get("heldout_distinct")
    if distinct is not None and usual is not None and distinct < COLLAPSED_DISTINCT * usual:
        yield f"{distinct:.0%} of them are distinct, of real data {usual:.0%}"
    spread = figures.get("spread")
    if spread is not None and spread < COLLAPSED_SPREAD:
        yield f"their standard deviation is {spread:.0%} of that of real data"
