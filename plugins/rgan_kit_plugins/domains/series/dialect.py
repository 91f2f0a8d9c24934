"""How a CSV file is written: separator, decimal sign, quotes, line ends, header, encoding; found in its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from rgan_kit.contracts import DataError
from rgan_kit.files import DecoderManifest
from rgan_kit.files.encodings import WideEncoding
from rgan_kit_plugins.domains.series import moments
from rgan_kit_plugins.domains.series.cells import MISSING, NUMBER

MAX_COLUMNS: Final = 4096

_HEAD: Final = 2**20
_LINES: Final = 25
_SEPARATORS: Final = ("\t", ";", "|", ",")  # a comma may also be a decimal sign, so it comes last
_COMMA_NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+([eE][+-]?\d+)?")
_GROUPS: Final = {",": re.compile(r"[+-]?\d{1,3}(,\d{3})+"), ".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+")}
_MOMENT: Final = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d|\s*\d{1,2}:\d\d|\s*\d{4}-\d\d\b|\s*\d{4}-?W\d\d")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_BYTE_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_NO_ROW: Final = re.compile(r"\s*|#.*|sep=.")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LONG_WHOLE: Final = re.compile(r"\s*[+-]?\d{16,18}\s*")  # float64 knows no odd ones among them

Quotes = Literal["where needed", "texts", "all"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"]
HeadKind = Literal["number", "long whole", "text"]


class Dialect(BaseModel):
    """How a CSV file is written, so that samples are written so too.

    Attributes:
        separator, decimal: one character each.
        quotes: what stands in them: what has to, all that is no number, or everything.
        line_end: after each row.
        encoding: of the file; ``latin-1`` for what is neither UTF-8 nor begins with a byte-order mark.
    """

    model_config = DecoderManifest.model_config

    separator: Annotated[str, Field(pattern=r"^[\t;|,]$")] = ","
    decimal: Annotated[str, Field(pattern=r"^[.,]$")] = "."
    quotes: Quotes = "where needed"
    line_end: Literal["\n", "\r\n", "\r"] = "\n"
    encoding: Encoding = "utf-8"

    def line(self, fields: Iterable[str]) -> str:
        """One row of cells that are quoted."""
        return self.separator.join(fields) + self.line_end

    def quoted(self, texts: Iterable[str], *, words: bool) -> list[str]:
        """Cells with the quotes that this way of writing has.

        Args:
            texts: the cells.
            words: whether these are no numbers.
        """
        always = self.quotes == "all" or (words and self.quotes == "texts")
        return [self._quoted(text) if always or self._needs(text) else text for text in texts]

    def _needs(self, text: str) -> bool:
        return (
            self.separator in text or '"' in text or "\n" in text or "\r" in text or text[:1] == " " or text[-1:] == " "
        )

    @staticmethod
    def _quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'


@dataclass(frozen=True)
class FirstLines:
    """What the first lines of a CSV file show.

    Attributes:
        dialect: how it is written.
        skip: lines before the table.
        names: of the columns; made up where the file has no header.
        header: whether the first line of the table holds the names.
        kinds: of each column, as its first values are.
        least: for each column, decimals that its first values have at least.
        gaps: whether a text other than none stands for a value that is not there.
    """

    dialect: Dialect
    skip: int
    names: tuple[str, ...]
    header: bool
    kinds: tuple[HeadKind, ...]
    least: tuple[int, ...]
    gaps: bool

    @property
    def notes(self) -> list[str]:
        """What is unusual about it, for people."""
        notes = [] if self.header else ["it has no header, so that columns are called column_1, column_2, …"]
        if self.dialect.decimal == ",":
            notes.append("commas are decimal signs")
        if self.dialect.encoding == "latin-1":
            notes.append("it is no UTF-8 and was read as Latin-1")
        return notes


def look(file: Path, content: bytes, wide: WideEncoding | None = None) -> FirstLines:
    """Looks at the first lines.

    Args:
        file: for messages.
        content: in UTF-8, or in Latin-1.
        wide: the encoding of the file, where it was turned into UTF-8 before.

    Raises:
        DataError: this is no text, or its lines are too long or have too many columns.
    """
    _refuse_what_is_no_text(file, content)
    text, narrow = _head(file, content)
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
    columns = [[row[place] for row in values if place < len(row)] for place in range(len(names))]
    ends = _LINE_ENDS.search(text)
    end: Literal["\n", "\r\n", "\r"] = ends[0] if ends else "\n"  # type: ignore[assignment]
    quotes = _quotes(lines, rows, Dialect(separator=separator, decimal=decimal, line_end=end))
    dialect = Dialect(separator=separator, decimal=decimal, quotes=quotes, line_end=end, encoding=wide or narrow)
    kinds = tuple(_kind(name, column, decimal) for name, column in zip(names, columns, strict=True))
    least = tuple(_least_decimals(column, decimal) for column in columns)
    gaps = any(value and value in MISSING for column in columns for value in column)
    return FirstLines(dialect, skip, names, header, kinds, least, gaps)


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


def _refuse_what_is_no_text(file: Path, content: bytes) -> None:
    if not content[:_HEAD].strip() and not content.strip():
        raise DataError(f"{file}: there is nothing in it.", "Give a table with a header and at least 10 rows.")
    if content.startswith(b"PAR1"):
        raise DataError(f"{file}: this is a Parquet file.", "Rename it so that it ends in .parquet.")
    if (zero := content.find(0)) >= 0:
        raise DataError(f"{file}: a zero byte at offset {zero:,}, so this is no text.", "Give a CSV file in UTF-8.")


def _head(file: Path, content: bytes) -> tuple[str, Encoding]:
    """The whole lines at the beginning, and their encoding."""
    marked = content.startswith(_BYTE_ORDER_MARK)
    start = len(_BYTE_ORDER_MARK) if marked else 0
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
        return head.decode("utf-8"), "utf-8-sig" if marked else "utf-8"
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
        counts = Counter(len(row) for row in fields_of(lines, separator))
        fields, often = counts.most_common(1)[0] if counts else (1, 0)
        if fields > 1 and often >= 0.9 * len(lines):
            return separator
    return ","


def fields_of(lines: list[str], separator: str) -> list[list[str]]:
    """Of each line; none where these are no rows."""
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return []


def _decimal(rows: list[list[str]], separator: str) -> str:
    """The comma, where more numbers have one than a point. A sign between thousands is none."""
    fields = [field.strip(" %€$£") for row in rows for field in row]
    commas = sum(
        _COMMA_NUMBER.fullmatch(field) is not None and (separator != "," or not _GROUPS[","].fullmatch(field))
        for field in fields
    )
    points = sum(
        "." in field and NUMBER.fullmatch(field) is not None and not (commas and _GROUPS["."].fullmatch(field))
        for field in fields
    )
    return "," if commas > points else "."


def _is_header(fields: list[str], decimal: str) -> bool:
    """Whether most fields are words: neither numbers nor missing nor moments."""
    numbers = sum(_is_number(field, decimal) for field in fields)
    words = sum(
        field.strip() not in MISSING and not _is_number(field, decimal) and _MOMENT.match(field) is None
        for field in fields
    )
    return words > 0 and words >= numbers


def _kind(name: str, values: list[str], decimal: str) -> HeadKind:
    known = [value for value in values if value.strip() not in MISSING]
    if not all(_is_number(value, decimal) for value in known):
        return "text"
    if _DATES.search(name) and known and all(map(_is_compact_date, known)):
        return "text"
    whole = any(map(_LONG_WHOLE.fullmatch, known)) and all(value.strip().lstrip("+-").isdigit() for value in known)
    return "long whole" if whole else "number"


_DATES: Final = re.compile(r"date|day|time|\bdt\b|datum|tag", re.IGNORECASE)


def _is_compact_date(value: str) -> bool:
    """``20240131``, in the last two centuries or in this one."""
    return re.fullmatch(r"(18|19|20)\d{6}", value.strip()) is not None and moments.readable("%Y%m%d", value.strip())


def _least_decimals(values: list[str], decimal: str) -> int:
    known = [value.strip().rstrip(" %€$£") for value in values if value.strip() not in MISSING]
    if not known or any("e" in value.lower() for value in known):
        return 0
    decimals = [value.partition(decimal)[2] for value in known]
    lengths = {len(each) for each in decimals}
    if len(lengths) > 1 and not any(each.endswith("0") for each in decimals):
        return 0  # 19.2 beside 19.25: zeros at the end are not written
    return min(9, *lengths)


def _quotes(lines: list[str], rows: list[list[str]], dialect: Dialect) -> Quotes:
    """The way that writes most of these lines as they are."""
    ways: tuple[Quotes, ...] = ("where needed", "texts", "all")

    def alike(way: Quotes) -> int:
        own = dialect.model_copy(update={"quotes": way})
        cells = ([(field, not _is_number(field, dialect.decimal)) for field in row] for row in rows)
        written = (own.line(own.quoted([field], words=word)[0] for field, word in row) for row in cells)
        return sum(line + own.line_end == again for line, again in zip(lines, written, strict=False))

    return max(ways, key=alike)


def _is_number(field: str, decimal: str) -> bool:
    return NUMBER.fullmatch(field if decimal == "." else field.replace(",", ".", 1)) is not None
