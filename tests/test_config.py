"""Configuration: precedence, replay, and messages that name the nearest key."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w

from rgan_kit.config import Request, TrainOptions, resolve
from rgan_kit.config.layers import flat
from rgan_kit.config.parts import PART_TYPES
from rgan_kit.contracts import DataError, DomainSpec, UsageError
from rgan_kit.plugins.registry import installed_registry


@pytest.fixture(scope="module")
def registry():
    return installed_registry()


def test_recipe_gives_way_to_file_and_file_to_set_and_set_to_shortcuts(registry, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('recipe = "lstm-gan"\n[generator]\nhidden_size = 32\nlayers = 2\n[train]\nsteps = 7\n')
    request = Request(config=file, settings=["generator.hidden_size=48", "train.batch-size=8"], steps=9)
    config = resolve(request, registry)
    options = config.parts["generator"].options
    assert (options.hidden_size, options.layers) == (48, 2)
    assert (config.train.steps, config.train.batch_size) == (9, 8)
    assert resolve(Request(recipe="lstm-gan"), registry).train.steps > 100  # the recipe's own


def test_a_domain_suits_the_parts_to_its_data_over_the_recipe_and_below_what_is_asked_for(registry):
    plain = resolve(Request(recipe="lstm-gan"), registry)
    music = resolve(Request(recipe="lstm-gan", domain="music"), registry)
    assert plain.parts["generator"].options.dropout > 0 == music.parts["generator"].options.dropout
    assert music.train.generator_learning_rate > plain.train.generator_learning_rate
    asked = ["generator.dropout=0.2", "train.generator_learning_rate=0.001"]
    config = resolve(Request(recipe="lstm-gan", domain="music", settings=asked), registry)
    assert (config.parts["generator"].options.dropout, config.train.generator_learning_rate) == (0.2, 0.001)
    roll = resolve(Request(recipe="lstm-gan", domain="music", settings=["domain.representation=pianoroll"]), registry)
    assert roll.train.generator_learning_rate == plain.train.generator_learning_rate  # another kind of data


def test_a_domains_defaults_mean_nothing_to_a_part_without_the_option(registry):
    config = resolve(Request(recipe="lstm-lm", domain="images"), registry)
    assert config.parts["generator"].options.hidden_size == 128 and "discriminator" not in config.parts


def test_every_default_of_a_domain_is_an_option_of_some_part(registry):
    for spec in registry.specs(DomainSpec):
        for kind, defaults in spec.defaults_by_kind.items():
            for section, options in flat(defaults).items():
                models = [TrainOptions] if section == "train" else [each.options for each in parts(registry, section)]
                for name, value in options.items():
                    fitting = [model for model in models if name in model.model_fields]
                    assert fitting, f"{spec.name}, {kind}: {section}.{name}"
                    assert all(model(**{name: value}) for model in fitting)


def parts(registry, section):
    return registry.specs(PART_TYPES[section])


def test_what_is_written_replays_to_the_same(registry, tmp_path):
    first = resolve(Request(recipe="gru-gan", settings=["objective.critic_steps=3"], seed=5), registry)
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(first.to_dict()))
    assert resolve(Request(config=file), registry).to_dict() == tomllib.loads(file.read_text()) == first.to_dict()


def test_a_part_can_be_exchanged(registry):
    config = resolve(Request(recipe="lstm-gan", settings=["generator=gru"]), registry)
    assert config.parts["generator"].spec.name == "gru"
    alone = resolve(Request(recipe="lstm-gan", settings=["objective=maximum-likelihood"]), registry)
    assert set(alone.parts) == {"generator", "objective"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["generator.hiden_size=64"], "Did you mean hidden_size"),
        (["generatr.hidden_size=64"], "Did you mean generator"),
        (["generator.hidden_size"], "not key=value"),
        (["generator.hidden_size=0"], "generator.hidden_size = 0 .*allowed: 1 up to 8192"),
        (["generator.hidden_size=many"], "generator.hidden_size = 'many'"),
        (["train.steps=0", "train.batch_size=-1"], "train.steps = 0.*train.batch_size = -1"),
        (["objective.temperature_start=0.1"], "has to cool"),
        (["generator=lsmt"], "Did you mean lstm"),
        (["encoder.layers=2"], "has no encoder"),
        (["train.loggers=['tensorbord']"], "Did you mean tensorboard"),
        (["train.device=tpu"], "has to be auto, cpu, cuda or cuda:N"),
        (["train=foo"], "cannot be exchanged"),
        (["train.loggers=tensorbord"], "Did you mean tensorboard"),
    ],
)
def test_a_bad_setting_is_one_message_with_the_mend(registry, settings, said):
    with pytest.raises(UsageError, match=f"(?s){said}"):
        resolve(Request(recipe="lstm-gan", settings=settings), registry)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("recipe = ", "cannot be read as TOML"),
        ('recip = "lstm-gan"', "Did you mean recipe"),
        ('recipe = "lstm-gan"\ntrain = 3', "has to be a table"),
        ('recipe = "lstm-gan"\nseed = "x"', "a seed is a whole number"),
        ("seed = 1", "No recipe is named"),
        ('recipe = "lstm-gan"\ndata = 5', "has to be a path"),
    ],
)
def test_a_bad_file_is_one_message(registry, tmp_path, content, said):
    file = tmp_path / "c.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=said):
        resolve(Request(config=file), registry)


def test_missing_files_are_named(registry, tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        resolve(Request(config=tmp_path / "none.toml"), registry)
    with pytest.raises(DataError, match=r"none.txt"):
        resolve(Request(recipe="lstm-gan", data=tmp_path / "none.txt"), registry)


def test_an_objective_without_its_network_is_refused(registry):
    with pytest.raises(UsageError, match="needs a discriminator"):
        resolve(Request(recipe="lstm-lm", settings=["objective=non-saturating"]), registry)


def test_every_option_has_a_meaning(registry):
    models = {offer.spec.options for offer in registry.offers() if hasattr(offer.spec, "options")} | {TrainOptions}
    for model in models:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
