"""Configuration: precedence, replay, and messages that name the nearest key."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from types import SimpleNamespace

import pytest
import tomli_w

from rgan_kit.config import Request, TrainOptions, resolve
from rgan_kit.contracts import DataError, DomainSpec, NetworkUse, PluginError, RecipeSpec, UsageError
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


def crowded(registry, **changes):
    """The registry with another domain in the place of ``music``."""
    (offer,) = [each for each in registry.offers(DomainSpec) if each.spec.name == "music"]
    other = replace(offer, spec=replace(offer.spec, **changes))
    return SimpleNamespace(
        offer=lambda kind, name, **words: other if kind is DomainSpec else registry.offer(kind, name, **words),
        offers=registry.offers, specs=registry.specs, host=registry.host,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("default", "value", "said"),
    [("generator.hidden_size", 0, "hidden_size"), ("wheel.size", 3, "wheel.size"), ("generator", 3, "generator")],
)
def test_a_fault_in_a_domains_defaults_is_the_domains(registry, default, value, said):
    other = crowded(registry, defaults_by_kind={"tokens": {default: value}})
    with pytest.raises(PluginError, match=f"omain music.*{said}"):
        resolve(Request(recipe="lstm-gan", domain="music"), other)


def test_what_a_recipe_sets_for_every_kind_of_data_stands_over_the_domain(registry):
    recipe = resolve(Request(recipe="lstm-relgan", domain="music"), registry)
    assert recipe.parts["objective"].options.generator_learning_rate == 3e-4
    other = crowded(registry, defaults_by_kind={"tokens": {"objective.generator_learning_rate": 0.5, "train.steps": 7}})
    config = resolve(Request(recipe="lstm-relgan", domain="music"), other)
    assert config.parts["objective"].options.generator_learning_rate == 3e-4 and config.train.steps == 1200


def test_a_run_of_before_is_not_given_todays_defaults_of_its_domain(registry, tmp_path):
    run = resolve(Request(recipe="lstm-lm", domain="images"), registry).to_dict()
    assert run["generator"].pop("least_deviation") == 0.2
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(run))
    assert resolve(Request(config=file), registry).parts["generator"].options.least_deviation == 0.001


def test_a_run_of_before_is_not_given_todays_defaults_of_its_recipe(registry, tmp_path):
    run = resolve(Request(recipe="lstm-lm", domain="series"), registry).to_dict()
    assert run["generator"].pop("mixture") > 1
    assert run["train"].pop("steps") == 2500
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(run))
    config = resolve(Request(config=file), registry)
    assert config.parts["generator"].options.mixture == 1
    assert config.train.steps == TrainOptions().steps


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


@pytest.mark.parametrize(
    ("recipe", "domain", "settings", "said"),
    [
        ("lstm-gan", "series", ["objective=maximum-likelihood"],
         "maximum-likelihood needs a generator with a likelihood, and lstm as it is set has none on series.\n"
         "Give it that: --set generator.autoregressive=true"),
        ("conv-gru-vae", "video", ["generator.likelihood=false"],
         "needs a generator with a likelihood, .* on frames.\nGive it that: --set generator.likelihood=true"),
        ("lstm-vae", "text", ["generator.latent_size=0"],
         "needs a generator with a latent, .*\nGive it that: --set generator.latent_size=16"),
        ("lstm-scratchgan", "text", ["discriminator.bidirectional=true"],
         "needs a discriminator with scores of steps that do not depend on later ones.*bidirectional=false"),
        ("lstm-gan", "text", ["objective=scratchgan"], "scratchgan needs a discriminator with scores of steps"),
    ],
)  # fmt: skip
def test_what_an_objective_requires_is_asked_before_anything_is_built(registry, recipe, domain, settings, said):
    with pytest.raises(UsageError, match=f"(?s){said}"):
        resolve(Request(recipe=recipe, domain=domain, settings=settings), registry)


def test_what_the_built_in_parts_say_they_can_do_is_so(registry):
    """On every kind of data, with the options that decide it."""
    from rgan_kit.contracts import Autoregressive, DiscriminatorSpec, GeneratorSpec, Stepwise
    from rgan_kit.testing.examples import example_spec

    seen = set()
    for spec in registry.specs(GeneratorSpec):
        wanted = {"latent_size": 2, "autoregressive": True, "likelihood": True}
        able = {name: value for name, value in wanted.items() if name in spec.options.model_fields}
        for options in (spec.options(), spec.options(**able)):
            for kind in spec.kinds:
                network = spec.build(options, example_spec(kind))
                found = {"likelihood": isinstance(network, Autoregressive), "steps": isinstance(network, Stepwise),
                         "latent": network.latent_size > 0}  # fmt: skip
                assert set(spec.provides(options, kind)) == {name for name, there in found.items() if there}
                seen.add(tuple(found.values()))
    assert len(seen) > 2
    for spec in registry.specs(DiscriminatorSpec):
        changes = [{}, {"bidirectional": False}] if "bidirectional" in spec.options.model_fields else [{}]
        for options in (spec.options(**each) for each in changes):
            for kind in spec.kinds:
                causal = getattr(spec.build(options, example_spec(kind)), "causal", False)
                assert ("causal" in spec.provides(options, kind)) == causal


def test_every_option_has_a_meaning(registry):
    models = {offer.spec.options for offer in registry.offers() if hasattr(offer.spec, "options")} | {TrainOptions}
    for model in models:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


# --- parts by kind of data ---


def test_a_recipe_may_have_another_part_for_a_kind_of_data(registry):
    on = {kind: resolve(Request(recipe="lstm-gan", domain=kind), registry) for kind in ("text", "series")}
    assert {kind: config.parts["discriminator"].name for kind, config in on.items()} == {
        "text": "lstm",
        "series": "tcn",
    }
    asked = resolve(Request(recipe="lstm-gan", domain="series", settings=["discriminator=gru"]), registry)
    assert asked.parts["discriminator"].name == "gru"
    assert asked.parts["objective"].options.step_weight == 0  # the recipe's own settings for series stay


def test_what_a_run_wrote_down_names_its_parts_whatever_the_recipe_has_today(registry, tmp_path):
    written = resolve(Request(recipe="lstm-gan", domain="series", settings=["discriminator=lstm"]), registry)
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(written.to_dict()))
    assert resolve(Request(config=file), registry).parts["discriminator"].name == "lstm"


def test_a_part_for_a_kind_of_data_has_to_be_one_for_the_others():
    with pytest.raises(ValueError, match="another encoder for a kind of data"):
        RecipeSpec(
            name="x", summary="", generator="gru", objective="hinge", parts_by_kind={"series": {"encoder": "gru"}}
        )


def test_networks_by_name_may_be_other_parts_too():
    recipe = RecipeSpec(
        name="x", summary="", generator="gru", objective="hinge", networks={"reward": NetworkUse(part="a")},
        parts_by_kind={"series": {"reward": "b", "generator": "lstm"}},
    )  # fmt: skip
    assert {name: use.part for name, use in recipe.on("series").uses.items()} == {"generator": "lstm", "reward": "b"}
    assert {name: use.part for name, use in recipe.on("tokens").uses.items()} == {"generator": "gru", "reward": "a"}


@pytest.mark.parametrize(
    ("recipe", "domain", "setting", "said"),
    [
        ("gru-gan", "series", "discriminator.bidirectional=false", "does not exist"),  # that of series is another part
        ("lstm-vaegan", "series", "discriminator.bidirectional=false", "means nothing on series: it is for tokens"),
        ("lstm-lm", "series", "generator.tie_weights=false", "means nothing on series: it is for tokens"),
        ("lstm-gan", "video", "objective.relaxation=soft", "means nothing on frames: it is for tokens"),
        ("lstm-gan", "text", "generator.channels=8", "means nothing on tokens: it is for frames"),
        ("lstm-gan", "series", "generator.mixture=4",
         "means nothing on series while generator.autoregressive is false.\nLeave it out, or use --set "
         "generator.autoregressive=true"),
        ("lstm-lm", "series", "generator.noise_size=4", "while generator.autoregressive is true"),
        ("conv-gru-vae", "video", "generator.word_dropout=0.5", "it is for series and tokens"),
    ],
)  # fmt: skip
def test_an_option_that_means_nothing_on_the_data_is_refused_by_name(registry, tmp_path, recipe, domain, setting, said):
    section, key, value = setting.replace("=", ".", 1).split(".", 2)
    with pytest.raises(UsageError, match=said) as caught:
        resolve(Request(recipe=recipe, domain=domain, settings=[setting]), registry)
    assert f"{section}.{key}" in str(caught.value)
    written = tmp_path / "own.toml"
    written.write_text(f"[{section}]\n{key} = {value if value != 'soft' else repr(value)}\n")
    with pytest.raises(UsageError, match=said):
        resolve(Request(recipe=recipe, domain=domain, config=written), registry)


def test_a_switch_gives_an_option_its_meaning(registry):
    settings = ["generator.autoregressive=true", "generator.mixture=4"]
    config = resolve(Request(recipe="lstm-gan", domain="series", settings=settings), registry)
    assert config.parts["generator"].options.mixture == 4
    assert "mixture" in config.options_that_count()["generator"]
    assert "tie_weights" not in config.options_that_count()["generator"]


def test_what_a_run_wrote_down_may_have_options_without_a_meaning(registry, tmp_path):
    run = resolve(Request(recipe="lstm-lm", domain="series"), registry).to_dict()
    assert run["generator"]["tie_weights"]
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(run))
    assert resolve(Request(config=file), registry).to_dict() == run
