"""What is required of objectives."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rgan_kit.contracts import (
    DataSpec,
    NetworkKind,
    NetworkName,
    NetworkUse,
    ObjectiveSpec,
    Phase,
    StepContext,
)
from rgan_kit.testing.effects import layout
from rgan_kit.testing.examples import LENGTH, example_batch
from rgan_kit.testing.parts import PartContract

if TYPE_CHECKING:
    from torch import Tensor, nn

_MOMENTS = (0.05, 0.35, 0.8, 0.99)
"""Of a stage, at which the effects of options are looked for."""

_FIGURES = tuple(1e-4 * 1.3**power for power in range(70))
"""Losses that conditions of phases are asked about."""


class ObjectiveContract(PartContract):
    """What is required of an objective; see ``rgan_kit.contracts.Objective``. A subclass names the networks that it is
    tried with:

    Attributes:
        networks: names of parts for those that the objective needs, e.g. ``{"generator": "lstm"}``, in the order in
            which they are built.
        network_options: option values for each of them.
        network_kinds: what kind of part each is; one that is not named here is of the kind of its name, or a
            ``network``.
    """

    spec: ClassVar[ObjectiveSpec]
    networks: ClassVar[Mapping[NetworkName, str]]
    network_options: ClassVar[Mapping[NetworkName, Mapping[str, Any]]] = {}
    network_kinds: ClassVar[Mapping[NetworkName, NetworkKind]] = {}

    def build_networks(
        self, data: DataSpec, seed: int = 0, replaced: Mapping[NetworkName, Any] | None = None
    ) -> dict[NetworkName, nn.Module]:
        """The networks, initialised by a seed; those in ``replaced`` with these options."""
        import torch

        from rgan_kit.config.parts import PART_TYPES, Selection
        from rgan_kit.plugins.registry import installed_registry
        from rgan_kit.training.building import build_network

        made: dict[NetworkName, Any] = {}
        for name in (name for name in self.networks if name in self.spec.needs):
            torch.manual_seed(seed)
            kind = self.network_kinds.get(name, self.spec.kind_of(name) or "network")
            offer = installed_registry().offer(PART_TYPES[kind], self.networks[name])
            spec: Any = offer.spec
            options = (replaced or {}).get(name) or spec.options(**self.network_options.get(name, {}))
            use = NetworkUse(part=spec.name, kind=kind)
            part = Selection(spec.name, spec, options, offer.plugin.distribution, offer.plugin.version, use)
            made[name] = build_network(name, part, data, made)
        return made

    def build(self, data: DataSpec, seed: int = 0) -> Any:
        """The objective and its networks."""
        networks = self.build_networks(data, seed)
        return self.spec.build(self.made_options(), networks, data), networks

    def fingerprint(self, options: Any, data: DataSpec) -> list[Any]:
        """All that its options decide: phases, losses and gradients, what it remembers, composes and finds likely."""
        networks = self.build_networks(data)
        return self.seen(options, networks, data)

    def seen(self, options: Any, networks: Mapping[NetworkName, Any], data: DataSpec) -> list[Any]:
        """What an objective with these options makes of networks, early and late in each stage."""
        import torch

        torch.manual_seed(0)
        objective = self.spec.build(options, networks, data)
        found: list[Any] = [layout(objective) if isinstance(objective, torch.nn.Module) else []]
        for stage in objective.stages():
            for phase in stage.phases:
                found += [stage.name, stage.share, *_settings(phase)]
                for seed, progress in enumerate(_MOMENTS):  # what is remembered shows where chance differs
                    torch.manual_seed(seed)
                    loss = phase.loss(StepContext(example_batch(data), progress, LENGTH))
                    figures = {name: float(torch.as_tensor(each).detach()) for name, each in loss.metrics.items()}
                    found += [loss.value.detach(), figures, _gradients(loss.value, phase, networks)]
        if self.spec.likelihood is not None:
            batch = example_batch(data)
            torch.manual_seed(0)
            counts = torch.arange(LENGTH) < batch.lengths[:, None]
            found.append(self.spec.likelihood(options, networks, batch, counts))
        if self.spec.compose is not None:
            torch.manual_seed(0)
            composed: Any = self.spec.compose(options, networks, data)
            found.append(composed.generate(3, LENGTH, labels=example_batch(data, (1, 1, 1)).labels).values.detach())
        return found

    def untrained(self, name: NetworkName, data: DataSpec) -> list[str]:
        """Parameters of a network that no phase which moves it gives a gradient."""
        import torch

        objective, networks = self.build(data)
        left = {key: each for key, each in networks[name].named_parameters() if each.requires_grad}
        for _, phase in self.phases(objective):
            if name in phase.networks and left:
                torch.manual_seed(0)
                found = torch.autograd.grad(phase.loss(self.context(data)).value, [*left.values()], allow_unused=True)
                left = {key: left[key] for key, each in zip([*left], found, strict=True) if each is None}
        return list(left)

    def phases(self, objective: Any) -> Iterator[tuple[str, Phase]]:
        """All phases with the names of their stages."""
        for stage in objective.stages():
            for phase in stage.phases:
                yield stage.name, phase

    def context(self, data: DataSpec) -> StepContext:
        """A small batch in the middle of a stage."""
        return StepContext(example_batch(data), 0.5, LENGTH)

    def test_stages_and_phases_are_well_formed(self, data: DataSpec) -> None:
        """The trainer shares out its steps by them."""
        objective, _ = self.build(data)
        stages = objective.stages()
        assert stages, "there is no stage: yield at least one."
        for stage in stages:
            assert stage.share > 0, f"stage {stage.name} has a share of {stage.share}: leave it out."
            names = [phase.name for phase in stage.phases]
            assert names, f"stage {stage.name} has no phases."
            assert len(set(names)) == len(names), f"stage {stage.name} has two phases of one name: {names}."
            for phase in stage.phases:
                foreign = set(phase.networks) - set(self.spec.needs) - {"objective"}
                assert phase.networks, f"phase {phase.name} moves no network."
                assert not foreign, f"phase {phase.name} moves {foreign}, which are not in the spec's needs."

    def test_losses_are_finite_scalars_that_reach_their_networks(self, data: DataSpec) -> None:
        """Each phase's loss gives a gradient to some parameter of each network that it moves."""
        import torch

        from rgan_kit.training.building import own_parameters

        objective, networks = self.build(data)
        for stage, phase in self.phases(objective):
            torch.manual_seed(0)
            loss = phase.loss(self.context(data))
            where = f"phase {phase.name} of stage {stage}"
            assert loss.value.ndim == 0, f"{where}: the loss is {list(loss.value.shape)} and no scalar."
            assert torch.isfinite(loss.value), f"{where}: the loss is {loss.value.item()}."
            for name, figure in loss.metrics.items():
                assert torch.as_tensor(figure).ndim == 0, f"{where}: metric {name} is no scalar."
            own = {"objective": list(own_parameters(objective, networks).values())}
            parameters = {
                name: own[name] if name in own else [p for p in networks[name].parameters() if p.requires_grad]
                for name in phase.networks
            }
            every = [parameter for group in parameters.values() for parameter in group]
            found = dict(zip(every, torch.autograd.grad(loss.value, every, allow_unused=True), strict=True))
            for name, group in parameters.items():
                reached = any(found[p] is not None and bool(found[p].abs().sum() > 0) for p in group)
                assert reached, f"{where}: no parameter of the {name} gets a gradient."

    def test_a_loss_moves_nothing(self, plain: DataSpec) -> None:
        """The trainer owns the optimizers; a loss computes."""
        objective, networks = self.build(plain)
        before = {name: [p.detach().clone() for p in network.parameters()] for name, network in networks.items()}
        with _no_optimizers():
            for _, phase in self.phases(objective):
                phase.loss(self.context(plain))
        for name, network in networks.items():
            same = all(bool((p == q).all()) for p, q in zip(network.parameters(), before[name], strict=True))
            assert same, f"computing the losses changed weights of the {name}: leave that to the trainer."

    def test_the_same_seed_gives_the_same_loss(self, data: DataSpec) -> None:
        """Resuming a run depends on it."""
        import torch

        values = []
        for _ in range(2):
            objective, _ = self.build(data)
            torch.manual_seed(1)
            values.append([phase.loss(self.context(data)).value.item() for _, phase in self.phases(objective)])
        assert values[0] == values[1], (
            f"the same seed gave {values[0]} and {values[1]}: draw all chance from torch's own random numbers."
        )

    def test_a_batch_of_one_is_enough(self, plain: DataSpec) -> None:
        """The last batch of a small data set may be one sequence."""
        import torch

        if self.spec.batch_statistics:
            pytest.skip("declares that it has batch statistics")
        objective, _ = self.build(plain)
        for _, phase in self.phases(objective):
            value = phase.loss(StepContext(example_batch(plain, (LENGTH,)), 0.0, LENGTH)).value
            assert torch.isfinite(value), f"phase {phase.name}: the loss of one sequence is {value.item()}."


