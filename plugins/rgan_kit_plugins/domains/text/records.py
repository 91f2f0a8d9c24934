"""From the bytes of a file to samples of text, with their classes where it has them, or to the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

LabelSource = Literal["auto", "none", "file", "folder"]
Columns = Literal["label-text", "text-label"]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_LONGEST_LABEL: Final = 200


@dataclass(frozen=True)
class Layout:
    """Where text and classes stand; named as in ``TextOptions``."""

    labels: LabelSource = "auto"
    columns: Columns = "label-text"
    text_key: str = "text"
    label_key: str = "label"


@dataclass(frozen=True)
class Records:
    """What a file holds.

    Attributes:
        texts: one a line of the file, empty where the line holds none.
        labels: the class of each text (empty where the text is), or None where the file names none.
        header: lines of the file before the first text.
    """

    texts: list[str]
    labels: list[str] | None = None
    header: int = 0


class UnreadableError(Exception):
    """A file that cannot be used.

    Args:
        reason: why, without the name of the file.
        mend: what to do about it.
        line: where, from 1; 0 for the whole file.
    """

    def __init__(self, reason: str, mend: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.mend, self.line = reason, mend, line


def records_of(suffix: str, content: bytes, layout: Layout) -> Records:
    """The records of a .txt, .tsv or .jsonl file.

    Raises:
        UnreadableError: it is no such file; with the line.
    """
    lines = _lines(content)
    if suffix == ".tsv":
        return _from_table(lines, layout)
    if suffix == ".jsonl":
        return _from_json(lines, layout)
    return Records(lines)


def _lines(content: bytes) -> list[str]:
    if content.startswith(_UTF16_MARKS):
        raise UnreadableError("this looks like UTF-16 and not UTF-8.", "Save it as UTF-8.")
    zero = content.find(0)
    if zero >= 0:
        raise UnreadableError(
            f"a zero byte at offset {zero:,}, so this is no text.",
            "Give plain text in UTF-8.",
            _line_number(content, zero),
        )
    mark = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = content[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = mark + error.start
        raise UnreadableError(
            f"byte 0x{content[offset]:02x} at offset {offset:,} of the file is not UTF-8 ({error.reason}).",
            "Save the file as UTF-8.",
            _line_number(content, offset),
        ) from None
    text = _one_line_end(text)
    return text.removesuffix("\n").split("\n") if text else []


def _line_number(content: bytes, offset: int) -> int:
    return len(_LINE_ENDS.findall(content[:offset])) + 1


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_table(lines: list[str], layout: Layout) -> Records:
    """Of tab-separated columns; what the first line does not name is told by their order."""
    header = bool(lines) and layout.text_key in lines[0].split("\t")
    if header:
        names = lines[0].split("\t")
        width, text = len(names), names.index(layout.text_key)
        label = names.index(layout.label_key) if layout.label_key in names else None
    else:
        width = next((line.count("\t") + 1 for line in lines if line.strip()), 1)
        text, label = (0, None) if width == 1 else ((1, 0) if layout.columns == "label-text" else (0, 1))
    if width > 2 and not header:
        raise UnreadableError(
            f"{width:,} columns without names.",
            f"Name them in a first line, among them {layout.text_key} and {layout.label_key}, or leave two.",
            1,
        )
    if layout.labels != "auto":
        label = None
    texts, labels = [], []
    for number, line in enumerate(lines[header:], 1 + header):
        fields = line.split("\t") if line.strip() else [""] * width
        if len(fields) != width:
            raise UnreadableError(
                f"{len(fields):,} columns where the lines before have {width:,}.",
                "Give every line as many tabs.",
                number,
            )
        texts.append(fields[text])
        labels.append(fields[label].strip() if label is not None else "")
        if label is not None:
            _check_label(fields[text], labels[-1], number)
    return Records(texts, labels if label is not None else None, int(header))


def _from_json(lines: list[str], layout: Layout) -> Records:
    """Of objects, one a line."""
    texts, labels = [], []
    labelled: bool | None = False if layout.labels != "auto" else None
    for number, record in _objects(lines):
        if record is None:
            texts.append("")
            labels.append("")
            continue
        if labelled is None:
            labelled = layout.label_key in record
        texts.append(_text_in(record, layout.text_key, number))
        labels.append(_label_in(record, layout.label_key, number) if labelled else "")
        if labelled:
            _check_label(texts[-1], labels[-1], number)
    return Records(texts, labels if labelled else None)


def _objects(lines: list[str]) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Line numbers and objects; None for blank lines."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            yield number, None
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise UnreadableError(
                f"this is no JSON ({reason}).", 'Write one object a line: {"text": "…", "label": "…"}', number
            ) from None
        if not isinstance(record, dict):
            raise UnreadableError(
                "this is JSON, but no object.", 'Write one object a line: {"text": "…", "label": "…"}', number
            )
        yield number, record


def _text_in(record: Mapping[str, Any], key: str, number: int) -> str:
    text = record.get(key)
    if not isinstance(text, str):
        known = ", ".join(sorted(record)[:8])
        raise UnreadableError(
            f"'{key}' is no text." if key in record else f"there is no '{key}' (there are: {known:.100}).",
            "Say which key holds the text: --set domain.text_key=…",
            number,
        )
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UnreadableError(
            "the text holds a zero character or half a surrogate pair.", "Give plain text in UTF-8.", number
        )
    return _one_line_end(text)


def _label_in(record: Mapping[str, Any], key: str, number: int) -> str:
    label = record.get(key)
    if isinstance(label, str):
        return "".join(sign for sign in label if not "\ud800" <= sign <= "\udfff").strip()
    if isinstance(label, bool | int) and -(2**63) <= label < 2**63:
        return json.dumps(label)
    raise UnreadableError(
        f"'{key}' is neither text nor a whole number." if key in record else f"there is no '{key}', others have one.",
        "Give every line a class, or leave them out: --set domain.labels=none",
        number,
    )


def _check_label(text: str, label: str, number: int) -> None:
    if text.strip() and not 0 < len(label) <= _LONGEST_LABEL:
        raise UnreadableError(
            "the class is empty." if not label else f"the class is {len(label):,} characters long.",
            "Is it the text? Say which is which with domain.columns or domain.label_key; without classes: "
            "--set domain.labels=none",
            number,
        )
