"""Knowing data again: what is in files decides, and not how they or their folders are called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np

from rgan_kit.files.refusals import UnreadableError


class Fingerprint:
    """SHA-256 of contents in the order in which they are read, each preceded by its length, so that no two lists of
    them look alike. A name counts only where it says something (a class): add it as a word."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, content: bytes | memoryview | np.ndarray) -> Self:
        """One content."""
        data = np.ascontiguousarray(content).data.cast("B") if isinstance(content, np.ndarray) else memoryview(content)
        return self._part(hashlib.sha256(data).digest())

    def add_file(self, file: Path) -> Self:
        """The content of a file, which is never in memory as a whole.

        Raises:
            UnreadableError: it cannot be read.
        """
        return self.add_digest(digest_of(file))

    def add_digest(self, digest: bytes) -> Self:
        """A content of which ``digest_of`` was taken before."""
        return self._part(digest)

    def add_words(self, *words: str) -> Self:
        """What decides beside contents, such as the class that a folder's name gives."""
        for word in words:
            self._part(word.encode("utf-8", "surrogateescape"))
        return self

    def hex(self) -> str:
        """As ``Dataset.fingerprint`` has it."""
        return self._digest.hexdigest()

    def _part(self, part: bytes) -> Self:
        self._digest.update(len(part).to_bytes(8, "big"))
        self._digest.update(part)
        return self


def fingerprint(contents: Iterable[bytes | memoryview | np.ndarray]) -> str:
    """Of some contents, in hex."""
    mark = Fingerprint()
    for content in contents:
        mark.add(content)
    return mark.hex()


def digest_of(file: Path) -> bytes:
    """SHA-256 of a file's content, by which the same file under two names is found.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").digest()
    except OSError as error:
        raise UnreadableError(f"it cannot be read ({error.strerror or error})") from error
