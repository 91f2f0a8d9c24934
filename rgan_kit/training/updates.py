"""One phase of one step: backward pass, guard, clipping, optimizer, moving average."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from rgan_kit.contracts import NetworkName, Phase, RganKitError, StepContext
from rgan_kit.training.schedule import Place, learning_rate

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from rgan_kit.config import TrainOptions
    from rgan_kit.training.engine import Engine

EXPORTED: tuple[NetworkName, ...] = ("generator", "encoder")
"""Networks that a model file can hold."""

MOST_SKIPPED = 10
"""So many steps of a phase without a finite gradient in a row, and the training has failed."""


class Updater:
    """Owns the optimizers of all networks and the moving averages of those that are exported.

    Args:
        networks: by name.
        options: of the trainer.
        engine: where losses are computed.
    """

    def __init__(self, networks: Mapping[NetworkName, nn.Module], options: TrainOptions, engine: Engine) -> None:
        self.networks = networks
        self.options = options
        self.engine = engine
        self.optimizers = {name: self._optimizer(name, network) for name, network in networks.items()}
        self.averages: dict[NetworkName, MovingAverage] = {
            name: MovingAverage(networks[name], options.average_decay) for name in EXPORTED if name in networks
        }
        self.skipped: dict[str, int] = {}
        self._parameters = {name: list(network.parameters()) for name, network in networks.items()}

    def _optimizer(self, name: NetworkName, network: nn.Module) -> torch.optim.AdamW:
        options = self.options
        return torch.optim.AdamW(
            network.parameters(),
            lr=self._rate(name),
            betas=(options.beta1, options.beta2),
            weight_decay=options.weight_decay,
            fused=True,
        )

    def _rate(self, name: NetworkName) -> float:
        return float(getattr(self.options, f"{name}_learning_rate"))

    def run(self, phase: Phase, context: StepContext, place: Place) -> dict[str, Tensor | float]:
        """Computes a phase's loss and moves its networks, unless the gradient is not finite.

        Returns:
            ``<phase>/loss``, ``<phase>/gradient_norm`` and the loss's own figures, as scalars not yet read.

        Raises:
            RganKitError: no finite gradient for ``MOST_SKIPPED`` steps in a row.
        """
        for name, parameters in self._parameters.items():
            trained = name in phase.networks
            for parameter in parameters:
                parameter.requires_grad_(trained)
                parameter.grad = None
        with self.engine.autocast():
            loss = phase.loss(context)
        loss.value.backward()  # type: ignore[no-untyped-call]
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
            self._skip(phase, loss.value)
        figures: dict[str, Tensor | float] = {"loss": loss.value.detach(), "gradient_norm": norm}
        figures.update({key: v.detach() if isinstance(v, Tensor) else v for key, v in loss.metrics.items()})
        return {f"{phase.name}/{key}": value for key, value in figures.items()}

    def _move(self, phase: Phase, place: Place) -> None:
        for name in phase.networks:
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
