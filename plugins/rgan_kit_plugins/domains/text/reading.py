"""From a path to passages of text, each a sample or a row to cut windows from: for training, and for reading further
files as a model was trained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit.files import Fingerprint, Found, UnreadableError, as_utf8, find, nothing_usable
from rgan_kit_plugins.domains.text.records import Layout, Records, from_json

ENDINGS: Final = (".txt", ".tsv", ".jsonl", ".csv")
MOST_BYTES: Final = 2**30

Unit = Literal["line", "paragraph", "file", "window"]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Corpus:
    """The files that were read.

    Attributes:
        found: where they are, and what was left out.
        documents: what each holds, in order.
        left_out: files that were not read and why, by name.
        fingerprint: SHA-256 (hex) of their contents, and of the names that classes come from.
        layout: where classes stand.
    """

    found: Found
    documents: tuple[tuple[Path, Records], ...]
    left_out: dict[str, str]
    fingerprint: str
    layout: Layout

    @property
    def are_records(self) -> bool:
        """Whether any file holds texts one by one."""
        return any(records.are_records for _, records in self.documents)

    @property
    def notes(self) -> list[str]:
        """What was decided about columns, each once."""
        return list(dict.fromkeys(records.note for _, records in self.documents if records.note))

    def head(self, characters: int) -> Iterator[str]:
        """The first so many characters, in parts."""
        for _, records in self.documents:
            for text in records.texts:
                yield text[:characters]
                characters -= len(text)
                if characters <= 0:
                    return

    def passages(self, unit: Unit) -> Passages:
        """The texts, cut into units; blank ones are passed over.

        Raises:
            DataError: there is nothing but blank lines, or a file is of no class where others are.
        """
        names = self._classes_of_files()
        texts: list[str] = []
        owners: list[np.ndarray] = []
        lines: list[np.ndarray] = []
        labels: list[str] = []
        blank = 0
        for number, (_, records) in enumerate(self.documents):
            own, places, left = _cut(records, unit)
            texts += own
            lines.append(places)
            owners.append(np.full(len(own), number, np.int32))
            blank += left
            if names is not None:
                labels += [names[number]] * len(own)
            elif records.labels is not None:
                labels += records.labels
        if not texts:
            problem = "there are only blank lines" if blank else "there is nothing"
            raise DataError(f"{self.found.path}: {problem} in it.", "Give at least 10 lines of text.")
        labelled = names is not None or any(records.labels is not None for _, records in self.documents)
        own_labels = labels if labelled else None
        return Passages(self, texts, np.concatenate(owners), np.concatenate(lines), own_labels, blank)

    def _classes_of_files(self) -> list[str] | None:
        """The class that each file's name or folder gives; None where classes stand in records, or nowhere."""
        if self.layout.labels in ("file", "folder"):
            return [self._class_of_file(file) for file, _ in self.documents]
        labelled = [file for file, records in self.documents if records.labels is not None]
        bare = [file for file, records in self.documents if records.labels is None and records.texts]
        if labelled and bare:
            raise DataError(
                f"{bare[0]}: has no classes, but {labelled[0].name} has.",
                "Leave one of them out, or all classes: --set domain.labels=none",
            )
        return None

    def _class_of_file(self, file: Path) -> str:
        if self.layout.labels == "file":
            return _as_text(file.stem)
        folder = self.found.folder(file)
        if not folder:
            raise DataError(
                f"{file}: lies in no folder of its class.",
                f"Put it into one ({self.found.path / 'CLASS' / file.name}), or: --set domain.labels=file",
            )
        return _as_text(folder)


@dataclass(frozen=True, eq=False)
class Passages:
    """Texts in order.

    Attributes:
        corpus: that they are of.
        texts: none is blank.
        owners: int32 ``[texts]``, the file that each is of, by its number.
        lines: int32 ``[texts]``, the line of the file, from 1, on which each begins.
        labels: the class of each text; None where there are no classes.
        blank: lines that were passed over.
    """

    corpus: Corpus
    texts: list[str]
    owners: np.ndarray
    lines: np.ndarray
    labels: list[str] | None
    blank: int = 0

    def noun(self, unit: Unit) -> str:
        """What a text is called."""
        return "record" if self.corpus.are_records else unit

    def where(self, number: int) -> str:
        """File and line of a text."""
        return f"{self.corpus.documents[int(self.owners[number])][0]}, line {self.lines[number]:,}"

    def files(self) -> np.ndarray:
        """int64 ``[texts]``: the place of each text's file in ``Found.files``."""
        places = {file: place for place, file in enumerate(self.corpus.found.files)}
        files: np.ndarray = np.array([places[file] for file, _ in self.corpus.documents], np.int64)[self.owners]
        return files


