"""Optimizers of networks by name, with groups of parameters that learn at other rates or are not decayed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rgan_kit.contracts import NetworkName, UsageError

if TYPE_CHECKING:
    from rgan_kit.config import TrainOptions

FACTOR = "rate_factor"
"""What a group's learning rate is multiplied by."""


def make_optimizer(
    name: NetworkName, parameters: Mapping[str, nn.Parameter], options: TrainOptions
) -> torch.optim.Optimizer:
    """The optimizer of a network.

    Args:
        name: of the network.
        parameters: those that move, by their names within it.
        options: of the trainer.
    """
    rate = float(getattr(options, f"{name}_learning_rate"))
    kind, groups = options.optimizers.get(name, options.optimizer), _groups(name, parameters, options)
    common: dict[str, Any] = {"lr": rate, "weight_decay": options.weight_decay}
    if kind == "sgd":
        return torch.optim.SGD(groups, momentum=options.momentum, **common)
    if kind == "rmsprop":
        return torch.optim.RMSprop(groups, alpha=options.beta2, momentum=options.momentum, **common)
    return torch.optim.AdamW(groups, betas=(options.beta1, options.beta2), fused=True, **common)


def _groups(name: NetworkName, parameters: Mapping[str, nn.Parameter], options: TrainOptions) -> list[dict[str, Any]]:
    """Groups of what learns alike; one of all, unless something is said of some."""
    found: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for key, parameter in parameters.items():
        decayed = options.decayed == "all" or parameter.dim() > 1
        found.setdefault((_factor(f"{name}.{key}", options.rate_factors), decayed), []).append(parameter)
    return [
        {"params": each, FACTOR: factor, **({} if decayed else {"weight_decay": 0.0})}
        for (factor, decayed), each in found.items()
    ]


def _factor(name: str, factors: Mapping[str, float]) -> float:
    """Of the longest beginning of a parameter's name that has one."""
    fitting = [prefix for prefix in factors if name == prefix or name.startswith(f"{prefix}.")]
    return factors[max(fitting, key=len)] if fitting else 1.0


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of a step, in every group by its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get(FACTOR, 1.0)


def tensors_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers, by ``<parameter>.<moment>``."""
    state = optimizer.state_dict()["state"]
    named = {f"{index}.{key}": value for index, moments in state.items() for key, value in moments.items()}
    return {name: value for name, value in named.items() if isinstance(value, Tensor)}  # SGD has None for a moment


def put_tensors(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """What ``tensors_of`` gave."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        index, moment = name.split(".")
        state.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def check_names(
    options: TrainOptions, networks: Mapping[NetworkName, Mapping[str, Any]], phases: Collection[str]
) -> None:
    """Raises ``UsageError`` where an option of the trainer names a network, a parameter or a phase that is not there.

    Args:
        options: of the trainer.
        networks: parameters by their names, by network.
        phases: names of those of all stages.
    """
    known = [f"{name}.{key}" for name, parameters in networks.items() for key in parameters]
    for prefix in options.rate_factors:
        if not any(name == prefix or name.startswith(f"{prefix}.") for name in known):
            raise UsageError(f"train.rate_factors names '{prefix}', and no parameter's name begins so.", _few(known))
    for name in options.optimizers:
        if name not in networks:
            raise UsageError(f"train.optimizers names '{name}', and the run has no such network.", _few([*networks]))
    for name in options.phase_learning_rates:
        if name not in phases:
            raise UsageError(
                f"train.phase_learning_rates names '{name}', and the objective has no such phase.", _few([*phases])
            )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"There are: {shown}{' …' if len(names) > 8 else ''}."
