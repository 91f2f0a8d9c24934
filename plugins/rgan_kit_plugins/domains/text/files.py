"""From a path to samples of text, or to the reason why not."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.text.records import Layout, Records, UnreadableError, records_of

SUFFIXES: Final = (".txt", ".tsv", ".jsonl")
MAX_BYTES: Final = 2**30

_NAMES: Final = ".txt, .tsv or .jsonl"


class Part(NamedTuple):
    """A file that was read: the number of its first line among all, and how many lines of it stand before that."""

    file: Path
    first: int
    header: int = 0


@dataclass(frozen=True)
class Text:
    """What was read.

    Attributes:
        path: as the user gave it.
        lines: of all files in order, without their ends; records, where a file holds such.
        parts: the files.
        refused: what lies in the folder and was not read, each with the reason.
        fingerprint: SHA-256 (hex) of the names and bytes of all files.
        labels: the class of each line (empty where the line is); None where there are no classes.
    """

    path: Path
    lines: list[str]
    parts: tuple[Part, ...]
    fingerprint: str
    refused: Mapping[str, str] = field(default_factory=dict)
    labels: list[str] | None = None

    def where(self, line: int) -> str:
        """File and line number (from 1) of ``lines[line]``."""
        part = next(part for part in reversed(self.parts) if part.first <= line)
        return f"{part.file}, line {line - part.first + part.header + 1:,}"


def fingerprint(parts: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 (hex) of names and contents, each preceded by its length so that no two lists look alike."""
    digest = hashlib.sha256()
    for name, content in parts:
        for part in (name.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def read_text(path: Path, layout: Layout | None = None) -> Text:
    """Reads a file of text, or every one in a folder and the folders in it, in the order of their names. In a folder,
    those that cannot be used are left out and listed.

    Raises:
        DataError: nothing to read at ``path``, too much of it, or something that is no UTF-8 text.
    """
    layout = layout or Layout()
    try:
        files, refused = _find(path)
        _check_size(path, files)
        contents = [(file, file.read_bytes()) for file in files]
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    if not any(content for _, content in contents):
        raise DataError(f"{path}: there is nothing in it.", f"Give a {_NAMES} file with at least 10 lines of text.")
    read: list[tuple[Path, Records]] = []
    for file, content in contents:
        try:
            read.append((file, records_of(file.suffix.lower(), content, layout)))
        except UnreadableError as error:
            if file == path:
                raise _unreadable(file, error) from None
            refused[_name(path, file)] = f"line {error.line:,}: {error.reason}" if error.line else error.reason
    return _joined(path, layout, contents, read, refused)


def _joined(
    path: Path,
    layout: Layout,
    contents: list[tuple[Path, bytes]],
    read: list[tuple[Path, Records]],
    refused: dict[str, str],
) -> Text:
    if not read:
        listed = "; ".join(f"{name}: {reason}" for name, reason in list(refused.items())[:3])
        raise DataError(f"{path}: no file in it can be used ({listed}).", f"Give {_NAMES} files in UTF-8.")
    lines: list[str] = []
    parts = []
    for file, records in read:
        parts.append(Part(file, len(lines), records.header))
        lines += records.texts
    mark = fingerprint((_name(path, file), content) for file, content in contents)
    return Text(path, lines, tuple(parts), mark, refused, _labels(path, layout, read))


def _labels(path: Path, layout: Layout, read: list[tuple[Path, Records]]) -> list[str] | None:
    """The class of every line, from its record, its file's name or the first folder on the way to it."""
    if layout.labels in ("file", "folder"):
        names = [_label_of_file(path, file, layout) for file, _ in read]
        return [
            name if text.strip() else ""
            for name, (_, records) in zip(names, read, strict=True)
            for text in records.texts
        ]
    labelled = [file for file, records in read if records.labels is not None]
    if not labelled:
        return None
    for file, records in read:
        if records.labels is None and any(map(str.strip, records.texts)):
            raise DataError(
                f"{file}: has no classes, but {labelled[0].name} has.",
                "Leave one of them out, or all classes: --set domain.labels=none",
            )
    return [label for _, records in read for label in records.labels or [""] * len(records.texts)]


def _label_of_file(path: Path, file: Path, layout: Layout) -> str:
    if layout.labels == "file":
        return _as_text(file.stem)
    steps = file.relative_to(path).parts if file != path else ()
    if len(steps) < 2:
        raise DataError(
            f"{file}: lies in no folder of its class.",
            f"Put it into one ({path / 'CLASS' / file.name}), or: --set domain.labels=file",
        )
    return _as_text(steps[0])


def _as_text(name: str) -> str:
    """A file's name, which may hold bytes that are no UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _unreadable(file: Path, error: UnreadableError) -> DataError:
    return DataError(f"{file}{f', line {error.line:,}' if error.line else ''}: {error.reason}", error.mend)


def _name(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix() if file != path else file.name


def _find(path: Path) -> tuple[list[Path], dict[str, str]]:
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        files, refused = _find_in_folder(path)
        if not files:
            listed = ", ".join(f"{name} ({reason})" for name, reason in list(refused.items())[:5])
            more = f" (skipped: {listed})" if refused else ""
            raise DataError(f"{path}: there is no {_NAMES} file in this folder{more}.", "Text is read from such files.")
        return files, refused
    if not path.is_file():
        raise DataError(f"{path}: this is neither a file nor a folder.", f"Give a {_NAMES} file or a folder of them.")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: this is no {_NAMES} file.", "If it is plain text, rename it so that it ends in .txt.")
    return [path], {}


def _find_in_folder(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Text files in the order of their names, and what was passed over. Links are not followed: what they point to
    lies elsewhere, or is read already under its own name."""
    files, refused = [], {}
    for file, is_folder in _walk(folder):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink():
            if is_folder or file.suffix.lower() in SUFFIXES:
                refused[name] = "a symbolic link"
        elif is_folder or file.suffix.lower() not in SUFFIXES:
            continue
        elif file.name.startswith("."):
            refused[name] = "hidden"
        elif not stat.S_ISREG(file.stat().st_mode):
            refused[name] = "no regular file"
        else:
            files.append(file)
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix()), dict(sorted(refused.items()))


def _walk(folder: Path) -> Iterator[tuple[Path, bool]]:
    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        for name in folders:
            yield Path(parent, name), True
        for name in names:
            yield Path(parent, name), False


def _missing(path: Path) -> DataError:
    """Names the nearest thing that does exist."""
    child, parent = path.absolute(), path.absolute().parent
    while not parent.exists():
        child, parent = parent, parent.parent
    if not parent.is_dir():
        return DataError(f"{path}: no such file or folder.", f"{parent} is a file and not a folder.")
    near = difflib.get_close_matches(child.name, [entry.name for entry in parent.iterdir()], n=3)
    hint = f"In {parent} there is {' or '.join(near)}." if near else f"The nearest folder that exists is {parent}."
    return DataError(f"{path}: no such file or folder.", hint)


def _check_size(path: Path, files: list[Path]) -> None:
    size = sum(file.stat().st_size for file in files)
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: {size / 2**30:.1f} GiB of text; at most {MAX_BYTES / 2**30:.0f} GiB are held in memory.",
            "Train on a part of it.",
        )
