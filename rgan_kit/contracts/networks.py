"""The networks of a run, as the objectives and the exporter see them. All of them are ``torch.nn.Module``s.

Nothing here imports torch: these are promises for type checkers and readers; ``rgan_kit.testing`` holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from rgan_kit.contracts.data import Batch

NetworkName = str
"""What a recipe calls a network: lower-case letters, digits and ``_``, as it is written before the dot of an option."""

NetworkKind = Literal["generator", "discriminator", "encoder", "network"]
"""What a network promises: one of the three protocols below, or nothing but to be a network."""

NETWORK_NAMES: tuple[NetworkName, ...] = ("generator", "discriminator", "encoder")
"""Names that mean a network of that kind, unless a recipe and an objective say otherwise."""

Capability = str
"""What a part can do. ``likelihood`` (of a generator: ``log_probs``), ``latent`` (of a generator: something to encode
into, a ``latent_size`` above 0 or the noise of every step), ``steps`` (of a generator: ``stepper()``), ``causal`` (of a
discriminator: the score of a step depends on no later one), ``step-posterior`` (of an encoder: a posterior for every
step); others are between those who agree on them.
"""


class Network(Protocol):
    """The part of ``torch.nn.Module`` that everything here relies on."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that the optimizer moves."""
        ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the network."""
        ...


@dataclass(frozen=True)
class Relaxation:
    """How a discrete choice lets gradients through (Jang et al. 2017; Maddison et al. 2017).

    Attributes:
        temperature: of the Gumbel-softmax; towards 0 it is a draw, towards infinity uniform.
        hard: straight-through, a one-hot forward and the relaxed gradient backward; else the relaxed value itself.
    """

    temperature: float = 1.0
    hard: bool = True


class Generator(Network, Protocol):
    """From noise to sequences."""

    latent_size: int
    """Size of the standard normal latent of a whole sequence; 0 where the model has none."""

    noise_size: int
    """Standard normal numbers that every step takes; 0 for tokens, whose steps take one uniform number."""

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = ...,
    ) -> Batch[Tensor]:
        """One differentiable training pass, drawing what it needs from torch's own random numbers.

        Args:
            size: sequences to draw.
            length: positions of each; a token sequence may end sooner.
            latent: ``[size, latent_size]``; drawn from a standard normal where None.
            labels: int64 ``[size]``, for conditional models.
            relaxation: tokens only.

        A generator of series or frames that gives each sample a length of its own (data with ``length_shares``) has a
        property ``variable`` that is True, takes ``lengths`` int64 ``[size]`` here, drawn where None, gives ``lengths``
        as a second output of its sampler, and has ``p(length)`` in its likelihood.

        Returns:
            For tokens, ``values`` float ``[size, length, vocabulary]``, zero after the end token; else values as
            networks see them, every sequence of the whole length, unless they differ in that.
        """
        ...

    def sampler(self) -> nn.Module:
        """The frozen module that is exported: a copy, with inputs and outputs as ``docs/model-file.md`` says. A
        generator whose sampler takes more than a model has to (beginnings, restrictions of the choice) names these
        inputs as ``takes``, a sequence of names."""
        ...


@runtime_checkable
class Stepwise(Protocol):
    """A generator that can be asked step by step."""

    def stepper(self) -> nn.Module:
        """The frozen module of the step file: a copy, with inputs and outputs as ``docs/model-file.md`` says, and
        ``state_shapes``, the shapes of its states without their batch."""
        ...


@runtime_checkable
class Autoregressive(Protocol):
    """A generator with a likelihood."""

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Log-probability in nats of each position, given those before it (teacher forcing) and the latent, which is
        drawn where None: ``[batch, time]``, zero on padding. For series and frames a density, of values as networks see
        them. A model whose chance of a step is a latent takes that in place of one for the sequence: ``[batch, time,
        noise_size]``, standard normal at first."""
        ...


@dataclass(frozen=True)
class Scores:
    """What a discriminator thinks, as logits: positive is real.

    Attributes:
        sequence: ``[batch]``.
        steps: ``[batch, time]``, zero on padding.
    """

    sequence: Tensor
    steps: Tensor


class Discriminator(Network, Protocol):
    """From sequences to scores. Padding never changes a score."""

    def __call__(self, batch: Batch[Tensor]) -> Scores:
        """``values`` as int64 tokens or as one-hot; a one-hot and its token score alike."""
        ...


class Encoder(Network, Protocol):
    """From sequences to the posterior of their latent."""

    def __call__(self, batch: Batch[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each ``[batch, latent_size]``; of an encoder that provides ``step-posterior``,
        ``[batch, time, noise_size]``, for a generator whose ``log_probs`` takes the noise of every step as its latent.
        """
        ...
