"""From a path to lines of text, or to the reason why not."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError

MAX_BYTES: Final = 2**30
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Text:
    """What was read.

    Attributes:
        path: as the user gave it.
        lines: of all files in order, without their ends.
        starts: (file, number of its first line among ``lines``) of every file.
        skipped: what lies in the folder and was not read, each with the reason.
        fingerprint: SHA-256 (hex) of the names and bytes of all files.
    """

    path: Path
    lines: list[str]
    starts: tuple[tuple[Path, int], ...]
    skipped: tuple[str, ...]
    fingerprint: str

    def where(self, line: int) -> str:
        """File and line number (from 1) of ``lines[line]``."""
        file, first = next((file, first) for file, first in reversed(self.starts) if first <= line)
        return f"{file}, line {line - first + 1:,}"


def fingerprint(parts: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 (hex) of names and contents, each preceded by its length so that no two lists look alike."""
    digest = hashlib.sha256()
    for name, content in parts:
        for part in (name.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def read_text(path: Path) -> Text:
    """Reads a .txt file, or every one in a folder and the folders in it, in the order of their names.

    Raises:
        DataError: nothing to read at ``path``, too much of it, or something that is no UTF-8 text.
    """
    try:
        files, skipped = _find(path)
        _check_size(path, files)
        contents = [(file, file.read_bytes()) for file in files]
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    lines: list[str] = []
    starts = []
    for file, content in contents:
        starts.append((file, len(lines)))
        lines += _lines(file, content)
    if not any(content for _, content in contents):
        raise DataError(f"{path}: there is nothing in it.", "Give a .txt file with at least 10 lines of text.")
    named = ((file.relative_to(path).as_posix() if file != path else file.name, data) for file, data in contents)
    return Text(path, lines, tuple(starts), tuple(skipped), fingerprint(named))


def _find(path: Path) -> tuple[list[Path], list[str]]:
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        files, skipped = _find_in_folder(path)
        if not files:
            more = f" (skipped: {', '.join(skipped[:5])})" if skipped else ""
            raise DataError(f"{path}: there is no .txt file in this folder{more}.", "Text is read from .txt files.")
        return files, skipped
    if not path.is_file():
        raise DataError(f"{path}: this is neither a file nor a folder.", "Give a .txt file or a folder of them.")
    if path.suffix.lower() != ".txt":
        raise DataError(f"{path}: this is no .txt file.", "If it is plain text, rename it so that it ends in .txt.")
    return [path], []


def _find_in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    """Text files in the order of their names, and what was passed over. Links are not followed: what they point to
    lies elsewhere, or is read already under its own name."""
    files, skipped = [], []
    for file, is_folder in _walk(folder):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink():
            if is_folder or file.suffix.lower() == ".txt":
                skipped.append(f"{name} (a symbolic link)")
        elif is_folder or file.suffix.lower() != ".txt":
            continue
        elif file.name.startswith("."):
            skipped.append(f"{name} (hidden)")
        elif not stat.S_ISREG(file.stat().st_mode):
            skipped.append(f"{name} (no regular file)")
        else:
            files.append(file)
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix()), sorted(skipped)


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


def _lines(file: Path, content: bytes) -> list[str]:
    if content.startswith(_UTF16_MARKS):
        raise DataError(f"{file}: this looks like UTF-16 and not UTF-8.", "Save it as UTF-8.")
    zero = content.find(0)
    if zero >= 0:
        raise DataError(
            f"{file}, line {_line_number(content, zero):,}: a zero byte at offset {zero:,}, so this is no text.",
            "Give plain text in UTF-8.",
        )
    mark = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = content[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = mark + error.start
        raise DataError(
            f"{file}, line {_line_number(content, offset):,}: byte 0x{content[offset]:02x} at offset {offset:,} of the "
            f"file is not UTF-8 ({error.reason}).",
            "Save the file as UTF-8.",
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def _line_number(content: bytes, offset: int) -> int:
    return len(_LINE_ENDS.findall(content[:offset])) + 1
