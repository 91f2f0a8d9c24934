"""Texts of a file one by one, with their classes: what tables and JSON lines hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rgan_kit.files import UnreadableError

LabelSource = Literal["auto", "none", "file", "folder"]
Columns = Literal["label-text", "text-label"]

_LONGEST_LABEL: Final = 200
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Layout:
    """Where text and classes stand in a file of records; named as in ``TextOptions``."""

    labels: LabelSource = "auto"
    columns: Columns = "label-text"
    text_key: str = "text"
    label_key: str = "label"


@dataclass(frozen=True)
class Records:
    """What a file holds.

    Attributes:
        texts: of the records; of a ``.txt`` file its whole content, without its last line end.
        lines: the line of the file, from 1, on which each begins.
        labels: the class of each text, or None where the file names none.
        are_records: whether each text is a sample of its own.
        note: what was decided about columns, for people.
    """

    texts: list[str]
    lines: Sequence[int]
    labels: list[str] | None = None
    are_records: bool = True
    note: str = ""


def from_json(lines: list[str], layout: Layout) -> Records:
    """Of objects, one a line."""
    texts, labels, numbers, unlabelled = [], [], [], []
    for number, record in _objects(lines):
        text = _text_in(record, layout.text_key, number)
        if not text.strip():
            continue
        texts.append(text)
        numbers.append(number)
        if layout.labels == "auto":
            labels.append(_label_in(record, layout.label_key, number))
            if labels[-1] is None:
                unlabelled.append(number)
    if len(unlabelled) == len(labels):
        return Records(texts, numbers)
    if unlabelled:
        raise UnreadableError(
            f"there is no '{layout.label_key}', others have one.",
            "Give every line a class, or leave them out: --set domain.labels=none",
            unlabelled[0],
        )
    return Records(texts, numbers, [label or "" for label in labels])


def _objects(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line numbers and objects."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
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
    if _NO_TEXT.search(text):
        raise UnreadableError(
            "the text holds a zero character or half a surrogate pair.", "Give plain text in UTF-8.", number
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _label_in(record: Mapping[str, Any], key: str, number: int) -> str | None:
    """The class of a record; None where it has none."""
    label = record.get(key)
    if key not in record:
        return None
    if isinstance(label, str):
        name = "".join(sign for sign in label if not "\ud800" <= sign <= "\udfff").strip()
        check_label(name, number)
        return name
    if isinstance(label, bool | int) and -(2**63) <= label < 2**63:
        return json.dumps(label)
    raise UnreadableError(
        f"'{key}' is neither text nor a whole number.",
        "Give every line a class, or leave them out: --set domain.labels=none",
        number,
    )


def check_label(label: str, number: int) -> None:
    """Raises ``UnreadableError`` where this can be no class."""
    if not 0 < len(label) <= _LONGEST_LABEL:
        raise UnreadableError(
            "the class is empty." if not label else f"the class is {len(label):,} characters long.",
            "Is it the text? Say which is which with domain.columns or domain.label_key; without classes: "
            "--set domain.labels=none",
            number,
        )
