"""The documentation cannot rot: its links lead somewhere, its commands run, its options exist, and it builds."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS)): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = ("domain", "train", "generator", "discriminator", "encoder", "objective")

RUN_ELSEWHERE = {
    "beginnings.md": "tests/runtime/test_beginnings.py",
    "getting-started/text.md": "tests/test_getting_started_text.py",
    "training.md": "tests/test_training_page.py",
    "evaluating.md": "tests/evaluation/test_evaluate.py",
    "reports.md": "tests/test_training_page.py",
    **{page: "tests/test_tutorials.py" for page in PAGES if page.startswith("tutorials/") and "index" not in page},
}
"""Pages whose every line is run by another test."""

NOT_RUN = {
    'pip install "rgan-kit[train,cpu]"': "needs the package index; .ci/run installs the same extras from the folder",
    'pip install "rgan-kit[images]"': "needs the package index; .ci/run installs the same extras from the folder",
    'pip install "rgan-kit[video]"': "needs the package index; .ci/run installs the same extras from the folder",
    "rgankit train --plugin lstm-gan": "takes minutes; .ci/run runs it from the README",
    "rgankit sample names.onnx -n 10000000 --shard 3/16 --out samples": "ten million samples; "
    "tests/test_bulk_sampling.py draws fewer",
}
SHORT = {
    " train ": "--steps 6 --set train.evaluation_samples=8 --set train.batch_size=8",
    " make video": "--set domain.embedded_clips=60",
    " make images": "--set domain.embedded_pictures=60",
}
"""What makes a line quick, by what stands in it."""


def shell(text: str) -> list[str]:
    """All lines of shell, comments behind them left out."""
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```$", text, re.S | re.M)
    lines = (re.sub(r"\s+#\s.*", "", line).strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


LINES = {page: shell(text) for page, text in PAGES.items()}
HERE = [page for page, lines in LINES.items() if page.startswith("getting-started/") and page not in RUN_ELSEWHERE]
IN_README = {line.replace(".venv/bin/", "") for line in shell(README)}


@pytest.fixture(scope="module")
def command():
    """The whole command line as Click sees it."""
    import typer

    from rgan_kit.cli import make_app
    from rgan_kit.cli.console import Results

    return typer.main.get_command(make_app(Results(False)))


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """Every option of every part that is installed, by group."""
    from rgan_kit import contracts
    from rgan_kit.config.train import TrainOptions
    from rgan_kit.plugins.registry import installed_registry

    found = {"train": set(TrainOptions.model_fields)}
    for group in set(GROUPS) - {"train"}:
        specs = installed_registry().specs(getattr(contracts, f"{group.capitalize()}Spec"))
        found[group] = {name for spec in specs for name in spec.options.model_fields}
    return found


def test_every_line_of_every_page_is_run_or_has_a_reason():
    for page, lines in LINES.items():
        for line in lines:
            known = page in RUN_ELSEWHERE or page in HERE or page == "tutorials/index.md"
            assert known or line in NOT_RUN or line in IN_README, f"{page}: nothing runs `{line}`"
    everything = {line for lines in LINES.values() for line in lines}
    assert not NOT_RUN.keys() - everything, "these lines are gone: take their reasons out too"
    for test in RUN_ELSEWHERE.values():
        assert (ROOT / test).exists()


def test_every_command_in_the_pages_exists_with_its_options(command):
    for page, lines in LINES.items():
        for line in lines:
            words = shlex.split(line)
            if words[0] != "rgankit":
                assert words[0] in ("pip", "awk", "mv"), f"{page}: {line}"
                continue
            parse(command, words[1:], f"{page}: {line}")


def parse(command, words: list[str], where: str) -> None:
    """Parses as the program does, and runs nothing."""
    import click

    while isinstance(command, click.Group) or hasattr(command, "commands"):
        assert words[0] in command.commands, f"{where}: there is no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_context(command.name, list(words))
    except Exception as error:
        pytest.fail(f"{where}: {type(error).__name__}: {error}")


def test_every_option_that_a_page_names_exists(options):
    for page, text in PAGES.items():
        own = set(re.findall(r"^    (\w+): [^=\n]+ = Field\(", text, re.M))
        code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *LINES[page]])
        for group, name in re.findall(rf"(?<![\w./-])({'|'.join(GROUPS)})\.(\w+)(?!\w*\()", code):
            assert name in options[group] | own, f"{page}: {group}.{name}"


def test_every_link_leads_to_a_page_and_a_heading():
    for page, text in PAGES.items():
        words = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)  # code has brackets of its own
        for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", words):
            path, _, anchor = link.partition("#")
            target = (DOCS / page).parent / path if path else DOCS / page
            assert target.exists(), f"{page}: {link}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
                assert anchor in {slug(heading) for heading in headings}, f"{page}: {link}"


def slug(heading: str) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"^ +- ([\w/.-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(set(listed) - {"benchmarks.md"}) == sorted(PAGES)


def program(folder: Path) -> dict[str, str]:
    """An environment in which ``rgankit`` is this one."""
    file = folder / "bin" / "rgankit"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rgan_kit "$@"\n')
    file.chmod(0o755)
    return {**os.environ, "PATH": f"{file.parent}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("page", [*HERE, "tutorials/index.md"])
def test_every_line_of_a_page_runs(page, tmp_path):
    environ = program(tmp_path)
    for line in LINES[page]:
        if line in NOT_RUN:
            continue
        short = " ".join([line, *(words for mark, words in SHORT.items() if mark in line)])
        answer = subprocess.run(
            ["sh", "-c", short], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, f"{line}\n{answer.stdout}\n{answer.stderr}"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    words = ["mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for page in PAGES:
        made = page.removesuffix(".md").removesuffix("index").rstrip("/")
        assert (tmp_path / "site" / made / "index.html").exists(), page
    assert "rgan_kit.contracts.TokenSpec" in (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
