"""From a path to the scores that lie there, for training and for what is encoded later; all else has its reason."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DeviceError
from rgan_kit.files import Fingerprint, Found, Question, UnreadableError, ask_all, find, nothing_usable
from rgan_kit_plugins.domains.music.songs import Song, song_of

PROGRAM: Final = Path(__file__).with_name("parser.py")
MIDI: Final = (".mid", ".midi", ".kar", ".rmi")
ABC: Final = ".abc"
ZIP: Final = ".zip"
ENDINGS: Final = (*MIDI, ABC, ZIP)
MOST_BYTES: Final = 2**24
MOST_MEMORY: Final = 2 * 2**30
_MOST_BYTES_IN_ALL: Final = 2**30
_MOST_TUNES: Final = 20_000
_SECONDS_A_FILE: Final = 10.0
_SCORES_A_WORKER: Final = 2000  # starting one costs as much as parsing as many
_MEND: Final = f"Music is read from {', '.join(ENDINGS)} files."
_UNREAD: Final = dict.fromkeys(
    (".xml", ".musicxml", ".mxl"), "MusicXML is not read; save it as MIDI in the program that wrote it"
)
_TUNE: Final = re.compile(rb"^X:", re.M)


@dataclass(frozen=True)
class Score:
    """A piece of music in a file: the whole of it, or one of several.

    Attributes:
        name: relative to the path that was given.
        folder: the outermost folder that it lies in, empty where there is none.
        file: its place among the files that were found.
        song: what is in it.
    """

    name: str
    folder: str
    file: int
    song: Song


@dataclass(frozen=True)
class Collection:
    """What lies at a path.

    Attributes:
        found: the files.
        scores: in the order of their names.
        refused: reason by name, everything that is no score among it.
        fingerprint: of the contents of all files that could be opened.
    """

    found: Found
    scores: list[Score]
    refused: dict[str, str]
    fingerprint: Fingerprint


@dataclass(frozen=True)
class _Unparsed:
    """A score before it is parsed."""

    name: str
    folder: str
    file: int
    kind: str
    content: bytes


def read_scores(path: Path, *, held_out: Sequence[str] = (), repeats: bool = False) -> Collection:
    """Reads a file, or every score in a folder, the folders in it and the .zip files in them.

    Args:
        path: a file or a folder.
        held_out: files and folders that the user names for validation.
        repeats: whether a file that equals an earlier one counts too.

    Raises:
        DataError: nothing to read at ``path``, or nothing that can be used.
        DeviceError: the parser is not installed, or does not start.
    """
    if find_spec("symusic") is None:
        raise DeviceError(
            "Reading music needs symusic, which this environment does not have.",
            'Install it with: pip install "rgan-kit[music]"',
        )
    found = find(
        path, ENDINGS, reasons=_UNREAD, held_out=held_out, most_bytes=MOST_BYTES, most_bytes_in_all=_MOST_BYTES_IN_ALL
    )
    refused, mark = dict(found.left_out), Fingerprint()
    parts = [part for each in _contents(found, refused, mark, repeats) for part in _tunes(each, refused)]
    scores = list(_parsed(parts, refused, repeats))
    if not scores:
        raise nothing_usable(path, refused, _MEND)
    return Collection(found, scores, dict(sorted(refused.items())), mark)


def _parsed(parts: list[_Unparsed], refused: dict[str, str], repeats: bool) -> Iterator[Score]:
    seen: dict[bytes, str] = {}
    requests = [Question({"kind": part.kind}, part.content) for part in parts]
    outcomes = ask_all(
        PROGRAM, requests, a_worker=_SCORES_A_WORKER, seconds=_SECONDS_A_FILE, memory=MOST_MEMORY,
        noun="the parser", hint='Install it again: pip install --force-reinstall "symusic>=0.5.8"',
    )  # fmt: skip
    for part, outcome in zip(parts, outcomes, strict=True):
        if isinstance(outcome, UnreadableError):
            refused[part.name] = str(outcome)
            continue
        for number, answer in enumerate(outcome, 1):
            name = part.name if len(outcome) == 1 else f"{part.name}:{number}"
            try:
                song = song_of(answer.header, answer.payload)
            except UnreadableError as error:
                refused[name] = str(error)
                continue
            first = seen.setdefault(hashlib.sha256(answer.payload).digest(), name)
            if first == name or repeats:
                yield Score(name, part.folder, part.file, song)
            else:
                refused[name] = f"the same notes as {first}"


def _contents(found: Found, refused: dict[str, str], mark: Fingerprint, repeats: bool) -> Iterator[_Unparsed]:
    """Every file that is worth parsing, those in archives too, each content once but for ``repeats``."""
    seen: dict[bytes, str] = {}
    for number, file in enumerate(found.files):
        name, folder = found.name(file), found.folder(file)
        try:
            content = file.read_bytes()
        except OSError as error:
            refused[name] = f"cannot be read ({error.strerror or error})"
            continue
        mark.add(content)
        is_archive = name.lower().endswith(ZIP)
        whole = _Unparsed(name, folder, number, "abc" if name.lower().endswith(ABC) else "midi", content)
        for part in _members(whole, file, refused) if is_archive else [whole]:
            first = seen.setdefault(part.content, part.name)
            if first != part.name and not repeats:
                refused[part.name] = f"the same as {first}"
            else:
                yield part


def _members(archive: _Unparsed, file: Path, refused: dict[str, str]) -> Iterator[_Unparsed]:
    """The scores in a .zip file; a folder that holds all of them is no class."""
    try:
        with zipfile.ZipFile(file) as opened:
            infos = [each for each in opened.infolist() if not each.is_dir()][: _MOST_TUNES + 1]
            infos = [each for each in infos if not any(p.startswith((".", "__")) for p in each.filename.split("/"))]
            tops = {each.filename.split("/")[0] for each in infos}
            skipped = 1 if len(tops) == 1 else 0
            left = _MOST_BYTES_IN_ALL
            for info in infos:
                name = f"{archive.name}/{info.filename}"
                ending = next((each for each in (*MIDI, ABC) if name.lower().endswith(each)), None)
                size = min(info.file_size, MOST_BYTES + 1)
                if ending is None:
                    refused[name] = _UNREAD.get(Path(name).suffix.lower(), f"{', '.join((*MIDI, ABC))} are read")
                elif size > min(MOST_BYTES, left):
                    refused[name] = f"too large; at most {MOST_BYTES // 2**20} MiB are read, 1 GiB in all"
                else:
                    with opened.open(info) as stream:
                        content = stream.read(size + 1)  # whatever the archive says of its size
                    left -= len(content)
                    folders = info.filename.split("/")[skipped:-1]
                    folder = archive.folder or (folders[0] if folders else "")
                    yield _Unparsed(name, folder, archive.file, "abc" if ending == ABC else "midi", content)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError, zlib.error) as error:
        refused[archive.name] = f"the archive cannot be read ({' '.join(str(error).split())[:200]})"


def _tunes(part: _Unparsed, refused: dict[str, str]) -> Iterator[_Unparsed]:
    """Every score in a file: an .abc may hold many tunes."""
    if part.kind != "abc":
        yield part
        return
    if b"abc-include" in part.content.lower():
        refused[part.name] = "it includes other files, which is not done"
        return
    starts = [match.start() for match in _TUNE.finditer(part.content)]
    if len(starts) > _MOST_TUNES:
        refused[f"{part.name}:{_MOST_TUNES + 1:,} …"] = f"{len(starts):,} tunes; at most {_MOST_TUNES:,} are read"
    starts = starts[:_MOST_TUNES]
    if len(starts) < 2:
        yield part
        return
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(part.content)], strict=True), 1):
        yield _Unparsed(f"{part.name}:{number}", part.folder, part.file, "abc", part.content[start:end])