def _settings(phase: Phase) -> list[Any]:
    """What a phase says beside its loss, and when its condition says yes."""
    fields = [(field.name, getattr(phase, field.name)) for field in dataclasses.fields(phase)]
    answers = [] if phase.condition is None else [_asked(phase.condition, figure) for figure in _FIGURES]
    return [[each for each in fields if not callable(each[1])], answers]


def _asked(condition: Callable[[Mapping[str, float]], bool], figure: float) -> bool | str:
    try:
        return bool(condition(defaultdict(lambda: figure)))
    except Exception as error:
        return type(error).__name__


def _gradients(value: Tensor, phase: Phase, networks: Mapping[NetworkName, Any]) -> list[Tensor]:
    import torch

    moved = [p for name in phase.networks if name in networks for p in networks[name].parameters() if p.requires_grad]
    found = torch.autograd.grad(value, moved, allow_unused=True) if moved else ()
    return [torch.zeros(()) if each is None else each for each in found]


@contextmanager
def _no_optimizers() -> Iterator[None]:
    """Makes every step of an optimizer a broken requirement."""
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a loss stepped an optimizer: yield phases, and leave optimizers to the trainer.")

    handle = register_optimizer_step_pre_hook(refuse)
    try:
        yield
    finally:
        handle.remove()
