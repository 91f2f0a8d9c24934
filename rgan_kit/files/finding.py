"""Which files lie at a path: those that are read, in a stable order, and everything that is not, with the reason."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rgan_kit.errors import DataError
from rgan_kit.files.refusals import missing, nothing_usable

SPLIT_NAMES: Final = frozenset({"train", "training", "valid", "validation", "val", "dev", "test", "testing"})
"""Names by which people usually mean the parts of a data set."""

MOST_FILES: Final = 1_000_000


@dataclass(frozen=True)
class Found:
    """What lies at a path.

    Attributes:
        path: as the user gave it.
        files: to be read, in the order of the numbers in their names; those held out are among them.
        left_out: everything else that lies there and its reason, by name; files of other endings are one entry an
            ending (``{"*.txt": "4,545 files; .mid and .midi are read"}``), folders that were not entered end in ``/``.
        held_out: those of ``files`` that the user named for validation.
    """

    path: Path
    files: tuple[Path, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    held_out: frozenset[Path] = frozenset()

    def name(self, file: Path) -> str:
        """Of a file, within the path, with ``/``; as text, whatever bytes it is made of."""
        return _name(self.path, file)

    def folder(self, file: Path) -> str:
        """The outermost folder that a file lies in, within the path; empty where it lies in none. A folder named for a
        part of the data (``train``, ``test``, …) is passed over where such folders are all there is."""
        folders = self.name(file).split("/")[:-1]
        if len(folders) > 1 and folders[0].lower() in SPLIT_NAMES and self._is_parted:
            return folders[1]
        return folders[0] if folders else ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and files named for a part of the data (``valid``, ``test.npz``, …), which the user may mean to be
        held out."""
        first = {self.name(file).split("/")[0] for file in self.files} if self.path.is_dir() else set()
        return tuple(sorted(name for name in first if name.split(".")[0].lower() in SPLIT_NAMES))

    @property
    def _is_parted(self) -> bool:
        return all(self.name(file).split("/")[0].lower() in SPLIT_NAMES for file in self.files)


def find(
    path: Path,
    endings: Sequence[str],
    *,
    reasons: Mapping[str, str] | None = None,
    held_out: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    most_bytes: int | None = None,
    most_bytes_in_all: int | None = None,
    most_files: int = MOST_FILES,
) -> Found:
    """The files at a path that end as they should, whatever the case of the letters.

    Links inside a folder are not followed: what they point to lies elsewhere, or is there under its own name. Nothing
    hidden (``.name``) is read. Both are listed, as are special files, and files of other endings by their number.

    Args:
        path: a file, or a folder with folders in it.
        endings: in small letters, with the dot; ``.csv.gz`` is one.
        reasons: why files of certain other endings are not read, by ending.
        held_out: files and folders for validation, within the path or elsewhere; those elsewhere are read too.
        leave_out: files and folders that are not to be read.
        most_bytes: of a file; larger ones are listed.
        most_bytes_in_all: of all files together.
        most_files: in all.

    Raises:
        DataError: nothing at ``path`` (names the nearest that there is), nothing of these endings, a single file that
            cannot be used, or too much.
    """
    words, are = _listed(endings), "is" if len(endings) == 1 else "are"
    seen = _Seen(endings, reasons or {}, most_bytes)
    files = seen.files_at(path)
    gone, apart = (_named(path, names) for names in (leave_out, held_out))
    for file in [file for file in files if _is_in(file, gone)]:
        files.remove(file)
        seen.left_out[_name(path, file)] = "left out, as was asked for"
    for outside in (each for each in apart if not _is_in(each, [path.absolute()])):
        files += seen.files_at(outside)
    for ending, number in seen.others.items():
        seen.left_out[f"*{ending or ' (no ending)'}"] = f"{_files(number)}; {words} {are} read"
    left_out = dict(sorted(seen.left_out.items()))
    if not files:
        raise nothing_usable(path, left_out, f"{words} {are} read.")
    if len(files) > most_files:
        raise DataError(f"{path}: more than {most_files:,} files.", "Join them into fewer, or give a part of them.")
    size = sum(file.stat().st_size for file in files)
    if most_bytes_in_all is not None and size > most_bytes_in_all:
        most = _in_units(most_bytes_in_all)
        raise DataError(f"{path}: {_in_units(size)}; at most {most} are read.", "Give a part of it.")
    files.sort(key=lambda file: by_number(_name(path, file)))
    return Found(path, tuple(files), left_out, _held_out(path, files, apart))


