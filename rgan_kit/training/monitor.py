"""Watches a training for what goes wrong with recurrent GANs and VAEs, and says what to change.

Every objective is watched by the same names of figures: ``accuracy`` (the share of real-fake pairs in order) or, of a
Wasserstein critic, ``gap`` (by how much it scores real sequences above generated ones), and ``gradient_norm`` of a
phase, ``kl`` and ``active_units`` of a loss with an encoder, and, of samples beside held-out data, ``distinct`` and
``spread``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

WINNING: Final = 0.98
"""Share of pairs of a real and a generated sequence that a discriminator puts in order, from which on it teaches its
generator little."""

UNBOUNDED: Final = 1e3
"""Gap of a critic, from which on nothing bounds it, and it is no distance."""

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
class Remedy:
    """What to change, where a run has it.

    Attributes:
        words: what to do with an option, ``{}``.
        options: alternatives, as ``section.option``, of which the first that the run has is meant; ``{phase}`` stands
            for the phase that shows the trouble, which is called as its network in most objectives.
        done: whether a value is what is advised already.
    """

    words: str
    options: tuple[str, ...]
    done: Callable[[Any], bool] = lambda value: False

    def applied_to(self, phase: str, options: Mapping[str, Any]) -> str:
        """The advice; empty where the run has no such option, or has it so already."""
        own = (name.format(phase=phase) for name in self.options)
        found = next((name for name in own if name in options), None)
        return "" if found is None or self.done(options[found]) else self.words.format(found)


@dataclass(frozen=True)
class Trouble:
    """What can go wrong.

    Attributes:
        name: of the trouble.
        figure: the last part of the name of the figure that shows it.
        seen: whether a value of it does.
        meaning: what it means, by the value.
        remedies: what to change.
    """

    name: str
    figure: str
    seen: Callable[[float], bool]
    meaning: str
    remedies: tuple[Remedy, ...]


_LOWER_RATE: Final = Remedy(
    "lower {}", ("objective.{phase}_learning_rate", "train.{phase}_learning_rate", "train.generator_learning_rate")
)
_FREE_BITS: Final = Remedy("raise {}", ("objective.free_bits",))
_WORD_DROPOUT: Final = Remedy("raise {}", ("generator.word_dropout",), lambda value: value >= 1)

STEPS: Final = (
    Trouble(
        "the discriminator wins",
        "accuracy",
        lambda value: value > WINNING,
        "it puts {value:.0%} of the pairs of a real and a generated sequence in order, so the generator learns little "
        "from it",
        (
            Remedy("lower {}", ("train.{phase}_learning_rate", "train.discriminator_learning_rate")),
            Remedy("raise {}", ("{phase}.dropout", "discriminator.dropout"), lambda value: value >= 0.5),
            Remedy("set {}=true", ("{phase}.spectral_norm", "discriminator.spectral_norm"), bool),
            Remedy("set {}=0.1", ("objective.r1_weight",), lambda value: value >= 0.1),
        ),
    ),
    Trouble(
        "the critic is behind",
        "gap",
        lambda value: value < 0,
        "it scores generated sequences above real ones (by {value:.3g}), so what it teaches leads away from the data",
        (
            Remedy("raise {}", ("objective.critic_steps",)),
            Remedy("raise {}", ("train.{phase}_learning_rate", "train.discriminator_learning_rate")),
        ),
    ),
    Trouble(
        "the critic is not bounded",
        "gap",
        lambda value: value > UNBOUNDED,
        "it scores real sequences by {value:.3g} above generated ones, which is no distance any more",
        (
            Remedy("raise {}", ("objective.gradient_penalty",)),
            Remedy("lower {}", ("objective.weight_limit",)),
            Remedy("lower {}", ("train.{phase}_learning_rate", "train.discriminator_learning_rate")),
        ),
    ),
    Trouble(
        "gradients explode",
        "gradient_norm",
        lambda value: value > EXPLODING,
        "their norm is {value:.3g} before clipping",
        (
            _LOWER_RATE,
            Remedy("set {}=5", ("train.clip_norm",), lambda value: value > 0),  # there is no clipping
            Remedy("lower {}", ("train.clip_norm",), lambda value: value == 0),
        ),
    ),
    Trouble(
        "the latent is not used",
        "kl",
        lambda value: value < IDLE_KL,
        "it carries {value:.2g} nats a sequence (posterior collapse)",
        (_FREE_BITS, _WORD_DROPOUT, Remedy("raise {}", ("objective.annealing_share",), lambda value: value >= 1)),
    ),
    Trouble(
        "the latent is not used",
        "active_units",
        lambda value: value < 1,
        "none of its numbers says anything (posterior collapse)",
        (_FREE_BITS, _WORD_DROPOUT),
    ),
)

COLLAPSE: Final = Trouble(
    "the samples collapse",
    "",
    lambda value: True,
    "{value}. Checkpoints of before are better (the best one is kept)",
    (
        Remedy("lower {}", ("objective.generator_learning_rate",)),
        Remedy("set {}=true", ("discriminator.minibatch_statistics",), bool),
        Remedy("raise {}", ("objective.likelihood_weight",)),
    ),
)


@dataclass
class Monitor:
    """Says each trouble once, when it has lasted, with what the run has to change.

    Args:
        warn: takes a warning in words.
        config: of the run, as it is written down.
    """

    warn: Callable[[str], None]
    config: Mapping[str, Any]
    _lasting: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def steps(self, step: int, figures: Mapping[str, float]) -> None:
        """Looks at the figures of losses, as they are logged."""
        for name, value in figures.items():
            phase, _, figure = name.rpartition("/")
            for trouble in STEPS:
                if figure == trouble.figure:
                    key = f"{trouble.name} ({name})"
                    self._lasting[key] = self._lasting.get(key, 0) + 1 if trouble.seen(value) else 0
                    if self._lasting[key] >= PATIENCE:
                        self._say(step, trouble, value, phase)

    def samples(self, step: int, figures: Mapping[str, float]) -> None:
        """Looks at the figures of samples of a network that has had time to learn."""
        for what in _collapses(figures):
            self._say(step, COLLAPSE, what, "generator")

    def _say(self, step: int, trouble: Trouble, value: float | str, phase: str) -> None:
        if trouble.name in self._said:
            return
        self._said.add(trouble.name)
        sections = {name: section for name, section in self.config.items() if isinstance(section, Mapping)}
        options = {f"{name}.{key}": each for name, section in sections.items() for key, each in section.items()}
        advice = [text for remedy in trouble.remedies if (text := remedy.applied_to(phase, options))]
        meaning = trouble.meaning.format(value=value)
        self.warn(
            f"step {step}: {trouble.name}: {meaning}." + (f" To change: {'; or '.join(advice)}." if advice else "")
        )


def _collapses(figures: Mapping[str, float]) -> Iterator[str]:
    distinct, usual = figures.get("distinct"), figures.get("heldout_distinct")
    if distinct is not None and usual is not None and distinct < COLLAPSED_DISTINCT * usual:
        yield f"{distinct:.0%} of them are distinct, of real data {usual:.0%}"
    spread = figures.get("spread")
    if spread is not None and spread < COLLAPSED_SPREAD:
        yield f"their standard deviation is {spread:.0%} of that of real data"
