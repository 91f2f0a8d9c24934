"""Which files are read: regular ones inside the folder, by their endings, within bounds."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError

CSV_ENDINGS: Final = (".csv", ".tsv")
PARQUET_ENDINGS: Final = (".parquet", ".pq")
ENDINGS: Final = (*CSV_ENDINGS, *PARQUET_ENDINGS)
MAX_BYTES: Final = 2**30
MAX_FILES: Final = 100_000


@dataclass(frozen=True)
class Found:
    """Files in the order of their names, and those that are not read, each with the reason."""

    files: tuple[Path, ...]
    refused: dict[str, str] = field(default_factory=dict)


def find(path: Path, leave_out: Path | None = None) -> Found:
    """The tables at ``path``.

    Args:
        path: a file, or a folder that is walked through. Links inside it are not followed: what they point to lies
            elsewhere, or is read already under its own name.
        leave_out: a file that is no data (the labels).

    Raises:
        DataError: there is none, or more of them than memory should hold.
    """
    try:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder.", f"Looked for it from {Path.cwd()}.")
        found = _in_folder(path, leave_out) if path.is_dir() else _single(path)
        size = sum(file.stat().st_size for file in found.files)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: {size / 2**30:.1f} GiB of tables; at most {MAX_BYTES / 2**30:.0f} GiB are held in memory.",
            "Train on a part of it.",
        )
    return found


def content_of(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error


def fingerprint(parts: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 (hex) of names and contents, each preceded by its length so that no two lists look alike."""
    digest = hashlib.sha256()
    for name, content in parts:
        for part in (name.encode("utf-8", "surrogateescape"), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _single(path: Path) -> Found:
    if not path.is_file():
        raise DataError(f"{path}: this is neither a file nor a folder.", "Give a .csv or .parquet file.")
    if path.suffix.lower() not in ENDINGS:
        raise DataError(
            f"{path}: this is no {', '.join(ENDINGS)} file.",
            "If it is a table of numbers with commas, semicolons or tabs, rename it so that it ends in .csv.",
        )
    return Found((path,))


def _in_folder(folder: Path, leave_out: Path | None) -> Found:
    def fail(error: OSError) -> None:
        raise error

    files: list[Path] = []
    refused: dict[str, str] = {}
    own = None if leave_out is None else leave_out.resolve()
    for parent, folders, names in os.walk(folder, onerror=fail):
        for name in sorted(folders):
            if Path(parent, name).is_symlink():
                refused[Path(parent, name).relative_to(folder).as_posix()] = "a symbolic link"
        for file in (Path(parent, name) for name in names):
            if file.suffix.lower() not in ENDINGS or file.absolute() == own:
                continue
            why = _unfit(file)
            if why:
                refused[file.relative_to(folder).as_posix()] = why
            else:
                files.append(file)
        if len(files) > MAX_FILES:
            raise DataError(f"{folder}: more than {MAX_FILES:,} tables.", "Join them into one with an id column.")
    if not files:
        more = "".join(f" {name}: {why}." for name, why in list(refused.items())[:5])
        raise DataError(
            f"{folder}: there is no {', '.join(ENDINGS)} file to read in this folder.{more}", "Give tables of numbers."
        )
    return Found(
        tuple(sorted(files, key=lambda file: file.relative_to(folder).as_posix())), dict(sorted(refused.items()))
    )


def _unfit(file: Path) -> str:
    if file.is_symlink():
        return "a symbolic link"
    if file.name.startswith("."):
        return "hidden"
    return "" if stat.S_ISREG(file.stat().st_mode) else "no regular file"
