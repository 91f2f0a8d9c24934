"""From the numbers of a model back to tables."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import DecoderManifest, one_of
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.series.clock import TimeColumn
from rgan_kit_plugins.domains.series.dialect import MAX_COLUMNS, Dialect
from rgan_kit_plugins.domains.series.encoding import Name, Variable, Variables
from rgan_kit_plugins.domains.series.picture import Curves, KeptCurves, can_draw, draw
from rgan_kit_plugins.domains.series.roles import Recorded
from rgan_kit_plugins.domains.series.words import MAX_LABELS
from rgan_kit_plugins.domains.series.writing import Writer

VERSION: Final = 2

BARS: Final = "▁▂▃▄▅▆▇█"

_PREVIEWED: Final = 4
_BARS_A_COLUMN: Final = 24
_WORDS_SHOWN: Final = 3

_log = logging.getLogger(__name__)

Layout = Literal["rows", "files"]


@dataclass(frozen=True, eq=False)
class SeriesSample:
    """A sequence of measurements.

    Attributes:
        names: of the columns.
        values: float64 ``[time, columns]`` in the data's own units; nan where a value is missing, and for words their
            number in ``levels``.
        levels: for each column, the words in it; empty for numbers.
        beyond: how many numbers lay beyond what the data has, and were brought back.
    """

    names: tuple[str, ...]
    values: np.ndarray
    levels: tuple[tuple[str, ...], ...] = ()
    beyond: int = 0


class SeriesManifest(DecoderManifest):
    """What a model file says of its series. ``names`` are those of the model's output, for apps in other languages."""

    noun: ClassVar[str] = "series"

    version: Annotated[int, one_of(1, VERSION)]
    columns: Annotated[tuple[Variable, ...], Field(min_length=1, max_length=MAX_COLUMNS)]
    names: tuple[str, ...]
    reading: Recorded
    layout: Layout
    clock: TimeColumn | None
    labels: Annotated[tuple[Name, ...], Field(max_length=MAX_LABELS)]
    curves: KeptCurves
    dialect: Dialect = Dialect()

    @classmethod
    def checked(cls, manifest: Mapping[str, Any]) -> Self:
        """As its base; those of version 1 are brought up to date: it knew one id column, and whole numbers alone."""
        said = dict(manifest)
        if said.get("version") == 1:
            recorded, columns = said.get("reading"), said.get("columns")
            if isinstance(recorded, Mapping) and not isinstance(recorded.get("id", ""), list | tuple):
                said["reading"] = {**recorded, "id": [] if recorded["id"] is None else [recorded["id"]]}
            if isinstance(columns, list | tuple):
                said["columns"] = [
                    {**each, "decimals": 0} if isinstance(each, Mapping) and each.get("whole") is True else each
                    for each in columns
                ]
        return super().checked(said)

    @model_validator(mode="after")
    def _fits(self) -> SeriesManifest:
        own = [column.name for column in self.columns]
        written = [*own, *self.labels, *self.reading.id, self.reading.time or "t", self.reading.label or "l"]
        if not all(name.isprintable() for name in [*written, self.clock.name if self.clock else ""]):
            raise ValueError("a name that cannot be written")
        if len(set(own)) < len(own):
            raise ValueError("columns hold a name twice")
        names = Variables(self.columns).names
        if not names:
            raise ValueError("columns hold nothing that varies")
        if self.names != names:
            raise ValueError("names are not those of the columns")
        if self.curves.shape[2] != min(len(names), 8):
            raise ValueError(f"curves are of {self.curves.shape[2]} features and not of {min(len(names), 8)}")
        return self


