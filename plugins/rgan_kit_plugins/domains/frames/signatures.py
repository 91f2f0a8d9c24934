"""What a file is, by its first bytes: a name says only what it is meant to be."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

Kind = Literal["video", "animation", "picture", "array", "archive"]

HEAD: Final = 16
"""First bytes that ``sniff`` needs."""

KINDS_BY_SUFFIX: Final[dict[str, Kind]] = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"), "video"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".bmp"), "picture"),
    ".gif": "animation",
    ".npy": "array",
    ".npz": "archive",
}

WORDS: Final[dict[Kind, str]] = {
    "video": "video",
    "animation": "GIF",
    "picture": "picture",
    "array": ".npy array",
    "archive": ".npz archive",
}

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS_WITHIN: Final = 2**20
"""A colour profile may come before the chunk that says it."""

_QUICKTIME: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def sniff(head: bytes) -> tuple[Kind, str] | None:
    """Kind and format, the latter as the library that reads it calls it; None for anything that is not read."""
    if head[4:8] in _QUICKTIME:
        return "video", "mp4"
    if head.startswith(b"RIFF"):
        return {b"AVI ": ("video", "avi"), b"WEBP": ("picture", "WEBP")}.get(head[8:12])  # type: ignore[return-value]
    starts: tuple[tuple[bytes, Kind, str], ...] = (
        (b"\x1aE\xdf\xa3", "video", "matroska"),
        (b"GIF8", "animation", "GIF"),
        (_PNG, "picture", "PNG"),
        (b"\xff\xd8\xff", "picture", "JPEG"),
        (b"BM", "picture", "BMP"),
        (b"\x93NUMPY", "array", "npy"),
        (b"PK\x03\x04", "archive", "npz"),
    )
    return next(((kind, name) for start, kind, name in starts if head.startswith(start)), None)


def is_animated(file: Path) -> bool:
    """Whether a picture is an animation by its first chunks: an animated PNG (APNG specification, ``acTL``) or WebP
    (RFC 9649, flags of ``VP8X``). False also for what cannot be opened: whoever decodes it says why."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_CHUNKS_WITHIN)
    except OSError:
        return False
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
        return bool(head[20:21] and head[20] & 0x02)
    place = 8
    while head.startswith(_PNG) and place + 8 <= len(head):
        name = head[place + 4 : place + 8]
        if name in (b"acTL", b"IDAT"):
            return name == b"acTL"
        place += 12 + int.from_bytes(head[place : place + 4], "big")
    return False


def printable(head: bytes) -> str:
    """The first bytes as a message can show them."""
    return repr(head)[1:]
