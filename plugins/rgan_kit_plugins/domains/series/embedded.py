"""The embedded data: as a data set with its known source, and as the files that a user would have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, Sequences, SeriesSpec, Truth, evenly
from rgan_kit.files import Fingerprint
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.series.clock import TimeColumn
from rgan_kit_plugins.domains.series.decoder import VERSION, SeriesDecoder, SeriesManifest
from rgan_kit_plugins.domains.series.encoding import Variables, describe
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.picture import Curves
from rgan_kit_plugins.domains.series.roles import Recorded
from rgan_kit_plugins.worlds import autoregressive, market, sines

_FEWEST_HELD_OUT: Final = 200
_STEPS: Final = TimeColumn(name="time", moments=False, start=0.0, step=1.0)
_HOURS: Final = TimeColumn(name="time", moments=True, start=1_704_067_200.0, step=3600.0)  # from 2024-01-01
_DAYS: Final = TimeColumn(name="time", moments=True, start=1_704_067_200.0, step=86_400.0)
_SEQUENCE: Final = "sequence"


def load_embedded(options: SeriesOptions, seed: int) -> Dataset:
    """Sequences drawn from the embedded source that the options name."""
    rng = np.random.default_rng(seed)
    share = options.validation_share
    count = options.embedded_sequences
    held_out = max(_FEWEST_HELD_OUT, round(count * share / (1 - share)))
    drawn, names = _draw(options, count + held_out, rng)
    trained = drawn[:count].reshape(-1, len(names)).astype(np.float64)
    found = [
        describe(name, own, (), masked=False, beyond=options.beyond) for name, own in zip(names, trained.T, strict=True)
    ]
    variables = Variables(tuple(each for each in found if each is not None))
    train, validation = (
        Sequences.of(list(part), fill=0.0, dtype=np.float32) for part in (drawn[:count], drawn[count:])
    )
    minimum, maximum = variables.bounds(train.values, robust=options.scaling == "robust")
    truth: Truth = sines.SinesTruth()
    clock = _STEPS
    if options.embedded == "autoregressive":
        truth = autoregressive.AutoregressiveTruth(float(maximum[0] - minimum[0]))
        clock = _HOURS
    if options.embedded == "market":
        truth, clock = market.MarketTruth(), _DAYS
    picked = (validation[place] for place in evenly(len(validation), options.pictured))
    about = SeriesManifest(
        version=VERSION,
        columns=variables.all,
        names=variables.names,
        reading=Recorded(id=(_SEQUENCE,), time=clock.name, label=None, window=0, forward_fill=False),
        layout="rows",
        clock=clock,
        labels=(),
        curves=Curves.of(picked, minimum, maximum).kept(),
    )
    length = drawn.shape[1]
    summary = {
        "data": f"embedded {options.embedded}, {count:,} training and {held_out:,} validation sequences of seed {seed}",
        "columns": ", ".join(names),
        "lengths": f"{length} rows each",
        "training and validation": f"{count:,} and {held_out:,} samples",
    }
    mark = Fingerprint().add_words(options.embedded, str(count)).add(drawn).hex()
    spec = SeriesSpec(len(names), length, names, minimum, maximum, columns=variables.columns)
    return Dataset(spec, train, validation, SeriesDecoder(about), mark, summary, truth)


def make(options: SeriesOptions, folder: Path, seed: int) -> list[Path]:
    """Writes the embedded data as a user would have them: ``sines.csv``, all sequences with an id and a time column; or
    ``autoregressive.csv`` or ``market.csv``, one long hourly or daily series, to be cut into windows.

    Raises:
        RganKitError: the file cannot be written.
    """
    rng = np.random.default_rng(seed)
    file = folder / f"{options.embedded}.csv"
    if options.embedded == "sines":
        drawn, names = _draw(options, options.embedded_sequences, rng)
        moments = _STEPS.times(drawn.shape[1])
        lines = [",".join((_SEQUENCE, _STEPS.name, *names))]
        for number, sample in enumerate(drawn.astype(str).tolist(), 1):
            lines += [f"{number},{moment},{','.join(row)}" for moment, row in zip(moments, sample, strict=True)]
    elif options.embedded == "market":
        drawn = market.days(options.embedded_sequences + market.LENGTH - 1, rng).astype(np.float32)
        lines = [",".join((_DAYS.name, *market.NAMES))]
        for moment, row in zip(_DAYS.times(len(drawn)), drawn.astype(str).tolist(), strict=True):
            lines.append(f"{moment},{','.join(row)}")
    else:
        rows = options.embedded_sequences * autoregressive.LENGTH
        values = autoregressive.draw(1, rows, rng)[0, :, 0].astype(str).tolist()
        lines = [f"{_HOURS.name},{autoregressive.NAME}"]
        lines += [f"{moment},{value}" for moment, value in zip(_HOURS.times(rows), values, strict=True)]
    write_whole(file, ("\n".join(lines) + "\n").encode())
    return [file]


def _draw(options: SeriesOptions, count: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[str, ...]]:
    if options.embedded == "sines":
        return sines.draw(count, rng), sines.NAMES
    if options.embedded == "market":
        return market.draw(count, rng), market.NAMES
    return autoregressive.draw(count, autoregressive.LENGTH, rng), (autoregressive.NAME,)
