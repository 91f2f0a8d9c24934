"""Tables with a column of texts, and maybe one of classes."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Final, NamedTuple

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.text.records import Layout, Records, check_label

_LONGEST_CELL: Final = 2**30
_ENOUGH: Final = 10  # rows from which on a class that stands in the first alone is taken for a column's name
_DELIMITERS: Final = ",;\t|"
_TEXT_NAMES: Final = frozenset(
    {"text", "sentence", "review", "content", "body", "comment", "message", "tweet", "title", "headline", "question"}
    | {"document", "abstract", "summary", "poem", "verse", "line", "utterance", "description", "caption"}
)
_LABEL_NAMES: Final = frozenset(
    {"label", "class", "category", "sentiment", "target", "topic", "genre", "emotion", "intent", "author", "mood"}
)


class TableRow(NamedTuple):
    """A line of a table, by its number from 1."""

    line: int
    cells: list[str]


def rows_of_tabs(text: str) -> list[TableRow]:
    """Of tab-separated values."""
    return [TableRow(number, line.split("\t")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def rows_of_csv(text: str, layout: Layout) -> list[TableRow]:
    """Of comma-separated values, where quoted cells may hold line ends.

    Raises:
        UnreadableError: it is no such table; with the line.
    """
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda sign: (layout.text_key in _cells(first, sign), first.count(sign)))
    rows, line = [], 1
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if any(map(str.strip, cells)):
                rows.append(TableRow(line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(
            f"this is no table ({error}).", "Quote cells that hold quotes or line ends.", line
        ) from None
    finally:
        csv.field_size_limit(before)
    return rows


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip(' "') for cell in line.split(delimiter)]


class _ColumnPlaces(NamedTuple):
    text: int
    label: int | None
    names: list[str] | None


def from_table(rows: list[TableRow], layout: Layout, parted_by: str) -> Records:
    """Of columns; what the first line does not name is told by their order.

    Raises:
        UnreadableError: rows differ in width, or nothing says which column holds the text; with the line.
    """
    if not rows:
        return Records([], ())
    places = _places(rows, layout)
    width = len(rows[0].cells)
    ragged = next((row for row in rows if len(row.cells) != width), None)
    if ragged is not None:
        raise UnreadableError(
            f"{len(ragged.cells):,} columns where the lines before have {width:,}.",
            f"Give every line as many {parted_by}.",
            ragged.line,
        )
    body = [row for row in rows[places.names is not None :] if row.cells[places.text].strip()]
    texts = [row.cells[places.text] for row in body]
    lines = [row.line for row in body]
    if places.label is None or layout.labels != "auto":
        return Records(texts, lines, note=_note(places._replace(label=None)))
    labels = [row.cells[places.label].strip() for row in body]
    for label, line in zip(labels, lines, strict=True):
        check_label(label, line)
    return Records(texts, lines, labels, note=_note(places))


def _places(rows: list[TableRow], layout: Layout) -> _ColumnPlaces:
    names = [cell.strip() for cell in rows[0].cells]
    text = _named(names, layout.text_key, _TEXT_NAMES)
    label = _named(names, layout.label_key, _LABEL_NAMES)
    if text is None and label is not None and len(names) == 2:
        text = 1 - label
    if text is not None:
        return _ColumnPlaces(text, label, names)
    if len(names) > 2:
        raise UnreadableError(
            f"{len(names):,} columns without names.",
            f"Name them in a first line, among them {layout.text_key} and {layout.label_key}, or leave two; if that "
            "line names them, say which: --set domain.text_key=…",
            rows[0].line,
        )
    if len(names) == 1:
        return _ColumnPlaces(0, None, None)
    label = int(layout.columns == "text-label")
    is_header = _names_a_column([row.cells[label].strip() for row in rows if len(row.cells) == 2])
    return _ColumnPlaces(1 - label, label, names if is_header else None)


def _names_a_column(labels: list[str]) -> bool:
    """Whether the first of these is no class: it stands nowhere else, and every other stands there twice at least."""
    counts = Counter(labels)
    return len(labels) >= _ENOUGH and counts.pop(labels[0]) == 1 and bool(counts) and min(counts.values()) > 1


def _named(names: list[str], key: str, usual: frozenset[str]) -> int | None:
    """The place of the column of this name, or of the only one with a usual name."""
    if key in names:
        return names.index(key)
    known = [place for place, name in enumerate(names) if name.lower() in usual]
    return known[0] if len(known) == 1 and key in ("text", "label") else None


def _note(places: _ColumnPlaces) -> str:
    if places.names is None:
        return ""
    label = "" if places.label is None else f", classes in '{places.names[places.label]}'"
    return f"text in the column '{places.names[places.text]}'{label}, as the first line says"
