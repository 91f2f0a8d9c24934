"""Pictures and sounds of a run's samples as they are put into a page; what is none, or too large, stays outside."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rgan_kit.errors import DataError
from rgan_kit.reports import reading

MOST_BYTES: Final = 2 * 2**20
"""Of one file."""

MOST_BYTES_IN_ALL: Final = 32 * 2**20
"""Of a page."""

MOST_PIXELS: Final = 2**26
_PICTURES, _ANIMATIONS, _SOUNDS = 1, 6, 2


def _png(head: bytes) -> int:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return 0
    return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")


def _gif(head: bytes) -> int:
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        return 0
    return int.from_bytes(head[6:8], "little") * int.from_bytes(head[8:10], "little")


def _wav(head: bytes) -> int:
    return int(head[:4] == b"RIFF" and head[8:12] == b"WAVE")


_TYPES: Final[dict[str, tuple[str, Callable[[bytes], int]]]] = {
    ".png": ("image/png", _png),
    ".gif": ("image/gif", _gif),
    ".wav": ("audio/wav", _wav),
}
"""By suffix: what the page calls it, and how many pixels it has by its first bytes (0 where it is no such file)."""


@dataclass
class Media:
    """Takes files into a page, as long as there is room.

    Attributes:
        left_out: how many were left out, by reason.
    """

    left_out: dict[str, int] = field(default_factory=dict)
    _taken: int = 0

    def of(self, folder: Path, *, sounds: bool) -> tuple[list[str], list[str]]:
        """Pictures and sounds of the samples in a folder, as ``data:`` addresses.

        Args:
            folder: of one step.
            sounds: whether to take sounds.
        """
        by_suffix: dict[str, list[Path]] = {suffix: [] for suffix in _TYPES}
        for file in reading.files(folder):
            if file.suffix in by_suffix:
                by_suffix[file.suffix].append(file)
        animations = by_suffix[".gif"][:_ANIMATIONS]
        pictures = [] if animations else by_suffix[".png"][:_PICTURES]
        heard = by_suffix[".wav"][:_SOUNDS] if sounds else []
        return self._all([*pictures, *animations]), self._all(heard)

    def _all(self, files: list[Path]) -> list[str]:
        found = [self._address(file) for file in files]
        return [address for address in found if address]

    def _address(self, file: Path) -> str:
        called, pixels = _TYPES[file.suffix]
        try:
            content = reading.content(file, MOST_BYTES)
        except DataError:
            return self._leave("cannot be read, or have more than 2 MiB")
        if not 0 < pixels(content[:32]) <= MOST_PIXELS:
            return self._leave("are not what their names say, or too large")
        if self._taken + len(content) > MOST_BYTES_IN_ALL:
            return self._leave("would make the page too large")
        self._taken += len(content)
        return f"data:{called};base64,{base64.b64encode(content).decode('ascii')}"

    def _leave(self, why: str) -> str:
        self.left_out[why] = self.left_out.get(why, 0) + 1
        return ""
