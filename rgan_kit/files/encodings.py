"""Text in UTF-16 and UTF-32, which begins with a byte-order mark, as UTF-8."""

from __future__ import annotations

import codecs
from typing import Final, Literal

from rgan_kit.files.refusals import UnreadableError

WideEncoding = Literal["utf-16", "utf-32"]

_MARKS: Final[tuple[tuple[bytes, WideEncoding], ...]] = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_utf8(content: bytes) -> tuple[bytes, WideEncoding | None]:
    """A file's content in UTF-8 and the encoding that its byte-order mark tells; without such a mark it is as it was,
    and the encoding None.

    Raises:
        UnreadableError: it is damaged; with the line.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding is None:
        return content, None
    try:
        return content.decode(encoding).encode(), encoding
    except UnicodeDecodeError as error:
        before = len(content[: error.start].decode(encoding, "ignore").splitlines())
        raise UnreadableError(
            f"byte 0x{content[error.start]:02x} at offset {error.start:,} of the file is not {encoding.upper()} "
            f"({error.reason}).",
            f"Save the file again, in UTF-8 or {encoding.upper()}.",
            max(before, 1),
        ) from None
