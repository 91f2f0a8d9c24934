"""The monitor speaks of each trouble once, when it has lasted, and says what the run itself can change."""

from __future__ import annotations

import re

import pytest

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import DomainSpec, RecipeSpec, RganKitError
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.monitor import COLLAPSE, PATIENCE, STEPS, Monitor

REGISTRY = installed_registry()
RECIPES = [spec.name for spec in REGISTRY.specs(RecipeSpec)]
DOMAINS = [spec.name for spec in REGISTRY.specs(DomainSpec)]


def config_of(recipe: str, *settings: str, domain: str | None = None) -> RunConfig:
    return resolve(Request(recipe=recipe, domain=domain, settings=settings), REGISTRY)


def warnings_of(*figures: dict[str, float], config: RunConfig | None = None, samples: bool = False) -> list[str]:
    said: list[str] = []
    monitor = Monitor(said.append, (config or config_of("lstm-vaegan")).options_that_count())
    for step, each in enumerate(figures, 1):
        (monitor.samples if samples else monitor.steps)(step, each)
    return said


@pytest.mark.parametrize(
    ("name", "bad", "good", "advice"),
    [
        ("discriminator/accuracy", 1.0, 0.9, "discriminator.dropout"),
        ("discriminator/gap", -0.2, 0.7, "raise train.discriminator_learning_rate"),
        ("discriminator/gap", 2e4, 0.7, "raise objective.gradient_penalty"),
        ("generator/gradient_norm", 5e3, 2.0, "lower train.clip_norm"),
        ("likelihood/kl", 0.01, 5.0, "free_bits"),
        ("likelihood/active_units", 0.0, 4.0, "word_dropout"),
    ],
)
def test_a_trouble_that_lasts_is_named_once_with_what_to_change(name, bad, good, advice):
    (said,) = warnings_of(*[{name: bad}] * (3 * PATIENCE))
    assert advice in said
    assert f"step {PATIENCE}:" in said
    assert warnings_of(*[{name: good}] * 20) == []


def test_a_trouble_that_passes_is_none():
    assert warnings_of(*[{"discriminator/accuracy": value} for value in [1.0] * (PATIENCE - 1) + [0.6]] * 3) == []


def test_samples_that_repeat_or_hardly_vary_are_a_collapse():
    (said,) = warnings_of({"distinct": 0.3, "heldout_distinct": 0.95}, samples=True)
    assert "30% of them are distinct, of real data 95%" in said
    assert "minibatch_statistics" in said
    (said,) = warnings_of({"spread": 0.1}, samples=True)
    assert "standard deviation is 10%" in said


def test_data_that_repeat_themselves_are_no_collapse():
    assert warnings_of({"distinct": 0.3, "heldout_distinct": 0.35}, {"spread": 0.8}, samples=True) == []


BAD = {"accuracy": (1.0,), "gap": (-1.0, 1e9), "gradient_norm": (1e9,), "kl": (0.0,), "active_units": (0.0,)}
PHASES = ("discriminator", "generator", "encoder", "likelihood", "game", "embedder")


def everything_said(config: RunConfig) -> list[str]:
    """Every trouble, whichever phase shows it."""
    said = []
    for phase in PHASES:
        for figure, values in BAD.items():
            for value in values:
                said += warnings_of(*[{f"{phase}/{figure}": value}] * PATIENCE, config=config)
    return said + warnings_of({"spread": 0.0}, config=config, samples=True)


def test_every_trouble_is_tried_here():
    tried = {trouble.name for trouble in STEPS for value in BAD[trouble.figure] if trouble.seen(value)}
    assert tried == {trouble.name for trouble in STEPS}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_option_that_advice_names_is_one_of_the_run(recipe):
    tried = 0
    for domain in DOMAINS:
        try:
            config = config_of(recipe, domain=domain)
        except RganKitError:  # they do not fit
            continue
        document = config.options_that_count()
        for text in everything_said(config):
            for section, option in re.findall(r"\b([a-z]\w*)\.([a-z]\w*)", text):
                assert option in document.get(section, {}), f"{recipe} on {domain}: {text}"
                tried += 1
    assert tried > 10


def test_what_is_as_advised_already_is_not_advised():
    settings = ("discriminator.spectral_norm=true", "objective.r1_weight=0.5", "discriminator.dropout=0.5")
    (said,) = warnings_of(*[{"discriminator/accuracy": 1.0}] * PATIENCE, config=config_of("lstm-gan", *settings))
    assert said.endswith("To change: lower train.discriminator_learning_rate.")
    (said,) = warnings_of(
        *[{"generator/gradient_norm": 1e9}] * PATIENCE, config=config_of("lstm-gan", "train.clip_norm=0")
    )
    assert "set train.clip_norm=5" in said and "lower train.clip_norm" not in said


def test_the_learning_rate_that_is_named_is_the_one_that_counts():
    config = config_of("lstm-gan")
    for phase, rate in (
        ("generator", "objective.generator_learning_rate"),
        ("discriminator", "train.discriminator_learning_rate"),
        ("likelihood", "train.generator_learning_rate"),
    ):
        (said,) = warnings_of(*[{f"{phase}/gradient_norm": 1e9}] * PATIENCE, config=config)
        assert f"lower {rate};" in said


def test_a_run_with_nothing_to_change_is_told_what_is_wrong_all_the_same():
    said: list[str] = []
    Monitor(said.append, {}).samples(3, {"spread": 0.0})
    (text,) = said
    assert text.startswith(f"step 3: {COLLAPSE.name}: their standard deviation is 0% of that of real data.")
    assert text.endswith("(the best one is kept).")
