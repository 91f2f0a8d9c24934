"""Runs within a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rgan_kit.errors import DataError
from rgan_kit.reports import reading

_DEEPEST: Final = 3
_MOST: Final = 10_000


def runs_in(folder: Path) -> list[Path]:
    """Folders with a ``config.toml`` in and below a folder, up to three levels deep; nothing below a run, and no links.

    Raises:
        DataError: there is no such folder, or there are too many.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.", "rgankit train writes runs into ./runs.")
    found: list[Path] = []
    _look(folder, _DEEPEST, found)
    return found


def _look(folder: Path, depth: int, found: list[Path]) -> None:
    if reading.is_inside(folder, "config.toml"):
        found.append(folder)
        if len(found) > _MOST:
            raise DataError(f"{folder}: there are more than {_MOST:,} runs.", "Name a folder further down.")
        return
    for inner in reading.folders(folder) if depth else ():
        if not inner.name.startswith("."):
            _look(inner, depth - 1, found)
