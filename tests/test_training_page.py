"""Every line of the page on trainings runs, in order, with few steps and little data."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support import call

PAGE = (Path(__file__).parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
REPORTS = (Path(__file__).parent.parent / "docs" / "reports.md").read_text(encoding="utf-8")
PYTHON = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
QUICK = (
    "generator.hidden_size=16", "generator.embedding_size=16", "train.evaluation_samples=8", "train.batch_size=8",
    "train.threads=1", "train.keep_checkpoints=9",
)  # fmt: skip
QUICK_OF_SPACE = 1
"""The first of these is what the space of the page chooses."""

LITTLE = "domain.embedded_sentences=200"


def shortened(line: str) -> list[str]:
    """Three hundred steps as three, of little data."""
    words = shlex.split(re.sub(r"\b(step-0*)?([34]\d)0\b", lambda m: f"{(m[1] or '')}0{m[2]}" if m[1] else m[2], line))
    new = words[1] in ("train", "search") and not {"--resume", "--config"} & set(words)
    more = list(QUICK[QUICK_OF_SPACE if words[1] == "search" else 0 :]) if new else []
    if words[1:3] == ["data", "make"] or (more and "--data" not in words):
        more.append(LITTLE)
    return words[1:] + [word for each in more for word in ("--set", each)]


@pytest.mark.slow
def test_every_line_of_the_page_runs(tmp_path):
    assert len(LINES) >= 9
    (tmp_path / "space.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.S)[1])
    for line in LINES:
        if " search " in line or "runs/search" in line:
            pytest.importorskip("optuna")
        if line.startswith("mv "):
            source, target = line.split()[1:]
            (tmp_path / source).rename(tmp_path / target)
            continue
        answer = call(*shortened(line), folder=tmp_path)
        assert answer.code == 0, f"{line}\n{answer.out}\n{answer.err}"
    assert (tmp_path / "runs" / "own" / "set-aside" / "1" / "config.toml").exists()


@pytest.mark.slow
def test_every_line_of_the_page_on_reports_runs(tmp_path):
    lines = [line for block in re.findall(r"```sh\n(.*?)```", REPORTS, re.S) for line in block.splitlines()]
    assert len(lines) >= 8
    for line in lines:
        answer = call(*shortened(line), folder=tmp_path)
        assert answer.code == 0, f"{line}\n{answer.out}\n{answer.err}"
    assert (tmp_path / "both.html").stat().st_size > 10_000


@pytest.mark.slow
def test_every_line_of_the_page_on_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.syspath_prepend(str(tmp_path))
    known: dict[str, object] = {}
    for title, block in re.findall(r"^```python(?: title=\"(.+?)\")?\n(.*?)^```$", PYTHON, re.S | re.M):
        if title:
            (tmp_path / title).write_text(block)
            continue
        exec(re.sub(r"(steps=|train\()(\d)00\b", r"\1\g<2>0", block), known)
    assert len(known["again"].metrics) and (tmp_path / "names.onnx").exists()
