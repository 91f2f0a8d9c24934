"""Further files, read as the training data were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import Spans
from rgan_kit_plugins.domains.series.columns import HowToRead
from rgan_kit_plugins.domains.series.encoding import Variables, fill_forward
from rgan_kit_plugins.domains.series.keys import SAMPLE_ID
from rgan_kit_plugins.domains.series.reading import Rows, read_tables, rows_of
from rgan_kit_plugins.domains.series.roles import Recorded, Roles
from rgan_kit_plugins.domains.series.samples import Stretches, frequent, unbroken
from rgan_kit_plugins.domains.series.tables import need_pyarrow


def read_again(path: Path, variables: Variables, recorded: Recorded, labels: Sequence[str]) -> Batch[np.ndarray]:
    """The samples of a user's tables, padded: float32 ``[samples, time, features]`` in their own units.

    Args:
        path: of a file or a folder.
        variables: the columns that a model knows.
        recorded: how its data were read.
        labels: its classes.

    Raises:
        DataError: a file cannot be used, lacks a column, or misses values that the model cannot do without.
    """
    need_pyarrow()
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
    _refuse_missing(path, encoded[spans.rows()], spans.rows(), variables.names)
    own = _known_classes(path, rows, spans, labels) if rows.labels is not None and labels else None
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
    own, _ = frequent(spans, rows.labels)
    assert own is not None
    if (own < 0).any():
        raise DataError(f"{path}: a sample has no class (row {spans.starts[int(own.argmin())] + 1:,} of the data).")
    known: np.ndarray = np.array([labels.index(name) for name in rows.label_names], np.int64)[own]
    return known