def read_corpus(path: Path, layout: Layout, held_out: Sequence[str] = ()) -> Corpus:
    """Reads a file of text, or every one in a folder and the folders in it. In a folder, those that cannot be used are
    left out and listed.

    Args:
        path: as the user gave it.
        layout: where texts and classes stand.
        held_out: files and folders for validation.

    Raises:
        DataError: nothing to read at ``path``, too much of it, or something that is no UTF-8 text.
    """
    try:
        found = find(path, ENDINGS, held_out=held_out, most_bytes_in_all=MOST_BYTES)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error}).") from error
    found = _without_tables_beside_text(found)
    documents, left_out, mark = [], dict(found.left_out), Fingerprint()
    for file in found.files:
        try:
            content = file.read_bytes()
            mark.add(content)
            documents.append((file, records_of(file.suffix.lower(), content, layout)))
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error
        except UnreadableError as error:
            if file == path:
                raise error.of(file) from None
            left_out[found.name(file)] = str(error)
        if layout.labels in ("file", "folder"):
            mark.add_words(found.name(file))
    if not documents:
        raise nothing_usable(path, left_out, "Give .txt, .tsv, .csv or .jsonl files in UTF-8.")
    return Corpus(found, tuple(documents), left_out, mark.hex(), layout)


def _without_tables_beside_text(found: Found) -> Found:
    """Where a folder holds text, a table in it is more likely about the text than a part of it."""
    tables = [file for file in found.files if file.suffix.lower() == ".csv"]
    if len(tables) in (0, len(found.files)):
        return found
    reasons = {found.name(file): "a table beside text; give it alone to read it" for file in tables}
    texts = tuple(file for file in found.files if file not in tables)
    return replace(found, files=texts, left_out={**found.left_out, **reasons})


def records_of(suffix: str, content: bytes, layout: Layout) -> Records:
    """What a .txt, .tsv, .csv or .jsonl file holds: its records, or its whole text without the last line end.

    Raises:
        UnreadableError: it is no such file; with the line.
    """
    text = _decoded(content)
    if suffix == ".txt":
        return Records([text.removesuffix("\n")] if text else [], (1,), are_records=False)
    if suffix == ".jsonl":
        return from_json(text.split("\n"), layout)
    from rgan_kit_plugins.domains.text.tables import from_table, rows_of_csv, rows_of_tabs

    if suffix == ".tsv":
        return from_table(rows_of_tabs(text), layout, "tabs")
    return from_table(rows_of_csv(text, layout), layout, "commas")


def _decoded(content: bytes) -> str:
    content, _ = as_utf8(content)
    zero = content.find(0)
    if zero >= 0:
        raise UnreadableError(
            f"a zero byte at offset {zero:,}, so this is no text.",
            "Give plain text in UTF-8.",
            _line_number(content, zero),
        )
    mark = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = str(memoryview(content)[mark:], "utf-8")
    except UnicodeDecodeError as error:
        offset = mark + error.start
        raise UnreadableError(
            f"byte 0x{content[offset]:02x} at offset {offset:,} of the file is not UTF-8 ({error.reason}).",
            "Save the file as UTF-8.",
            _line_number(content, offset),
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if b"\r" in content else text


def _line_number(content: bytes, offset: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", content[:offset])) + 1


# --- units ---


def _cut(records: Records, unit: Unit) -> tuple[list[str], np.ndarray, int]:
    """Texts of a file, int32 the line that each begins on, and the number of blank lines passed over."""
    if records.are_records:
        lines = np.asarray(records.lines, np.int32)
        return ([text.strip() for text in records.texts] if unit != "window" else records.texts), lines, 0
    if not records.texts:
        return [], np.zeros(0, np.int32), 0
    (text,) = records.texts
    if unit in ("line", "paragraph"):
        return _CUTS[unit](text)
    text = text if unit == "window" else text.strip()
    return ([text], np.ones(1, np.int32), 0) if text else ([], np.zeros(0, np.int32), 1)


def _lines_of(text: str) -> tuple[list[str], np.ndarray, int]:
    lines = [line.strip() for line in text.split("\n")]
    numbers = np.fromiter(map(bool, lines), np.bool_, len(lines)).nonzero()[0].astype(np.int32) + 1
    return [line for line in lines if line], numbers, len(lines) - len(numbers)


def _paragraphs_of(text: str) -> tuple[list[str], np.ndarray, int]:
    """What stands between blank lines, with the line ends inside."""
    paragraphs: list[list[str]] = []
    numbers: list[int] = []
    blank, inside = 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            blank, inside = blank + 1, False
            continue
        if not inside:
            paragraphs.append([])
            numbers.append(number)
        paragraphs[-1].append(line)
        inside = True
    return ["\n".join(lines).strip() for lines in paragraphs], np.array(numbers, np.int32), blank


_CUTS: Final[dict[str, Callable[[str], tuple[list[str], np.ndarray, int]]]] = {
    "line": _lines_of,
    "paragraph": _paragraphs_of,
}


def _as_text(name: str) -> str:
    """A file's name, which may hold bytes that are no UTF-8."""
    return name.encode("utf-8", "replace").decode()
