"""From rows to samples: whole sequences or windows, in training and in validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.rows import Rows

FEWEST_SAMPLES: Final = 10
MAX_VALUES: Final = 2**29  # 2 GiB of float32

_USUAL_WINDOW: Final = 24
_LONGEST_SEQUENCE: Final = 1024
_LONG: Final = 512
_WINDOWS: Final = 10_000

Unit = Literal["sequence", "window"]


@dataclass(frozen=True, eq=False)
class Spans:
    """Samples as stretches of rows: int64 ``[samples]`` each."""

    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def where(self, kept: np.ndarray) -> Spans:
        """Those that ``kept`` (bool ``[samples]``) says."""
        return Spans(self.starts[kept], self.lengths[kept])

    def count(self, marked: np.ndarray) -> np.ndarray:
        """How many of the marked rows (bool ``[rows]``) lie in each sample: int64 ``[samples]``."""
        before = np.concatenate([[0], np.cumsum(marked)])
        counts: np.ndarray = before[self.starts + self.lengths] - before[self.starts]
        return counts

    def cover(self, rows: int) -> np.ndarray:
        """bool ``[rows]``: those that lie in any sample."""
        edges = np.zeros(rows + 1, np.int64)
        np.add.at(edges, self.starts, 1)
        np.add.at(edges, self.starts + self.lengths, -1)
        inside: np.ndarray = np.cumsum(edges)[:-1] > 0
        return inside

    def rows(self) -> np.ndarray:
        """Numbers of the rows of all samples, one after the other: int64."""
        ends = np.cumsum(self.lengths)
        within = np.arange(int(self.lengths.sum())) - np.repeat(ends - self.lengths, self.lengths)
        rows: np.ndarray = np.repeat(self.starts, self.lengths) + within
        return rows


@dataclass(frozen=True, eq=False)
class Cut:
    """Samples, and what was decided, in words for people.

    Attributes:
        window: rows in a window; 0 where a sample is a whole sequence.
    """

    train: Spans
    validation: Spans
    window: int
    notes: dict[str, str] = field(default_factory=dict)


def cut(rows: Rows, options: SeriesOptions, unusable: np.ndarray, source: str, rng: np.random.Generator) -> Cut:
    """Divides rows into samples.

    Args:
        rows: of all sequences.
        options: of the domain.
        unusable: bool ``[rows]``; samples with such a row are left out.
        source: names the data in messages.
        rng: draws which sequences are held out (windows are held out by time).

    Raises:
        DataError: too few samples, or more than memory should hold.
    """
    unit = options.unit
    lengths = rows.lengths
    if unit == "auto":
        whole = len(lengths) >= FEWEST_SAMPLES and np.median(lengths) <= _LONG
        unit = "sequence" if whole else "window"
    made = _sequences(rows, options, unusable, rng) if unit == "sequence" else _windows(rows, options, unusable, source)
    total = len(made.train) + len(made.validation)
    if total < FEWEST_SAMPLES or not len(made.train) or not len(made.validation):
        why = "".join(f" {note}." for note in made.notes.values())
        raise DataError(
            f"{source}: {len(made.train):,} training and {len(made.validation):,} validation samples; at least "
            f"{FEWEST_SAMPLES} are needed, and one to hold out.{why}",
            "Give more rows, or a smaller domain.window_length, domain.stride or domain.gap; samples with missing "
            "values are kept by --set domain.missing=mask.",
        )
    if (size := int(made.train.lengths.sum()) * rows.values.shape[1]) > MAX_VALUES:
        raise DataError(f"{source}: the samples hold {size:,} values, too many for memory.", "Raise domain.stride.")
    return made


def _sequences(rows: Rows, options: SeriesOptions, unusable: np.ndarray, rng: np.random.Generator) -> Cut:
    """Whole sequences, held out at random."""
    everything = Spans(rows.offsets[:-1], rows.lengths)
    limit = options.max_length or _LONGEST_SEQUENCE
    fits = (everything.lengths <= limit) & (everything.lengths >= 2)
    whole = everything.count(unusable) == 0
    kept = everything.where(fits & whole)
    notes = {"samples": "one a sequence"}
    if (lost := int(np.count_nonzero(~fits))) > 0:
        notes["of unfit length"] = f"{lost:,} of {len(fits):,} sequences, longer than {limit:,} rows or of a single one"
    _note_missing(notes, fits & ~whole)
    held_out = np.zeros(len(kept), np.bool_)
    held_out[rng.permutation(len(kept))[: max(1, round(options.validation_share * len(kept)))]] = True
    notes["split"] = "sequences are held out at random"
    return Cut(kept.where(~held_out), kept.where(held_out), 0, notes)


def _windows(rows: Rows, options: SeriesOptions, unusable: np.ndarray, source: str) -> Cut:
    """Windows of stretches without a jump of time; the last part of each stretch is held out, after a gap."""
    stretches = unbroken(rows)
    longest = int(stretches.lengths.max())
    length = options.window_length or max(2, min(_USUAL_WINDOW, longest // FEWEST_SAMPLES))
    if longest < length:
        raise DataError(
            f"{source}: the longest stretch has {longest:,} rows, and a window {length:,}.",
            "Lower domain.window_length.",
        )
    gap = length if options.gap < 0 else options.gap
    stride = options.stride or max(1, -(-int(stretches.lengths.sum()) // _WINDOWS))
    sides = _sides(stretches, length, stride, gap, options.validation_share)
    if (count := sum(map(len, sides[0]))) * length * rows.values.shape[1] > MAX_VALUES:
        raise DataError(f"{source}: {count:,} windows are too many to hold in memory.", "Raise domain.stride.")
    notes = {
        "samples": f"windows of {length:,} rows, one every {stride:,}",
        "split": f"the last {options.validation_share:.0%} of each stretch of rows are held out, {gap:,} rows after "
        "training ends",
    }
    if len(rows.jumps):
        notes["stretches"] = f"{len(stretches):,}; no window lies across a jump of time"
    made, dropped = [], []
    for side in sides:
        starts = np.concatenate([np.zeros(0, np.int64), *side]).astype(np.int64)
        spans = Spans(starts, np.full(len(starts), length, np.int64))
        whole = spans.count(unusable) == 0
        made.append(spans.where(whole))
        dropped.append(~whole)
    _note_missing(notes, np.concatenate(dropped))
    return Cut(made[0], made[1], length, notes)


def _sides(stretches: Spans, length: int, stride: int, gap: int, share: float) -> tuple[list[np.ndarray], ...]:
    """Starts of the training and of the validation windows of each stretch. Where no stretch is long enough to be
    divided, the last ones are held out whole."""
    train, validation, whole = [], [], []
    for start, size in zip(stretches.starts.tolist(), stretches.lengths.tolist(), strict=True):
        trained = size - max(length, round(share * size)) - gap
        if trained < length:
            whole.append(np.arange(start, start + size - length + 1, stride))
            continue
        train.append(np.arange(start, start + trained - length + 1, stride))
        validation.append(np.arange(start + trained + gap, start + size - length + 1, stride))
    if not validation:
        last = max(1, round(share * len(whole)))
        return whole[:-last], whole[-last:]
    return train + whole, validation


def unbroken(rows: Rows) -> Spans:
    """Stretches of rows of one sequence in which time does not jump."""
    starts = np.union1d(rows.offsets[:-1], rows.jumps)
    return Spans(starts, np.diff(np.append(starts, rows.offsets[-1])))


def _note_missing(notes: dict[str, str], lost: np.ndarray) -> None:
    if (count := int(np.count_nonzero(lost))) > 0:
        notes["left out"] = f"{count:,} of {len(lost):,} samples, with missing values (or no label) in them"
