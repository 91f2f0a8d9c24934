"""``history.jsonl``: what a report shows beside figures: samples of several moments, warnings, and how a run went."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rgan_kit.errors import RganKitError
from rgan_kit.training.reporting import MetricsFile

FILE: Final = "history.jsonl"


class History:
    """Writes the history of a run, one JSON object a line.

    Args:
        folder: the run's.
        step: that it goes on after; lines of later ones are dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._file = MetricsFile(folder / FILE, step)
        self._file.write(step, {"status": "began", "time": round(time.time())})

    def add(self, step: int, content: Mapping[str, Any]) -> None:
        """A line: ``samples`` and ``real`` ones (see ``Overview``), or a ``warning`` in words."""
        self._file.write(step, content)

    def ended(self, step: int, status: str) -> None:
        """``done``, ``interrupted`` or ``failed``; a full disk keeps nothing from ending."""
        with contextlib.suppress(RganKitError):
            self._file.write(step, {"status": status, "time": round(time.time())})
