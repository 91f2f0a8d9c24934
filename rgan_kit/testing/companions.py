"""What is required of networks that mean something beside others alone: tried in their objective."""

from __future__ import annotations

from typing import Any, ClassVar

from rgan_kit.contracts import DataSpec, NetworkName, NetworkSpec
from rgan_kit.testing.effects import layout
from rgan_kit.testing.objectives import ObjectiveContract
from rgan_kit.testing.parts import PartContract
from rgan_kit.testing.requirements import require


class CompanionContract(PartContract):
    """What a ``NetworkSpec`` requirements. A subclass names it and the company that it is kept in:

    Attributes:
        spec, plugin, options: as in ``PartContract``.
        name: what the objective calls it.
        company: the contract of the objective, with all its networks.
    """

    spec: ClassVar[NetworkSpec]
    name: ClassVar[NetworkName]
    company: ClassVar[type[ObjectiveContract]]

    def fingerprint(self, options: Any, data: DataSpec) -> list[Any]:
        """What it stores, and what the objective makes of it."""
        company = self.company()
        networks = company.build_networks(data, replaced={self.name: options})
        return [layout(networks[self.name]), *company.seen(company.made_options(), networks, data)]

    def test_the_same_seed_gives_the_same_network(self, data: DataSpec) -> None:
        """Resuming a run depends on it."""
        import torch

        one, other = (self.company().build_networks(data)[self.name].state_dict() for _ in range(2))
        different = [name for name, value in one.items() if not torch.equal(value, other[name])]
        require(
            not different,
            "After torch.manual_seed a network starts with the same weights.",
            f"{', '.join(different[:3])} differ",
            "Draw weights from torch's own random numbers.",
        )

    def test_every_parameter_is_trained(self, data: DataSpec) -> None:
        """A parameter that no phase reaches is dead weight, or a mistake."""
        dead = self.company().untrained(self.name, data)
        require(
            not dead,
            "Some phase of the objective that moves a network gives each of its parameters a gradient.",
            f"none for {', '.join(dead[:5])}",
            "Use it in a loss, name the network in the phase that uses it, or do not make it.",
        )
