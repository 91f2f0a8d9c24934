"""Networks that mean something beside a generator alone: one that meets every requirement, and others with mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from faulty_networks import Generator
from faulty_parts import SERIES, Fault
from pydantic import Field
from torch import nn

from rgan_kit.contracts import Loss, NetworkSpec, NoOptions, ObjectiveSpec, Options, Phase, Stage
from rgan_kit.testing import CompanionContract, GeneratorContract, ObjectiveContract


class Wide(Options):
    """Its width."""

    width: int = Field(3, ge=1, description="units")


class Idle(Wide):
    """One of them does nothing."""

    depth: int = Field(3, ge=1, description="layers")


class Helper(nn.Module):
    """Reads the values of a step."""

    def __init__(self, options: Any) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, options.width), nn.Tanh(), nn.Linear(options.width, 1))

    def forward(self, values):
        return self.layers(values).mean()


class DeadWeight(Helper):
    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.unused = nn.Linear(2, 2)


class OwnChance(Helper):
    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.layers[0].bias.data += float(np.random.default_rng().random())


class Together:
    """The generator goes where the helper says, and the helper reads real data; it has a say while its loss is high."""

    def __init__(self, options: Any, networks: Any, data: Any) -> None:
        self.options, self.networks = options, networks

    def up(self, context):
        size = len(context.batch.lengths)
        made = self.networks["generator"].generate(size, context.max_length)
        return Loss(self.networks["helper"](made.values) + getattr(self.networks["generator"], "inner", lambda: 0)())

    def read(self, context):
        return Loss(self.networks["helper"](context.batch.values))

    def stages(self):
        limit = self.options.limit
        reading = Phase("read", ("helper",), self.read, condition=lambda figures: figures["read/loss"] > limit)
        return (Stage("only", 1.0, (Phase("up", ("generator",), self.up), reading)),)


class Limit(Options):
    """When the helper learns."""

    limit: float = Field(0.15, ge=0, le=9, description="the loss above which it learns")


class Half(Generator):
    """A whole model in one generator: a half of it is reached by a loss of its objective alone."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.side = nn.Linear(2, 2)

    def inner(self):
        return self.side(torch.ones(1, 2)).sum()


def company(helper: type, generator: type = Generator) -> type[ObjectiveContract]:
    """The contract of the objective with these networks."""

    class Company(ObjectiveContract):
        spec = ObjectiveSpec(
            name="together", summary="both", kinds=SERIES, options=Limit, build=Together, needs=("generator", "helper")
        )
        plugin, labels = "rgan_kit_plugins", ()

        def build_networks(self, data, seed=0, replaced=None):
            torch.manual_seed(seed)
            options = (replaced or {}).get("helper") or Wide()
            return {"generator": generator(data), "helper": helper(options)}

    return Company


def attributes(helper: type, options: type[Options] = Wide) -> dict[str, Any]:
    spec = NetworkSpec(name="helper", summary="a part", kinds=SERIES, options=options, build=lambda *_: None)
    return {"spec": spec, "plugin": "rgan_kit_plugins", "labels": (), "name": "helper", "company": company(helper)}


def mistake(test: str, words: tuple[str, ...], *of: Any) -> Fault:
    return Fault(CompanionContract, f"test_{test}", attributes(*of), words)


MISTAKES = (
    mistake("every_parameter_is_trained", ("none for unused.weight", "in the phase that uses it"), DeadWeight),
    mistake("the_same_seed_gives_the_same_network", ("layers.0.bias differ", "torch's own random numbers"), OwnChance),
    mistake("every_option_changes_something", ("depth: no other value changes anything",), Helper, Idle),
)
GOOD = (CompanionContract, attributes(Helper))


def spec_of(generator: type) -> Any:
    from rgan_kit.contracts import GeneratorSpec

    return GeneratorSpec(
        name="half", summary="a part", kinds=SERIES, options=NoOptions, build=lambda options, data: generator(data)
    )


class WholeModel(GeneratorContract):
    """What the generator's own outputs do not reach, its objective trains."""

    spec, plugin, labels, company = spec_of(Half), "rgan_kit_plugins", (), company(Helper, Half)
