"""A table in memory: columns of numbers, moments or words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.cells import Kind, Meaning, Style, meaning_of
from rgan_kit_plugins.domains.series.dialect import Dialect

MAX_CELLS: Final = 2**26  # 512 MiB as float64
MAX_ROWS: Final = 2**24
MAX_CLASSES: Final = 1_000_000
LONGEST_WORD: Final = 200

BLOCK: Final = 2**20
"""Bytes of a row at most."""
_ROWS_AT_ONCE: Final = 2**16
_TOTAL: Final = re.compile(
    r"(grand )?(sub)?totals?|sum|average|mean|summe|gesamt|mittelwert|durchschnitt", re.IGNORECASE
)


class ColumnError(DataError):
    """A column that cannot be used as asked; the message names it, but not its file."""


@dataclass(frozen=True)
class HowToRead:
    """What is known of columns before they are read.

    Attributes:
        words: names of columns that are words, whatever they look like (ids, classes).
        date_format: of dates (see ``moments``), or ``auto``.
    """

    words: frozenset[str] = frozenset()
    date_format: str = "auto"


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of a table.

    Attributes:
        name: of the column.
        kind: of its values.
        data: words as a ``pyarrow.ChunkedArray``; numbers and moments as float64 ``[rows]`` or as one of numbers.
        style: how it is written.
        least: decimals that its numbers have at least.
    """

    name: str
    kind: Kind
    data: Any
    style: Style = field(default_factory=Style)
    least: int = 0

    def numbers(self) -> np.ndarray:
        """float64 ``[rows]``; seconds since 1970 for moments; nan where there is none.

        Raises:
            ColumnError: these are words; names the first value that is no number.
        """
        import pyarrow as pa

        if self.kind == "text":
            raise ColumnError(f"column '{self.name}' is not numeric: {self._first_word()}.")
        if isinstance(self.data, np.ndarray):
            return self.data
        try:
            numbers: np.ndarray = self.data.cast(pa.float64(), safe=False).to_numpy()
        except pa.ArrowException as error:
            raise ColumnError(f"column '{self.name}' cannot be read as numbers: {in_one_line(error)}.") from None
        return numbers

    def classes(self) -> tuple[np.ndarray, list[str]]:
        """int64 ``[rows]`` numbers of the different values, -1 where there is none, and the values as text, in the
        order of their first appearance."""
        import pyarrow as pa

        data = self.data if not isinstance(self.data, np.ndarray) else pa.chunked_array([self.data], pa.float64())
        try:
            data = data if pa.types.is_dictionary(data.type) else data.dictionary_encode()
            chunks = data.unify_dictionaries().chunks
            words = chunks[0].dictionary.to_pylist() if chunks else []
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise ColumnError(f"column '{self.name}' cannot be read as names: {in_one_line(error)}.") from None
        codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks])
        if len(words) > MAX_CLASSES:
            raise ColumnError(f"column '{self.name}' has {len(words):,} different values.")
        names: dict[str, int] = {}
        gone = ("",) if self.kind == "text" else ("", "nan")
        places = [-1 if word in gone else names.setdefault(word, len(names)) for word in map(_as_word, words)]
        return np.array([*places, -1], np.int64)[codes], list(names)

    def without(self, kept: np.ndarray) -> Cells:
        """The rows that ``kept`` (bool ``[rows]``) says."""
        import pyarrow as pa

        data = self.data[kept] if isinstance(self.data, np.ndarray) else self.data.filter(pa.array(kept))
        return Cells(self.name, self.kind, data, self.style, self.least)

    def _first_word(self) -> str:
        for row, scalar in enumerate(self.data.slice(0, _ROWS_AT_ONCE), 1):
            value = scalar.as_py()
            try:
                float(value)
            except (TypeError, ValueError):
                if value not in (None, ""):
                    return f"{_as_word(value)!r:.40} in row {row:,}"
        return f"it holds {self.data.type}"


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds.

    Attributes:
        file: that was read.
        columns: of equal length; none has the name of another.
        rows: how many.
        notes: what was unusual, in words for people.
        stray: lines that are no rows of the table (units, totals, remarks) and were left out.
        dialect: how the file is written; None for Parquet.
    """

    file: Path
    columns: tuple[Cells, ...]
    rows: int
    notes: tuple[str, ...] = ()
    stray: int = 0
    dialect: Dialect | None = None
    _places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places.update((column.name, place) for place, column in enumerate(self.columns))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self._places)

    def get(self, name: str) -> Cells | None:
        """The column of this name."""
        return self.columns[self._places[name]] if name in self._places else None


def columns_of(
    arrow: Any, names: tuple[str, ...], decimal: str, how: HowToRead, least: tuple[int, ...] = ()
) -> tuple[list[tuple[Cells, str]], np.ndarray]:
    """The columns, each with what was decided about it, and int64, the rows that are none."""
    from pyarrow import types

    columns: list[tuple[Cells, str]] = []
    stray: list[np.ndarray] = []
    for place, (name, data) in enumerate(zip(names, arrow.columns, strict=True)):
        own_least = least[place] if least else 0
        numeric = (types.is_integer, types.is_floating, types.is_decimal, types.is_null)
        if any(check(data.type) for check in numeric):
            columns.append((Cells(name, "number", data, least=own_least), ""))
            continue
        words = as_texts(data)
        meaning = Meaning("text") if name in how.words else _meaning(words, decimal, how.date_format)
        stray.append(meaning.stray if meaning.kind != "text" else _totals(words))
        held = words if meaning.values is None else meaning.values
        note = f"column '{name}': {meaning.note}" if meaning.note else ""
        columns.append((Cells(name, meaning.kind, held, meaning.style, own_least), note))
    return columns, np.unique(np.concatenate([np.zeros(0, np.int64), *stray]))


def as_texts(data: Any) -> Any:
    """Words as ``pyarrow`` has them, those of a dictionary left so."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(data.type) or types.is_string(data.type):
        return data
    return data.cast(pa.string(), safe=False)


