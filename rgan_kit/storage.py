"""Files that are there whole or not at all, and say what they should contain."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rgan_kit.errors import DataError, RganKitError, UsageError


def write_whole(path: Path, content: bytes | memoryview, *, force: bool = True, mode: int = 0o666) -> None:
    """Writes a file under a temporary name beside it, forces it to disk and renames it.

    Args:
        path: replaced at once, or not at all.
        content: of the file.
        force: False for one of many files that can be made again: a power cut may empty it.
        mode: who may read and write it, less what the process's mask takes away.

    Raises:
        RganKitError: it cannot be written; says why, and leaves what was there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            if force:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):  # it may be the whole file system that cannot be written
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def cannot_write(path: Path, error: OSError) -> RganKitError:
    """The error for a file that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "Free some space there, or choose another folder." if full else "Check that the folder exists and is yours."
    return RganKitError(f"{path}: cannot be written: {error.strerror or error}.", hint)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from training the same run; where the system has no such locks, nothing happens.

    Raises:
        UsageError: another process has it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UsageError(f"{folder} is being trained by another process.", "Wait for it, or stop it first.") from error
    finally:
        os.close(descriptor)


def force_to_disk(folder: Path) -> None:
    """Makes the renames inside a folder durable."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256(path: Path) -> str:
    """Of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(document: Any) -> bytes:
    """JSON as a person can read it."""
    return (json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error
