"""From a user's path to recordings in a store: what was read, what was refused and why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, DeviceError
from rgan_kit_plugins.domains.frames.decoding import DecodingProcess
from rgan_kit_plugins.domains.frames.finding import Found, Source, by_number
from rgan_kit_plugins.domains.frames.messages import End
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.store import FrameStore

_LIBRARIES: Final[dict[Kind, tuple[str, str]]] = {
    "video": ("av", "video"),
    "animation": ("PIL", "video"),
    "picture": ("PIL", "images"),
}


@dataclass(frozen=True)
class Recording:
    """Frames that belong together.

    Attributes:
        name: of its file, with its number where the file has several.
        start, count: its frames in the store.
        fps: frames a second, if the file says so.
        label: its class as its file says, if it does.
        folder: the outermost folder that its file lies in; empty where it lies in none.
    """

    name: str
    start: int
    count: int
    fps: float | None = None
    label: str | None = None
    folder: str = ""


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        recordings: in the order of the files' names.
        refused: files that were left out, and why.
        fingerprint: SHA-256 (hex) of the names and bytes of all files that were read.
    """

    recordings: list[Recording]
    refused: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""


def read(path: Path, found: Found, preparation: Preparation, store: FrameStore, seconds: float) -> Reading:
    """Decodes everything that was found into a store.

    Args:
        path: as the user gave it, for messages.
        found: at it.
        preparation: of every frame.
        store: to put them into.
        seconds: that a file may take.

    Raises:
        DataError: no file can be used, or there is no room for the frames.
        DeviceError: a library is not installed.
    """
    need(source.kind for source in found.sources)
    recordings: list[Recording] = []
    refused = dict(found.refused)
    digest = hashlib.sha256()
    with DecodingProcess(preparation, seconds) as process:
        for source in found.sources:
            mark = len(store)
            try:
                mine = _read_one(process, source, store)
                marks = [_fingerprint(path, file) for file in source.files]
            except UnreadableError as error:
                store.cut(mark)
                refused[source.name] = str(error)
                continue
            recordings += mine
            digest.update(b"".join(marks))
    if not recordings:
        reasons = "".join(f"\n  {name}: {reason}" for name, reason in list(refused.items())[:5])
        if path.is_dir():
            raise DataError(f"{path}: none of the {len(refused):,} files can be used.{reasons}")
        raise DataError(f"{path}: {', '.join(refused.values())}.")
    return Reading(recordings, refused, digest.hexdigest())


def need(kinds: Iterable[Kind]) -> None:
    """Raises ``DeviceError`` where a library for these kinds of file is not installed; names the extra."""
    for kind in sorted(set(kinds) & set(_LIBRARIES)):
        module, extra = _LIBRARIES[kind]
        if find_spec(module) is None:
            library = {"av": "PyAV", "PIL": "Pillow"}[module]
            raise DeviceError(
                f"A {kind} file needs {library}, which this environment does not have.",
                f'Install it with: pip install "rgan-kit[{extra}]"',
            )


def _read_one(process: DecodingProcess, source: Source, store: FrameStore) -> list[Recording]:
    ends: list[End] = []
    starts = [len(store)]
    for event in process.decode(source):
        if isinstance(event, np.ndarray):
            store.append(event)
        else:
            ends.append(event)
            starts.append(len(store))
    if len(store) == starts[0]:
        raise UnreadableError("there is no frame in it")
    return [
        Recording(
            source.name if len(ends) == 1 else f"{source.name}[{number}]",
            starts[number],
            starts[number + 1] - starts[number],
            end.fps,
            end.label,
            source.folder,
        )
        for number, end in enumerate(ends)
    ]


def _fingerprint(path: Path, file: Path) -> bytes:
    """Name and content of a file, the name preceded by its length so that no two lists look alike."""
    name = (file.relative_to(path).as_posix() if file != path else file.name).encode("utf-8", "surrogateescape")
    try:
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").digest()
    except OSError as error:
        raise UnreadableError(f"it cannot be read ({error.strerror or error})") from error
    return len(name).to_bytes(8, "big") + name + content


def classes(recordings: Sequence[Recording], wanted: str) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes, and int64 ``[recordings]``, the class of each; no names and None where there are none.

    Args:
        recordings: all of them.
        wanted: ``auto`` for what the files say, else their folders; ``none``; ``folder``; or the array that was read.

    Raises:
        DataError: the classes asked for are not there; names a recording without one.
    """
    if wanted == "none":
        return (), None
    named = [recording.label or "" for recording in recordings]
    folders = [recording.folder for recording in recordings]
    if wanted == "auto":
        labels = named if all(named) else folders
        if not all(labels) or not 1 < len(set(labels)) <= len(labels) / 2:
            return (), None
    else:
        labels = folders if wanted == "folder" else named
        if not all(labels):
            bare = recordings[labels.index("")].name
            where = "lies in no folder" if wanted == "folder" else "says none"
            raise DataError(f"{bare}: its class is not known, because it {where}.", "Or set domain.labels to none.")
    names = sorted(set(labels), key=by_number)
    places = {name: place for place, name in enumerate(names)}
    return tuple(names), np.array([places[label] for label in labels], np.int64)
