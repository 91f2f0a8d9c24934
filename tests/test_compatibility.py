"""What docs/compatibility.md promises to authors of plugins and owners of model files, as far as a test can hold it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import tomllib
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from support import call

from rgan_kit import contracts, hookspecs
from rgan_kit.plugins import host as host_module
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.records import Status

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")

HOOKS = {
    **{f"rgankit_{collection}s": () for collection in (
        "generator", "discriminator", "encoder", "network", "objective", "domain", "recipe", "metric", "command",
    )},
    "rgankit_guess_domain": ("path",),
    "rgankit_train_start": ("run", "step"),
    "rgankit_step_end": ("run", "step", "metrics"),
    "rgankit_checkpoint_saved": ("run", "step", "path"),
    "rgankit_train_end": ("run", "status"),
    "rgankit_export_metadata": ("manifest",),
}  # fmt: skip
"""The hooks of release 0.1 with their arguments. Plugins rely on these: add to them, and take nothing away."""

PART = ("name", "summary", "kinds", "build")
REQUIRED = {
    "GeneratorSpec": PART,
    "DiscriminatorSpec": PART,
    "EncoderSpec": PART,
    "EmissionSpec": PART,
    "NetworkSpec": PART,
    "ObjectiveSpec": PART,
    "DomainSpec": ("name", "summary", "kind", "default_data", "load", "decoder"),
    "RecipeSpec": ("name", "summary", "objective"),
    "Measured": ("value",),
    "MetricSpec": ("name", "summary", "kinds", "compute"),
    "Batch": ("values", "lengths"),
    "BuildContext": ("name", "networks"),
    "Column": ("name",),
    "Dataset": ("spec", "train", "validation", "decoder", "fingerprint"),
    "Figure": ("name",),
    "FrameSpec": ("length", "height", "width", "channels", "fps"),
    "Loss": ("value",),
    "NetworkUse": ("part",),
    "Phase": ("name", "networks", "loss"),
    "Relaxation": (),
    "RunInfo": ("name", "folder", "recipe"),
    "SampleSet": ("samples", "outputs", "dataset"),
    "Scores": ("sequence", "steps"),
    "SeriesSpec": ("features", "length", "names", "minimum", "maximum"),
    "Stage": ("name", "share", "phases"),
    "StepContext": ("batch", "progress", "max_length"),
    "Tally": ("noun", "fate", "count", "total"),
    "TokenSpec": ("vocab_size", "bos", "eos", "pad", "max_length"),
}
"""What release 0.1 asks for, in the order of the positional arguments. Whatever is added has a default."""

WATCHING = """
from rgan_kit import hookimpl

SEEN = []

@hookimpl
def {hook}({arguments}):
    SEEN.append(({arguments}))
    return {{}}
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with one plugin, which implements a hook with these arguments."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(hook: str, *arguments: str) -> PluginHost:
        module = f"kept_{tmp_path.name.translate({ord(sign): '_' for sign in '-[]'})}_{len(arguments)}"
        listed = "".join(f"{name}, " for name in arguments)
        (tmp_path / f"{module}.py").write_text(WATCHING.format(hook=hook, arguments=listed))
        return PluginHost([EntryPoint("it", module, hookspecs.ENTRY_POINT_GROUP)], environ={})

    return make


# --- hooks ---


@pytest.mark.parametrize("hook", HOOKS)
def test_no_hook_and_no_argument_of_a_release_goes_away(hook):
    assert set(HOOKS[hook]) <= set(inspect.signature(getattr(hookspecs, hook)).parameters)


@pytest.mark.parametrize("hook", [name for name, arguments in HOOKS.items() if arguments])
def test_an_implementation_takes_as_few_arguments_as_it_likes(host, hook):
    given = dict.fromkeys(HOOKS[hook], "given")
    for number in range(len(given) + 1):
        watched = host(hook, *HOOKS[hook][:number])
        ((record, answer),) = watched.each(hook, **given)
        assert (record.status, record.problem, answer) == (Status.LOADED, "", {})
        ((_, plugin),) = watched.active()
        assert [("given",) * number] == plugin.SEEN


