"""Which files of a folder make recordings."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.frames.signatures import KINDS_BY_SUFFIX, Kind


@dataclass(frozen=True)
class Source:
    """Something to decode.

    Attributes:
        name: of the file, or of the folder of pictures, within what the user gave; with ``/``.
        kind: what it is meant to be, by its name.
        files: one; several pictures are one recording.
    """

    name: str
    kind: Kind
    files: tuple[Path, ...]

    @property
    def folder(self) -> str:
        """The outermost folder that it lies in; empty where it lies in none."""
        return self.name.split("/")[0] if "/" in self.name else ""


@dataclass(frozen=True)
class Found:
    """Sources in the order of their names, and what was left out, with the reason."""

    sources: list[Source]
    refused: dict[str, str]


def find(path: Path, kinds: frozenset[Kind], *, pictures_are_frames: bool) -> Found:
    """Looks at names alone. Links in a folder are not followed: what they point to lies elsewhere, or is there anyway.

    Args:
        path: a file or a folder.
        kinds: those that the domain reads.
        pictures_are_frames: whether the pictures of a folder are one recording, in the order of the numbers in their
            names; else each is one.

    Raises:
        DataError: there is nothing at ``path``, or nothing of these kinds.
    """
    if not path.exists():
        raise _missing(path)
    names = ", ".join(suffix for suffix, kind in KINDS_BY_SUFFIX.items() if kind in kinds)
    if not path.is_dir():
        kind = KINDS_BY_SUFFIX.get(path.suffix.lower())
        if kind not in kinds or not path.is_file():
            raise DataError(f"{path}: this is no file that the domain reads.", f"It reads {names}.")
        assert kind is not None
        return Found([Source(path.name, kind, (path,))], {})
    try:
        found = _find_in_folder(path, kinds, pictures_are_frames)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    if not found.sources:
        more = "".join(f"\n  {name}: {reason}" for name, reason in list(found.refused.items())[:5])
        raise DataError(f"{path}: there is nothing in this folder that the domain reads.{more}", f"It reads {names}.")
    return found


def _find_in_folder(folder: Path, kinds: frozenset[Kind], pictures_are_frames: bool) -> Found:
    sources: list[Source] = []
    frames: dict[str, list[Path]] = {}
    refused: dict[str, str] = {}
    for file, is_folder in _walk(folder):
        name = file.relative_to(folder).as_posix()
        kind = KINDS_BY_SUFFIX.get(file.suffix.lower())
        if file.is_symlink() and (is_folder or kind in kinds):
            refused[name] = "a symbolic link, which is not followed"
        elif is_folder or kind is None or kind not in kinds:
            continue
        elif not stat.S_ISREG(file.lstat().st_mode):
            refused[name] = "no regular file"
        elif kind == "picture" and pictures_are_frames:
            frames.setdefault(Path(name).parent.as_posix(), []).append(file)
        else:
            sources.append(Source(name, kind, (file,)))
    for name, files in frames.items():
        within = folder.name if name == "." else name
        sources.append(Source(within, "picture", tuple(sorted(files, key=lambda file: by_number(file.name)))))
    return Found(sorted(sources, key=lambda source: by_number(source.name)), dict(sorted(refused.items())))


def _walk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Everything that is not hidden, and whether it is a folder."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from ((Path(parent, name), True) for name in folders)
        yield from ((Path(parent, name), False) for name in names if not name.startswith("."))


def by_number(name: str) -> list[tuple[bool, int, str]]:
    """A sorting key that puts ``frame10`` behind ``frame9``."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return [(part[0] not in "0123456789", int(part) if part[0] in "0123456789" else 0, part) for part in parts]


def _missing(path: Path) -> DataError:
    """Names the nearest thing that does exist."""
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=3)
    hint = f"In {parent} there is {' or '.join(near)}." if near else f"The nearest folder that exists is {parent}."
    return DataError(f"{path}: no such file or folder.", hint)
