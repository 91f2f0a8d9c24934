"""Every line of the walk-through for text runs, in the order of the page; trainings are cut short."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rgan_kit_plugins.domains.text.options import TextOptions

PAGE = (Path(__file__).parent.parent / "docs" / "getting-started" / "text.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


def test_every_option_that_the_page_names_exists():
    named = set(re.findall(r"domain\.(\w+)", PAGE))
    assert named
    assert named <= TextOptions.model_fields.keys()


@pytest.mark.slow
def test_every_line_of_the_page_runs(tmp_path):
    program = tmp_path / "bin" / "rgankit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rgan_kit "$@"\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    for line in LINES:
        short = f"{line} --steps 12 --set train.evaluation_samples=20" if " train " in line else line
        answer = subprocess.run(["sh", "-c", short], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, f"{line}\n{answer.stdout}\n{answer.stderr}"
    assert len((tmp_path / "written" / "samples.txt").read_text().splitlines()) == 100
