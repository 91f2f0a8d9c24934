"""From rows to samples: whole sequences or windows, in training and in validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rgan_kit.contracts import Batch, DataError, Tally
from rgan_kit.files import Found, Spans, at_random, by_name, by_time
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.reading import Rows

FEWEST_SAMPLES: Final = 10

_USUAL_WINDOW: Final = 24
_LONGEST_SEQUENCE: Final = 1024
_LONG: Final = 512
_MOST_HELD_OUT: Final = 10_000


@dataclass(frozen=True, eq=False)
class Stretches:
    """Samples as stretches of the rows of one array; they may overlap, and none is copied before it is taken.

    Attributes:
        values: float32 ``[rows, features]``.
        spans: the samples.
        labels: int64 ``[samples]`` or None.
    """

    values: np.ndarray
    spans: Spans
    labels: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return self.spans.lengths

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return int(self.values.nbytes + 2 * self.spans.starts.nbytes)

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: int) -> np.ndarray:
        start = self.spans.starts[index]
        return self.values[start : start + self.spans.lengths[index]]

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded with 0 to the longest of them."""
        lengths = self.spans.lengths[indices]
        steps = np.arange(int(lengths.max(initial=0)))
        inside = steps < lengths[:, None]  # [batch, time]
        values = self.values[np.where(inside, self.spans.starts[indices][:, None] + steps, 0)]
        values[~inside] = 0
        return Batch(values, lengths, None if self.labels is None else self.labels[indices])


@dataclass(frozen=True, eq=False)
class Cut:
    """Samples, and what was decided, in words for people.

    Attributes:
        window: rows in a window; 0 where a sample is a whole sequence.
        tallies: what lies in no sample.
    """

    train: Spans
    validation: Spans
    window: int
    notes: dict[str, str] = field(default_factory=dict)
    tallies: list[Tally] = field(default_factory=list)


def cut(rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found, rng: np.random.Generator) -> Cut:
    """Divides rows into samples.

    Args:
        rows: of all sequences.
        options: of the domain.
        unusable: bool ``[rows]``; samples with such a row are left out.
        found: the files, for messages and for those that the user holds out.
        rng: draws which sequences are held out (windows are held out by time).

    Raises:
        DataError: too few samples.
    """
    unit = options.unit
    lengths = rows.lengths
    if unit == "auto":
        whole = len(lengths) >= FEWEST_SAMPLES and np.median(lengths) <= _LONG
        unit = "sequence" if whole else "window"
    made = (
        _sequences(rows, options, unusable, found, rng)
        if unit == "sequence"
        else _windows(rows, options, unusable, found)
    )
    total = len(made.train) + len(made.validation)
    if total < FEWEST_SAMPLES or not len(made.train) or not len(made.validation):
        why = "".join(f" {tally}." for tally in made.tallies if tally.count)
        raise DataError(
            f"{found.path}: {len(made.train):,} training and {len(made.validation):,} validation samples; at least "
            f"{FEWEST_SAMPLES} are needed, and one to hold out.{why}",
            "Give more rows, or a smaller domain.window_length, domain.stride or domain.gap; samples with missing "
            "values are kept by --set domain.missing=mask.",
        )
    everything = Spans(
        *(np.concatenate([getattr(made.train, n), getattr(made.validation, n)]) for n in ("starts", "lengths"))
    )
    unused = len(rows.values) - int(np.count_nonzero(everything.cover(len(rows.values))))
    mend = "" if unit == "sequence" else "see domain.window_length, domain.gap and domain.stride"
    made.tallies.append(Tally("rows", "in no sample", unused, len(rows.values), mend))
    return made


def _sequences(rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found, rng: np.random.Generator) -> Cut:
    """Whole sequences, held out at random or by their files."""
    everything = Spans(rows.offsets[:-1], rows.lengths)
    limit = options.max_length or _LONGEST_SEQUENCE
    fits = (everything.lengths <= limit) & (everything.lengths >= 2)
    whole = everything.count(unusable) == 0
    kept = everything.where(fits & whole)
    fate = f"left out, longer than {limit:,} rows or of a single one"
    tallies = [Tally("sequences", fate, int(np.count_nonzero(~fits)), len(fits), "see domain.max_length")]
    tallies.append(_missing(fits & ~whole, "sequences"))
    if len(kept) < 2:
        return Cut(kept, everything.where(np.zeros(len(fits), np.bool_)), 0, {}, tallies)
    split = by_name(found, rows.files[fits & whole]) or at_random(len(kept), options.validation_share, rng, "sequences")
    notes = {"samples": "one a sequence", "split": split.words}
    return Cut(kept.where(split.train), kept.where(split.validation), 0, notes, tallies)


def _windows(rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found) -> Cut:
    """Windows of stretches without a jump of time; the last part of each stretch is held out, after a gap."""
    stretches = unbroken(rows)
    longest = int(stretches.lengths.max())
    length = options.window_length or max(2, min(_USUAL_WINDOW, longest // FEWEST_SAMPLES))
    if longest < length:
        raise DataError(
            f"{found.path}: the longest stretch has {longest:,} rows, and a window {length:,}.",
            "Lower domain.window_length.",
        )
    gap = length if options.gap < 0 else options.gap
    windows, owners = stretches.windows(length, options.stride or 1)
    notes = {"samples": f"windows of {length:,} rows, one every {options.stride or 1:,}"}
    if len(windows) < 2:
        return Cut(windows, windows.where(np.zeros(len(windows), np.bool_)), length, notes)
    of_file = rows.files[np.searchsorted(rows.offsets, stretches.starts, "right") - 1]
    split = by_name(found, of_file[owners]) or by_time(stretches, windows, owners, options.validation_share, gap)
    notes["split"] = split.words
    if len(rows.jumps):
        notes["stretches"] = f"{len(stretches):,}; no window lies across a jump of time"
    whole = windows.count(unusable) == 0
    train, validation = (side[whole[side]] for side in (split.train, split.validation))
    if not options.stride:
        validation = validation[:: _thinned(len(validation), length)]
    lost = np.concatenate([~whole[split.train], ~whole[split.validation]])
    return Cut(windows.where(train), windows.where(validation), length, notes, [_missing(lost, "windows")])


def _thinned(count: int, length: int) -> int:
    """One of how many held-out windows is kept: few enough to be looked at often, without a row that none has."""
    return min(length, max(1, -(-count // _MOST_HELD_OUT)))


def unbroken(rows: Rows) -> Spans:
    """Stretches of rows of one sequence in which time does not jump."""
    starts = np.union1d(rows.offsets[:-1], rows.jumps)
    return Spans(starts, np.diff(np.append(starts, rows.offsets[-1])))


def _missing(lost: np.ndarray, noun: str) -> Tally:
    mend = "--set domain.missing=mask keeps them, --set domain.missing=forward-fill fills them"
    return Tally(
        noun, "left out, with missing values (or no label) in them", int(np.count_nonzero(lost)), len(lost), mend
    )


def shares_of(lengths: np.ndarray, longest: int) -> np.ndarray | None:
    """How often samples have 1, 2, … steps: float64 ``[longest]``; None where all have the same length and it is the
    longest."""
    if len(lengths) and lengths.min() == lengths.max() == longest:
        return None
    counts = np.bincount(lengths, minlength=longest + 1)[1:]
    shares: np.ndarray = counts / counts.sum()
    return shares
