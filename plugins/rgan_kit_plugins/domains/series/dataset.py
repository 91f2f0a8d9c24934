"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rgan_kit.contracts import DataError, Dataset, SeriesSpec, Tally, TooLittleError, UsageError, evenly
from rgan_kit.files import Spans, length_shares
from rgan_kit_plugins.domains.series import moments
from rgan_kit_plugins.domains.series.columns import ColumnError, HowToRead
from rgan_kit_plugins.domains.series.decoder import VERSION, SeriesDecoder, SeriesManifest
from rgan_kit_plugins.domains.series.dialect import Dialect
from rgan_kit_plugins.domains.series.embedded import load_embedded
from rgan_kit_plugins.domains.series.encoding import Variable, Variables, describe, fill_forward
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.picture import Curves
from rgan_kit_plugins.domains.series.reading import Rows, Tables, content_of, labels_of, read_tables, rows_of, typical
from rgan_kit_plugins.domains.series.roles import Recorded, Roles, decide, words_of
from rgan_kit_plugins.domains.series.samples import (
    MORE,
    Division,
    Stretches,
    all_for_training,
    cut,
    frequent,
    lasting,
)
from rgan_kit_plugins.domains.series.summary import summary_of
from rgan_kit_plugins.domains.series.tables import need_pyarrow

_CLASS = "class"


