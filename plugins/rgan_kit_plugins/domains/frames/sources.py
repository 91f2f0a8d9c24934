"""Which files make which recordings: a video is one, a folder of pictures is one or more, a film strip is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError
from rgan_kit.files import Found, find
from rgan_kit_plugins.domains.frames.options import FrameOptions
from rgan_kit_plugins.domains.frames.signatures import KINDS_BY_SUFFIX, Kind, is_animated

_NUMBER: Final = re.compile(r"[0-9]+(?=[^0-9]*$)")
_FEWEST_NUMBERED: Final = 3
"""Pictures that differ in the last number of their names alone, from which on they look like frames."""


@dataclass(frozen=True)
class Source:
    """Something to decode.

    Attributes:
        name: of the file, or of what its pictures have in common, within what the user gave; with ``/``.
        kind: what it is meant to be, by its name.
        files: one; several pictures are one recording.
        folder: the outermost folder that it lies in; empty where it lies in none.
        held_out: whether the user named it for validation.
    """

    name: str
    kind: Kind
    files: tuple[Path, ...]
    folder: str = ""
    held_out: bool = False


@dataclass(frozen=True)
class Sources:
    """Everything to decode, in order, and what was left out, with the reason."""

    path: Path
    sources: tuple[Source, ...]
    left_out: Mapping[str, str]
    parts: tuple[str, ...] = ()


def find_sources(
    path: Path, kinds: frozenset[Kind], options: FrameOptions | None = None, *, pictures_are_frames: bool
) -> Sources:
    """Looks at names, and of pictures that may be animations at the first bytes.

    Args:
        path: a file or a folder.
        kinds: those that the domain reads.
        options: say what is held out, and left out; None for neither.
        pictures_are_frames: whether pictures that lie together are one recording, in the order of the numbers in their
            names; else each is one. In a folder with several rows of numbered names (``walk1``, ``walk2``, ``run1``, …)
            each row is a recording.

    Raises:
        DataError: there is nothing at ``path``, or nothing of these kinds.
    """
    endings = tuple(suffix for suffix, kind in KINDS_BY_SUFFIX.items() if kind in kinds)
    held_out, leave_out = (options.named_for_validation, options.named_to_leave_out) if options else ((), ())
    found = find(path, endings, held_out=held_out, leave_out=leave_out)
    sources: list[Source] = []
    frames: dict[tuple[str, str], list[Path]] = {}
    rows = _rows(found) if pictures_are_frames else {}
    for file in found.files:
        kind = KINDS_BY_SUFFIX[file.suffix.lower()]
        if kind == "picture" and pictures_are_frames:
            if is_animated(file):
                kind = "animation"
            else:
                frames.setdefault(rows[file], []).append(file)
                continue
        sources.append(Source(found.name(file), kind, (file,), found.folder(file), file in found.held_out))
    for (folder, row), files in frames.items():
        sides = {file in found.held_out for file in files}
        if len(sides) > 1:
            raise DataError(f"{path}: of the frames of {row or folder} some are held out, and others not.",
                            "Name whole clips.")  # fmt: skip
        name = "/".join(part for part in (folder, row) if part) or path.name
        sources.append(Source(name, "picture", tuple(files), found.folder(files[0]), sides.pop()))
    order = {file: place for place, file in enumerate(found.files)}
    sources.sort(key=lambda source: order[source.files[0]])
    return Sources(path, tuple(sources), found.left_out, found.parts)


def _rows(found: Found) -> dict[Path, tuple[str, str]]:
    """The folder of every picture, and what its name has before its last number, where that makes several rows of some
    length in the folder; else all of a folder are one row, without a name."""
    folders: dict[str, dict[str, list[Path]]] = {}
    for file in found.files:
        if KINDS_BY_SUFFIX[file.suffix.lower()] == "picture":
            name = found.name(file)
            folder = name.rpartition("/")[0]
            stem = _NUMBER.split(file.stem)[0].rstrip("_-. ") if _NUMBER.search(file.stem) else ""
            folders.setdefault(folder, {}).setdefault(stem, []).append(file)
    rows: dict[Path, tuple[str, str]] = {}
    for folder, stems in folders.items():
        several = len(stems) > 1 and all(len(files) >= _FEWEST_NUMBERED and stem for stem, files in stems.items())
        for stem, files in stems.items():
            rows |= dict.fromkeys(files, (folder, stem if several else ""))
    return rows