def _meaning(words: Any, decimal: str, date_format: str) -> Meaning:
    """Each different text is looked at once, where they are stored so."""
    import pyarrow as pa
    from pyarrow import types

    if not types.is_dictionary(words.type):
        return meaning_of(words, decimal, date_format)
    chunks = words.unify_dictionaries().chunks
    if not chunks or not types.is_string(chunks[0].dictionary.type):
        return Meaning("text")
    own = meaning_of(pa.chunked_array([chunks[0].dictionary]), decimal, date_format)
    if own.values is None or len(own.stray):
        return Meaning("text")
    codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks])
    return Meaning(own.kind, np.append(own.values, np.nan)[codes], own.stray, own.style, own.note)


def _totals(words: Any) -> np.ndarray:
    """The last row, where it is called a total and no other row is called so."""
    from pyarrow import types

    last = len(words) - 1
    if types.is_dictionary(words.type) or last < 10:
        return np.zeros(0, np.int64)
    word = (words[last].as_py() or "").strip()
    alone = (
        _TOTAL.fullmatch(word) is not None and word not in words.slice(max(0, last - 1000), min(last, 1000)).to_pylist()
    )
    return np.array([last] if alone else [], np.int64)


def _as_word(value: Any) -> str:
    """A value as a class or an id is called: printable, 1.0 as 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in str(value).strip())[:LONGEST_WORD]


def in_one_line(error: BaseException) -> str:
    """What an error of a library says, for a message."""
    words = " ".join(str(error).split()) or type(error).__name__
    if "straddling object" in words:
        return f"a row or a field is longer than {BLOCK:,} bytes"
    return "".join(sign if sign.isprintable() else "?" for sign in words)[:300].rstrip(".")


def check_rows(file: Path, arrow: Any) -> None:
    """Raises ``DataError`` where there are no rows, or too many."""
    if arrow.num_rows > MAX_ROWS:
        raise DataError(f"{file}: {arrow.num_rows:,} rows; at most {MAX_ROWS:,} are read.", "Train on a part of it.")
    if arrow.num_rows == 0:
        raise DataError(f"{file}: there are no rows in it.", "Give a table with at least 10 rows.")
