"""A recipe has as many networks as it likes, each by its own name in options, metrics, checkpoints and exports."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w
import torch
from safetensors.torch import load_file
from support import registry_with

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import NetworkUse, PluginError, RecipeSpec, UsageError
from rgan_kit.training.reporting import Silent
from rgan_kit.training.resuming import resume
from rgan_kit.training.session import begin, load_dataset, load_trained, make_trainer

QUICK = ("train.threads=1", "train.evaluation_samples=8", "domain.embedded_sequences=60", "train.log_every=1",
         "train.evaluate_every=100", "train.sample_every=100", "train.checkpoint_every=3",
         "train.keep_checkpoints=9")  # fmt: skip


@pytest.fixture(scope="module")
def registry():
    return registry_with(named="named_parts")


def config(registry, *settings, steps=8, **fields):
    return resolve(Request("judged", "series", settings=(*QUICK, *settings), steps=steps, **fields), registry)


# --- configuration ---


def test_sections_follow_the_recipes_names_and_replay(registry, tmp_path):
    asked = ("judge.size=5", "discriminator_2=gru", "discriminator_2.layers=2", "train.judge_learning_rate=0.5")
    made = config(registry, *asked)
    document = made.to_dict()
    assert document["judge"] == {"name": "judge", "size": 5}
    second = document["discriminator_2"]
    assert (second["name"], second["layers"], second["hidden_size"]) == ("gru", 2, 5)
    assert (document["train"]["judge_learning_rate"], document["train"]["objective_learning_rate"]) == (0.5, 0.02)
    assert document["origins"]["judge"] == "named:judge"
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps(document))
    assert resolve(Request(config=file), registry).to_dict() == tomllib.loads(file.read_text()) == document
    assert list(made.networks) == ["generator", "discriminator", "discriminator_2", "judge"]
    assert made.averaged == ("generator", "judge")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("jugde.size=5", "there is no section 'jugde'. *\nDid you mean judge"),
        ("judge.sise=5", "judge.sise does not exist. Did you mean size"),
        ("train.jugde_learning_rate=0.1", "Did you mean judge_learning_rate"),
        ("judge=jury", "No network is called 'jury'"),
        ("discriminator_2=mocogan", "discriminator_2 mocogan works on frames"),
        ("objective=non-saturating", ""),
        ("encoder.layers=2", "has no encoder"),
        ("judge.size=1", "needs a judge with 'wisdom', and judge as it is set has none on series"),
    ],
)
def test_a_bad_setting_of_a_named_network_is_one_message(registry, setting, said):
    if not said:  # networks that another objective does not need are left out
        assert set(config(registry, setting).networks) == {"generator", "discriminator"}
        return
    with pytest.raises(UsageError, match=said):
        config(registry, setting)


def test_an_objective_that_needs_another_network_or_kind_says_so(registry):
    with pytest.raises(UsageError, match="Objective judging needs a discriminator_2 and a judge"):
        resolve(Request("gru-gan", "series", settings=["objective=judging"]), registry)
    odd = RecipeSpec(name="odd", summary="", generator="gru", discriminator="gru", objective="judging", networks={
        "discriminator_2": NetworkUse(part="judge"), "judge": NetworkUse(part="judge")})  # fmt: skip
    from rgan_kit.config.parts import choose

    with pytest.raises(
        UsageError, match="needs a discriminator for its discriminator_2, and that of recipe odd is a part"
    ):
        choose(odd, [], registry, "named")


@pytest.mark.parametrize("name", ["train", "Judge", "average_of_judge", "a-b", "generator"])
def test_a_name_that_means_something_else_is_refused(name):
    with pytest.raises(ValueError, match="recipe odd"):
        RecipeSpec(name="odd", summary="", generator="gru", objective="o", networks={name: NetworkUse(part="judge")})


def test_a_recipe_without_a_generator_is_refused():
    with pytest.raises(ValueError, match="names no generator"):
        RecipeSpec(name="odd", summary="", objective="o", networks={"judge": NetworkUse(part="judge")})


# --- training ---


@pytest.fixture(scope="module")
def whole(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named") / "run"
    made = config(registry, "objective.threshold=1.2")
    trainer = begin(made, load_dataset(made), registry, folder, Silent())
    trainer.train()
    return trainer


def test_every_network_and_the_objectives_parameters_are_trained_and_kept(whole):
    first, last = (load_file(whole.checkpoints.path(step) / "model.safetensors") for step in (3, 8))
    prefixes = {name.partition(".")[0] for name in last}
    assert prefixes == {"generator", "discriminator", "discriminator_2", "judge", "objective", "average_of_generator",
                        "average_of_judge"}  # fmt: skip
    moved = {name.partition(".")[0] for name in last if not torch.equal(first[name], last[name])}
    assert moved == prefixes
    assert whole.updater.optimizers["judge"].param_groups[0]["lr"] < 0.03
    assert set(whole.updater.optimizers) == {"generator", "discriminator", "discriminator_2", "judge", "objective"}


def test_it_goes_on_bit_for_bit_with_conditions_and_own_batches(whole, registry, tmp_path):
    lines = (whole.folder / "metrics.jsonl").read_text().splitlines()
    assert any('"second/skipped": ' in line for line in lines)
    assert 0 < whole.updater.declined["second"] < 4  # it said both
    made = config(registry, "objective.threshold=1.2")
    stopped = begin(made, load_dataset(made), registry, tmp_path / "run", Silent())
    stopped.train()
    resumed = resume(tmp_path / "run", "step-00000006", registry, Silent())
    resumed.train()
    for file in ("model.safetensors", "training.safetensors"):
        expected, found = (load_file(each.checkpoints.path(8) / file) for each in (whole, resumed))
        assert all(torch.equal(expected[name], found[name]) for name in expected), file
    assert resumed.updater.declined == whole.updater.declined
    drop = '"sequences_per_second"'
    mine = [line.partition(drop)[0] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert mine == [line.partition(drop)[0] for line in lines]


def test_an_export_holds_the_averaged_networks(whole, registry):
    run = load_trained(whole.folder, "step-00000008", registry)
    assert set(run.networks) == {"generator", "judge"}
    assert run.generator is run.networks["generator"] and run.encoder is None
    for name, network in run.networks.items():
        for mine, theirs in zip(network.parameters(), whole.updater.averaged[name].parameters(), strict=True):
            assert torch.equal(mine, theirs)


def test_a_network_is_built_beside_those_before_it(whole):
    assert whole.networks["judge"].seen == ("generator", "discriminator", "discriminator_2")


def test_a_run_of_before_goes_on_though_options_and_states_came_since(registry, tmp_path, monkeypatch):
    import json

    from rgan_kit.config.run import RunConfig
    from rgan_kit.training.checkpoints import _checksum

    to_dict = RunConfig.to_dict

    def older(self):
        document = to_dict(self)
        document["generator"].pop("mixture")
        return {key: value for key, value in document.items() if key != "origins"}

    monkeypatch.setattr(RunConfig, "to_dict", older)
    made = resolve(Request("gru-gan", "series", settings=QUICK, steps=4), registry)
    begin(made, load_dataset(made), registry, tmp_path / "run", Silent()).train()
    monkeypatch.undo()
    file = tmp_path / "run" / "checkpoints" / "step-00000003" / "state.json"
    state = json.loads(file.read_text())
    for name in ("declined", "figures", "checksum"):
        del state[name]
    file.write_text(json.dumps({**state, "checksum": _checksum(state)}))
    assert resume(tmp_path / "run", "step-00000003", registry, Silent()).train().step == 4
    config_file = tmp_path / "run" / "config.toml"
    config_file.write_text(config_file.read_text().replace("layers = 1", "layers = 2"))
    with pytest.raises(UsageError, match="is not what it was"):
        resume(tmp_path / "run", None, registry, Silent())


def test_a_generator_that_gives_no_lengths_to_data_that_differ_in_them_is_said_to(registry, tmp_path):
    from dataclasses import replace

    import numpy as np

    made = config(registry)
    dataset = load_dataset(made)
    uneven = replace(
        dataset, spec=replace(dataset.spec, length_shares=np.full(dataset.spec.length, 1 / dataset.spec.length))
    )
    told = []

    class Listening(Silent):
        def message(self, text):
            told.append(text)

    for number, (data, expected) in enumerate(((dataset, 0), (uneven, 1))):
        trainer = make_trainer(made, data, registry, tmp_path / "run")
        monkey = pytest.MonkeyPatch()
        monkey.setattr(type(trainer.generator), "variable", False)
        begin(made, data, registry, tmp_path / f"run-{number}", Listening())
        monkey.undo()
        assert len([text for text in told if "gives no lengths" in text]) == expected


# --- what an objective gets wrong ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda phases: phases[:1], "has parameters of its own, and nothing trains them .weight."),
        (
            lambda phases: (changed(phases[0], networks=("jury",)), *phases[1:]),
            "names 'jury', and there is no such network",
        ),
        (
            lambda phases: (*phases[:-1], changed(phases[-1], frozen=("generator",))),
            "trains the generator and has it frozen",
        ),
        (lambda phases: (*phases[:-1], changed(phases[-1], repeats=0)), "has repeats 0"),
    ],
)
def test_phases_that_make_no_sense_are_refused_before_a_step(registry, monkeypatch, tmp_path, change, said):
    import named_parts

    stages = named_parts.Judging.stages

    def faulty(self):
        return tuple(changed(stage, phases=change(stage.phases)) for stage in stages(self))

    monkeypatch.setattr(named_parts.Judging, "stages", faulty)
    made = config(registry)
    with pytest.raises(PluginError, match=f"named: objective judging.* {said}"):
        make_trainer(made, load_dataset(made), registry, tmp_path / "run")


def changed(noun, **fields):
    from dataclasses import replace

    return replace(noun, **fields)
