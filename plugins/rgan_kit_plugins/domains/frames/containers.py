"""Whether a video file ends before it should, by the sizes that its own boxes announce."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final

_MOST_BOXES: Final = 10_000
_BOXES: Final = frozenset(
    b"ftyp moov mdat wide free skip moof mfra styp sidx ssix prft uuid meta pnot udta pdin junk".split()
)
_SEGMENT: Final = b"\x18\x53\x80\x67"
_UNKNOWN: Final = -1


def missing_bytes(file: Path, container_format: str) -> int:
    """How many bytes are missing at the end; 0 where none are, or it cannot be told."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        ends = {"mp4": _end_of_boxes, "avi": _end_of_riff, "matroska": _end_of_segment}
        end = ends[container_format](opened, size) if container_format in ends else size
    return max(0, end - size)


def _end_of_boxes(opened: IO[bytes], size: int) -> int:
    """Where the last box of an MP4 or QuickTime file ends (ISO 14496-12, 4.2)."""
    place = 0
    for _ in range(_MOST_BOXES):
        if place >= size:
            break
        opened.seek(place)
        head = opened.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end of the file
            return size
        if len(head) >= 8 and (length < 8 or head[4:8] not in _BOXES):  # no box: it is damaged, not cut off
            return size
        length = max(length, 8)
        place += length
    return place


def _end_of_riff(opened: IO[bytes], size: int) -> int:
    """Where the first chunk of an AVI ends."""
    head = opened.read(8)
    return 8 + int.from_bytes(head[4:8], "little") if len(head) == 8 and int.from_bytes(head[4:8], "little") else size


def _end_of_segment(opened: IO[bytes], size: int) -> int:
    """Where the segment of a Matroska file ends (RFC 9559); live ones do not say."""
    opened.seek(4)
    header = _number(opened)
    if header == _UNKNOWN:
        return size
    opened.seek(opened.tell() + header)
    if opened.read(4) != _SEGMENT:
        return size
    length = _number(opened)
    return size if length == _UNKNOWN else opened.tell() + length


def _number(opened: IO[bytes]) -> int:
    """A number of EBML (RFC 8794, 4): as many bytes follow the first as it has leading zero bits."""
    first = opened.read(1)
    if not first or not first[0]:
        return _UNKNOWN
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + opened.read(more), "big")
    return _UNKNOWN if value == (1 << 7 * (more + 1)) - 1 else value
