"""kill -9 at any moment loses at most what came after the last checkpoint."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support import settings

STEPS = 60
FORKING = """
import os, sys
from rgan_kit.cli import main
import rgan_kit.training.session  # torch is imported once, before the forks
import torch
torch.set_num_threads(1)
for line in sys.stdin:
    words = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        sys.argv = ["rgankit", *words]
        sys.stdout = sys.stderr = open(os.devnull, "w")
        main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A process that has imported torch and forks a training for each line it reads, so that trainings start at once."""


class Trainings:
    """Starts trainings and kills them."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )

    def run(self, *words: object, kill_after: float | None = None) -> int:
        """The exit code; -9 where it was killed."""
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it was done before
                os.kill(child, signal.SIGKILL)
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    made = Trainings(tmp_path_factory.mktemp("kill"))
    yield made
    made.close()


def begin(run: Path) -> list[object]:
    more = settings("train.checkpoint_every=3", "train.evaluate_every=10", "train.sample_every=10", "train.log_every=5")
    return ["train", "--plugin", "lstm-gan", "--steps", STEPS, "--run", run, *more]


def weights(run: Path) -> dict[str, torch.Tensor]:
    folder = run / "checkpoints" / f"step-{STEPS:08d}"
    return load_file(folder / "model.safetensors") | load_file(folder / "training.safetensors")


@pytest.fixture(scope="module")
def whole(trainings, tmp_path_factory) -> tuple[dict[str, torch.Tensor], float]:
    run = tmp_path_factory.mktemp("whole") / "run"
    started = time.perf_counter()
    assert trainings.run(*begin(run)) == 0
    return weights(run), time.perf_counter() - started


def kill_and_resume(trainings, whole, run: Path, moment: float) -> None:
    expected, seconds = whole
    code = trainings.run(*begin(run), kill_after=moment * seconds)
    assert code in (-9, 0)
    if not list(run.glob("checkpoints/step-*")):  # killed before the first checkpoint: there is nothing to go on with
        assert trainings.run("train", "--resume", run) == 4
        return
    if code != 0:
        assert trainings.run("train", "--resume", run) == 0
    got = weights(run)
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert not list(run.rglob("*.tmp")), "left over"


@pytest.mark.parametrize("moment", [0.35, 0.6, 0.9])
def test_a_killed_training_resumes_to_the_same_bits(trainings, whole, tmp_path, moment):
    kill_and_resume(trainings, whole, tmp_path / "run", moment)


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(20))
def test_twenty_random_kills_resume_to_the_same_bits(trainings, whole, tmp_path, attempt):
    kill_and_resume(trainings, whole, tmp_path / "run", random.Random(attempt).uniform(0.1, 1.0))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, number, code):
    run = tmp_path / "run"
    words = [*map(str, begin(run))]
    words[words.index("--steps") + 1] = "100000"
    process = subprocess.Popen(
        [sys.executable, "-m", "rgan_kit", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(run.glob("checkpoints/step-0000000[1-9]")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    stopped = int(err.split("Stopped after step ")[1].split(";")[0])
    assert f"rgankit train --resume {run}" in err
    assert (run / "checkpoints" / f"step-{stopped:08d}" / "state.json").exists()
    assert "Traceback" not in err
