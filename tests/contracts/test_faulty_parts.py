"""Every requirement of a contract is broken by a planted fault, and its author is told what was seen and how to fix it.

Those of domains are planted in ``tests/faulty_domains.py``.
"""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points

import faulty_parts
import mistaken_companions
import mistaken_metrics
import mistakes
import pytest

from rgan_kit.contracts import RganKitError
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.registry import Registry
from rgan_kit.testing import RecipeContract
from rgan_kit.testing.examples import example_spec
from rgan_kit.testing.surroundings import HINTS

GOOD = (*mistakes.GOOD, mistaken_metrics.GOOD, mistaken_companions.GOOD)
FAULTS = (*faulty_parts.FAULTS, *mistakes.MISTAKES, *mistaken_metrics.MISTAKES, *mistaken_companions.MISTAKES)
CONTRACTS = (*faulty_parts.GOOD, mistaken_metrics.GOOD[0], mistaken_companions.GOOD[0])
SKIPS = ("for tokens", "for data with labels", "has no likelihood", "has no latent", "has no stepper")
DESCRIBED = "test_describing_it_does_not_import_torch"
AROUND = "test_importing_it_changes_nothing_around_it"


def requirements(contract: type) -> list[str]:
    return [name for name in dir(contract) if name.startswith("test_")]


def is_exported(contract: type, test: str) -> bool:
    return any(mark.name == "export" for mark in getattr(getattr(contract, test), "pytestmark", ()))


def keep(contract: type, attributes, test: str, tmp_path, **given) -> None:
    """Runs one test of a contract as pytest would."""
    made = type("TestIt", (contract,), dict(attributes))()
    method = getattr(made, test)
    wanted = inspect.signature(method).parameters
    spec = attributes.get("spec")
    data = example_spec(next(iter(spec.kinds))) if spec is not None and spec.kinds else None
    known = {"data": data, "plain": data, "tmp_path": tmp_path, "size": 2, "length": 3, "domain": "series", **given}
    method(**{name: known[name] for name in wanted})


def told(fault: faulty_parts.Fault, tmp_path) -> str:
    with pytest.raises((AssertionError, RganKitError)) as caught:
        keep(fault.contract, fault.attributes, fault.test, tmp_path, **fault.given)
    return str(caught.value)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_requirement_is_told_to_its_author(fault, tmp_path):
    message = told(fault, tmp_path)
    assert all(word in message for word in fault.words), message


@pytest.mark.export
@pytest.mark.parametrize("fault", faulty_parts.EXPORTED, ids=lambda fault: fault.name)
def test_a_graph_that_computes_something_else_is_told_to_its_author(fault, tmp_path):
    message = told(fault, tmp_path)
    assert all(word in message for word in fault.words), message


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_part_that_imports_torch_to_be_described_is_told_so(contract, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "hasty_plugin.py").write_text("import torch\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"hasty_plugin imports torch .* Import torch inside"):
        keep(contract, {**dict(GOOD)[contract], "plugin": "hasty_plugin"}, DESCRIBED, tmp_path)


@pytest.mark.parametrize(("contract", "attributes"), GOOD)
def test_the_parts_that_the_faults_are_planted_in_meet_every_requirement(contract, attributes, tmp_path):
    for number, test in enumerate(requirements(contract)):
        if is_exported(contract, test):
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            keep(contract, attributes, test, folder)
        except pytest.skip.Exception as skipped:
            assert str(skipped) in SKIPS, f"{test}: {skipped}"


CHANGES = """
import locale, logging, os, random, signal, socket, sys, threading, warnings
import numpy as np
from rgan_kit import hookimpl
from rgan_kit.contracts import GeneratorSpec

os.chdir("/")
os.environ["GREEDY"] = "1"
warnings.filterwarnings("ignore")
logging.basicConfig(level="DEBUG")
locale.setlocale(locale.LC_ALL, "C")
np.random.seed(0)
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdout = sys.stderr
sys.excepthook = print
os.umask(0o77)
socket.setdefaulttimeout(5)
np.seterr(all="ignore")

def build(options, data):
    import torch

    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)

@hookimpl
def rgankit_generators():
    return [GeneratorSpec(name="greedy", summary="", kinds=frozenset({"series"}), build=build)]
"""


def test_a_plugin_that_changes_its_process_is_told_what_and_what_to_do_instead(tmp_path, monkeypatch):
    (tmp_path / "greedy_plugin.py").write_text(CHANGES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with pytest.raises(AssertionError) as caught:
        keep(CONTRACTS[0], {**faulty_parts.GOOD[CONTRACTS[0]], "plugin": "greedy_plugin"}, AROUND, tmp_path)
    message = str(caught.value)
    for name, hint in HINTS.items():
        moment = "after building greedy" if "torch" in name else "after importing it"
        assert f"{name} changed {moment}" in message
        assert hint in message


def test_batch_statistics_may_be_declared(tmp_path):
    declared = faulty_parts.attributes(faulty_parts.BatchStatistics, batch_statistics=True)
    with pytest.raises(pytest.skip.Exception, match="declares"):
        keep(CONTRACTS[1], declared, "test_half_batches_average_to_the_whole", tmp_path)


def test_a_generator_that_its_objective_trains_in_part_is_not_blamed_for_it():
    whole, data = mistaken_companions.WholeModel(), example_spec("series")
    whole.test_every_parameter_gets_a_gradient(data)
    alone = type("TestIt", (mistaken_companions.WholeModel,), {"company": None})()
    with pytest.raises(AssertionError, match=r"side\.weight, side\.bias: no gradient"):
        alone.test_every_parameter_gets_a_gradient(data)


def test_an_option_that_only_a_condition_reads_changes_something():
    mistaken_companions.company(mistaken_companions.Helper)().test_every_option_changes_something()


def test_every_requirement_is_broken_by_a_fault():
    planted = {fault.test for fault in (*FAULTS, *faulty_parts.EXPORTED)}
    for contract in CONTRACTS:
        assert set(requirements(contract)) <= planted | {DESCRIBED, AROUND}


# --- what shows in a training ---


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The built-in parts and the faulty ones."""
    built_in = [each for each in entry_points(group="rgan_kit.plugins") if each.name == "builtin"][:1]
    faulty = EntryPoint("faulty", "faulty_parts", "rgan_kit.plugins")
    return Registry(PluginHost([*built_in, faulty], {}))


def recipe(name: str, registry: Registry, monkeypatch) -> type:
    monkeypatch.setattr("rgan_kit.testing.recipes.installed_registry", lambda: registry)
    small = ("train.batch_size=4", "train.evaluation_samples=8", "domain.embedded_sequences=40")
    return type("TestRecipe", (RecipeContract,), {"recipe": name, "domains": ("series",), "settings": small})


@pytest.mark.slow
def test_a_part_that_remembers_outside_of_its_checkpoint_is_told_so(registry, monkeypatch, tmp_path):
    resumed = "test_interrupted_and_resumed_equals_uninterrupted"
    getattr(recipe("generator", registry, monkeypatch)(), resumed)("series", tmp_path / "good")
    with pytest.raises(AssertionError, match="keep everything that changes in parameters and persistent buffers"):
        getattr(recipe("forgetful", registry, monkeypatch)(), resumed)("series", tmp_path / "bad")


@pytest.mark.export
def test_a_part_that_cannot_be_exported_is_told_so(registry, monkeypatch, tmp_path):
    with pytest.raises(RganKitError, match="randomness has to be an input"):
        recipe("randomgraph", registry, monkeypatch)().test_it_trains_exports_and_samples("series", tmp_path)
