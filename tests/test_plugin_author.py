"""The plugin author's commands: a plugin from nothing to samples, its checks run, and what is wrong with it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support import Answer, call

from rgan_kit.testing import watched
from rgan_kit.testing.checking import Finding, Folder

KINDS = ("generator", "discriminator", "encoder", "objective", "domain", "metric", "recipe", "logger")
SMALL = (
    "--steps", "4", "--train.batch-size", "8", "--train.evaluation-samples", "8", "--train.threads", "1",
)  # fmt: skip
TINY = ("--generator.hidden-size", "8", "--generator.embedding-size", "8")
BROKEN = """
from rgan_kit import hookimpl
from rgan_kit.contracts import NoOptions, RecipeSpec, GeneratorSpec

def build(options, data):
    {fault}

@hookimpl
def rgankit_generators():
    return [GeneratorSpec(name="ticks", summary="", kinds=frozenset({{"series"}}), build=build)]
"""


def process(*words: object, folder: Path, code: int = 0) -> str:
    """What a whole ``rgankit`` prints; the packages of ``folder/site`` count as installed."""
    answer = subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert answer.returncode == code, f"{words}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def install(package: str, folder: Path) -> None:
    """Installs into ``folder/site``, as an author does."""
    where = ("--no-deps", "--no-build-isolation", "--quiet", "--target", "site")
    process("pip", "install", *where, package, folder=folder)


def rgankit_new(folder: Path, name: str, kind: str) -> Answer:
    return call("plugins", "new", name, "--kind", kind, folder=folder)


# --- new ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_a_whole_package_with_one_short_source_file(tmp_path, kind):
    answer = call("plugins", "new", "rgankit-blue-sky", "--kind", kind, "--json", folder=tmp_path)
    assert answer.code == 0, answer.err
    assert set(answer.document["files"]) == {
        ".github/workflows/test.yml", ".gitignore", "README.md", "pyproject.toml", "rgankit_blue_sky.py",
        "tests/test_rgankit_blue_sky.py",
    }  # fmt: skip
    folder = tmp_path / "rgankit-blue-sky"
    assert len((folder / "rgankit_blue_sky.py").read_text().splitlines()) < 80
    for file in folder.rglob("*"):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        assert "{%" not in text and "{{ " not in text.replace("${{ ", ""), file
    assert 'pip install rgankit-blue-sky "rgan-kit[train,cpu]"' in (folder / "README.md").read_text()
    assert Folder.read(folder).entries.keys() == {"blue-sky"}


def test_a_part_that_is_called_as_a_noun_hides_nothing_that_its_source_imports(tmp_path):
    assert rgankit_new(tmp_path, "rgankit-loss", "objective").code == 0
    tree = ast.parse((tmp_path / "rgankit-loss" / "rgankit_loss.py").read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert "Loss" in imported
    assert not imported & {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def test_new_plugins_are_clean_and_formatted(tmp_path):
    for kind in KINDS:
        assert rgankit_new(tmp_path, f"rgankit-{kind}-one", kind).code == 0
    for words in (["check", "--select", "E,F,W,B,UP,C4,SIM"], ["format", "--check"]):
        process("ruff", *words, "--isolated", "--line-length", 120, ".", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Waves", "cannot be the name of a package"),
        ("-waves", "No such option"),
        ("waves--two", "cannot be the name"),
        ("../waves", "cannot be the name"),
        ("w" * 41, "cannot be the name"),
        ("json", "that Python or rgan-kit needs"),
        ("rgankit-tests", "that Python or rgan-kit needs"),
        ("class", "that Python or rgan-kit needs"),
        ("rgankit-lstm", "There is a generator called lstm already: rgan-kit:lstm"),
        ("gru-gan", "There is a recipe called gru-gan already"),
        ("rgankit-tensorboard", "There is a plugin called tensorboard already"),
        ("rgankit-2d", "a letter first: rgankit-waves"),
        ("rgankit-train", "that Python or rgan-kit needs"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, name, said):
    answer = rgankit_new(tmp_path, name, "generator")
    assert answer.code == 2
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "rgankit-waves").mkdir()
    answer = rgankit_new(tmp_path, "rgankit-waves", "recipe")
    assert answer.code == 2
    assert "there already" in answer.err
    assert list((tmp_path / "rgankit-waves").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "module"), [(("new", "x", "--kind", "recipe"), "copier"), (("check", "x"), "pytest")]
)
def test_what_is_missing_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch, words, module):
    from rgan_kit.cli import plugin_author

    monkeypatch.setattr(plugin_author, "find_spec", lambda name: None if name == module else object())
    answer = call("plugins", *words, folder=tmp_path)
    assert answer.code == 6
    assert f"needs {module}" in answer.err
    assert 'pip install "rgan-kit[author' in answer.err


def test_the_template_lies_in_the_wheel(tmp_path):
    process("hatchling", "build", "-t", "wheel", "-d", tmp_path, folder=Path(__file__).parent.parent)
    import zipfile

    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    template = Path(__file__).parent.parent / "rgan_kit" / "plugin_template"
    files = {f"rgan_kit/plugin_template/{path.relative_to(template)}" for path in template.rglob("*") if path.is_file()}
    assert files
    assert files <= set(names)


# --- check ---


def plugin_folder(folder: Path, source: str) -> Path:
    (folder / "ticks.py").write_text(source)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "ticks"\nversion = "1"\n[project.entry-points."rgan_kit.plugins"]\nticks = "ticks"\n'
    )
    return folder


def test_what_is_broken_is_said_with_what_was_seen_and_the_exit_code_is_that_of_plugins(tmp_path):
    plugin_folder(tmp_path, BROKEN.format(fault="print('noise'); return 1 / 0"))
    answer = call("plugins", "check", tmp_path, "--quick", "--json")
    assert answer.code == 3, answer.err
    found = {each["check"]: each for each in answer.document["checks"]}
    assert found["it loads and nothing is wrong with it"]["outcome"] == "passed"
    assert found["its kinds and summary are there"]["seen"] == "ticks has no summary: say in one line what it is."
    assert (
        found["every parameter gets a gradient"]["seen"]
        == "raised ZeroDivisionError: division by zero (ticks.py, line 6)\n   hint: This has to work on all data that "
        "the description names: fix that line, or name fewer kinds or options."
    )
    assert found["every parameter gets a gradient"]["cases"] == ["series-plain", "series-labels"]
    assert answer.document["failed"] == sum(each["outcome"] == "failed" for each in found.values())


def test_a_part_that_ends_the_process_is_named_with_what_was_tried(tmp_path):
    ending = "@hookimpl\ndef rgankit_train_start(run):\n    import os; os._exit(9)\n"
    plugin_folder(tmp_path, f"from rgan_kit import hookimpl\n\n{ending}")
    answer = call("plugins", "check", tmp_path, "--quick")
    assert answer.code == 3
    assert "FAILED  a whole training is watched without an error\n" in answer.out
    assert "the process ended with 9 while this was tried; other plugins live in it" in answer.out
    assert "?       it is quiet where nobody asked for it  (the process was ended before)" in answer.out
    assert answer.out.splitlines()[-1] == "4 of 8 checks passed, 1 failed, 3 not tried"


ODD = """
import sys
from rgan_kit import hookimpl
from rgan_kit.contracts import GeneratorSpec, MetricSpec

