"""The host with very many plugins, and with plugins that are slow, excluded, blocked or allowed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

MANY = 200
FACTOR = 4
"""So much more processor time may starting with ``MANY`` plugins take than with none; measured: 1.6."""

GOOD = """
    from rgan_kit import hookimpl

    @hookimpl
    def rgankit_recipes():
        from rgan_kit.contracts import RecipeSpec
        return [RecipeSpec(name="{name}", summary="s", generator="lstm", objective="maximum-likelihood")]
"""


def install_fake(site: Path, name: str, source: str = GOOD, *, requires: str = "rgan-kit>=0.1") -> None:
    """A distribution on the path, with one plugin."""
    site.mkdir(exist_ok=True)
    (site / f"{name}_module.py").write_text(textwrap.dedent(source).replace("{name}", name))
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    long_description = "Words about it.\n" * 200
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requires}\n\n{long_description}"
    )
    (info / "entry_points.txt").write_text(f"[rgan_kit.plugins]\n{name} = {name}_module\n")


def process(*words: str, site: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rgan_kit", *words], cwd=site, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": str(site), **environment},
    )  # fmt: skip


def processor_seconds(site: Path) -> float:
    """Of ``rgankit --help``, which other programs on the machine hardly change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process("--help", site=site).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Path:
    """A folder with 200 plugins."""
    site = tmp_path_factory.mktemp("crowd")
    for number in range(MANY):
        install_fake(site, f"many{number:03d}")
    return site


def test_starting_stays_quick_with_very_many_plugins(crowd, tmp_path):
    few, many = (min(processor_seconds(site) for _ in range(2)) for site in (tmp_path, crowd))
    assert many < FACTOR * few, f"{many:.2f} s with {MANY} plugins and {few:.2f} s without"


def test_very_many_plugins_are_all_listed_and_all_loaded(crowd):
    document = json.loads(process("plugins", "list", "--json", site=crowd).stdout)
    mine = [plugin for plugin in document["plugins"] if plugin["name"].startswith("many")]
    assert [plugin["status"] for plugin in mine] == ["loaded"] * MANY
    assert {plugin["offers"]["recipe"][0] for plugin in mine} == {f"many{number:03d}" for number in range(MANY)}


def test_allowing_and_blocking_pick_among_many(crowd):
    picked = {"RGANKIT_PLUGINS": "builtin, many007,many008:many008,many009", "RGANKIT_BLOCK": "many008"}
    document = json.loads(process("plugins", "list", "--json", site=crowd, **picked).stdout)
    states = [plugin["status"] for plugin in document["plugins"] if plugin["name"].startswith("many")]
    assert states.count("loaded") == 2
    assert states.count("blocked") == MANY - 2


def test_a_plugin_that_makes_every_command_wait_is_reported_with_its_time(tmp_path):
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(0.7)\n")
    install_fake(tmp_path, "waiting", "import torch\n" + textwrap.dedent(GOOD))
    answer = process("doctor", "--json", site=tmp_path)
    assert answer.returncode == 3, answer.stderr
    (fault,) = [fault for fault in json.loads(answer.stdout)["plugin_faults"] if "waiting:waiting takes" in fault]
    assert 0.7 <= float(fault.split("takes ")[1].split(" s")[0]) < 60
    assert "import torch and the like inside its build functions" in fault


OLD = "it needs rgan-kit <0.1, and 0."


def test_a_plugin_for_another_rgan_kit_is_one_clear_line_everywhere(tmp_path):
    install_fake(tmp_path, "old", "raise RuntimeError('must not be imported')", requires="rgan-kit<0.1")
    (tmp_path / "torch.py").write_text("")  # which doctor would wait for
    listed = process("plugins", "list", site=tmp_path)
    assert listed.returncode == 0
    assert [line for line in listed.stdout.splitlines() if OLD in line and "old:old  1.0  broken" in line]
    assert "must not be imported" not in listed.stdout
    doctor = process("doctor", site=tmp_path)
    assert doctor.returncode == 3
    assert len([line for line in doctor.stdout.splitlines() if f"plugin old:old is broken: {OLD}" in line]) == 1
    train = process("train", "--plugin", "old", site=tmp_path)
    assert train.returncode == 2
    assert f"Not in use: old:old ({OLD}" in train.stderr
    strict = process("train", "--plugin", "lstm-lm", site=tmp_path, RGANKIT_STRICT="1")
    assert strict.returncode == 3
    assert OLD in strict.stderr


@pytest.mark.parametrize(
    ("requirement", "refused"),
    [
        ("rgan-kit<0.1", True),
        ("rgan_kit[train] <0.1", True),
        ("RGAN.Kit!=0.1.*", True),
        ("rgan-kit>=99", True),
        ("rgan-kit>=0.1", False),
        ("rgan-kit", False),
        ("rgan-kit-extras<0.1", False),
        ("rgan-kit<0.1; extra == 'old'", False),
        ("rgan-kit<0.1; python_version < '3'", False),
        ("rgan-kit is not a requirement", False),
        ("numpy<0.1", False),
    ],
)
def test_a_pin_is_read_as_pip_reads_it(requirement, refused):
    from rgan_kit.plugins.origins import Origin

    refusal = Origin("some-plugin", "1", (requirement,)).refusal
    assert refusal.startswith("it needs rgan-kit ") == refused
    assert bool(refusal) == refused
