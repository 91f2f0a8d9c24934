"""Parts for series that meet every requirement, and one for each that breaks it, with words of the message."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from faulty_networks import (
    AveragesPadding,
    BatchStatistics,
    DeadParameter,
    Discriminator,
    Encoder,
    EncodesAcross,
    EncodesPadding,
    FlatInItsWeights,
    Forgetful,
    Generator,
    HiddenState,
    NumbersDiffer,
    NumpyNoise,
    NumpyWeights,
    OneScoreAStep,
    RandomEncoder,
    RandomGraph,
    ScalarForOne,
    ScoresPadding,
    Squeezed,
    StepsSeePadding,
    TooWide,
)
from pydantic import Field

from rgan_kit import hookimpl
from rgan_kit.contracts import (
    DiscriminatorSpec,
    EncoderSpec,
    GeneratorSpec,
    Loss,
    NoOptions,
    ObjectiveSpec,
    Options,
    Phase,
    RecipeSpec,
    Stage,
)
from rgan_kit.testing import DiscriminatorContract, EncoderContract, GeneratorContract, ObjectiveContract
from rgan_kit.testing.loggers import LoggerContract

SAME_SEED, HALVES = "the_same_seed_gives_the_same_network_and_outputs", "half_batches_average_to_the_whole"
SERIES = frozenset({"series"})


@dataclass(frozen=True)
class Fault:
    """A broken requirement: the contract's attributes, the test that notices, and words of what it says."""

    contract: type
    test: str
    attributes: Mapping[str, Any]
    words: tuple[str, ...]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.contract.__name__}-{self.test}-{self.words[0]}"


# --- objectives ---


class Objective:
    """Makes the generator's values large."""

    def __init__(self, options: Any, networks: Any, data: Any) -> None:
        self.generator = networks["generator"]

    def value(self, context):
        size = len(context.batch.lengths)
        return -self.generator.generate(size, context.max_length).values.mean()

    def loss(self, context):
        return Loss(self.value(context))

    def phases(self):
        return (Phase("up", ("generator",), self.loss),)

    def stages(self):
        return (Stage("only", 1.0, self.phases()),)


class NoStage(Objective):
    def stages(self):
        return ()


class NoShare(Objective):
    def stages(self):
        return (Stage("only", 0.0, self.phases()),)


class TwiceTheName(Objective):
    def phases(self):
        return super().phases() * 2


class MovesAnother(Objective):
    def phases(self):
        return (Phase("up", ("generator", "encoder"), self.loss),)


class Vector(Objective):
    def value(self, context):
        return super().value(context).repeat(3)


class NotFinite(Objective):
    def value(self, context):
        return super().value(context) * torch.nan


class VectorMetric(Objective):
    def loss(self, context):
        return Loss(self.value(context), {"size": torch.ones(2)})


class ReachesNothing(Objective):
    def value(self, context):
        return super().value(context) * 0


class StepsAnOptimizer(Objective):
    def value(self, context):
        value = super().value(context)
        value.backward()
        torch.optim.SGD(self.generator.parameters(), 0.1).step()
        return super().value(context)


class MovesWeights(Objective):
    def value(self, context):
        with torch.no_grad():
            for parameter in self.generator.parameters():
                parameter.mul_(0.9)
        return super().value(context)


class NumpyChance(Objective):
    def value(self, context):
        return super().value(context) * float(np.random.default_rng().random())


class NeedsTwo(Objective):
    def value(self, context):
        return super().value(context) * context.batch.values[:, 0, 0].std()


# --- loggers ---


class Logger:
    """Writes one file, where it is asked for."""

    file = None

    @hookimpl
    def rgankit_train_start(self, run, step):
        if "faulty" in run.loggers:
            self.file = run.folder / "faulty.txt"

    @hookimpl
    def rgankit_step_end(self, step, metrics):
        if self.file is not None:
            self.file.write_text(f"{step} {metrics}")


class TripsOverNan(Logger):
    @hookimpl
    def rgankit_step_end(self, step, metrics):
        for value in metrics.values():
            round(value)


class OnlyOnce(Logger):
    @hookimpl
    def rgankit_train_start(self, run, step):
        (run.folder / "faulty.txt").touch(exist_ok=False)


