"""How a CSV file is written: separator, decimal sign, header, encoding; found in its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DataError

MAX_COLUMNS: Final = 4096
MISSING: Final = (
    "", "nan", "NaN", "NAN", "-nan", "-NaN", "NA", "N/A", "n/a", "#N/A", "#NA", "null", "NULL", "Null", "None", "none",
    "?", "-", "--", "1.#QNAN", "-1.#IND", "1.#IND", "<NA>",
)  # fmt: skip
"""Texts that stand for a value that is not there."""

_HEAD: Final = 2**20
_LINES: Final = 25
_SEPARATORS: Final = ("\t", ";", "|", ",")  # a comma may also be a decimal sign, so it comes last
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)
_COMMA_NUMBER: Final = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")
_MOMENT: Final = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d|\s*\d{1,2}:\d\d")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_BYTE_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_NO_ROW: Final = re.compile(r"\s*|#.*|sep=.")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        separator, decimal: one character each.
        skip: lines before the table.
        names: of the columns; made up where the file has no header.
        header: whether the first line of the table holds the names.
        numeric: for each column, whether its first values are all numbers (or missing).
        encoding: ``utf-8``, or ``latin-1`` for what is no UTF-8.
    """

    separator: str
    decimal: str
    skip: int
    names: tuple[str, ...]
    header: bool
    numeric: tuple[bool, ...]
    encoding: str

    @property
    def notes(self) -> list[str]:
        """What is unusual about it, for people."""
        notes = [] if self.header else ["it has no header, so that columns are called column_1, column_2, …"]
        if self.decimal == ",":
            notes.append("commas are decimal signs")
        if self.encoding != "utf-8":
            notes.append("it is no UTF-8 and was read as Latin-1")
        return notes


def find_dialect(file: Path, content: bytes) -> Dialect:
    """Looks at the first lines.

    Raises:
        DataError: this is no text, or its lines are too long or have too many columns.
    """
    if not content[:_HEAD].strip() and not content.strip():
        raise DataError(f"{file}: there is nothing in it.", "Give a table with a header and at least 10 rows.")
    if content.startswith(b"PAR1"):
        raise DataError(f"{file}: this is a Parquet file.", "Rename it so that it ends in .parquet.")
    if content.startswith(_UTF16_MARKS):
        raise DataError(f"{file}: this looks like UTF-16 and not UTF-8.", "Save it as UTF-8.")
    if (zero := content.find(0)) >= 0:
        raise DataError(f"{file}: a zero byte at offset {zero:,}, so this is no text.", "Give a CSV file in UTF-8.")
    text, encoding = _head(file, content)
    lines = _LINE_ENDS.split(text)
    skip = 0
    while skip < len(lines) and _NO_ROW.fullmatch(lines[skip]):
        skip += 1
    lines = [line for line in lines[skip:] if line.strip()][:_LINES]
    if not lines:
        raise DataError(f"{file}: there are only comments in its beginning.", "Give a table with a header and rows.")
    separator = _separator(lines)
    rows = _rows(file, lines, separator)
    if len(rows[0]) > MAX_COLUMNS:
        raise DataError(f"{file}: {len(rows[0]):,} columns; at most {MAX_COLUMNS:,} are read.", "Keep those you need.")
    decimal = _decimal(rows, separator)
    header = _is_header(rows[0], decimal)
    names = unique_names(rows[0] if header else [""] * len(rows[0]))
    values = rows[1:] if header else rows
    numeric = tuple(
        all(_is_number(row[place], decimal) or row[place].strip() in MISSING for row in values if place < len(row))
        for place in range(len(names))
    )
    return Dialect(separator, decimal, skip, names, header, numeric, encoding)


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Names of columns as this domain uses them: printable, not too long, none empty, none twice."""
    taken: Counter[str] = Counter()
    unique: list[str] = []
    for number, name in enumerate(names, 1):
        plain = "".join(sign if sign.isprintable() else "?" for sign in name.strip())[:100] or f"column_{number}"
        own = plain
        while own in taken:
            taken[plain] += 1
            own = f"{plain}_{taken[plain]}"
        taken[own] += 1
        unique.append(own)
    return tuple(unique)


def _head(file: Path, content: bytes) -> tuple[str, str]:
    """The whole lines at the beginning, and their encoding."""
    start = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    head = b""
    for size in (_HEAD // 16, _HEAD):
        head = content[start : start + size]
        if start + size < len(content):
            head = head[: max(head.rfind(b"\n"), head.rfind(b"\r"), 0)]
        if len(_BYTE_LINE_ENDS.findall(head)) >= 2:
            break
    if not head.strip():
        raise DataError(f"{file}: its first line is longer than {_HEAD:,} bytes.", "Is this a table?")
    try:
        return head.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return head.decode("latin-1"), "latin-1"


def _rows(file: Path, lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise DataError(f"{file}: its first lines are no table ({error}).", "Give a CSV file.") from None


def _separator(lines: list[str]) -> str:
    """The first one that divides nearly every line into the same number of fields; else the comma."""
    for separator in _SEPARATORS:
        counts = Counter(len(row) for row in _rows_or_none(lines, separator))
        fields, often = counts.most_common(1)[0] if counts else (1, 0)
        if fields > 1 and often >= 0.9 * len(lines):
            return separator
    return ","


def _rows_or_none(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return []


def _decimal(rows: list[list[str]], separator: str) -> str:
    fields = [field for row in rows for field in row]
    commas = sum(_COMMA_NUMBER.fullmatch(field) is not None for field in fields)
    points = sum("." in field and _NUMBER.fullmatch(field) is not None for field in fields)
    return "," if separator != "," and commas > points else "."


def _is_header(fields: list[str], decimal: str) -> bool:
    """Whether most fields are words: neither numbers nor missing nor moments."""
    numbers = sum(_is_number(field, decimal) for field in fields)
    words = sum(
        field.strip() not in MISSING and not _is_number(field, decimal) and _MOMENT.match(field) is None
        for field in fields
    )
    return words > 0 and words >= numbers


def _is_number(field: str, decimal: str) -> bool:
    return _NUMBER.fullmatch(field if decimal == "." else field.replace(",", ".", 1)) is not None