def test_a_hook_that_gains_an_argument_passes_it_to_those_that_name_it(host, monkeypatch):
    later = types.ModuleType("later_hookspecs")
    vars(later).update({name: value for name, value in vars(hookspecs).items() if name.startswith("rgankit_")})

    def rgankit_train_end(run, status, seconds):
        """Of a later release."""

    later.rgankit_train_end = hookspecs.hookspec(rgankit_train_end)
    monkeypatch.setattr(host_module, "hookspecs", later)
    for arguments in (("run", "status"), ("run", "status", "seconds")):
        watched = host("rgankit_train_end", *arguments)
        assert [record.problem for record, _ in watched.each(later.rgankit_train_end.__name__, **GIVEN)] == [""]
        ((_, plugin),) = watched.active()
        assert [tuple(GIVEN[name] for name in arguments)] == plugin.SEEN


GIVEN = {"run": "the run", "status": "done", "seconds": 3.0}


def test_a_plugin_that_asks_for_an_argument_of_a_later_release_is_told_which_there_are(host):
    (record,) = host("rgankit_train_end", "run", "seconds").records
    assert record.status is Status.BROKEN
    assert "seconds" in record.problem
    assert "(arguments of rgankit_train_end: run, status)" in record.problem
    assert "\n" not in record.problem


# --- descriptions and nouns ---


@pytest.mark.parametrize("name", REQUIRED)
def test_descriptions_and_nouns_only_gain_fields_with_defaults(name):
    noun = getattr(contracts, name)
    asked = {parameter.name for parameter in inspect.signature(noun).parameters.values()
             if parameter.default is parameter.empty}  # fmt: skip
    assert asked == set(REQUIRED[name])
    positional = [each.name for each in dataclasses.fields(noun) if not each.kw_only]
    if positional:
        assert tuple(positional[: len(REQUIRED[name])]) == REQUIRED[name]


def test_every_noun_that_plugins_make_is_held():
    nouns = {name for name in contracts.__all__ if dataclasses.is_dataclass(getattr(contracts, name))}
    assert nouns - {"ComponentSpec", "Sequences", "Windows"} == set(REQUIRED)


# --- deprecation ---


def test_what_is_deprecated_is_listed_and_what_is_listed_is_deprecated():
    from rgan_kit.contracts import DomainSpec
    from rgan_kit.plugins.registry import installed_registry

    files = [*(ROOT / "rgan_kit").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    warned = [file.name for file in files if "DeprecationWarning" in file.read_text(encoding="utf-8")]
    specs = [offer.spec for offer in installed_registry().offers() if hasattr(offer.spec, "options")]
    assert any(isinstance(spec, DomainSpec) for spec in specs)
    fields = [field for spec in specs for field in spec.options.model_fields.values()]
    old = [field for field in fields if (field.description or "").startswith("deprecated:")]
    listed = PAGE.partition("Deprecated at present:")[2].partition("##")[0].strip()
    assert (listed == "nothing.") == (not warned and not old), (warned, old)


# --- what the page says in numbers ---


def test_the_page_names_the_contract_and_the_python_that_are_so():
    from rgan_kit.runtime import contract

    assert f"`rgan_kit.contract`, a whole number, {contract.VERSION} at present" in " ".join(PAGE.split())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, last = re.search(r"Python 3\.(\d+) to 3\.(\d+)\.", PAGE).groups()
    assert project["requires-python"] == f">=3.{low},<3.{int(last) + 1}"


# --- model files ---


@pytest.mark.parametrize("command", ["sample", "inspect"])
def test_a_file_of_a_newer_contract_is_refused_in_one_message(tmp_path, command):
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"]) for name in ("noise", "holograms")]
    graph = helper.make_graph([helper.make_node("Identity", ["noise"], ["holograms"])], "graph", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"rgan_kit.manifest": json.dumps({"contract": 3}), "rgan_kit.contract": "3"})
    onnx.save(model, tmp_path / "later.onnx")
    answer = call(command, tmp_path / "later.onnx")
    assert answer.code == 4
    assert answer.out == ""
    problem, hint = answer.err.splitlines()
    assert problem.endswith("later.onnx: follows version 3 of the model contract; this rgan-kit reads 2.")
    assert hint.strip() == "Upgrade it: pip install --upgrade rgan-kit."
