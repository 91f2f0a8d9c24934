"""A table in memory: columns of numbers, moments or words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.cells import Kind, Style
from rgan_kit_plugins.domains.series.dialect import Dialect

MAX_CLASSES: Final = 1_000_000
LONGEST_WORD: Final = 200

BLOCK: Final = 2**20
"""Bytes of a row at most."""
_ROWS_AT_ONCE: Final = 2**16


class ColumnError(DataError):
    """A column that cannot be used as asked; the message names it, but not its file."""


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