class AlwaysTalks(Logger):
    @hookimpl
    def rgankit_train_start(self, run, step):
        self.file = run.folder / "faulty.txt"


class TakesMetrics(Logger):
    @hookimpl
    def rgankit_train_start(self, run, step):
        self.file = run.folder / "metrics.jsonl"


# --- options ---


class Loose(Options):
    """JSON makes a list of the tuple."""

    shape: Any = Field((1, 2), description="of something")


class Mute(Options):
    """Nobody says what it means."""

    size: int = Field(3, ge=1)


# --- descriptions ---


def spec_of(part: type, **changed: Any) -> Any:
    """The description of a part."""
    common: dict[str, Any] = {"name": part.__name__.lower(), "summary": "a part", "kinds": SERIES, "options": NoOptions}
    if issubclass(part, Generator):
        return GeneratorSpec(**common | changed, build=lambda options, data: part(data))
    if issubclass(part, Discriminator):
        return DiscriminatorSpec(**common | changed, build=lambda options, data: part(data))
    if issubclass(part, Encoder):
        return EncoderSpec(**common | changed, build=lambda options, data, latent_size: part(data, latent_size))
    return ObjectiveSpec(**common | changed, build=part)


SMALL_LSTM = {"networks": {"generator": "lstm"}, "network_options": {"generator": {"hidden_size": 4, "dropout": 0.0}}}


def attributes(part: type, **changed: Any) -> dict[str, Any]:
    """What the contract's subclass is given."""
    more = SMALL_LSTM if issubclass(part, Objective) else {}
    return {"spec": spec_of(part, **changed), "plugin": "rgan_kit_plugins", "labels": (), **more}


def broken(contract: type, part: type, test: str, *words: str, **given: Any) -> Fault:
    return Fault(contract, f"test_{test}", attributes(part), words, given)


def described(test: str, *words: str, **changed: Any) -> Fault:
    return Fault(GeneratorContract, f"test_{test}", attributes(Generator, **changed), words)


GENERATORS = (
    described("options_survive_a_round_trip", "use types that JSON can hold", "shape=[1, 2]", options=Loose),
    described("every_option_says_what_it_means", "size: no description", "description=…", options=Mute),
    described("its_kinds_and_summary_are_there", "works on no kind of data", "name some in kinds", kinds=frozenset()),
    described("its_kinds_and_summary_are_there", "has no summary", "say in one line what it is", summary=""),
    *(
        broken(GeneratorContract, *each)
        for each in (
            (NumpyWeights, SAME_SEED, "draw weights from torch's", "output.bias"),
            (NumpyNoise, SAME_SEED, "draw all chance from torch's own"),
            (DeadParameter, "every_parameter_gets_a_gradient", "unused.weight, unused.bias: no gradient"),
            (HiddenState, "saved_weights_give_the_same_outputs", "register what it needs as a parameter"),
        )
    ),
    broken(
        GeneratorContract, Squeezed, "samples_have_the_expected_shape", "1 sequences were asked for", size=1, length=5
    ),
)

TOKENS = attributes(NumbersDiffer, kinds=frozenset({"tokens"}))
ONE_HOT = "test_a_one_hot_scores_as_its_token"
DISCRIMINATORS = (
    Fault(DiscriminatorContract, ONE_HOT, TOKENS, ("a one-hot and its token score differently",)),
    *(
        broken(DiscriminatorContract, *each)
        for each in (
            (ScalarForOne, "scores_have_the_expected_shape", "sequence is [], not [1]"),
            (OneScoreAStep, "scores_have_the_expected_shape", "steps is [4, 7, 1], not [4, 7]"),
            (AveragesPadding, "padding_does_not_change_a_score", "the score of a sequence: use lengths"),
            (ScoresPadding, "padding_does_not_change_a_score", "scores of steps are not zero on padding: mask them"),
            (StepsSeePadding, "padding_does_not_change_a_score", "the score of a step: use lengths"),
            (BatchStatistics, HALVES, "declare batch_statistics=True"),
            (FlatInItsWeights, "a_gradient_penalty_can_be_differentiated", "gives no parameter a gradient"),
        )
    ),
)

