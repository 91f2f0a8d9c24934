"""What tests share: the command line in this process, a small trained run, and its exported model."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SMALL = (
    "generator.hidden_size=16", "generator.embedding_size=16",
    "discriminator.hidden_size=8", "discriminator.embedding_size=8",
    "train.threads=1", "train.batch_size=16", "train.evaluation_samples=40", "domain.embedded_sentences=200",
    "train.generator_learning_rate=0.02",
)  # fmt: skip
"""Settings that make a training take a second."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def call(*words: object, folder: Path | None = None) -> Answer:
    """Runs ``rgankit`` with these words in this process."""
    from rgan_kit.cli import run
    from rgan_kit.cli.console import Results

    out, err = io.StringIO(), io.StringIO()
    argv, before = sys.argv, Path.cwd()
    sys.argv = ["rgankit", *map(str, words)]
    os.chdir(folder or before)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(Results("--json" in sys.argv))
    finally:
        sys.argv = argv
        os.chdir(before)
    return Answer(int(code), out.getvalue(), err.getvalue())


def settings(*more: str) -> list[str]:
    """``--set`` for each of ``SMALL`` and of the given ones."""
    return [word for each in (*SMALL, *more) for word in ("--set", each)]


@pytest.fixture
def rgankit(tmp_path: Path) -> Callable[..., Answer]:
    """``rgankit(*words)`` in a folder of its own."""
    return lambda *words: call(*words, folder=tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of lstm-gan on the embedded language, 40 steps."""
    folder = tmp_path_factory.mktemp("trained")
    more = settings("train.evaluate_every=15", "train.checkpoint_every=15", "train.log_every=5")
    answer = call("train", "--plugin", "lstm-gan", "--steps", 40, "--run", "runs/small", *more, folder=folder)
    assert answer.code == 0, answer.err
    return folder / "runs" / "small"


@pytest.fixture(scope="session")
def model_file(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported model of ``trained``; do not change it."""
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    answer = call("export", trained, "--out", path, "--licence", "CC0-1.0", "--description", "a small test model")
    assert answer.code == 0, answer.err
    return path
