"""Processes with a stranger's code end: by their own, by the clock, or with whoever asked for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rgan_kit.testing import watched

LOOP = """
import os, sys, threading
from rgan_kit.testing.trial import end_with
threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
while True: pass
"""
ASK = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True, stdout=subprocess.DEVNULL).pid)
sys.stdin.read()
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_a_loop_without_end_does_not_outlive_who_asked_for_it():
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK, LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = int(asking.stdout.readline())
    time.sleep(3)
    assert alive(child)
    asking.kill()
    asking.communicate()
    until = time.monotonic() + 30
    while alive(child) and time.monotonic() < until:
        time.sleep(0.2)
    assert not alive(child)


def ran(program: str, tmp_path, seconds: float) -> tuple[int | None, int]:
    answer, talk = tmp_path / "answer", tmp_path / "talk"
    words = [sys.executable, "-c", program, str(answer)]
    return watched.watch(words, os.environ, answer, talk, seconds), talk.stat().st_size


SAY = "import sys; file = open(sys.argv[1], 'w', buffering=1); file.write('loading\\nready\\n'); "


def test_who_comes_to_an_end_gives_its_code(tmp_path):
    assert ran(SAY + "print('bye'); sys.exit(7)", tmp_path, 30) == (7, 4)


def test_who_goes_quiet_is_ended(tmp_path):
    began = time.monotonic()
    assert ran(SAY + "import time; time.sleep(99)", tmp_path, 1)[0] is None
    assert time.monotonic() - began < 30


def test_who_talks_without_end_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(watched, "MOST_TALK", 1_000_000)
    code, size = ran(
        SAY + "\nimport time\nfor _ in range(40): print('x' * 500_000, flush=True); time.sleep(0.02)", tmp_path, 30
    )
    assert code == 0 and size < 15_000_000