class SeriesDecoder:
    """Decodes series; samples are ``SeriesSample``s.

    Args:
        about: everything that there is to know.
    """

    def __init__(self, about: SeriesManifest) -> None:
        self.about = about
        self.variables = Variables(about.columns)
        self.names = tuple(column.name for column in about.columns)
        self.levels = tuple(each.levels or _constant_word(each) for each in about.columns)
        self.curves = Curves.of_kept(about.curves)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> SeriesDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        return cls(SeriesManifest.checked(manifest))

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs."""
        return self.about.as_dict()

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[SeriesSample]:
        """Samples in the data's own units, each as long as it is.

        Args:
            outputs: ``series`` float32 ``[batch, time, features]``; and, where samples differ in length, ``lengths``
                int64 ``[batch]``.

        Raises:
            DataError: these are not the features of this data.
        """
        series = outputs["series"]
        if series.ndim != 3 or series.shape[2] != len(self.about.names):
            raise DataError(f"The model gives {list(series.shape)}, and not {len(self.about.names)} features a step.")
        lengths = np.full(len(series), series.shape[1]) if "lengths" not in outputs else outputs["lengths"]
        lengths = np.clip(lengths, 0, series.shape[1])
        decoded = self.variables.decode(series, lengths)
        return [
            SeriesSample(self.names, values[:length], self.levels, beyond)
            for values, length, beyond in zip(decoded.values, lengths.tolist(), decoded.beyond.tolist(), strict=True)
        ]

    def preview(self, sample: Any) -> str:
        """The first columns: numbers as bars, each with its smallest and largest value, and words; and how many numbers
        had to be brought back into the range of the data."""
        parts = [f"{_plain(name)} {self._shown(place, sample)}" for place, name in enumerate(sample.names[:_PREVIEWED])]
        more = len(sample.names) - _PREVIEWED
        back = f"  ({sample.beyond:,} beyond the data, brought back)" if sample.beyond else ""
        return "  ".join(parts) + (f"  and {more:,} more columns" if more > 0 else "") + back

    def _shown(self, place: int, sample: SeriesSample) -> str:
        values = sample.values[:, place]
        words = sample.levels[place] if sample.levels else ()
        if not words:
            return f"{_bars(values)} {_number(values, np.min)}…{_number(values, np.max)}"
        known = values[np.isfinite(values)].astype(np.int64).tolist()
        turns = [known[i] for i in range(len(known)) if not i or known[i] != known[i - 1]]
        shown = " ".join(_plain(words[turn]) for turn in turns[:_WORDS_SHOWN])
        return (shown or "?") + (" …" if len(turns) > _WORDS_SHOWN else "")

    def document(self, sample: Any) -> dict[str, list[Any]]:
        """Columns by name: numbers and words, None where they are missing."""
        columns: dict[str, list[Any]] = {}
        for place, name in enumerate(sample.names):
            words = sample.levels[place] if sample.levels else ()
            cells = sample.values[:, place].tolist()
            columns[name] = [_cell(value, words) if math.isfinite(value) else None for value in cells]
        return columns

    def write(self, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes ``samples.csv`` as the data's files are written, with its columns (time, where its step is regular,
        begins again with every sample), an id column and the class; or ``sample-0001.csv`` and so on where the data
        came one sequence a file. And ``samples.png``, real curves beside generated ones, where matplotlib is installed
        and the model has some. Numbers that had to be brought back into the range of the data are counted in the log.

        Raises:
            RganKitError: a file cannot be written; no file is left half-written.
        """
        writer = Writer(self.about.columns, self.about.clock, self.about.dialect, self.about.reading.label)
        ending = ".tsv" if self.about.dialect.separator == "\t" else ".csv"
        contents: dict[Path, bytes] = {}
        if self.about.layout == "files":
            digits = max(4, len(str(len(samples))))
            for number, sample in enumerate(samples, 1):
                contents[folder / f"sample-{number:0{digits}}{ending}"] = writer.table(
                    [sample], None, labels and [labels[number - 1]]
                )
        else:
            contents[folder / f"samples{ending}"] = writer.table(
                samples, writer.identity(self.about.reading.id), labels
            )
        if samples and len(self.curves.levels) and can_draw():
            generated = [self._features_of(sample) for sample in samples[: len(self.curves.levels)]]
            contents[folder / "samples.png"] = draw(self.about.names, self.curves, generated)
        if beyond := sum(sample.beyond for sample in samples):
            total = sum(sample.values.size for sample in samples)
            _log.warning(
                "%s of %s values lay beyond those of the data and were brought back (domain.beyond allows more)",
                f"{beyond:,}",
                f"{total:,}",
            )
        for file, content in contents.items():
            write_whole(file, content)
        return list(contents)

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of tables, as the data were read: whole sequences, or windows one after the other.

        Raises:
            DataError: a file cannot be used, lacks a column, or misses values that the model cannot do without.
        """
        from rgan_kit_plugins.domains.series.again import read_again

        return read_again(path, self.variables, self.about.reading, self.about.labels)

    def _features_of(self, sample: SeriesSample) -> np.ndarray:
        return self.variables.encode(sample.values, np.array([0, len(sample.values)]))


def _constant_word(variable: Variable) -> tuple[str, ...]:
    return (variable.constant,) if isinstance(variable.constant, str) else ()


def _cell(value: float, words: Sequence[str]) -> int | float | str:
    if words:
        return words[int(value)]
    return int(value) if value.is_integer() else value


def _bars(values: np.ndarray) -> str:
    if len(values) > _BARS_A_COLUMN:
        values = values[np.linspace(0, len(values) - 1, _BARS_A_COLUMN).round().astype(np.int64)]
    finite = values[np.isfinite(values)].astype(np.float64)
    low, span = (finite.min(), np.ptp(finite)) if len(finite) else (0.0, 0.0)
    return "".join(
        BARS[min(7, int(8 * (float(value) - low) / span)) if span else 3] if np.isfinite(value) else "·"
        for value in values
    )


def _number(values: np.ndarray, pick: Any) -> str:
    known = values[~np.isnan(values)]
    return f"{float(pick(known)):.4g}" if len(known) else "?"


def _plain(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:24]
