"""Why something is not read, in words that say how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rgan_kit.errors import DataError

_SHOWN: Final = 5


class UnreadableError(Exception):
    """A file that cannot be used.

    Args:
        reason: why, without naming the file.
        hint: what to do about it; empty where nothing better can be said.
        line: where in it, from 1; 0 for the whole of it.
    """

    def __init__(self, reason: str, hint: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.line = reason, hint, line

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.reason}" if self.line else self.reason

    def of(self, file: Path) -> DataError:
        """The same as an error that names the file and ends the reading."""
        where = f"{file}, line {self.line:,}" if self.line else str(file)
        return DataError(f"{where}: {self.reason}{'' if self.reason.endswith('.') else '.'}", self.hint)


def missing(path: Path) -> DataError:
    """The error for a path at which nothing lies; names the nearest thing that does exist."""
    child, parent = path.absolute(), path.absolute().parent
    while not parent.exists():
        child, parent = parent, parent.parent
    if not parent.is_dir():
        return DataError(f"{path}: no such file or folder.", f"{parent} is a file and not a folder.")
    try:
        near = difflib.get_close_matches(child.name, [entry.name for entry in parent.iterdir()], n=3)
    except OSError:
        near = []
    hint = f"In {parent} there is {' or '.join(near)}." if near else f"The nearest folder that exists is {parent}."
    return DataError(f"{path}: no such file or folder.", hint)


def nothing_usable(path: Path, left_out: Mapping[str, str], hint: str = "") -> DataError:
    """The error for a path at which nothing can be used, with the first few reasons."""
    more = "".join(f"\n  {name}: {reason}" for name, reason in list(left_out.items())[:_SHOWN])
    if len(left_out) > _SHOWN:
        more += f"\n  … and {len(left_out) - _SHOWN:,} more"
    return DataError(f"{path}: there is nothing here that can be used.{more}", hint)
