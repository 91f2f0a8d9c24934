"""One phase of one step: backward pass, guard, clipping, optimizer, moving average."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from rgan_kit.contracts import Loss, NetworkName, Phase, RganKitError, StepContext
from rgan_kit.nn import as_they_are
from rgan_kit.training.building import OBJECTIVE
from rgan_kit.training.optimizers import make_optimizer, put_tensors, set_rate, tensors_of
from rgan_kit.training.schedule import Place, learning_rate, warmed_up

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from rgan_kit.config import TrainOptions
    from rgan_kit.training.engine import Engine

MOST_SKIPPED = 10
"""So many steps of a phase without a finite gradient in a row, and the training has failed."""


class Updater:
    """Owns the optimizers of all networks, and of the objective's own parameters, and the moving averages of those
    networks that are evaluated and exported.

    Args:
        networks: by name.
        options: of the trainer.
        engine: where losses are computed.
        averaged: names of the networks that have a moving average.
        own: the objective's own parameters.

    Attributes:
        skipped: steps without a finite gradient in a row, by phase.
        declined: how often the condition of a phase said no.
        latest: figures of all phases as they were last, not yet read from the device.
    """

    def __init__(
        self,
        networks: Mapping[NetworkName, nn.Module],
        options: TrainOptions,
        engine: Engine,
        averaged: Collection[NetworkName] = ("generator",),
        own: Collection[nn.Parameter] = (),
    ) -> None:
        self.networks = networks
        self.options = options
        self.engine = engine
        # What a network was built with as fixed stays so.
        self.named = {
            name: {key: parameter for key, parameter in network.named_parameters() if parameter.requires_grad}
            for name, network in networks.items()
        }
        if own:
            self.named[OBJECTIVE] = {str(number): parameter for number, parameter in enumerate(own)}
        self._parameters = {name: list(found.values()) for name, found in self.named.items()}
        self.optimizers = {name: make_optimizer(name, found, options) for name, found in self.named.items() if found}
        self.averages: dict[NetworkName, MovingAverage] = {
            name: MovingAverage(networks[name], options.average_decay) for name in averaged
        }
        self.skipped: dict[str, int] = {}
        self.declined: dict[str, int] = {}
        self.latest: dict[str, Tensor | float] = {}

    def _rate(self, name: NetworkName) -> float:
        return float(getattr(self.options, f"{name}_learning_rate"))

    def run(
        self, phase: Phase, context: StepContext, place: Place, further: Sequence[StepContext] = ()
    ) -> dict[str, Tensor | float]:
        """Computes a phase's loss and moves its networks, unless its condition says no or the gradient is not finite.

        Args:
            phase: of the objective.
            context: what it is shown.
            place: of the step.
            further: further batches, whose gradients are averaged with that of the first. The condition is asked, and
                figures are told, of the first.

        Returns:
            ``<phase>/loss``, ``<phase>/gradient_norm`` and the loss's own figures, as scalars not yet read; of a phase
            with a condition ``<phase>/skipped``, how often it said no so far.

        Raises:
            RganKitError: no finite gradient for ``MOST_SKIPPED`` steps in a row.
        """
        for name, parameters in self._parameters.items():
            trained = name in phase.networks
            for parameter in parameters:
                parameter.requires_grad_(trained)
                parameter.grad = None
        loss = self._loss(phase, context)
        figures: dict[str, Tensor | float] = {f"{phase.name}/loss": loss.value.detach()}
        for key, value in loss.metrics.items():
            figures[f"{phase.name}/{key}"] = value.detach() if isinstance(value, Tensor) else value
        self.latest.update(figures)
        if phase.condition is None or phase.condition(Figures(self.latest)):
            norm = self._learn(phase, loss.value, place, further)
            self.latest[f"{phase.name}/gradient_norm"] = figures[f"{phase.name}/gradient_norm"] = norm
        else:
            self.declined[phase.name] = self.declined.get(phase.name, 0) + 1
        if phase.condition is not None:
            figures[f"{phase.name}/skipped"] = self.declined.get(phase.name, 0)
        return figures

    def _loss(self, phase: Phase, context: StepContext) -> Loss:
        with as_they_are(*(self.networks[name] for name in phase.frozen)), self.engine.autocast():
            return phase.loss(context)

    def _learn(self, phase: Phase, loss: Tensor, place: Place, further: Sequence[StepContext]) -> Tensor:
        """Moves a phase's networks; the norm of the gradient before clipping."""
        share = 1 / (1 + len(further))
        (loss * share if further else loss).backward()  # type: ignore[no-untyped-call]
        for context in further:
            (self._loss(phase, context).value * share).backward()  # type: ignore[no-untyped-call]
        trained_parameters = [parameter for name in phase.networks for parameter in self._parameters[name]]
        gradients = [parameter.grad for parameter in trained_parameters if parameter.grad is not None]
        norm = get_total_norm(gradients)
        size = float(norm)  # the one value read from the device in a step
        if math.isfinite(size):
            if 0 < self.options.clip_norm < size:
                torch._foreach_mul_(gradients, self.options.clip_norm / size)
            self._move(phase, place)
            self.skipped.pop(phase.name, None)
        else:
            self._skip(phase, loss)
        return norm

    def _move(self, phase: Phase, place: Place) -> None:
        for name in phase.networks:
            if name not in self.optimizers:  # nothing in it is to move
                continue
            options = self.options
            base = options.phase_learning_rates.get(phase.name) or phase.learning_rate or self._rate(name)
            rate = learning_rate(base, options.schedule, place.progress)
            optimizer = self.optimizers[name]
            set_rate(optimizer, rate * warmed_up(place.step, options.warmup_steps))
            optimizer.step()
            if phase.weight_limit is not None:
                with torch.no_grad():
                    for parameter in self._parameters[name]:
                        parameter.clamp_(-phase.weight_limit, phase.weight_limit)
        for name in phase.networks:
            if name in self.averages:
                self.averages[name].update()

    def _skip(self, phase: Phase, loss: Tensor) -> None:
        skipped = self.skipped[phase.name] = self.skipped.get(phase.name, 0) + 1
        if skipped == 1:
            logger.warning("the %s phase gave no finite gradient; its weights stay as they are this time", phase.name)
        if skipped >= MOST_SKIPPED:
            raise RganKitError(
                f"The {phase.name} phase gave no finite gradient {MOST_SKIPPED} times in a row (loss {loss.item():g}); "
                "no weights were spoilt.",
                "Lower the learning rates (--set train.generator_learning_rate=…) or clip harder "
                "(--set train.clip_norm=1), and use --set train.precision=float32.",
            )

    @property
    def averaged(self) -> dict[NetworkName, nn.Module]:
        """The averaged networks by name."""
        return {name: average.network for name, average in self.averages.items()}

    def state(self) -> dict[str, Tensor]:
        """Tensors of all optimizers, by ``<network>.<parameter>.<moment>``."""
        return {
            f"{name}.{key}": value
            for name, optimizer in self.optimizers.items()
            for key, value in tensors_of(optimizer).items()
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """What ``state`` gave."""
        for name, optimizer in self.optimizers.items():
            own = {key: value for key, value in tensors.items() if key.startswith(f"{name}.")}
            put_tensors(optimizer, {key.removeprefix(f"{name}."): value for key, value in own.items()})


class Figures(Mapping[str, float]):
    """Figures that are read from the device when they are looked at, and not before."""

    def __init__(self, values: Mapping[str, Tensor | float]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> float:
        return float(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class MovingAverage:
    """Exponential moving average of a network's weights, warmed up as ``(1 + n) / (10 + n)``.

    Attributes:
        network: the averaged copy; the network itself where ``decay`` is 0.
        updates: how many there were.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False) if decay else network
        self.updates = 0
        self._source: list[Tensor] = list(network.parameters())
        self._target: list[Tensor] = list(self.network.parameters())
        self._buffers = _persistent_buffers(self.network), _persistent_buffers(network)

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the network as it is now."""
        self.updates += 1
        if self.decay:
            decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
            torch._foreach_lerp_(self._target, self._source, 1 - decay)
            for mine, theirs in zip(*self._buffers, strict=True):
                mine.copy_(theirs)


def _persistent_buffers(network: nn.Module) -> list[Tensor]:
    kept = network.state_dict(keep_vars=True)
    return [buffer for name, buffer in network.named_buffers() if name in kept]