class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no words")

def leaves(options, data):
    sys.exit(0)

def interrupts(options, data):
    raise KeyboardInterrupt

def odd(options, data):
    raise Odd

def quits(options, data):
    import pytest; pytest.exit("bye")

def part(name, build, **given):
    return GeneratorSpec(**dict(name=name, summary="x", kinds=frozenset({"series"}), build=build) | given)

@hookimpl
def rgankit_generators():
    parts = [part(build.__name__, build) for build in (leaves, interrupts, odd, quits)]
    nothing = part("nothing", lambda options, data: None)
    return [*parts, nothing, part("kindless", odd, kinds=3), part("unset", odd, options=3)]

@hookimpl
def rgankit_metrics():
    return [MetricSpec(name="dark", summary="x", kinds=frozenset({"series"}), compute=lambda samples: sys.exit(3))]
"""


def test_whatever_parts_do_becomes_a_finding_that_says_how_to_mend_it(tmp_path):
    plugin_folder(tmp_path, ODD)
    answer = call("plugins", "check", tmp_path, "--quick", "--json")
    assert answer.code == 3, answer.err
    requirements = answer.document["checks"]
    assert not [each for each in requirements if each["outcome"] == "not tried"]
    words = {
        "leaves": "SystemExit: 0", "interrupts": "KeyboardInterrupt", "odd": "Odd: (it cannot be put in words)",
        "quits": "Exit: bye", "nothing": "NoneType", "kindless": "'int' object is not iterable",
        "unset": "options is a class of rgan_kit.contracts.Options", "dark": "SystemExit: 3",
    }  # fmt: skip
    for name, said in words.items():
        broken = [each for each in requirements if each["subject"].endswith(f" {name}") and each["outcome"] == "failed"]
        assert any(said in each["seen"] for each in broken), (name, broken)
        if name != "kindless":
            assert all("hint: " in each["seen"] for each in broken if said in each["seen"]), broken


def test_a_part_that_never_ends_is_named_and_nothing_of_it_is_left_behind(tmp_path):
    waiting = """
