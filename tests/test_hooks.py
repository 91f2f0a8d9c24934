"""Every hook is documented, tested, and called as its specification says."""

from __future__ import annotations

import inspect
import re
import runpy
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rgan_kit import hookspecs
from rgan_kit.contracts import PluginError
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.registry import COLLECTIONS, Registry

ROOT = Path(__file__).parent.parent
GENERATED = runpy.run_path(str(ROOT / "docs" / "generate_hooks.py"))
HOOKS = GENERATED["hooks"]()
PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")

OFFERING = """
    from rgan_kit import hookimpl
    from rgan_kit.contracts import *

    COMMON = {{"name": "mine", "summary": "s"}}
    ANY = {{"kinds": frozenset(KINDS)}}

    @hookimpl
    def {hook}():
        return [{spec}]
"""
SPECS = {
    "rgankit_generators": "GeneratorSpec(**COMMON, **ANY, build=print)",
    "rgankit_discriminators": "DiscriminatorSpec(**COMMON, **ANY, build=print)",
    "rgankit_encoders": "EncoderSpec(**COMMON, **ANY, build=print)",
    "rgankit_emissions": "EmissionSpec(**COMMON, **ANY, build=print)",
    "rgankit_objectives": "ObjectiveSpec(**COMMON, **ANY, build=print)",
    "rgankit_networks": "NetworkSpec(**COMMON, **ANY, build=print)",
    "rgankit_domains": "DomainSpec(**COMMON, kind='tokens', default_data='none', load=print, decoder=print)",
    "rgankit_recipes": "RecipeSpec(**COMMON, generator='lstm', objective='maximum-likelihood')",
    "rgankit_metrics": "MetricSpec(**COMMON, **ANY, compute=print)",
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with one plugin of the given source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"hooked_{tmp_path.name.translate({ord(sign): '_' for sign in '-[]'})}"

    def make(source: str) -> PluginHost:
        (tmp_path / f"{module}.py").write_text(inspect.cleandoc(source))
        return PluginHost([EntryPoint("it", module, hookspecs.ENTRY_POINT_GROUP)], environ={})

    return make


def test_the_page_of_hooks_is_the_one_that_the_specifications_give():
    assert GENERATED["page"]() == PAGE, "run: python docs/generate_hooks.py"


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_and_tested(name):
    assert len((HOOKS[name].__doc__ or "").split()) >= 5, "say who calls it, when, and what it returns"
    assert f"### {name}\n" in PAGE
    tests = [*(ROOT / "tests").rglob("test_*.py")]
    assert any(re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) for file in tests), "no test names it"


def test_every_hook_stands_in_a_section():
    named = [name for _, _, names in GENERATED["sections"]() for name in names]
    assert sorted(named) == sorted(HOOKS)


@pytest.mark.parametrize(("hook", "spec"), SPECS.items())
def test_what_a_collecting_hook_returns_is_on_offer(host, hook, spec):
    registry = Registry(host(OFFERING.format(hook=hook, spec=spec)))
    (offer,) = (offer for kind in COLLECTIONS.values() for offer in registry.offers(kind))
    assert offer.spec.name == "mine"
    assert type(offer.spec).__name__ == spec.partition("(")[0]
    assert offer.plugin.hooks == [hook]


WATCHING = """
    from rgan_kit import hookimpl

    SEEN = []

    @hookimpl
    def rgankit_train_start(run, step):
        SEEN.append(("start", run, step))

    @hookimpl
    def rgankit_step_end(metrics):
        SEEN.append(("step", metrics))

    @hookimpl
    def rgankit_samples(lines, files):
        SEEN.append(("samples", lines, files))

    @hookimpl
    def rgankit_warning(text):
        SEEN.append(("warning", text))

    @hookimpl
    def rgankit_table(rows):
        SEEN.append(("table", rows))

    @hookimpl
    def rgankit_checkpoint_saved(path, step):
        SEEN.append(("saved", path, step))

    @hookimpl
    def rgankit_train_end(status):
        SEEN.append(("end", status))
"""


def test_a_watching_plugin_is_given_the_arguments_that_it_takes_in_the_order_of_a_training(host):
    watched = host(WATCHING)
    watched.notify("rgankit_train_start", run="the run", step=0)
    watched.notify("rgankit_step_end", run="the run", step=1, metrics={"loss": 1.0})
    watched.notify("rgankit_samples", run="the run", step=1, samples=["a"], lines=["A"], files=[], outputs={})
    watched.notify("rgankit_warning", run="the run", step=1, text="look")
    watched.notify("rgankit_checkpoint_saved", run="the run", step=1, path=Path("there"))
    watched.notify("rgankit_table", run="the run", rows=[("start", {})], reference={})
    watched.notify("rgankit_train_end", run="the run", status="done")
    ((_, plugin),) = watched.active()
    assert [
        ("start", "the run", 0),
        ("step", {"loss": 1.0}),
        ("samples", ["A"], []),
        ("warning", "look"),
        ("saved", Path("there"), 1),
        ("table", [("start", {})]),
        ("end", "done"),
    ] == plugin.SEEN


def test_metadata_of_a_plugin_goes_into_the_manifest_under_its_own_name(host):
    plugin = """
        from rgan_kit import hookimpl

        @hookimpl
        def rgankit_export_metadata(manifest):
            return {"seen": manifest["recipe"]}
    """
    assert _extra(host(plugin)) == {"unknown:it": {"seen": "lstm-lm"}}


@pytest.mark.parametrize(("returned", "said"), [("['a list']", "a list, not a mapping"), ("{'a': {1}}", "not JSON")])
def test_metadata_that_no_file_can_hold_is_refused(host, returned, said):
    source = f"""
        from rgan_kit import hookimpl

        @hookimpl
        def rgankit_export_metadata():
            return {returned}
    """
    with pytest.raises(PluginError, match=said):
        _extra(host(source))


def _extra(host: PluginHost) -> dict:
    from types import SimpleNamespace

    from rgan_kit.export import exporter

    manifest = SimpleNamespace(model_dump=lambda mode: {"recipe": "lstm-lm"})
    return exporter._extra(manifest, SimpleNamespace(host=host))
