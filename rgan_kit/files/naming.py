"""Names of the files that samples are written to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def numbered(folder: Path, stem: str, count: int, suffix: str, labels: Sequence[str] | None = None) -> list[Path]:
    """Names such as ``sample-0001.gif``, or ``sample-0001-cat.gif`` with the class of each."""
    digits = max(4, len(str(count)))
    names = [""] * count if labels is None else [f"-{_in_a_name(label)}" for label in labels]
    return [folder / f"{stem}-{number:0{digits}}{name}{suffix}" for number, name in enumerate(names, 1)]


def _in_a_name(label: str) -> str:
    """A class as part of a file's name on any system."""
    return re.sub(r"[^\w.+-]+", "_", label)[:60].strip(".") or "_"
