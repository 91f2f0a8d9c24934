"""Host rules: a faulty plugin is named, and everything else still works."""

from __future__ import annotations

import textwrap
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from rgan_kit.contracts import PluginError, RecipeSpec, UsageError
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.records import Status
from rgan_kit.plugins.registry import Registry

GOOD = """
    from rgan_kit import hookimpl
    from rgan_kit.contracts import RecipeSpec

    @hookimpl
    def rgankit_recipes():
        return [RecipeSpec(name="{recipe}", summary="s", generator="lstm", objective="maximum-likelihood")]
"""
RAISING = """
    from rgan_kit import hookimpl

    @hookimpl
    def rgankit_recipes():
        raise RuntimeError("no recipes today")
"""
MISSPELT = """
    from rgan_kit import hookimpl

    @hookimpl
    def rgankit_recipies():
        return []
"""
UNMARKED = """
    def rgankit_recipes():
        return []
"""
EXITING = "import sys; sys.exit(7)"
WRONG_TYPE = """
    from rgan_kit import hookimpl

    @hookimpl
    def rgankit_recipes():
        return ["lstm-gan"]
"""


class FakeDistribution(Distribution):
    """A distribution that is not on disk."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: 1.2\n" if filename == "METADATA" else None

    def locate_file(self, path):
        return Path(path)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Makes an entry point of a module with the given source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    count = iter(range(100))

    def make(source: str, *, name: str = "it", distribution: str = "dist", **fields: str) -> EntryPoint:
        module = f"fake_plugin_{tmp_path.name.replace('-', '_')}_{next(count)}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source).replace("{recipe}", fields.get("recipe", "r")))
        entry = EntryPoint(name, module, "rgan_kit.plugins")
        return entry._for(FakeDistribution(distribution))

    return make


def status(registry: Registry, distribution: str) -> tuple[Status, str]:
    record = next(record for record in registry.host.records if record.distribution == distribution)
    return record.status, record.problem


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module", "no_such_module"),
        ("1 / 0", "ZeroDivisionError"),
        (EXITING, "SystemExit: 7"),
        (RAISING, "rgankit_recipes raised RuntimeError: no recipes today"),
        (MISSPELT, "rgankit_recipies"),
        (UNMARKED, "hookimpl"),
        (WRONG_TYPE, "returned a str, not a RecipeSpec"),
    ],
)
def test_a_faulty_plugin_is_named_and_the_good_one_works(plugin, source, said):
    registry = Registry(
        PluginHost([plugin(source, distribution="bad"), plugin(GOOD, name="fine", distribution="good")], environ={})
    )
    state, problem = status(registry, "bad")
    assert state is Status.BROKEN
    assert said in problem
    assert status(registry, "good") == (Status.LOADED, "")
    assert [spec.name for spec in registry.specs(RecipeSpec)] == ["r"]


def test_a_misspelt_hook_lists_the_hooks_there_are(plugin):
    registry = Registry(PluginHost([plugin(MISSPELT)], environ={}))
    assert "rgankit_recipes" in status(registry, "dist")[1]


def test_two_plugins_of_one_name_are_both_kept_and_both_named(plugin):
    entries = [plugin(GOOD, distribution=d, recipe=d) for d in ("alpha", "beta")]
    registry = Registry(PluginHost(entries, environ={}))
    for mine, other in (("alpha", "beta:it"), ("beta", "alpha:it")):
        state, problem = status(registry, mine)
        assert state is Status.CONFLICTING
        assert other in problem
    assert {spec.name for spec in registry.specs(RecipeSpec)} == {"alpha", "beta"}


def test_an_ambiguous_short_name_lists_its_candidates_and_the_full_name_works(plugin):
    entries = [plugin(GOOD, name=d, distribution=d, recipe="same") for d in ("alpha", "beta")]
    registry = Registry(PluginHost(entries, environ={}))
    with pytest.raises(PluginError, match="alpha:same, beta:same"):
        registry.get(RecipeSpec, "same")
    assert registry.offer(RecipeSpec, "beta:same").plugin.distribution == "beta"
    assert registry.offer(RecipeSpec, "same", near="alpha").plugin.distribution == "alpha"


def test_an_unknown_name_gets_the_nearest(plugin):
    registry = Registry(PluginHost([plugin(GOOD, recipe="lstm-gan")], environ={}))
    with pytest.raises(UsageError, match="Did you mean lstm-gan"):
        registry.get(RecipeSpec, "lstm-gna")


@pytest.mark.parametrize("name", ["it", "bad:it"])
def test_block_leaves_a_plugin_out_before_it_is_imported(plugin, name):
    entries = [plugin("1 / 0", distribution="bad"), plugin(GOOD, name="other", distribution="good")]
    registry = Registry(PluginHost(entries, environ={"RGANKIT_BLOCK": name}))
    assert status(registry, "bad") == (Status.BLOCKED, "left out by RGANKIT_BLOCK")
    assert status(registry, "good")[0] is Status.LOADED


def test_allow_leaves_out_all_others(plugin):
    entries = [plugin("1 / 0", name="bad", distribution="bad"), plugin(GOOD, name="good", distribution="good")]
    registry = Registry(PluginHost(entries, environ={"RGANKIT_PLUGINS": "good"}))
    assert status(registry, "bad")[0] is Status.BLOCKED
    assert status(registry, "good")[0] is Status.LOADED


def test_strict_makes_a_broken_plugin_fatal(plugin):
    registry = Registry(PluginHost([plugin("1 / 0")], environ={"RGANKIT_STRICT": "1"}))
    with pytest.raises(PluginError, match=r"dist:it: ZeroDivisionError"):
        registry.host.insist()
    Registry(PluginHost([plugin("1 / 0")], environ={})).host.insist()


def test_a_raising_lifecycle_hook_is_named_once_and_the_others_are_called(plugin, caplog):
    source = """
        from rgan_kit import hookimpl
        calls = []

        @hookimpl
        def rgankit_step_end(step):
            calls.append(step)
            {fault}
    """
    bad = plugin(source.replace("{fault}", "raise OSError('gone')"), distribution="bad")
    good = plugin(source.replace("{fault}", ""), distribution="good", name="fine")
    host = PluginHost([bad, good], {})
    for step in (1, 2):
        host.notify("rgankit_step_end", run=None, step=step, metrics={})
    assert "bad:it: rgankit_step_end raised OSError: gone" in caplog.text
    assert bad.load().calls == [1]
    assert good.load().calls == [1, 2]


def test_the_first_plugin_with_an_answer_decides(plugin):
    guess = """
        from rgan_kit import hookimpl

        @hookimpl
        def rgankit_guess_domain(path):
            return {answer}
    """
    entries = [plugin(guess.replace("{answer}", a), distribution=d) for d, a in (("a", "None"), ("b", "'x'"))]
    record, answer = PluginHost(entries, {}).first("rgankit_guess_domain", path=Path())
    assert (record.distribution, answer) == ("b", "x")


def test_every_hook_has_a_docstring_that_says_who_calls_it():
    from rgan_kit import hookspecs

    hooks = {name: value for name, value in vars(hookspecs).items() if name.startswith("rgankit_")}
    assert len(hooks) >= 15
    for name, hook in hooks.items():
        assert hook.__doc__, name
        assert len(hook.__doc__) > 40, name


def test_a_wrapper_is_refused_since_it_would_never_run(plugin):
    source = """
        from rgan_kit import hookimpl

        @hookimpl(wrapper=True)
        def rgankit_recipes():
            return (yield)
    """
    state, problem = status(Registry(PluginHost([plugin(source)], environ={})), "dist")
    assert state is Status.BROKEN
    assert "plain function" in problem


def test_a_distribution_without_metadata_does_not_end_the_walk(plugin):
    nameless = plugin(GOOD, name="nameless", distribution="x", recipe="a")
    nameless.dist.read_text = lambda filename: None
    registry = Registry(PluginHost([nameless, plugin(GOOD, distribution="good", recipe="b")], environ={}))
    assert {spec.name for spec in registry.specs(RecipeSpec)} == {"a", "b"}


def test_malformed_entry_points_are_named_and_the_others_found(tmp_path, monkeypatch):
    from rgan_kit.plugins.host import installed_host

    info = tmp_path / "garbled-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: garbled\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rgan_kit.plugins]\nthis line has no equals sign\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    host = installed_host.__wrapped__()
    faulty = next(record for record in host.records if record.distribution == "garbled")
    assert faulty.status is Status.BROKEN
    assert "entry points cannot be read" in faulty.problem
    assert any(record.distribution == "rgan-kit" for record in host.records)


def test_the_same_name_twice_in_one_plugin_leaves_the_first(plugin):
    source = GOOD.replace("return [", "return 2 * [")
    registry = Registry(PluginHost([plugin(source)], environ={}))
    assert [spec.name for spec in registry.specs(RecipeSpec)] == ["r"]
    state, problem = status(registry, "dist")
    assert state is Status.CONFLICTING
    assert "offered twice" in problem
