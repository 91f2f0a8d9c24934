"""What tests share: the command line in this process, a small trained run, and its exported model."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support import Answer, call, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for what is started here; small networks are quickest on one thread
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
