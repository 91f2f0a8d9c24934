"""A plugin that takes names which a run uses changes nothing of the run: it resolves as it wrote down."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w
from support import SMALL, registry_with

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import DomainSpec, PluginError, RecipeSpec, UsageError
from rgan_kit.plugins.registry import Registry, installed_registry

RIVAL = """
from dataclasses import replace
from rgan_kit import hookimpl
from rgan_kit.contracts import RecipeSpec
from rgan_kit_plugins.domains import DOMAINS
from rgan_kit_plugins.generators import GENERATORS

@hookimpl
def rgankit_recipes():
    return [
        RecipeSpec(name="lstm-gan", summary="", generator="lstm", objective="maximum-likelihood"),
        RecipeSpec(name="mine", summary="", generator="lstm", objective="maximum-likelihood"),
    ]

@hookimpl
def rgankit_generators():
    return [replace(spec, summary="of the rival") for spec in GENERATORS if spec.name == "lstm"]

@hookimpl
def rgankit_domains():
    return [replace(spec, summary="of the rival") for spec in DOMAINS if spec.name == "text"]
"""


@pytest.fixture
def with_rivals(tmp_path, monkeypatch):
    """A registry of what is installed and of distributions that all offer the same names."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(*distributions: str) -> Registry:
        for name in distributions:
            (tmp_path / f"{name}_module.py").write_text(RIVAL)
        return registry_with(**{name: f"{name}_module" for name in distributions})

    return make


def written(config: RunConfig, folder: Path, **changes: object) -> Path:
    document = {**config.to_dict(), **changes}
    file = folder / "config.toml"
    file.write_text(tomli_w.dumps({key: value for key, value in document.items() if value is not None}))
    return file


def test_a_run_writes_down_where_everything_comes_from():
    config = resolve(Request(recipe="lstm-gan"), installed_registry())
    names = {"recipe": "lstm-gan", "generator": "lstm", "discriminator": "lstm", "objective": "non-saturating",
             "domain": "text"}  # fmt: skip
    assert config.to_dict()["origins"] == {section: f"rgan-kit:{name}" for section, name in names.items()}


def test_a_taken_name_is_the_built_in_one_and_the_rival_has_its_full_name(with_rivals):
    registry = with_rivals("rival")
    plain = resolve(Request(recipe="lstm-gan"), registry)
    assert plain.to_dict() == resolve(Request(recipe="lstm-gan"), installed_registry()).to_dict()
    other = resolve(Request(recipe="rival:lstm-gan", settings=["domain=rival:text"]), registry)
    assert set(other.parts) == {"generator", "objective"}
    assert other.origins["generator"] == "rival:lstm"  # a recipe's parts are those of its own plugin
    assert other.origins["domain"] == "rival:text"


@pytest.mark.parametrize("old", [False, True], ids=["recorded", "versions alone"])
def test_a_run_of_a_rivals_recipe_replays_beside_another_rival(with_rivals, tmp_path, old):
    first = resolve(Request(recipe="mine", domain="rival:text"), with_rivals("rival"))
    file = written(first, tmp_path, **({"origins": None} if old else {}))
    again = resolve(Request(config=file), with_rivals("another", "rival"))
    assert again.to_dict() == first.to_dict()
    with pytest.raises(PluginError, match="another:mine, rival:mine"):
        resolve(Request(recipe="mine"), with_rivals("another", "rival"))


def test_what_a_run_wrote_down_wins_over_the_built_in_name(with_rivals, tmp_path):
    first = resolve(Request(recipe="lstm-lm", settings=["generator=rival:lstm"]), with_rivals("rival"))
    document = first.to_dict()
    file = written(first, tmp_path, generator={**document["generator"], "name": "lstm"})
    again = resolve(Request(config=file), with_rivals("another", "rival"))
    assert again.parts["generator"].distribution == "rival"
    exchanged = resolve(Request(config=file, settings=["generator=gru"]), with_rivals("another", "rival"))
    assert exchanged.parts["generator"].qualified == "rgan-kit:gru"


def test_what_a_run_wrote_down_and_nobody_offers_is_named_with_its_version(with_rivals, tmp_path):
    first = resolve(Request(recipe="rival:lstm-gan"), with_rivals("rival"))
    with pytest.raises(PluginError, match=r"(?s)run is rival:lstm-gan, .* pip install rival==1\.0") as caught:
        resolve(Request(config=written(first, tmp_path)), installed_registry())
    assert "\n" not in caught.value.problem


@pytest.mark.parametrize("table", [3, {"recipe": 3}])
def test_origins_that_no_run_writes_are_one_message(tmp_path, table):
    file = written(resolve(Request(recipe="lstm-lm"), installed_registry()), tmp_path, origins=table)
    with pytest.raises(UsageError, match=r"\[origins\] has to be a table of texts"):
        resolve(Request(config=file), installed_registry())


def test_a_run_goes_on_and_is_looked_at_beside_a_rival(with_rivals, tmp_path):
    from rgan_kit.training.reporting import Silent
    from rgan_kit.training.resuming import resume
    from rgan_kit.training.session import begin, load_dataset, load_trained

    settings = [*SMALL, "train.evaluation_samples=8", "train.checkpoint_every=1"]
    config = resolve(Request(recipe="lstm-gan", steps=4, settings=settings), installed_registry())
    begin(config, load_dataset(config), installed_registry(), tmp_path / "run", Silent()).train()
    registry = with_rivals("rival")
    trainer = resume(tmp_path / "run", "step-00000002", registry, Silent())
    assert trainer.train().step == 4
    assert load_trained(tmp_path / "run", None, registry).config.origins == config.origins
    replayed = resolve(Request(config=tmp_path / "run" / "config.toml"), registry)
    assert replayed.to_dict() == trainer.config.to_dict()


@pytest.mark.export
def test_a_run_is_exported_and_decoded_beside_a_rival(with_rivals, trained, tmp_path, monkeypatch):
    from rgan_kit.export.exporter import export
    from rgan_kit.runtime import decoding, load
    from rgan_kit.training.session import load_trained

    registry = with_rivals("rival")
    export(load_trained(trained, None, registry), tmp_path / "model.onnx", registry)
    monkeypatch.setattr(decoding, "default_registry", lambda: registry)
    assert len(load(tmp_path / "model.onnx").sample(2, seed=1)) == 2


@pytest.mark.parametrize(("domain", "plugins", "expected"), [
    ("text", {"rgan-kit": "1"}, ""), ("rival:text", {"rgan-kit": "1", "rival": "1"}, "of the rival"),
])  # fmt: skip
def test_a_model_file_is_decoded_by_the_domain_that_it_names(with_rivals, monkeypatch, domain, plugins, expected):
    from types import SimpleNamespace

    from rgan_kit.runtime import decoding

    monkeypatch.setattr(decoding, "default_registry", lambda: with_rivals("rival"))
    found = decoding.find_domain(SimpleNamespace(domain=domain, plugins=plugins, kind="tokens"), "a file")  # type: ignore[arg-type]
    assert isinstance(found, DomainSpec) and (found.summary == "of the rival") == bool(expected)


def test_a_recipe_is_found_by_its_full_name_in_every_case(with_rivals):
    registry = with_rivals("rival")
    assert registry.offer(RecipeSpec, "rival:lstm-gan").plugin.distribution == "rival"
    assert registry.offer(RecipeSpec, "rgan-kit:lstm-gan").plugin.distribution == "rgan-kit"
    assert registry.offer(RecipeSpec, "lstm-gan", near="rival").plugin.distribution == "rival"
