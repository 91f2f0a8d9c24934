"""The mistakes that people make in generators, options and what they import: who notices, and words of the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import faulty_parts
import mistaken_networks as made
from faulty_parts import Fault
from likely_networks import Density, Language
from pydantic import Field
from torch import nn

from rgan_kit.contracts import GeneratorSpec, NoOptions, Options
from rgan_kit.testing import GeneratorContract
from rgan_kit.testing.examples import example_spec

TOKENS, SERIES = frozenset({"tokens"}), frozenset({"series"})
LABELLED = {"data": example_spec("tokens", labels=("one", "two"))}


def attributes(part: type, options: type[Options] = NoOptions) -> dict[str, Any]:
    """What the contract's subclass is given."""
    kinds = TOKENS if issubclass(part, Language) else SERIES

    def build(options, data):
        return part(data, options) if issubclass(part, Language | Density) else part(data)

    spec = GeneratorSpec(name=part.__name__.lower(), summary="a part", kinds=kinds, options=options, build=build)
    return {"spec": spec, "plugin": "rgan_kit_plugins", "labels": ()}


def mistake(part: type[nn.Module], test: str, *words: str, given: Mapping[str, Any] | None = None) -> Fault:
    return Fault(GeneratorContract, f"test_{test}", attributes(part), words, given or {})


class Sized(Options):
    """Nobody reads the second one."""

    width: int = Field(3, ge=1, description="of something")
    depth: int = Field(2, ge=1, description="of nothing")


class Declared(Sized):
    """And says so."""

    depth: int = Field(2, ge=1, description="of nothing", json_schema_extra={"inert": "a hint for people"})


class Together(Options):
    """The second one means something where the first one is on."""

    deep: bool = Field(False, description="whether it is deep")
    depth: int = Field(2, ge=1, description="how deep")


class Spelled(Together):
    """It does so only for one spelling of a third one."""

    way: str = Field("plain", examples=["odd"], description="plain or odd")


class Wide(Density):
    """As wide as its options say."""

    def __init__(self, data, options) -> None:
        super().__init__(data)
        if hasattr(options, "width"):
            width = options.width
        else:
            width = options.depth if options.deep and getattr(options, "way", "odd") == "odd" else 1
        self.more = nn.Parameter(nn.init.ones_(nn.Parameter(self.output.weight.new_empty(width))))

    def nats(self, batch):
        return super().nats(batch) + 0 * self.more.sum()


SUM, FOLLOW, RANGE = "probabilities_sum_to_one", "samples_follow_the_likelihood", "samples_lie_in_their_range_and_units"
FUTURE, AGREE = "a_likelihood_never_sees_the_future", "generate_and_sampler_agree"
ALONE = "every_sample_is_drawn_on_its_own"
GRADIENTS, PADDING = "samples_carry_gradients", "padding_does_not_change_a_likelihood"
LABELS, SHARPER = "labels_change_samples", "a_low_temperature_sharpens"

MISTAKES = (
    mistake(made.SeesThePresent, SUM, "at position", "what is predicted at a position must not be read there"),
    mistake(made.SeesTheFuture, FUTURE, "other values from position", "bidirectional layer belongs into an encoder"),
    mistake(made.WrongAxis, SUM, "log_softmax over the last dimension"),
    mistake(made.NoTemperature, FOLLOW, "at temperature 0.5", "Divide the logits by the temperature"),
    mistake(made.NoTemperature, SHARPER, "its share is", "rgan_kit.nn.pick"),
    mistake(made.MultipliesByTemperature, FOLLOW, "at temperature 0.5", "Divide the logits"),
    mistake(made.MultipliesByTemperature, SHARPER, "at 0.25", "Divide the logits"),
    mistake(made.IgnoresLabels, LABELS, "the samples of two labels are the same", "embedding", given=LABELLED),
    mistake(made.KeepsNoLabels, LABELS, "None for [0, 1, 0, 1]", "Return Batch(values, lengths", given=LABELLED),
    mistake(made.IgnoresItsLatent, "the_latent_changes_samples", "two latents are the same", "latent_size = 0"),
    mistake(made.UncountedEnd, RANGE, "values do not end where lengths say", "lengths + alive before alive is updated"),
    mistake(made.CountedEnd, RANGE, "lengths do not count it", "tokens != data.eos"),
    mistake(made.NeverEnds, RANGE, "after the end token", "where(alive, picked, data.pad)"),
    mistake(made.SaysUnknown, RANGE, "never generated", "IMPOSSIBLE"),
    mistake(made.IgnoresTheGrammar, "samples_follow_the_grammar", "gave [(", "masked_fill(~allowed_next"),
    mistake(made.Detached, GRADIENTS, "its values require no gradient", "relaxed_choice"),
    mistake(made.DetachedAtItsEnd, GRADIENTS, "no weight gets a gradient", "Leave out detach()"),
    mistake(made.GreedyInTraining, AGREE, "sequences differ by", "rgan_kit.nn.exportable(self)"),
    mistake(made.OtherNoise, AGREE, "values differ by", "same kind of noise"),
    mistake(made.SquaredError, SUM, "integrates to one", "missing constant"),
    mistake(made.NoScale, SUM, "at step 0", "the derivative of a change of variables"),
    mistake(made.StepSeesItself, SUM, "at step", "must not be read where it is predicted"),
    mistake(made.StepSeesTheNext, FUTURE, "changed that of position 0", "shifted by one"),
    mistake(made.ForgetsTheWeights, FOLLOW, "samples of step", "its weights, means and deviations"),
    mistake(made.MeansOnly, FOLLOW, "samples of step 0 differ", "its weights, means and deviations"),
    mistake(made.InNetworkUnits, RANGE, "in own units", "rgan_kit.nn.OwnUnits"),
    mistake(made.DensityInNetworkUnits, RANGE, "feature", "rgan_kit.nn.OwnUnits"),
    mistake(made.NoNumbers, "outputs_are_finite", "outputs of shape [(4, 7, 3)]", "divisions by lengths"),
    mistake(made.BeyondTheRange, RANGE, "from -1 to 1", "End with tanh"),
    mistake(made.BatchNorm, ALONE, "BatchNorm1d norm normalises over the batch", "batch_statistics=True"),
    mistake(made.CentredBatch, ALONE, "two rows differ by", "means, norms or sorting over the batch"),
    mistake(made.FreezesItself, "the_sampler_is_a_copy", "its weights were frozen", "rgan_kit.nn.exportable(self)"),
    mistake(made.ForgetfulSteps, "steps_are_those_of_the_sampler", "they differ by", "rgan_kit.nn.Stepper"),
    mistake(made.CountsPadding, PADDING, "log_probs are not zero on padding"),
    mistake(made.LooksAtPadding, PADDING, "longer padding changed log_probs"),
    mistake(made.LooksAcross, "half_batches_average_to_the_whole", "sequences influence each other"),
    Fault(
        GeneratorContract, "test_every_option_changes_something", attributes(Wide, Sized),
        ("depth: no other value changes anything", "Use it, or take it out", '"inert": "the reason"'),
    ),
)  # fmt: skip

GOOD: tuple[tuple[type, Mapping[str, Any]], ...] = (
    *((GeneratorContract, attributes(part)) for part in (Language, Density, made.RightSteps)),
    *((GeneratorContract, attributes(Wide, options)) for options in (Declared, Together, Spelled)),
    *faulty_parts.GOOD.items(),
)
