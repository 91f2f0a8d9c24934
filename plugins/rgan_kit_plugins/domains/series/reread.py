"""Further files, read as the training data were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rgan_kit.contracts import Batch, DataError, Sequences
from rgan_kit_plugins.domains.series.channels import Channels, fill_forward
from rgan_kit_plugins.domains.series.cut import Spans, unbroken
from rgan_kit_plugins.domains.series.decoder import Reading
from rgan_kit_plugins.domains.series.gather import join_tables, read_tables
from rgan_kit_plugins.domains.series.roles import SAMPLE_ID, Roles
from rgan_kit_plugins.domains.series.rows import Rows


def reread(path: Path, channels: Channels, reading: Reading, labels: Sequence[str]) -> Batch[np.ndarray]:
    """The samples of a user's tables, padded: float32 ``[samples, time, channels]`` in their own units.

    Raises:
        DataError: a file cannot be used, lacks a column, or misses values that the model cannot do without.
    """
    tables, _, _ = read_tables(path)
    have = set.intersection(*(set(table.names) for table in tables))
    modelled = tuple(column.name for column in channels.columns)
    identity = reading.id or (SAMPLE_ID if SAMPLE_ID not in modelled else None)
    identity, time, label = (name if name in have else None for name in (identity, reading.time, reading.label))
    rows = join_tables(path, tables, Roles(modelled, time, identity, label, {}))
    values = fill_forward(rows.values, rows.offsets) if reading.forward_fill else rows.values
    encoded = channels.encode(values, rows.offsets)
    spans = _windows(rows, reading.window) if reading.window else Spans(rows.offsets[:-1], rows.lengths)
    if not len(spans):
        raise DataError(f"{path}: no stretch of rows is as long as a window, {reading.window:,} rows.")
    picked = spans.rows()
    if (missing := np.argwhere(np.isnan(encoded[picked]))).size:
        row, channel = missing[0]
        raise DataError(
            f"{path}: column '{channels.names[channel]}' misses a value (row {picked[row] + 1:,} of the data), "
            "and this model knows no missing ones there.",
            "Leave such rows out, or train with --set domain.missing=mask.",
        )
    offsets = np.concatenate([[0], np.cumsum(spans.lengths)]).astype(np.int64)
    own = None if rows.labels is None or not labels else _classes(path, rows, spans, labels)
    return Sequences(encoded[picked], offsets, fill=0.0, labels=own).take(np.arange(len(spans)))


def _windows(rows: Rows, length: int) -> Spans:
    stretches = unbroken(rows)
    pairs = zip(stretches.starts.tolist(), stretches.lengths.tolist(), strict=True)
    starts = [np.arange(start, start + size - length + 1, length) for start, size in pairs]
    joined = np.concatenate(starts).astype(np.int64)
    return Spans(joined, np.full(len(joined), length, np.int64))


def _classes(path: Path, rows: Rows, spans: Spans, labels: Sequence[str]) -> np.ndarray:
    """The most frequent class of each sample, as the model numbers them."""
    places = {name: place for place, name in enumerate(labels)}
    if unknown := [name for name in rows.label_names if name not in places]:
        raise DataError(
            f"{path}: the model does not know the class {unknown[0]!r:.40}.", f"It has {', '.join(labels)}."
        )
    known = np.array([places[name] for name in rows.label_names], np.int64)
    assert rows.labels is not None
    found = []
    for start, size in zip(spans.starts.tolist(), spans.lengths.tolist(), strict=True):
        own = rows.labels[start : start + size]
        counts = np.bincount(known[own[own >= 0]], minlength=len(labels))
        if not counts.any():
            raise DataError(f"{path}: a sample has no class (row {start + 1:,} of the data).")
        found.append(int(counts.argmax()))
    return np.array(found, np.int64)