def by_number(name: str) -> list[tuple[bool, int, str]]:
    """A sorting key that puts ``frame10`` behind ``frame9``."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return [(part[0] not in "0123456789", int(part) if part[0] in "0123456789" else 0, part) for part in parts]


def ending_of(name: str, endings: Iterable[str]) -> str | None:
    """Which of the endings a name has, the longest of them; None for none."""
    fitting = [ending for ending in endings if name.lower().endswith(ending) and len(name) > len(ending)]
    return max(fitting, key=len, default=None)


def count_files(left_out: Mapping[str, str]) -> int:
    """How many files such a list stands for: ``*.txt`` for as many as its reason begins with, all else for one."""
    numbers = (
        re.match(r"([\d,]+) file", reason) if name.startswith("*") else None for name, reason in left_out.items()
    )
    return sum(int(number[1].replace(",", "")) if number else 1 for number in numbers)


def walk(folder: Path, left_out: dict[str, str]) -> Iterator[Path]:
    """Every regular file of a folder and the folders in it that is not hidden; all else goes into ``left_out``."""

    def fail(error: OSError) -> None:
        left_out[f"{_within(folder, Path(error.filename))}/"] = f"cannot be read ({error.strerror or error})"

    for parent, folders, names in os.walk(folder, onerror=fail):
        for name in list(folders):
            each = Path(parent, name)
            if each.is_symlink() or name.startswith("."):
                left_out[f"{_within(folder, each)}/"] = _LINK if each.is_symlink() else "hidden"
                folders.remove(name)
        for file in (Path(parent, name) for name in names):
            reason = _why_not(file)
            if reason:
                left_out[_within(folder, file)] = reason
            else:
                yield file


_LINK: Final = "a symbolic link, which is not followed"


def _why_not(file: Path) -> str:
    try:
        mode = file.lstat().st_mode
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if stat.S_ISLNK(mode):
        return _LINK
    if file.name.startswith("."):
        return "hidden"
    return "" if stat.S_ISREG(mode) else "no regular file"


@dataclass
class _Seen:
    """What is looked for, and what was seen beside it."""

    endings: Sequence[str]
    reasons: Mapping[str, str]
    most_bytes: int | None
    left_out: dict[str, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)

    def files_at(self, path: Path) -> list[Path]:
        try:
            there = path.exists()
        except OSError as error:  # a name that is too long
            raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
        if not there:
            raise missing(path)
        if not path.is_dir():
            _check_single(path, self.endings, self.reasons, self.most_bytes)
            return [path]
        files = []
        for file in walk(path, self.left_out):
            if ending_of(file.name, self.endings) is None:
                ending = ending_of(file.name, self.reasons)
                if ending is None:
                    self.others[file.suffix.lower()] += 1
                else:
                    self.left_out[_within(path, file)] = self.reasons[ending]
            elif self.most_bytes is not None and (size := file.stat().st_size) > self.most_bytes:
                self.left_out[_within(path, file)] = _too_large(size, self.most_bytes)
            else:
                files.append(file)
        return files


def _check_single(file: Path, endings: Sequence[str], reasons: Mapping[str, str], most_bytes: int | None) -> None:
    words = _listed(endings)
    if not file.is_file():
        raise DataError(f"{file}: this is neither a file nor a folder.", f"Give a {words} file, or a folder of them.")
    if ending_of(file.name, endings) is None:
        ending = ending_of(file.name, reasons)
        raise DataError(
            f"{file}: {reasons[ending] if ending else f'this is no {words} file'}.",
            f"{words} {'is' if len(endings) == 1 else 'are'} read; if it is such a file, rename it to end so.",
        )
    try:
        size = file.stat().st_size
        file.open("rb").close()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error
    if most_bytes is not None and size > most_bytes:
        raise DataError(f"{file}: {_too_large(size, most_bytes)}.", "Give a part of it.")


def _named(path: Path, names: Sequence[str]) -> list[Path]:
    """Files and folders that options name: within the path, else from where the user works."""
    found = []
    for name in names:
        inside, elsewhere = path / name, Path(name)
        if path.is_dir() and inside.exists():
            found.append(inside.absolute())
        elif elsewhere.exists():
            found.append(elsewhere.absolute())
        else:
            raise missing(inside if path.is_dir() else elsewhere)
    return found


def _held_out(path: Path, files: Sequence[Path], apart: Sequence[Path]) -> frozenset[Path]:
    chosen = frozenset(file for file in files if _is_in(file, apart))
    if apart and not chosen:
        raise nothing_usable(apart[0], {}, "What is to be held out has to hold files that are read.")
    if len(chosen) == len(files):
        raise DataError(f"{path}: everything is held out, and nothing is left to train on.", "Name a part of it.")
    return chosen


def _name(path: Path, file: Path) -> str:
    whole, start = str(file), f"{path}{os.sep}"
    if whole.startswith(start):  # as nearly always; paths are slow to compare
        return _as_text(whole[len(start) :].replace(os.sep, "/"))
    return _within(path, file) if file != path and file.is_relative_to(path) else _as_text(file.name)


def _is_in(file: Path, places: Sequence[Path]) -> bool:
    own = file.absolute() if places else file
    return any(own == place or own.is_relative_to(place) for place in places)


def _within(folder: Path, file: Path) -> str:
    return _as_text(file.relative_to(folder).as_posix())


def _as_text(name: str) -> str:
    """A file's name, which may hold bytes that are no UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _listed(endings: Sequence[str]) -> str:
    return ", ".join(endings[:-1]) + f" or {endings[-1]}" if len(endings) > 1 else endings[0]


def _files(number: int) -> str:
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def _too_large(size: int, most: int) -> str:
    return f"{size / 2**20:,.1f} MiB; at most {most / 2**20:,.1f} are read"


def _in_units(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"