def load(options: SeriesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads tables, or draws sequences of the embedded source where ``path`` is None.

    Raises:
        DataError: the tables cannot be read; names the file.
        TooLittleError: they hold too little to train on.
        DeviceError: pyarrow is not installed.
        UsageError: the options ask for what the embedded source does not have, or for no form of dates.
    """
    if path is None:
        return _embedded(options, seed)
    need_pyarrow()
    if options.date_format != "auto":
        moments.check_form(options.date_format)
    read, roles, rows = _read(path, options)
    values = fill_forward(rows.values, rows.offsets) if options.missing == "forward-fill" else rows.values
    missing = np.isnan(values)
    gone = np.zeros(len(values), np.bool_) if rows.labels is None else rows.labels < 0
    if options.missing != "mask":
        gone |= missing[:, ~missing.all(0)].any(1)
    made, problem = all_for_training(cut(rows, options, gone, read.found, np.random.default_rng(seed)), path)
    variables, kept = _variables(read, roles, rows, values, made, options)
    if not variables.names:
        raise DataError(f"{path}: every column is empty or has one value only, so that nothing is left to learn.")
    values = values if len(kept) == values.shape[1] else values[:, kept]
    for place, variable in enumerate(variables.all):
        if words := rows.levels[kept[place]]:
            values[:, place] = _renumbered(values[:, place], words, variable)
    dataset = _assembled(read, roles, rows, made, variables, variables.encode(values, rows.offsets), options)
    if problem:
        raise TooLittleError(problem, MORE, dataset)
    return dataset


def _read(path: Path, options: SeriesOptions) -> tuple[Tables, Roles, Rows]:
    label_file = Path(options.label_file) if options.label_file else None
    how = HowToRead(words_of(options), options.date_format)
    apart = [options.label_file] if label_file else []
    read = read_tables(path, how, leave_out=apart, held_out=options.held_out)
    table = typical(read.tables)
    try:
        roles = decide(table, options, many_files=len(read.tables) > 1, label=label_file is None)
    except ColumnError as error:
        raise DataError(f"{table.file}: {error.problem}", error.hint) from None
    row_labels = None
    if label_file is not None:
        content = content_of(label_file)
        read.mark.add_words("labels").add(content)
        row_labels = labels_of(label_file, content, options.label, read, roles)
        roles = replace(roles, label=None)
    return read, roles, rows_of(read, roles, row_labels=row_labels)


def _variables(
    read: Tables, roles: Roles, rows: Rows, values: np.ndarray, made: Division, options: SeriesOptions
) -> tuple[Variables, list[int]]:
    """What the training rows show of each column, and the places of those that have any value."""
    trained = made.train.cover(len(values))
    table = typical(read.tables)
    whole = Spans(rows.offsets[:-1], rows.lengths) if made.window else made.train
    found: list[Variable] = []
    kept = []
    for place, name in enumerate(roles.values):
        own = values[trained, place]
        there = ~np.isnan(own)
        cells = table.get(name)
        assert cells is not None
        style = cells.style
        variable = describe(
            name,
            own[there],
            rows.levels[place],
            masked=options.missing == "mask" and not there.all(),
            lasting=lasting(values[:, place], whole),
            beyond=options.beyond,
            least=cells.least,
            prefix=style.prefix,
            suffix=style.suffix,
            thousands=style.thousands,
        )
        if variable is not None:
            found.append(variable)
            kept.append(place)
    return Variables(tuple(found)), kept


def _renumbered(column: np.ndarray, words: Sequence[str], variable: Variable) -> np.ndarray:
    """Words as the model numbers them; nan for those that training lacks."""
    known = variable.levels or (variable.constant,)
    places = np.array([*(float(known.index(word)) if word in known else np.nan for word in words), np.nan])
    renumbered: np.ndarray = places[np.where(np.isnan(column), len(words), column).astype(np.int64)]
    return renumbered


def _assembled(
    read: Tables,
    roles: Roles,
    rows: Rows,
    made: Division,
    variables: Variables,
    encoded: np.ndarray,
    options: SeriesOptions,
) -> Dataset:
    path = read.found.path
    own, mixed = frequent(made.train, rows.labels)
    classes, label_names = _classes(own, rows)
    train = Stretches(encoded, made.train, None if own is None else classes[own])
    held_out = _learnable(made.validation, encoded, rows, classes)
    if len(made.validation) and not len(held_out):
        raise DataError(f"{path}: every held-out sample misses values, or is of a class, that training does not know.")
    theirs, _ = frequent(held_out, rows.labels)
    validation = Stretches(encoded, held_out, None if theirs is None else classes[theirs])
    trained = encoded[made.train.cover(len(encoded))]
    minimum, maximum = variables.bounds(trained, robust=options.scaling == "robust")
    longest = int(max(train.lengths.max(), validation.lengths.max(initial=0)))
    shares = length_shares(train.lengths, longest)
    spec = SeriesSpec(len(minimum), longest, variables.names, minimum, maximum, label_names, variables.columns, shares)
    picked = (validation[i] for i in evenly(len(validation), options.pictured))
    curves = Curves.of(picked, minimum, maximum)
    about = _about(read, roles, rows, made, options, variables=variables, labels=label_names, curves=curves)
    tallies = [*([roles.tally] if roles.tally else []), *rows.tallies, *made.tallies]
    fate = "left out, of a class or a word, or without a value, that training does not know"
    tallies.append(Tally("held-out samples", fate, len(made.validation) - len(held_out), len(made.validation)))
    tallies.append(Tally("samples", "of several classes, and count as the most frequent one", mixed, len(made.train)))
    return Dataset(
        spec,
        train,
        validation,
        SeriesDecoder(about),
        read.mark.hex(),
        summary_of(read, roles, rows, made, variables, (train, validation), options),
        refused=read.left_out,
        tallies=tallies,
    )


def _about(
    read: Tables,
    roles: Roles,
    rows: Rows,
    made: Division,
    options: SeriesOptions,
    *,
    variables: Variables,
    labels: tuple[str, ...],
    curves: Curves,
) -> SeriesManifest:
    recorded = Recorded(
        id=roles.id,
        time=roles.time,
        label=roles.label or (options.label or _CLASS if rows.labels is not None else None),
        window=made.window,
        forward_fill=options.missing == "forward-fill",
        date_format=options.date_format,
    )
    return SeriesManifest(
        version=VERSION,
        columns=variables.all,
        names=variables.names,
        reading=recorded,
        layout="files" if len(read.found.files) > 1 and not roles.id and not made.window else "rows",
        clock=rows.clock,
        labels=labels,
        curves=curves.kept(),
        dialect=typical(read.tables).dialect or Dialect(),
    )


def _classes(own: np.ndarray | None, rows: Rows) -> tuple[np.ndarray, tuple[str, ...]]:
    """The classes that training samples have: a new number for each label (-1 for the others), and their names."""
    if own is None:
        return np.zeros(0, np.int64), ()
    seen = np.bincount(own, minlength=len(rows.label_names)) > 0
    names = tuple(name for name, is_seen in zip(rows.label_names, seen, strict=True) if is_seen)
    return np.where(seen, np.cumsum(seen) - 1, -1).astype(np.int64), names


def _learnable(spans: Spans, encoded: np.ndarray, rows: Rows, classes: np.ndarray) -> Spans:
    """Those without missing values in features that never miss one in training, and with a class that training has."""
    known = spans.count(np.isnan(encoded).any(1)) == 0
    own, _ = frequent(spans, rows.labels)
    if own is not None:
        known &= classes[own] >= 0
    return spans.where(known)


def _embedded(options: SeriesOptions, seed: int) -> Dataset:
    if options.unit == "window" or options.columns or options.label or options.label_file:
        raise UsageError(
            "The embedded data are whole sequences of their own columns, without labels.",
            "Give tables with --data, or leave domain.unit, domain.columns and domain.label alone.",
        )
    return load_embedded(options, seed)
