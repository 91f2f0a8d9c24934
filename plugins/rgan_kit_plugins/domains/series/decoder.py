"""From the numbers of a model back to tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from io import StringIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from rgan_kit.contracts import Batch, DataError
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.series.channels import Channel, Channels
from rgan_kit_plugins.domains.series.picture import Curves, can_draw, draw
from rgan_kit_plugins.domains.series.roles import SAMPLE_ID
from rgan_kit_plugins.domains.series.rows import Clock

VERSION: Final = 1
BARS: Final = "▁▂▃▄▅▆▇█"
_PREVIEWED: Final = 4
_BARS_A_COLUMN: Final = 24

Layout = Literal["rows", "files"]


@dataclass(frozen=True, eq=False)
class SeriesSample:
    """A sequence of measurements.

    Attributes:
        names: of the columns.
        values: float32 ``[time, columns]`` in the data's own units; nan where a value is missing.
    """

    names: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Reading:
    """How the data were read, so that further files are read alike.

    Attributes:
        id, time, label: names of columns, or None.
        window: rows in a window; 0 where samples are whole sequences.
        forward_fill: whether missing values were filled with the one before.
    """

    id: str | None
    time: str | None
    label: str | None
    window: int
    forward_fill: bool


class SeriesDecoder:
    """Decodes series; samples are ``SeriesSample``s.

    Args:
        channels: what the network sees, and the columns that become of it.
        reading: how the data were read.
        layout: ``rows`` for one table with an id column, ``files`` for one file a sample.
        clock: the time column that is written; None for none.
        labels: names of the classes.
        curves: held-out samples for the picture.
    """

    def __init__(
        self,
        channels: Channels,
        reading: Reading,
        layout: Layout,
        clock: Clock | None,
        labels: Sequence[str],
        curves: Curves,
    ) -> None:
        self.channels = channels
        self.reading = reading
        self.layout = layout
        self.clock = clock
        self.labels = tuple(labels)
        self.curves = curves
        self.names = tuple(column.name for column in channels.columns)

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[SeriesSample]:
        """Samples of ``series`` float32 ``[batch, time, channels]``, in the data's own units.

        Raises:
            DataError: these are not the channels of this data.
        """
        series = outputs["series"]
        if series.ndim != 3 or series.shape[2] != len(self.channels.names):
            raise DataError(
                f"The model gives {list(series.shape)}, and not {len(self.channels.names)} channels a step."
            )
        return [SeriesSample(self.names, values) for values in self.channels.decode(series)]

    def preview(self, sample: Any) -> str:
        """The first columns as bars, each with its smallest and largest value."""
        parts = [
            f"{_plain(name)} {_bars(values)} {_number(values, np.min)}…{_number(values, np.max)}"
            for name, values in zip(sample.names[:_PREVIEWED], sample.values.T, strict=False)
        ]
        more = len(sample.names) - _PREVIEWED
        return "  ".join(parts) + (f"  and {more:,} more columns" if more > 0 else "")

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes ``samples.csv``, with the columns of the data (time, where its step is regular, begins again with
        every sample) and an id column; or ``sample-0001.csv`` and so on where the data came one sequence a file. And
        ``samples.png``, real curves beside generated ones, where matplotlib is installed and the model has some.

        Raises:
            RganKitError: a file cannot be written; no file is left half-written.
        """
        texts: dict[str, str] = {}
        if self.layout == "files":
            digits = max(4, len(str(len(samples))))
            for number, sample in enumerate(samples, 1):
                texts[f"sample-{number:0{digits}}.csv"] = self._csv([sample], None)
        else:
            texts["samples.csv"] = self._csv(samples, self.reading.id or SAMPLE_ID)
        contents = {folder / name: text.encode("utf-8") for name, text in texts.items()}
        if samples and len(self.curves.levels) and can_draw():
            generated = [self._channels_of(sample) for sample in samples[: len(self.curves.levels)]]
            contents[folder / "samples.png"] = draw(self.channels.names, self.curves, generated)
        for file, content in contents.items():
            write_whole(file, content)
        return list(contents)

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of tables, as the data were read: whole sequences, or windows one after the other.

        Raises:
            DataError: a file cannot be used, lacks a column, or misses values that the model cannot do without.
        """
        from rgan_kit_plugins.domains.series.reread import reread

        return reread(path, self.channels, self.reading, self.labels)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs, and that an app in another language needs to name what it draws:
        ``names`` are those of the model's output."""
        return {
            "version": VERSION,
            "names": list(self.channels.names),
            "columns": [asdict(column) for column in self.channels.columns],
            "reading": asdict(self.reading),
            "layout": self.layout,
            "clock": None if self.clock is None else asdict(self.clock),
            "labels": list(self.labels),
            "curves": self.curves.manifest(),
        }

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> SeriesDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        from rgan_kit_plugins.domains.series.checks import problems

        if faults := list(problems(manifest)):
            raise DataError(
                f"This model's description of its series cannot be used: {'; '.join(faults)}.",
                "Export the model again, or get it again from where it came.",
            )
        clock = manifest["clock"]
        return cls(
            Channels(tuple(Channel(**_of(Channel, column)) for column in manifest["columns"])),
            Reading(**_of(Reading, manifest["reading"])),
            manifest["layout"],
            None if clock is None else Clock(**_of(Clock, clock)),
            manifest["labels"],
            Curves.from_manifest(manifest["curves"]),
        )

    def _channels_of(self, sample: SeriesSample) -> np.ndarray:
        return self.channels.encode(sample.values, np.array([0, len(sample.values)]))

    def _csv(self, samples: Sequence[SeriesSample], identity: str | None) -> str:
        names = [*([identity] if identity else []), *([self.clock.name] if self.clock else []), *self.names]
        lines = StringIO(newline="")
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(names)
        for number, sample in enumerate(samples, 1):
            columns: list[Iterable[str]] = [[str(number)] * len(sample.values)] if identity else []
            if self.clock:
                columns.append(times(self.clock, len(sample.values)))
            columns += [
                _texts(values, whole=column.whole)
                for column, values in zip(self.channels.columns, sample.values.T, strict=True)
            ]
            writer.writerows(zip(*columns, strict=True))
        return lines.getvalue()


def times(clock: Clock, steps: int) -> list[str]:
    """The time column of a sequence, from its start in even steps."""
    moments = clock.start + clock.step * np.arange(steps)
    if not clock.moments:
        return [str(int(moment)) if moment.is_integer() else f"{moment:.12g}" for moment in moments.tolist()]
    micros = np.rint(moments * 1e6).astype(np.int64)
    days = clock.step % 86_400 == 0 and clock.start % 86_400 == 0
    unit: Literal["D", "us", "s"] = "D" if days else "us" if (micros % 1_000_000).any() else "s"
    texts = np.datetime_as_string(micros.astype("datetime64[us]"), unit=unit)
    return [text.replace("T", " ") for text in texts.tolist()]


def _of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind)}


def _texts(values: np.ndarray, *, whole: bool) -> list[str]:
    """The shortest decimals that give the same float32 again; nothing where a value is missing."""
    texts = ["" if text == "nan" else text for text in values.astype(np.float32).astype(str).tolist()]
    if not whole:
        return texts
    return [str(int(value)) if abs(value) < 2**53 else text for value, text in zip(values, texts, strict=True)]


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
