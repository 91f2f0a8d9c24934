"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rgan_kit.contracts import DataError, Dataset, Sequences, SeriesSpec, UsageError, evenly
from rgan_kit_plugins.domains.series.channels import Channels, fill_forward
from rgan_kit_plugins.domains.series.cut import Cut, Spans, cut
from rgan_kit_plugins.domains.series.decoder import Layout, Reading, SeriesDecoder
from rgan_kit_plugins.domains.series.embedded import load_embedded
from rgan_kit_plugins.domains.series.gather import Gathered, gather
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.picture import Curves
from rgan_kit_plugins.domains.series.rows import Rows


def load(options: SeriesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads tables, or draws sequences of the embedded source where ``path`` is None.

    Raises:
        DataError: the tables cannot be read or hold too little; names the file.
        DeviceError: pyarrow is not installed.
        UsageError: the options ask for what the embedded source does not have.
    """
    if path is None:
        return _embedded(options, seed)
    gathered = gather(path, options)
    rows = gathered.rows
    values = fill_forward(rows.values, rows.offsets) if options.missing == "forward-fill" else rows.values
    unlabelled = np.zeros(len(values), np.bool_) if rows.labels is None else rows.labels < 0
    useless = np.isnan(values).all(0)  # [columns], without any value
    gone = unlabelled if options.missing == "mask" else unlabelled | np.isnan(values[:, ~useless]).any(1)
    made = cut(rows, options, gone, str(path), np.random.default_rng(seed))
    channels = Channels.of(gathered.roles.values, values[made.train.cover(len(values))], mask=options.missing == "mask")
    if not channels.names:
        raise DataError(f"{path}: every column is empty or has one value only, so that nothing is left to learn.")
    return _assemble(gathered, made, channels, values, options, path)


def _assemble(
    gathered: Gathered, made: Cut, channels: Channels, values: np.ndarray, options: SeriesOptions, path: Path
) -> Dataset:
    rows, roles = gathered.rows, gathered.roles
    known = channels.known(roles.values)
    encoded = channels.encode(values[:, known], rows.offsets)
    classes, label_names = _classes(made.train, rows)
    train = _sequences(made.train, encoded, rows, classes)
    held_out = _learnable(made.validation, encoded, rows, classes)
    if not len(held_out):
        raise DataError(f"{path}: every held-out sample misses values, or is of a class, that training does not know.")
    validation = _sequences(held_out, encoded, rows, classes)
    minimum, maximum = channels.bounds(encoded[made.train.cover(len(encoded))], robust=options.scaling == "robust")
    longest = int(max(train.lengths.max(), validation.lengths.max()))
    spec = SeriesSpec(len(minimum), longest, channels.names, minimum, maximum, label_names)
    reading = Reading(roles.id, roles.time, roles.label, made.window, options.missing == "forward-fill")
    layout: Layout = "files" if gathered.one_a_file and not made.window else "rows"
    picked = (validation[i] for i in evenly(len(validation), options.pictured))
    decoder = SeriesDecoder(channels, reading, layout, rows.clock, label_names, Curves.of(picked, minimum, maximum))
    summary = _summary(gathered, made, channels, (train, validation), options)
    if label_names and train.labels is not None:
        counts = np.bincount(train.labels, minlength=len(label_names))
        named = [f"{name} ({count:,})" for name, count in zip(label_names, counts, strict=True)]
        summary["classes"] = ", ".join(named[:20]) + (" …" if len(named) > 20 else "")
    if lost := len(made.validation) - len(held_out):
        summary["left out of validation"] = f"{lost:,} samples that miss values, or are of a class, unknown to training"
    return Dataset(spec, train, validation, decoder, gathered.fingerprint, summary, refused=dict(gathered.refused))


def _sequences(spans: Spans, encoded: np.ndarray, rows: Rows, classes: np.ndarray) -> Sequences:
    offsets = np.concatenate([[0], np.cumsum(spans.lengths)]).astype(np.int64)
    labels = None if rows.labels is None else classes[_frequent(spans, rows.labels)]
    return Sequences(encoded[spans.rows()], offsets, fill=0.0, labels=labels)


def _classes(train: Spans, rows: Rows) -> tuple[np.ndarray, tuple[str, ...]]:
    """The classes that training samples have: a new number for each label (-1 for the others), and their names."""
    if rows.labels is None:
        return np.zeros(0, np.int64), ()
    seen = np.bincount(_frequent(train, rows.labels), minlength=len(rows.label_names)) > 0
    names = tuple(name for name, is_seen in zip(rows.label_names, seen, strict=True) if is_seen)
    return np.where(seen, np.cumsum(seen) - 1, -1).astype(np.int64), names


def _learnable(spans: Spans, encoded: np.ndarray, rows: Rows, classes: np.ndarray) -> Spans:
    """Those without missing values in channels that never miss one in training, and with a class that training has."""
    known = spans.count(np.isnan(encoded).any(1)) == 0
    if rows.labels is not None:
        known &= classes[_frequent(spans, rows.labels)] >= 0
    return spans.where(known)


def _frequent(spans: Spans, labels: np.ndarray) -> np.ndarray:
    """The most frequent label of each sample, the first of equally frequent ones: int64 ``[samples]``."""
    own = zip(spans.starts.tolist(), (spans.starts + spans.lengths).tolist(), strict=True)
    return np.array([np.bincount(labels[start:end]).argmax() for start, end in own], np.int64)


def _summary(
    gathered: Gathered, made: Cut, channels: Channels, sides: tuple[Sequences, Sequences], options: SeriesOptions
) -> dict[str, str]:
    train, validation = sides
    lengths = train.lengths
    summary = {"data": gathered.origin, **gathered.roles.notes, **gathered.rows.notes, **made.notes}
    summary["columns"] = ", ".join(column.name for column in channels.columns)
    summary.update(_about_columns(gathered, channels))
    summary["missing values"] = _about_missing(gathered, channels, options)
    summary["lengths"] = f"{lengths.mean():.1f} rows on average, {int(lengths.max()):,} at most"
    kept = "smallest to largest training value" if options.scaling == "range" else "0.5 % to 99.5 % of training values"
    summary["scaling"] = f"each column from its {kept}; outputs are in the data's own units"
    if options.pictured:
        summary["picture"] = (
            f"{min(options.pictured, len(validation))} held-out samples go, coarsely, into the model file "
            "(domain.pictured=0 for none)"
        )
    summary["training and validation"] = f"{len(train):,} and {len(validation):,} samples"
    return summary


def _about_columns(gathered: Gathered, channels: Channels) -> Iterator[tuple[str, str]]:
    constant = [f"{column.name} = {column.constant:g}" for column in channels.columns if column.constant is not None]
    if constant:
        yield "constant columns", f"{', '.join(constant)}; not modelled, and written as they are"
    here = {column.name for column in channels.columns}
    if empty := [name for name in gathered.roles.values if name not in here]:
        yield "empty columns", f"{', '.join(empty)}; left out"


def _about_missing(gathered: Gathered, channels: Channels, options: SeriesOptions) -> str:
    known = gathered.rows.values[:, channels.known(gathered.roles.values)]
    count = int(np.count_nonzero(np.isnan(known)))
    if not count:
        return "none"
    what = {
        "leave-out": "samples with one are left out",
        "forward-fill": "filled with the value before; samples that begin with one are left out",
        "mask": f"kept, as {sum(column.masked for column in channels.columns)} further channels that say what is there",
    }
    return f"{count:,} of {known.size:,} ({count / known.size:.2%}); {what[options.missing]}"


def _embedded(options: SeriesOptions, seed: int) -> Dataset:
    if options.unit == "window" or options.columns or options.label or options.label_file:
        raise UsageError(
            "The embedded data are whole sequences of their own columns, without labels.",
            "Give tables with --data, or leave domain.unit, domain.columns and domain.label alone.",
        )
    return load_embedded(options, seed)
