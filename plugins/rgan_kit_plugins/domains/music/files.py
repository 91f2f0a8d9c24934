"""From a path to the scores that lie there, or to the reason why not."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.music.songs import Song
from rgan_kit_plugins.domains.music.workers import parse_all

MIDI: Final = (".mid", ".midi")
ABC: Final = (".abc",)
SUFFIXES: Final = MIDI + ABC
MOST_BYTES: Final = 2**24
_MOST_BYTES_IN_ALL: Final = 2**30
_MOST_TUNES: Final = 20_000
_UNREAD: Final = dict.fromkeys(
    (".xml", ".musicxml", ".mxl"), "MusicXML is not read; save it as MIDI in the program that wrote it"
)
_TUNE: Final = re.compile(rb"^X:", re.M)


@dataclass(frozen=True)
class Score:
    """A piece of music in a file: the whole of it, or one tune of several.

    Attributes:
        name: relative to the folder that was given.
        label: the first folder of ``name``, empty where there is none.
        song: what is in it.
    """

    name: str
    label: str
    song: Song


@dataclass(frozen=True)
class Found:
    """What lies at a path.

    Attributes:
        scores: in the order of their names.
        refused: reason by name.
        fingerprint: SHA-256 (hex) of names and contents of all files that could be opened.
    """

    scores: list[Score]
    refused: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""


def read_scores(path: Path, *, repeats: bool = False) -> Found:
    """Reads a file, or every .mid, .midi and .abc in a folder and the folders in it.

    Args:
        path: a file or a folder.
        repeats: whether a file that equals an earlier one counts too.

    Raises:
        DataError: nothing to read at ``path``, or nothing that can be used.
        DeviceError: the parser is not installed.
    """
    refused: dict[str, str] = {}
    try:
        files = sorted(_find(path, refused))
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    contents = dict(_read(files, refused, repeats))
    pieces = [(name, *piece) for name, content in contents.items() for piece in _pieces(name, content, refused)]
    songs = parse_all([(kind, text) for _, _, kind, text in pieces])
    scores = []
    for (file, tune, _, _), song in zip(pieces, songs, strict=True):
        if isinstance(song, str):
            refused[tune] = song
        else:
            scores.append(Score(tune, file.split("/", 1)[0] if "/" in file else "", song))
    if not scores:
        raise _nothing(path, refused)
    return Found(scores, dict(sorted(refused.items())), _fingerprint(contents))


def _nothing(path: Path, refused: dict[str, str]) -> DataError:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in list(refused.items())[:3])
    more = f" and {len(refused) - 3:,} more" if len(refused) > 3 else ""
    return DataError(
        f"{path}: there is no score that can be used here{f' ({reasons}{more})' if refused else ''}.",
        f"Music is read from {', '.join(SUFFIXES)} files.",
    )


def _find(path: Path, refused: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Names and paths of scores. Links in a folder are not followed: what they point to lies elsewhere."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder.", "Give a .mid file or a folder of them.")
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            reason = _UNREAD.get(path.suffix.lower(), f"this is none of {', '.join(SUFFIXES)}")
            raise DataError(f"{path}: {reason}.", "Give a .mid file or a folder of them.")
        yield path.name, path
        return
    for parent, _, names in os.walk(path, onerror=_fail):
        for name in names:
            file = Path(parent, name)
            suffix, own = file.suffix.lower(), file.relative_to(path).as_posix()
            if suffix in _UNREAD:
                refused[own] = _UNREAD[suffix]
            elif suffix not in SUFFIXES or name.startswith("."):
                continue
            elif file.is_symlink():
                refused[own] = "a symbolic link, which is not followed"
            else:
                yield own, file


def _fail(error: OSError) -> None:
    raise error


def _read(files: list[tuple[str, Path]], refused: dict[str, str], repeats: bool) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files that are worth parsing, each content once but for ``repeats``."""
    seen: dict[bytes, str] = {}
    total = 0
    for name, file in files:
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                refused[name] = "no regular file"
                continue
            if status.st_size > MOST_BYTES:
                refused[name] = f"{status.st_size / 2**20:,.0f} MiB; at most {MOST_BYTES // 2**20} are read"
                continue
            content = file.read_bytes()
        except OSError as error:
            refused[name] = f"cannot be read: {error.strerror or error}"
            continue
        total += len(content)
        if total > _MOST_BYTES_IN_ALL:
            raise DataError(f"{file}: with it there is more than 1 GiB of scores.", "Train on a part of them.")
        first = seen.setdefault(hashlib.sha256(content).digest(), name)
        if first != name and not repeats:
            refused[name] = f"the same as {first}"
        else:
            yield name, content


def _pieces(name: str, content: bytes, refused: dict[str, str]) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, kind and text of every score in a file: an .abc may hold many tunes."""
    if not name.lower().endswith(ABC):
        yield name, b"m", content
        return
    if b"abc-include" in content.lower():
        refused[name] = "it includes other files, which is not done"
        return
    starts = [match.start() for match in _TUNE.finditer(content)][:_MOST_TUNES]
    if len(starts) < 2:
        yield name, b"a", content
        return
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(content)], strict=True), 1):
        yield f"{name}:{number}", b"a", content[start:end]


def _fingerprint(contents: dict[str, bytes]) -> str:
    """Each part is preceded by its length, so that no two lists look alike."""
    digest = hashlib.sha256()
    for name, content in contents.items():
        for part in (name.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()
