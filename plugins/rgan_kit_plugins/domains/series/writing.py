"""Samples as CSV files, written as the data's own files are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from rgan_kit_plugins.domains.series.clock import TimeColumn
from rgan_kit_plugins.domains.series.dialect import Dialect
from rgan_kit_plugins.domains.series.encoding import Variable
from rgan_kit_plugins.domains.series.keys import SAMPLE_ID

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.series.decoder import SeriesSample

_FLOAT32_STEP: Final = 2.0**-24


class Writer:
    """Writes tables.

    Args:
        columns: of the data.
        clock: the time column, or None.
        dialect: of the data's files.
        label: name of the column of classes, or None.
    """

    def __init__(
        self, columns: Sequence[Variable], clock: TimeColumn | None, dialect: Dialect, label: str | None
    ) -> None:
        self.columns, self.clock, self.dialect, self.label = columns, clock, dialect, label

    def identity(self, named: Sequence[str]) -> str:
        """Name of the id column: that of the data, where it is one and holds nothing else; else ``sample``."""
        taken = {*(column.name for column in self.columns), self.clock.name if self.clock else None, self.label}
        own = named[0] if len(named) == 1 else SAMPLE_ID
        while own in taken:
            own = SAMPLE_ID if own != SAMPLE_ID and SAMPLE_ID not in taken else f"{own}_"
        return own

    def table(
        self, samples: Sequence[SeriesSample], identity: str | None, labels: Sequence[str] | None = None
    ) -> bytes:
        """A file of samples, one after the other.

        Args:
            samples: all of the same columns.
            identity: name of a column with their numbers; None for none.
            labels: the class of each.
        """
        classed = self.label is not None and labels is not None
        names = [identity, self.clock.name if self.clock else None, *(column.name for column in self.columns)]
        written = [name for name in [*names, self.label if classed else None] if name is not None]
        dialect = self.dialect
        lines = [dialect.line(dialect.quoted(written, words=True))]
        times: list[str] = []
        for number, sample in enumerate(samples, 1):
            steps = len(sample.values)
            if self.clock and len(times) != steps:
                times = dialect.quoted(self.clock.times(steps), words=self.clock.moments)
            fields = [dialect.quoted([str(number)], words=False) * steps] if identity is not None else []
            fields += [times] if self.clock else []
            for column, values in zip(self.columns, sample.values.T, strict=True):
                fields.append(dialect.quoted(texts(column, values, dialect), words=_is_words(column)))
            fields += [dialect.quoted([labels[number - 1]], words=True) * steps] if classed and labels else []
            lines += map(dialect.line, zip(*fields, strict=True))
        text = "".join(lines)
        try:
            return text.encode(self.dialect.encoding)
        except UnicodeEncodeError:  # a name that this encoding lacks
            return text.encode("utf-8")


def _is_words(column: Variable) -> bool:
    return bool(column.levels or column.prefix or column.suffix) or isinstance(column.constant, str)


def texts(column: Variable, values: np.ndarray, dialect: Dialect) -> list[str]:
    """The cells of a column float64 ``[time]``, as its file writes them: words, numbers with its decimals or else the
    shortest that give the same float32 again, and nothing where a value is missing."""
    if column.levels or isinstance(column.constant, str):
        words = column.levels or (str(column.constant),)
        return [words[int(value)] if 0 <= value < len(words) else "" for value in values.tolist()]
    if column.decimals is not None:
        decimals = column.decimals
        cells = [_trimmed(f"{value:,.{decimals}f}", column.least) for value in values.tolist()]
    elif column.offset and column.low is not None and column.high is not None and column.high > column.low:
        decimals = max(0, math.ceil(-math.log10((column.high - column.low) * _FLOAT32_STEP)))
        cells = [_trimmed(f"{value:,.{decimals}f}", column.least) for value in values.tolist()]
    else:
        cells = values.astype(np.float32).astype(str).tolist()
        if not column.least:
            cells = [cell.removesuffix(".0") for cell in cells]
    swapped = str.maketrans({",": column.thousands or None, ".": dialect.decimal})
    return [
        f"{column.prefix}{cell.translate(swapped)}{column.suffix}" if known else ""
        for cell, known in zip(cells, (~np.isnan(values)).tolist(), strict=True)
    ]


def _trimmed(text: str, least: int) -> str:
    """Without zeros at the end, but for so many decimals."""
    whole, _, decimals = text.partition(".")
    kept = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{kept}" if kept else whole
