"""The code of every tutorial is a plugin that is loaded, keeps its contract, and trains."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.records import Status
from rgan_kit.plugins.registry import Registry

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"
KINDS = ("generator", "discriminator", "encoder", "emission", "objective", "domain", "metric", "recipe", "logger")
SMALL = {
    " train ": "--steps 4 --set train.evaluation_samples=8 --set train.batch_size=8",
    " make text": "--set domain.embedded_sentences=100",
}
"""What makes a line of a tutorial quick."""


def files(kind: str) -> dict[str, str]:
    """The files that a tutorial shows, by name."""
    page = (FOLDER / f"{kind}.md").read_text(encoding="utf-8")
    return dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', page, re.S | re.M))


def lines(kind: str) -> list[str]:
    page = (FOLDER / f"{kind}.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.S) for line in block.splitlines()]


def module_of(kind: str) -> str:
    """The plugin's module; the other Python file is its test."""
    source, test = (name.removesuffix(".py") for name in files(kind) if name.endswith(".py"))
    assert test == f"test_{source}"
    return source


@pytest.fixture(params=KINDS)
def written(request, tmp_path) -> tuple[str, Path]:
    """A tutorial's kind, and the folder in which a reader would have its files, described as an installer does."""
    for name, content in files(request.param).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    module = module_of(request.param)
    info = tmp_path / f"{module}-0.1.dist-info"
    info.mkdir()
    target = f"{module}:logger" if request.param == "logger" else module
    name = "best" if request.param == "logger" else module
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(f"[rgan_kit.plugins]\n{name} = {target}\n")
    return request.param, tmp_path


def python(*words: str, folder: Path) -> str:
    environ = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"{' '.join(words)}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def test_there_is_a_tutorial_for_every_kind_of_plugin():
    from rgan_kit.cli.plugin_author import Kind

    assert set(KINDS) == {*Kind.__args__, "emission"}  # which needs no package of its own to begin with
    assert {page.stem for page in FOLDER.glob("*.md")} == {"index", "flat", *KINDS}


def test_the_code_of_a_tutorial_is_a_plugin_that_loads(written, monkeypatch):
    kind, folder = written
    monkeypatch.syspath_prepend(str(folder))
    (entry,) = Distribution.at(next(folder.glob("*.dist-info"))).entry_points
    registry = Registry(PluginHost([EntryPoint(entry.name, entry.value, entry.group)], environ={}))
    (record,) = registry.host.records
    assert (record.status, record.problem) == (Status.LOADED, "")
    if kind == "logger":
        assert {"rgankit_train_start", "rgankit_step_end", "rgankit_train_end"} <= set(record.hooks)
    else:
        assert f"rgankit_{kind}s" in record.hooks
        assert any(offer.plugin is record for offer in registry.offers(spec_type(kind)))


def spec_type(kind: str) -> type:
    from rgan_kit import contracts

    return getattr(contracts, f"{kind.capitalize()}Spec")


def test_a_network_of_a_tutorial_works_on_its_data(written, monkeypatch):
    kind, folder = written
    if kind not in ("generator", "discriminator", "encoder"):
        pytest.skip("no network")
    from rgan_kit.testing.examples import example_batch, example_spec

    monkeypatch.syspath_prepend(str(folder))
    module = __import__(module_of(kind))
    (spec,) = (value for value in vars(module).values() if isinstance(value, spec_type(kind)))
    for labels in ((), ("one", "two")):
        for data in (example_spec(each, labels=labels) for each in spec.kinds):
            network = spec.build(spec.options(), data, *((5,) if kind == "encoder" else ()))
            if kind == "generator":
                assert network.generate(3, 6).values.shape == (3, 6, data.features)
            else:
                found = network(example_batch(data))
                assert len(found.sequence if kind == "discriminator" else found[0]) == 4


@pytest.mark.slow
def test_a_tutorial_meets_every_requirement_of_its_contract(written):
    kind, folder = written
    words = ("pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder))
    told = python(*words, f"test_{module_of(kind)}.py", folder=folder)
    assert " passed" in told


@pytest.mark.slow
def test_every_line_of_a_tutorial_runs(written):
    kind, folder = written
    for line in lines(kind):
        more = " ".join(words for mark, words in SMALL.items() if mark in line)
        words = f"{line} {more}".split()
        assert words[0] == "rgankit"
        python("rgan_kit", *words[1:], folder=folder)
