"""Files of a run folder, which may be a stranger's: no links are followed, nothing but regular files is opened, and no
more is read than fits."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from rgan_kit.errors import DataError

MOST_BYTES: Final = 64 * 2**20
"""Of a document that is read whole."""

MOST_LINES_BYTES: Final = 512 * 2**20
"""Of a file that is read line by line."""

LONGEST_LINE: Final = 2**20


def is_inside(folder: Path, *names: str) -> bool:
    """Whether ``folder/a/b`` is there and no part of it below the folder is a link."""
    path = folder
    for name in names:
        path = path / name
        try:
            if stat.S_ISLNK(path.lstat().st_mode):
                return False
        except (OSError, ValueError):
            return False
    return True


def folders(folder: Path) -> list[Path]:
    """Folders within a folder that are no links, sorted by name; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(found)


def files(folder: Path) -> list[Path]:
    """Regular files within a folder that are no links, sorted by name; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(found)


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """The whole of a file.

    Raises:
        DataError: it is missing, a link, no regular file, larger than ``most`` bytes, or cannot be read.
    """
    with _opened(path, most) as file:
        return file.read(most + 1)[:most]


def _opened(path: Path, most: int) -> BinaryIO:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            raise DataError(f"{path} is a link, which is not followed.", "Put the file itself there.")
        if not stat.S_ISREG(about.st_mode):
            raise DataError(f"{path} is no file.")
        if about.st_size > most:
            raise DataError(f"{path} has {about.st_size / 2**20:,.0f} MiB; at most {most / 2**20:,.0f} are read.")
        return os.fdopen(os.open(path, flags), "rb")
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def json_document(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        DataError: as ``content``, or it is none.
    """
    try:
        document = json.loads(content(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error
    if not isinstance(document, dict):
        raise DataError(f"{path} is damaged: it is no JSON object.")
    return document


def toml_document(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        DataError: as ``content``, or it is none.
    """
    try:
        return tomllib.loads(content(path, 2**20).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error


@dataclass
class Lines:
    """The JSON objects of a file, one a line, each with a whole number ``step``.

    Args:
        path: of the file; one that is missing has no lines.

    Attributes:
        broken: lines that are none, once all are read: cut short by a kill, or a stranger's.
    """

    path: Path
    broken: int = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Raises ``DataError`` where the file cannot be read, see ``content``."""
        if not is_inside(self.path.parent, self.path.name) and not self.path.is_symlink():
            return
        with _opened(self.path, MOST_LINES_BYTES) as file:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    self.broken += 1
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE)
                    continue
                if (document := _object(line)) is not None:
                    yield document
                else:
                    self.broken += bool(line.strip())


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = document.get("step") if isinstance(document, dict) else None
    return document if type(step) is int and 0 <= step < 2**53 else None
