"""One phase of one step: backward pass, guard, clipping, optimizer, moving average."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from rgan_kit.contracts import NetworkName, Phase, RganKitError, StepContext
from rgan_kit.nn import as_they_are
from rgan_kit.training.building import OBJECTIVE
from rgan_kit.training.schedule import Place, learning_rate

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
        self._parameters = {
            name: [parameter for parameter in network.parameters() if parameter.requires_grad]
            for name, network in networks.items()
        }
        if own:
            self._parameters[OBJECTIVE] = list(own)
        self.optimizers = {name: self._optimizer(name, found) for name, found in self._parameters.items() if found}
        self.averages: dict[NetworkName, MovingAverage] = {
            name: MovingAverage(networks[name], options.average_decay) for name in averaged
        }
        self.skipped: dict[str, int] = {}
        self.declined: dict[str, int] = {}
        self.latest: dict[str, Tensor | float] = {}

    def _optimizer(self, name: NetworkName, parameters: list[nn.Parameter]) -> torch.optim.AdamW:
        options = self.options
        return torch.optim.AdamW(
            parameters,
            lr=self._rate(name),
            betas=(options.beta1, options.beta2),
            weight_decay=options.weight_decay,
            fused=True,
        )

    def _rate(self, name: NetworkName) -> float:
        return float(getattr(self.options, f"{name}_learning_rate"))

    def run(self, phase: Phase, context: StepContext, place: Place) -> dict[str, Tensor | float]:
        """Computes a phase's loss and moves its networks, unless its condition says no or the gradient is not finite.

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
        with as_they_are(*(self.networks[name] for name in phase.frozen)), self.engine.autocast():
            loss = phase.loss(context)
        figures: dict[str, Tensor | float] = {f"{phase.name}/loss": loss.value.detach()}
        for key, value in loss.metrics.items():
            figures[f"{phase.name}/{key}"] = value.detach() if isinstance(value, Tensor) else value
        self.latest.update(figures)
        if phase.condition is None or phase.condition(Figures(self.latest)):
            norm = self._learn(phase, loss.value, place)
            self.latest[f"{phase.name}/gradient_norm"] = figures[f"{phase.name}/gradient_norm"] = norm
        else:
            self.declined[phase.name] = self.declined.get(phase.name, 0) + 1
        if phase.condition is not None:
            figures[f"{phase.name}/skipped"] = self.declined.get(phase.name, 0)
        return figures

    def _learn(self, phase: Phase, loss: Tensor, place: Place) -> Tensor:
        """Moves a phase's networks; the norm of the gradient before clipping."""
        loss.backward()  # type: ignore[no-untyped-call]
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
            base = phase.learning_rate or self._rate(name)
            optimizer = self.optimizers[name]
            optimizer.param_groups[0]["lr"] = learning_rate(base, self.options.schedule, place.progress)
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
            f"{name}.{index}.{key}": value
            for name, optimizer in self.optimizers.items()
            for index, moments in optimizer.state_dict()["state"].items()
            for key, value in moments.items()
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """What ``state`` gave."""
        for name, optimizer in self.optimizers.items():
            state: dict[int, dict[str, Any]] = {}
            for key, value in tensors.items():
                network, index, moment = key.split(".")
                if network == name:
                    state.setdefault(int(index), {})[moment] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})


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
