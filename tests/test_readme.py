"""Every line of the README runs. The first two commands, which make environments, are run by .ci/run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", README, re.S | re.M))
SYLLABLES = ("ma", "ri", "el", "no", "ka", "li", "sa", "ton", "ve", "da")


def shell(section: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", SECTIONS[section], re.S)
    return [line for block in blocks for line in block.splitlines() if line]


def files(section: str) -> dict[str, str]:
    return dict(re.findall(r"[Ii]n `([^`]+)`:\n\n```\w+\n(.*?)```", SECTIONS[section], re.S))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where a reader stands: a trained run, and names of one's own."""
    folder = tmp_path_factory.mktemp("reader")
    run("rgankit train --plugin lstm-gan --steps 30 --set domain.embedded_sentences=200", folder)
    names = sorted({a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "na", "ro")})
    (folder / "names.txt").write_text("\n".join(names) + "\n")
    return folder


def run(line: str, folder: Path) -> str:
    """Runs a line as a shell does; pip installs beside the environment, not into it."""
    words = [word.strip("'\"") for word in re.findall(r"\"[^\"]*\"|\S+", line)]
    if words[:2] == ["rgankit", "train"] and "--resume" not in words:
        words += ["--set", "train.evaluation_samples=40"]  # 500 take longer than these short trainings
    if words[:2] == ["pip", "install"]:
        words += ["--no-build-isolation", "--no-deps", "--quiet", "--target", str(folder / "site")]
    modules = {"pip": "pip", "rgankit": "rgan_kit"}
    answer = subprocess.run(
        [sys.executable, "-m", modules[words[0]], *words[1:]],
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "OMP_NUM_THREADS": "1"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, f"{line}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.mark.parametrize("section", ["Export", "Sample", "Your own data", "A latent space", "Marked samples"])
def test_every_line_of_a_section_runs(folder, section):
    lines = shell(section)
    assert lines
    for line in lines:
        output = run(line, folder)
        if re.search(r"sample .*-n 20\b", line):
            assert len(output.splitlines()) == 20


def test_the_plugin_of_the_readme_installs_and_trains(folder):
    for path, content in files("Your own plugin").items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
    install, list_them, train, doctor = shell("Your own plugin")
    run(install, folder)
    assert "my-plugin:mine  0.1  loaded" in run(list_them, folder)
    assert "coffee-gan-text-1" in run(train, folder)
    run(doctor, folder)


def test_the_first_two_commands_use_extras_that_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for section in ("Install and train", "Install and test"):
        (line,) = shell(section)
        extras = re.search(r"\.\[([\w,]+)\]", line)[1].split(",")
        assert set(extras) <= set(project["optional-dependencies"])


def test_every_recipe_is_in_the_table():
    from rgan_kit.contracts import RecipeSpec
    from rgan_kit.plugins.registry import installed_registry

    for offer in installed_registry().offers(RecipeSpec):
        if offer.plugin.distribution == "rgan-kit":
            assert f"`{offer.spec.name}`" in SECTIONS["What there is"]


def outside_of_code(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_every_linked_file_is_there():
    for page in (ROOT / "README.md", ROOT / "exported" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", outside_of_code(page)):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
