"""Where things are, and running a program of another language."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ROOT / "exported" / "apps"
PICTURES = ROOT / "build" / "pictures"
"""Kept by CI."""


def ended(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program that has ended, with its exit code and what it said."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, check=False, encoding="utf-8", env={**os.environ, **environment})


def printed(*command: object, **environment: str) -> str:
    """What a program prints."""
    done = ended(*command, **environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