import time
from pathlib import Path
from subprocess import Popen
from rgan_kit import hookimpl

@hookimpl
def rgankit_train_start(run):
    Path("{pid}").write_text(str(Popen(["sleep", "600"]).pid))
    time.sleep(600)
"""
    plugin_folder(tmp_path, waiting.format(pid=tmp_path / "pid"))
    answer = call("plugins", "check", tmp_path, "--quick", "--timeout", "12", "--json")
    assert answer.code == 3, answer.err
    assert answer.document["failed"] == 1
    found = {each["check"]: each for each in answer.document["checks"]}
    assert len(found) == 8
    assert found["describing it does not import torch"]["outcome"] == "passed"
    endless = found["a whole training is watched without an error"]
    assert endless["outcome"] == "failed"
    assert endless["seen"].startswith("not finished in 12 s: look for what loops or waits")
    assert "--timeout 24" in endless["seen"]
    assert found["it changes nothing that the trainer made"]["outcome"] == "not tried"
    stat = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    assert not stat.exists() or stat.read_text().split(") ")[1][0] == "Z"


def test_a_plugin_that_never_ends_loading_is_one_broken_requirement(tmp_path, monkeypatch):
    monkeypatch.setattr(watched, "LOADING", 6.0)  # of which torch takes a part
    plugin_folder(tmp_path, "while True:\n    pass")
    answer = call("plugins", "check", tmp_path, "--quick", "--timeout", "1")
    assert answer.code == 3
    assert "FAILED  it loads\n" in answer.out
    assert "not finished in 1 s" in answer.out
    assert answer.out.splitlines()[-1] == "0 of 1 checks passed, 1 failed"


def test_a_plugin_that_does_not_load_is_one_broken_requirement(tmp_path):
    plugin_folder(tmp_path, "import nothing_of_this_name")
    answer = call("plugins", "check", tmp_path, "--quick")
    assert answer.code == 3
    assert "FAILED  it loads and nothing is wrong with it" in answer.out
    assert "nothing_of_this_name" in answer.out


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "cannot be read"),
        ("[project", 2, "cannot be read"),
        ('[project]\nname = "x"\n', 3, "no entry point in the group rgan_kit.plugins"),
        ('[project]\nname = "x"\nentry-points = 3\n', 3, "no entry point"),
        ("project = 3\n", 3, "no entry point"),
    ],
)
def test_a_folder_that_is_no_plugin_is_one_message(tmp_path, content, code, said):
    if content is not None:
        (tmp_path / "pyproject.toml").write_text(content)
    answer = call("plugins", "check", f"{tmp_path}/")
    assert answer.code == code
    assert said in answer.err


def test_an_unknown_plugin_gets_the_nearest(tmp_path):
    answer = call("plugins", "check", "tensorbord", folder=tmp_path)
    assert answer.code == 2
    assert "Did you mean tensorboard" in answer.err


def test_a_finding_is_one_for_all_its_cases():
    from rgan_kit.testing.checking import _add

    findings: dict[tuple[str, str], Finding] = {}
    line = {"subject": "generator x", "check": "p", "why": "w", "seen": ""}
    _add(findings, {**line, "outcome": "not applicable", "case": "a", "seen": "has none"})
    _add(findings, {**line, "outcome": "passed", "case": "b"})
    _add(findings, {**line, "outcome": "failed", "case": "c", "seen": "1 and not 2"})
    _add(findings, {**line, "outcome": "passed", "case": "d"})
    _add(findings, {**line, "outcome": "not tried", "case": "e", "seen": "ended"})
    (finding,) = findings.values()
    assert (finding.outcome, finding.cases, finding.seen) == ("failed", ["c"], "1 and not 2")


@pytest.mark.slow
def test_a_built_in_plugin_is_checked_as_any_other(tmp_path):
    answer = call("plugins", "check", "tensorboard", "--json", folder=tmp_path)
    assert answer.code == 0, answer.out
    assert {each["subject"] for each in answer.document["checks"]} == {"plugin tensorboard", "logger tensorboard"}


# --- the whole way ---


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder whose packages count as installed, in this process and in those that it starts."""
    from rgan_kit.plugins.host import installed_host
    from rgan_kit.plugins.registry import installed_registry

    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield folder
    for known in (installed_host, installed_registry):
        known.cache_clear()