ENCODERS = tuple(
    broken(EncoderContract, *each)
    for each in (
        (TooWide, "posteriors_have_the_expected_shape", "(4, 6) instead of (4, 3)"),
        (EncodesPadding, "padding_does_not_change_a_posterior", "longer padding changed a posterior: use lengths"),
        (EncodesAcross, "half_batches_average_to_the_whole", "sequences influence each other"),
    )
)

OBJECTIVES = tuple(
    broken(ObjectiveContract, *each)
    for each in (
        (NoStage, "stages_and_phases_are_well_formed", "there is no stage"),
        (NoShare, "stages_and_phases_are_well_formed", "stage only has a share of 0.0"),
        (TwiceTheName, "stages_and_phases_are_well_formed", "two phases of one name"),
        (MovesAnother, "stages_and_phases_are_well_formed", "which are not in the spec's needs", "encoder"),
        (Vector, "losses_are_finite_scalars_that_reach_their_networks", "the loss is [3] and no scalar"),
        (NotFinite, "losses_are_finite_scalars_that_reach_their_networks", "phase up of stage only: the loss is nan"),
        (VectorMetric, "losses_are_finite_scalars_that_reach_their_networks", "metric size is no scalar"),
        (ReachesNothing, "losses_are_finite_scalars_that_reach_their_networks", "no parameter of the generator gets"),
        (StepsAnOptimizer, "a_loss_moves_nothing", "a loss stepped an optimizer"),
        (MovesWeights, "a_loss_moves_nothing", "changed weights of the generator: leave that to the trainer"),
        (NumpyChance, "the_same_seed_gives_the_same_loss", "draw all chance from torch's own random numbers"),
        (NeedsTwo, "a_batch_of_one_is_enough", "phase up: the loss of one sequence is nan"),
    )
)

LOGGERS = tuple(
    Fault(LoggerContract, f"test_{test}", {"logger": logger(), "name": "faulty", "plugin": "rgan_kit_plugins"}, words)
    for logger, test, *words in (
        (
            TripsOverNan,
            "a_whole_training_is_watched_without_an_error",
            "rgankit_step_end raised ValueError",
            "not finite",
        ),
        (OnlyOnce, "a_training_that_is_resumed_is_watched_too", "rgankit_train_start raised FileExistsError"),
        (AlwaysTalks, "it_is_quiet_where_nobody_asked_for_it", "seen: faulty.txt", "run.loggers"),
        (TakesMetrics, "it_changes_nothing_that_the_trainer_made", "metrics.jsonl changed", "files of your own"),
    )
)

FAULTS = (*GENERATORS, *DISCRIMINATORS, *ENCODERS, *OBJECTIVES, *LOGGERS)

EXPORTED = (
    broken(GeneratorContract, RandomGraph, "the_exported_file_computes_the_same", "randomness has to be an input"),
    broken(EncoderContract, RandomEncoder, "the_exported_file_computes_the_same", "randomness has to be an input"),
)
"""Faults that only show in a graph, which takes seconds to export."""

GOOD = {
    GeneratorContract: attributes(Generator),
    DiscriminatorContract: attributes(Discriminator),
    EncoderContract: attributes(Encoder),
    ObjectiveContract: attributes(Objective),
    LoggerContract: {"logger": Logger(), "name": "faulty", "plugin": "rgan_kit_plugins"},
}


# --- as a plugin, for what shows in a training ---

PARTS = {"discriminator": "gru", "objective": "non-saturating", "kinds": SERIES, "summary": "a recipe"}
SMALLER = {"defaults": {"discriminator.hidden_size": 4, "discriminator.spectral_norm": False}}


@hookimpl
def rgankit_generators():
    return [spec_of(Generator), spec_of(Forgetful), spec_of(RandomGraph)]


@hookimpl
def rgankit_recipes():
    recipes = [
        RecipeSpec(name=part, generator=part, **PARTS, **SMALLER) for part in ("generator", "forgetful", "randomgraph")
    ]
    return [dataclasses.replace(recipe, summary=f"with {recipe.generator}") for recipe in recipes]
