"""Molecules out of a user's files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError
from rgankit_smiles.syntax import problem_of, tokens_of

_SUFFIXES: Final = (".smi", ".txt")
_MOST_BYTES: Final = 2**30
_SHOWN: Final = 5


@dataclass(frozen=True)
class Molecules:
    """What files hold.

    Attributes:
        rows: tokens of each molecule, in the order of the files.
        refused: what was left out and why, by file; and for the first faulty lines, by line.
        fingerprint: SHA-256 of names and contents.
    """

    rows: list[list[str]]
    refused: Mapping[str, str]
    fingerprint: str


def read(path: Path) -> Molecules:
    """The molecules of a file or of a folder's .smi and .txt files.

    Raises:
        DataError: the path cannot be read or has no molecule; names the file.
    """
    rows: list[list[str]] = []
    refused: dict[str, str] = {}
    mark = hashlib.sha256()
    for file in _files(path):
        content = _content(file)
        mark.update(f"{file.name} {len(content)}\n".encode() + content)
        found, faults = _lines(file, content)
        rows += found
        shown = dict(list(faults.items())[:_SHOWN])
        refused |= {f"{file.name}, line {line}": problem for line, problem in shown.items()}
        if len(faults) > _SHOWN:
            refused[f"{file.name}, further lines"] = f"{len(faults) - _SHOWN:,} that are no SMILES either"
    if not rows:
        reasons = "; ".join(f"{where}: {why}" for where, why in list(refused.items())[:1]) or "they are empty"
        raise DataError(f"{path}: no molecule in it ({reasons}).", "Write one SMILES a line: CC(=O)Oc1ccccc1C(=O)O")
    return Molecules(rows, refused, mark.hexdigest())


def _files(path: Path) -> list[Path]:
    try:
        if path.is_file():
            return [path]
        found = sorted(file for file in path.iterdir() if file.is_file() and file.suffix.lower() in _SUFFIXES)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}.", "Name a .smi or .txt file, or a folder.") from error
    if not found:
        raise DataError(f"{path}: no .smi or .txt file in this folder.", "Name the file itself.")
    return found


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{file}: more than {_MOST_BYTES // 2**20:,} MiB.", "Train on a part of it.")
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: {error.strerror or error}.", "Check its permissions.") from error


def _lines(file: Path, content: bytes) -> tuple[list[list[str]], dict[int, str]]:
    """Molecules of a file, and what is wrong with the other lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{error.reason} at byte {error.start}"
        raise DataError(f"{file}: not UTF-8 text: {where}.", "Save it as UTF-8.") from error
    rows, faults = [], {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words:
            continue
        problem = problem_of(words[0])
        if problem is None:
            rows.append(tokens_of(words[0]) or [])
        else:
            faults[number] = problem
    return rows, faults