def appear(site: Path, monkeypatch) -> None:
    """What was installed into ``site`` is found."""
    from rgan_kit.plugins.host import installed_host
    from rgan_kit.plugins.registry import installed_registry

    monkeypatch.syspath_prepend(str(site))
    for known in (installed_host, installed_registry):
        known.cache_clear()


@pytest.mark.parametrize("kind", KINDS)
def test_an_author_goes_from_nothing_to_samples(tmp_path, site, monkeypatch, kind):
    name, part = f"rgankit-my-{kind}", f"my-{kind}"

    def rgankit(*words: object) -> Answer:
        answer = call(*words, folder=tmp_path)
        assert answer.code == 0, f"{words}\n{answer.out}\n{answer.err}"
        return answer

    rgankit("plugins", "new", name, "--kind", kind)
    install(f"./{name}", tmp_path)
    appear(site, monkeypatch)
    assert f"{name}:{part}  0.1.0  loaded" in rgankit("plugins", "list").out
    said = {}
    for words in commands_of(tmp_path / name / "README.md"):
        quick = {"train": [*SMALL, *(TINY if "gru-lm" in words else ())], "check": ["--quick"]}
        said[words[0]] = rgankit(*words, *quick.get(words[0], quick.get(words[1], ())), "--json").document
        if words[:2] == ["plugins", "check"]:
            assert {each["outcome"] for each in said["plugins"]["checks"]} <= {"passed", "not applicable"}
    assert said.keys() == {"train", "export", "sample", "plugins"}
    assert said["train"]["step"] == 4
    assert len(said["sample"]["samples"]) == 5
    if kind == "metric":
        assert "my_metric_roughness" in (Path(tmp_path, said["train"]["run"]) / "metrics.jsonl").read_text()
    if kind == "logger":
        assert (tmp_path / said["train"]["run"] / f"{part}.csv").read_text().startswith("step,metric,value\n")


def commands_of(readme: Path) -> list[list[str]]:
    """The words of each ``rgankit`` that stands on a line of shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.S | re.M)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words[0] == "rgankit"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_a_new_plugin_pass(tmp_path, kind):
    assert rgankit_new(tmp_path, f"rgankit-my-{kind}", kind).code == 0
    folder = tmp_path / f"rgankit-my-{kind}"
    install(f"./{folder.name}", tmp_path)
    (tmp_path / "site").rename(folder / "site")
    process("pytest", "-q", "-p", "no:cacheprovider", folder=folder)


# --- what is there, and what is wrong ---


def test_plugins_show_says_origin_kinds_and_hooks(rgankit):
    shown = rgankit("plugins", "show", "builtin", "--json").document["plugins"][0]
    assert "rgankit_domains" in shown["hooks"]
    assert (shown["qualified"], shown["status"]) == ("rgan-kit:builtin", "loaded")
    section = rgankit("plugins", "show", "cnn", "--json").document["sections"][0]
    assert section["origin"].startswith("rgan-kit 0.")
    assert "tokens" in section["kinds"]


def test_plugins_list_counts_what_a_plugin_offers_and_the_hooks_that_it_has(rgankit):
    out = rgankit("plugins", "list").out
    assert re.search(r"^  rgan-kit:builtin  0\S+  loaded  offers \d+, hooks \d+$", out, re.M)
    assert re.search(r"^  rgan-kit:tensorboard  0\S+  loaded  hooks 7$", out, re.M)


def test_doctor_says_how_to_get_what_is_missing_but_never_both_runtimes(rgankit, monkeypatch):
    from rgan_kit.cli import doctor

    missing = {"onnxruntime-gpu", "tensorboard"}
    monkeypatch.setattr(doctor, "installed_version", lambda name: None if name in missing else "1.0")
    monkeypatch.setattr(doctor, "_imported", lambda name, faults: None)
    out = [" ".join(line.split()) for line in rgankit("doctor").out.splitlines()]
    assert 'tensorboard not installed pip install "rgan-kit[tensorboard]"' in out
    assert "onnxruntime-gpu not installed not needed beside the other onnxruntime" in out
    assert out[-2:] == ["plugins 2 loaded", "all is well"]
    missing.add("onnxruntime")
    out = [" ".join(line.split()) for line in rgankit("doctor").out.splitlines()]
    assert 'onnxruntime not installed pip install "rgan-kit[cpu]"' in out
