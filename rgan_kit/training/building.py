"""Builds what a run trains: its networks, its objective, and the generator that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from rgan_kit.config import RunConfig, Selection
from rgan_kit.contracts import (
    BuildContext,
    GeneratorSpec,
    Kind,
    NetworkName,
    Objective,
    Phase,
    PluginError,
    UsageError,
)
from rgan_kit.contracts.data import DataSpec
from rgan_kit.plugins.blame import blamed

Networks = dict[NetworkName, nn.Module]

OBJECTIVE = "objective"
"""What phases and checkpoints call the objective's own parameters."""


def build_networks(config: RunConfig, spec: DataSpec) -> Networks:
    """All networks of a run, initialised by its seed.

    Raises:
        PluginError: a plugin fails to build its part.
        UsageError: a generator makes no sense on this data.
    """
    networks: Networks = {}
    for part in config.networks.values():
        reason = part.spec.refuses(spec) if isinstance(part.spec, GeneratorSpec) else ""
        if reason:
            raise UsageError(f"The generator {part.name} does not fit this data: {reason}.", "Choose another recipe.")
    torch.set_num_threads(1)  # orthogonal initialisation rounds otherwise with another number of threads
    for index, (name, part) in enumerate(config.networks.items()):
        torch.manual_seed(config.seed * 8 + index)  # a part's weights do not depend on the parts beside it
        with blamed(f"{part.distribution}: building the {name} {part.name}"):
            networks[name] = build_network(name, part, spec, networks)
    return networks


def build_network(name: NetworkName, part: Selection, spec: DataSpec, networks: Mapping[NetworkName, Any]) -> nn.Module:
    """One network, beside those that are built already.

    Raises:
        PluginError: an encoder comes before the generator whose latent it encodes into.
    """
    extra: tuple[Any, ...] = ()
    if part.kind == "encoder":
        if "generator" not in networks:
            raise PluginError(f"The {name} comes before the generator.", "Name the generator first in the recipe.")
        generator = networks["generator"]
        extra = (generator.noise_size if gives_steps(part, spec.kind) else generator.latent_size,)
    elif part.kind == "network":
        extra = (BuildContext(name, dict(networks)),)
    return cast("nn.Module", part.spec.build(part.options, spec, *extra))


def gives_steps(encoder: Selection, kind: Kind) -> bool:
    """Whether an encoder gives a posterior for every step, and not one for the sequence."""
    return "step-posterior" in (encoder.provides(kind) or ())


def build_objective(config: RunConfig, networks: Mapping[NetworkName, nn.Module], spec: DataSpec) -> Objective:
    """The objective of a run.

    Raises:
        PluginError: it fails to build, its phases name networks that there are not, or nothing trains its parameters.
    """
    part = config.parts[OBJECTIVE]
    who = f"{part.distribution}: objective {part.name}"
    with blamed(f"{part.distribution}: building the objective {part.name}"):
        objective = cast("Objective", part.spec.build(part.options, networks, spec))
        phases = [phase for stage in objective.stages() for phase in stage.phases]
    own = own_parameters(objective, networks)
    for phase in phases:
        _check_phase(phase, {*networks, OBJECTIVE} if own else set(networks), who)
    if own and not (part.spec.learning_rate and any(OBJECTIVE in phase.networks for phase in phases)):
        raise PluginError(
            f"{who} has parameters of its own, and nothing trains them ({', '.join(own)}).",
            f"Name '{OBJECTIVE}' among the networks of a phase and give its description a learning_rate, or make them "
            "buffers.",
        )
    return objective


def _check_phase(phase: Phase, known: set[str], who: str) -> None:
    where = f"{who}, phase {phase.name},"
    for name in (*phase.networks, *phase.frozen):
        if name not in known:
            has = " and ".join(sorted(known))
            raise PluginError(f"{where} names '{name}', and there is no such network.", f"The run has {has}.")
    both = set(phase.networks) & set(phase.frozen)
    if both:
        raise PluginError(f"{where} trains the {both.pop()} and has it frozen.", "Name it in one of the two.")
    if phase.repeats < 1 or phase.interval < 1:
        raise PluginError(f"{where} has repeats {phase.repeats} and interval {phase.interval}.", "Both are 1 or more.")


def own_parameters(objective: object, networks: Mapping[NetworkName, nn.Module]) -> dict[str, nn.Parameter]:
    """Trainable parameters of an objective that are no network's, by name."""
    if not isinstance(objective, nn.Module):
        return {}
    others = {id(parameter) for network in networks.values() for parameter in network.parameters()}
    named = objective.named_parameters()
    return {name: each for name, each in named if each.requires_grad and id(each) not in others}


def composed(config: RunConfig, networks: Mapping[NetworkName, nn.Module], spec: DataSpec) -> nn.Module:
    """The generator that is evaluated and exported.

    Args:
        config: of the run.
        networks: the averaged ones.
        spec: of the data.

    Raises:
        PluginError: the objective fails to make it of these.
    """
    part = config.parts[OBJECTIVE]
    if part.spec.compose is None:
        return networks["generator"]
    with blamed(f"{part.distribution}: objective {part.name}: composing the generator of {', '.join(networks)}"):
        return cast("nn.Module", part.spec.compose(part.options, networks, spec))


def without_lengths(spec: DataSpec, generator: object) -> str:
    """What to say where samples of the data differ in length and those of the generator do not; else nothing."""
    if not getattr(spec, "variable", False) or getattr(generator, "variable", False):
        return ""
    return (
        f"training samples have up to {spec.max_length} steps and differ in that; this generator gives no lengths, so "
        "every sample has as many as it is asked for"
    )
