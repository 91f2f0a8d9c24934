"""From options and a path (or none) to a data set; and further files, read as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rgan_kit.contracts import Batch, DataError, Dataset, SeriesSpec, Tally, UsageError, evenly
from rgan_kit.files import Spans
from rgan_kit_plugins.domains.series import moments
from rgan_kit_plugins.domains.series.columns import ColumnError
from rgan_kit_plugins.domains.series.decoder import VERSION, Recorded, SeriesDecoder, SeriesManifest
from rgan_kit_plugins.domains.series.dialect import Dialect
from rgan_kit_plugins.domains.series.embedded import load_embedded
from rgan_kit_plugins.domains.series.encoding import Variable, Variables, describe, fill_forward, lasting
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.picture import Curves
from rgan_kit_plugins.domains.series.reading import Rows, Tables, content_of, labels_of, read_tables, rows_of, typical
from rgan_kit_plugins.domains.series.roles import SAMPLE_ID, Roles, decide, words_of
from rgan_kit_plugins.domains.series.samples import Cut, Stretches, cut, shares_of, unbroken
from rgan_kit_plugins.domains.series.summary import summary_of
from rgan_kit_plugins.domains.series.tables import HowToRead, need_pyarrow

_CLASS = "class"


def load(options: SeriesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads tables, or draws sequences of the embedded source where ``path`` is None.

    Raises:
        DataError: the tables cannot be read or hold too little; names the file.
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
    made = cut(rows, options, gone, read.found, np.random.default_rng(seed))
    variables, kept = _variables(read, roles, rows, values, made, options)
    if not variables.names:
        raise DataError(f"{path}: every column is empty or has one value only, so that nothing is left to learn.")
    values = values if len(kept) == values.shape[1] else values[:, kept]
    for place, variable in enumerate(variables.all):
        if words := rows.levels[kept[place]]:
            values[:, place] = _renumbered(values[:, place], words, variable)
    return _assembled(read, roles, rows, made, variables, variables.encode(values, rows.offsets), options)


def _read(path: Path, options: SeriesOptions) -> tuple[Tables, Roles, Rows]:
    label_file = Path(options.label_file) if options.label_file else None
    how = HowToRead(words_of(options), options.date_format)
    apart = [options.label_file] if label_file else []
    read = read_tables(path, how, leave_out=apart, held_out=options.held_out)
    table = typical(read.tables)
    try:
        roles = decide(table, options, many_files=len(read.tables) > 1, label=label_file is None)
    except ColumnError as error:
        raise DataError(f"{table.file}: {error.problem}", error.mend) from None
    row_labels = None
    if label_file is not None:
        content = content_of(label_file)
        read.mark.add_words("labels").add(content)
        row_labels = labels_of(label_file, content, options.label, read, roles)
        roles = replace(roles, label=None)
    return read, roles, rows_of(read, roles, row_labels=row_labels)


def _variables(
    read: Tables, roles: Roles, rows: Rows, values: np.ndarray, made: Cut, options: SeriesOptions
) -> tuple[Variables, list[int]]:
    """What the training rows show of each column, and the places of those that have any value."""
    trained = made.train.cover(len(values))
    table = typical(read.tables)
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
            lasting=not made.window and lasting(values[:, place], made.train),
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
    made: Cut,
    variables: Variables,
    encoded: np.ndarray,
    options: SeriesOptions,
) -> Dataset:
    path = read.found.path
    own, mixed = _frequent(made.train, rows.labels)
    classes, label_names = _classes(own, rows)
    train = Stretches(encoded, made.train, None if own is None else classes[own])
    held_out = _learnable(made.validation, encoded, rows, classes)
    if not len(held_out):
        raise DataError(f"{path}: every held-out sample misses values, or is of a class, that training does not know.")
    theirs, _ = _frequent(held_out, rows.labels)
    validation = Stretches(encoded, held_out, None if theirs is None else classes[theirs])
    trained = encoded[made.train.cover(len(encoded))]
    minimum, maximum = variables.bounds(trained, robust=options.scaling == "robust")
    longest = int(max(train.lengths.max(), validation.lengths.max()))
    shares = shares_of(train.lengths, longest)
    spec = SeriesSpec(len(minimum), longest, variables.names, minimum, maximum, label_names, variables.columns, shares)
    picked = (validation[i] for i in evenly(len(validation), options.pictured))
    label = roles.label or (options.label or _CLASS if rows.labels is not None else None)
    about = SeriesManifest(
        version=VERSION,
        columns=variables.all,
        names=variables.names,
        reading=Recorded(
            id=roles.id,
            time=roles.time,
            label=label,
            window=made.window,
            forward_fill=options.missing == "forward-fill",
            date_format=options.date_format,
        ),
        layout="files" if len(read.found.files) > 1 and not roles.id and not made.window else "rows",
        clock=rows.clock,
        labels=label_names,
        curves=Curves.of(picked, minimum, maximum).kept(),
        dialect=typical(read.tables).dialect or Dialect(),
    )
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
    own, _ = _frequent(spans, rows.labels)
    if own is not None:
        known &= classes[own] >= 0
    return spans.where(known)


def _frequent(spans: Spans, labels: np.ndarray | None) -> tuple[np.ndarray | None, int]:
    """The most frequent label of each sample, the first of equally frequent ones, -1 where it has none: int64
    ``[samples]``; and how many have several."""
    if labels is None:
        return None, 0
    changes = np.zeros(len(labels), np.bool_)
    changes[1:] = labels[1:] != labels[:-1]
    found = labels[spans.starts]
    mixed = np.flatnonzero(Spans(spans.starts + 1, spans.lengths - 1).count(changes))
    for place in mixed.tolist():
        own = labels[spans.starts[place] : spans.starts[place] + spans.lengths[place]]
        known = own[own >= 0]
        found[place] = np.bincount(known).argmax() if len(known) else -1
    return found, len(mixed)


def read_again(path: Path, about: SeriesManifest) -> Batch[np.ndarray]:
    """The samples of a user's tables as those of ``about`` were read, padded: float32 ``[samples, time, features]`` in
    their own units.

    Raises:
        DataError: a file cannot be used, lacks a column, or misses values that the model cannot do without.
    """
    need_pyarrow()
    recorded, variables = about.reading, Variables(about.columns)
    words = frozenset(each.name for each in variables.all if each.levels or isinstance(each.constant, str))
    named = {*words, *recorded.id, *([recorded.label] if recorded.label else [])}
    read = read_tables(path, HowToRead(frozenset(named), recorded.date_format))
    have = set.intersection(*(set(table.names) for table in read.tables))
    modelled = tuple(each.name for each in variables.all)
    identity = recorded.id if recorded.id and set(recorded.id) <= have else (SAMPLE_ID,)
    identity = identity if set(identity) <= have and not set(identity) & set(modelled) else ()
    time, label = (name if name in have else None for name in (recorded.time, recorded.label))
    roles = Roles(modelled, words, time, identity, label)
    rows = rows_of(read, roles, levels={each.name: each.levels for each in variables.all if each.levels})
    if refused := [name for name in read.left_out if name not in read.found.left_out]:
        raise DataError(f"{path / refused[0]}: {read.left_out[refused[0]]}")
    values = fill_forward(rows.values, rows.offsets) if recorded.forward_fill else rows.values
    encoded = variables.encode(values, rows.offsets)
    spans = Spans(rows.offsets[:-1], rows.lengths)
    if recorded.window:
        spans, _ = unbroken(rows).windows(recorded.window, recorded.window)
    if not len(spans):
        raise DataError(f"{path}: no stretch of rows is as long as a window, {recorded.window:,} rows.")
    _refuse_missing(path, encoded[spans.rows()], spans.rows(), about.names)
    own = _known_classes(path, rows, spans, about.labels) if rows.labels is not None and about.labels else None
    return Stretches(encoded, spans, own).take(np.arange(len(spans)))


def _refuse_missing(path: Path, picked: np.ndarray, numbers: np.ndarray, names: Sequence[str]) -> None:
    missing = np.argwhere(np.isnan(picked))
    if missing.size:
        row, feature = missing[0]
        raise DataError(
            f"{path}: column '{names[feature]}' misses a value (row {numbers[row] + 1:,} of the data), "
            "and this model knows no missing ones there.",
            "Leave such rows out, or train with --set domain.missing=mask.",
        )


def _known_classes(path: Path, rows: Rows, spans: Spans, labels: Sequence[str]) -> np.ndarray:
    """The most frequent class of each sample, as the model numbers them."""
    if unknown := [name for name in rows.label_names if name not in labels]:
        raise DataError(
            f"{path}: the model does not know the class {unknown[0]!r:.40}.", f"It has {', '.join(labels)}."
        )
    own, _ = _frequent(spans, rows.labels)
    assert own is not None
    if (own < 0).any():
        raise DataError(f"{path}: a sample has no class (row {spans.starts[int(own.argmin())] + 1:,} of the data).")
    known: np.ndarray = np.array([labels.index(name) for name in rows.label_names], np.int64)[own]
    return known


def _embedded(options: SeriesOptions, seed: int) -> Dataset:
    if options.unit == "window" or options.columns or options.label or options.label_file:
        raise UsageError(
            "The embedded data are whole sequences of their own columns, without labels.",
            "Give tables with --data, or leave domain.unit, domain.columns and domain.label alone.",
        )
    return load_embedded(options, seed)
