"""An objective as data: stages of a training, each a list of phases, each a loss of some networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rgan_kit.contracts.networks import NetworkName

if TYPE_CHECKING:
    from torch import Tensor

    from rgan_kit.contracts.data import Batch


@dataclass(frozen=True)
class StepContext:
    """What a loss may know.

    Attributes:
        batch: real sequences.
        progress: how much of the stage is done, 0 up to but not including 1.
        max_length: positions of the longest real sequence, the end token of tokens counted.
    """

    batch: Batch[Tensor]
    progress: float
    max_length: int


@dataclass(frozen=True)
class Loss:
    """A scalar to go down, and figures worth showing (scalars, detached by the trainer)."""

    value: Tensor
    metrics: Mapping[str, Tensor | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Phase:
    """One backward pass and one optimizer step.

    Attributes:
        name: shown in the metrics, ``<name>/loss``.
        networks: whose parameters move; the gradients of all others are dropped. ``objective`` stands for the
            objective's own parameters.
        loss: computes the loss; it never touches an optimizer.
        interval: every how many steps of the stage the phase runs.
        learning_rate: replaces that of the networks' optimizers, where given.
        weight_limit: weights are clipped to plus and minus this after the optimizer's step, where given (Arjovsky
            et al. 2017).
        own_batch: it draws a batch of its own, and not the one that the other phases of the step share.
        repeats: how often it runs in such a step, with a new batch each time where that is its own.
        condition: asked, once the loss is computed, with the latest figures of all phases by ``<phase>/<figure>``, this
            loss's own among them; where it says no, there is no backward pass and no optimizer moves. Figures of a
            phase that has not run yet are missing. How often it said no is ``<name>/skipped``.
        frozen: networks that the loss uses as they are, in evaluation mode: without dropout, and neither their
            parameters nor their running statistics move.
    """

    name: str
    networks: tuple[NetworkName, ...]
    loss: Callable[[StepContext], Loss]
    interval: int = 1
    learning_rate: float | None = None
    weight_limit: float | None = None
    own_batch: bool = False
    repeats: int = 1
    condition: Callable[[Mapping[str, float]], bool] | None = None
    frozen: tuple[NetworkName, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A part of a training.

    Attributes:
        name: e.g. ``pretraining``.
        share: of the run's steps, relative to the other stages' shares.
        phases: run in this order in every step.
    """

    name: str
    share: float
    phases: tuple[Phase, ...]


class Objective(Protocol):
    """What a training aims at.

    One that remembers something from step to step, such as a baseline of rewards, is a ``torch.nn.Module`` with
    persistent buffers, which lie in the checkpoints. Its own parameters, such as learnt weights of its terms, lie there
    too; a phase that has ``objective`` among its networks trains them, at the ``learning_rate`` of its description.
    """

    def stages(self) -> tuple[Stage, ...]:
        """The stages in order."""
        ...
