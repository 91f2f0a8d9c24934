"""A plugin with a recipe of several networks by name, an objective with parameters, and phases of every sort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from pydantic import Field
from torch import nn

from rgan_kit import hookimpl
from rgan_kit.contracts import Loss, NetworkSpec, NetworkUse, ObjectiveSpec, Options, Phase, RecipeSpec, Stage

SERIES = frozenset({"series"})


class JudgeOptions(Options):
    size: int = Field(3, ge=1, le=64, description="of its layer")


class JudgingOptions(Options):
    threshold: float = Field(0.0, description="of the judge's loss, below which the second discriminator waits")


class Judge(nn.Module):
    """A score of every sequence by its means, with what evaluation mode changes: dropout and running statistics."""

    def __init__(self, options: Any, data: Any, context: Any) -> None:
        super().__init__()
        self.seen = tuple(context.networks)
        self.layers = nn.Sequential(
            nn.Linear(data.features, options.size), nn.BatchNorm1d(options.size), nn.Dropout(0.5),
            nn.Linear(options.size, 1),
        )  # fmt: skip

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.layers(values.mean(dim=1))[:, 0]


class Judging(nn.Module):
    """Two discriminators, and a judge whose say is weighed by a learnt number."""

    def __init__(self, options: Any, networks: Any, data: Any) -> None:
        super().__init__()
        self.options, self.networks = options, dict(networks)
        self.weight = nn.Parameter(torch.zeros(()))
        self.contexts: list[Any] = []

    def _fake(self, context: Any) -> Any:
        real = context.batch
        fake = self.networks["generator"].generate(*real.values.shape[:2], labels=real.labels)
        return replace(real, values=fake.values)

    def judge_loss(self, context: Any) -> Loss:
        self.contexts.append(context)
        judge = self.networks["judge"]
        return Loss(
            (judge(context.batch.values) - 1).square().mean()
            + judge(self._fake(context).values.detach()).square().mean()
        )

    def generator_loss(self, context: Any) -> Loss:
        fake = self._fake(context)
        judged = self.networks["judge"](fake.values).mean()
        scores = (
            self.networks["discriminator"](fake).sequence.mean()
            + self.networks["discriminator_2"](fake).sequence.mean()
        )
        weight = torch.exp(-self.weight)
        return Loss(-scores - weight * judged + self.weight, {"weight": weight})

    def discriminator_loss(self, name: str, context: Any) -> Loss:
        network = self.networks[name]
        with torch.no_grad():
            fake = self._fake(context)
        return Loss(
            nn.functional.softplus(-network(context.batch).sequence).mean()
            + nn.functional.softplus(network(fake).sequence).mean()
        )

    def stages(self) -> tuple[Stage, ...]:
        judge = Phase("judge", ("judge",), self.judge_loss, own_batch=True, repeats=2)
        first = Phase("first", ("discriminator",), lambda context: self.discriminator_loss("discriminator", context))
        second = Phase(
            "second", ("discriminator_2",), lambda context: self.discriminator_loss("discriminator_2", context),
            condition=lambda figures: figures["judge/loss"] > self.options.threshold,
        )  # fmt: skip
        generator = Phase("generator", ("generator", "objective"), self.generator_loss, frozen=("judge",))
        return Stage("judging", 0.5, (judge,)), Stage("playing", 0.5, (first, judge, second, generator))


@hookimpl
def rgankit_networks() -> list[NetworkSpec]:
    return [NetworkSpec(name="judge", summary="by means", kinds=SERIES, options=JudgeOptions, build=Judge,
                        provides=lambda options, kind: ("wisdom",) if options.size > 1 else ())]  # fmt: skip


@hookimpl
def rgankit_objectives() -> list[ObjectiveSpec]:
    needs = ("generator", "discriminator", "discriminator_2", "judge")
    return [ObjectiveSpec(
        name="judging", summary="", kinds=SERIES, options=JudgingOptions, build=Judging, needs=needs,
        network_kinds={"discriminator_2": "discriminator"}, requires={"judge": ("wisdom",)}, learning_rate=0.02,
        batch_statistics=True,
    )]  # fmt: skip


@hookimpl
def rgankit_recipes() -> list[RecipeSpec]:
    small = {
        "generator.hidden_size": 4,
        "generator.dropout": 0.0,
        "discriminator.hidden_size": 4,
        "train.batch_size": 8,
    }
    return [RecipeSpec(
        name="judged", summary="", generator="gru", discriminator="gru", objective="judging", defaults=small,
        kinds=SERIES,
        networks={
            "discriminator_2": NetworkUse(part="lstm", kind="discriminator", defaults={"hidden_size": 5}),
            "judge": NetworkUse(part="judge", averaged=True, learning_rate=0.03),
        },
    )]  # fmt: skip
