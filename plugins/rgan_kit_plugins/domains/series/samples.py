"""From rows to samples: whole sequences or windows, in training and in validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Batch, DataError, Tally
from rgan_kit.files import Found, Spans, at_random, by_name, by_time
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.reading import Rows

FEWEST_SAMPLES: Final = 10
MORE: Final = (
    "Give more rows, or a smaller domain.window_length, domain.stride or domain.gap; samples with missing values are "
    "kept by --set domain.missing=mask."
)

_USUAL_WINDOW: Final = 24
_LONGEST_SEQUENCE: Final = 1024
_LONG: Final = 512
_MOST_HELD_OUT: Final = 10_000
_FIRST: Final = 100  # samples, and rows of each, that are looked at first


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
        """Bytes of the rows that lie in any sample, and of where each lies."""
        rows = int(np.count_nonzero(self.spans.cover(len(self.values))))
        return int(rows * self.values.shape[1] * self.values.itemsize + 2 * self.spans.starts.nbytes)

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
class Division:
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


def cut(rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found, rng: np.random.Generator) -> Division:
    """Divides rows into samples.

    Args:
        rows: of all sequences.
        options: of the domain.
        unusable: bool ``[rows]``; samples with such a row are left out.
        found: the files, for messages and for those that the user holds out.
        rng: draws which sequences are held out (windows are held out by time).

    Raises:
        DataError: there is none.
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
    everything = Spans(
        *(np.concatenate([getattr(made.train, n), getattr(made.validation, n)]) for n in ("starts", "lengths"))
    )
    unused = len(rows.values) - int(np.count_nonzero(everything.cover(len(rows.values))))
    hint = "" if unit == "sequence" else "see domain.window_length, domain.gap and domain.stride"
    made.tallies.append(Tally("rows", "in no sample", unused, len(rows.values), hint))
    if not len(everything):
        raise DataError(f"{found.path}: there is no sample in it.{_reasons(made.tallies)}", MORE)
    return made


def all_for_training(made: Division, path: Path) -> tuple[Division, str]:
    """The same with nothing held out, and why it has to be so; empty where there is enough to hold some out."""
    total = len(made.train) + len(made.validation)
    if total >= FEWEST_SAMPLES and len(made.train) and len(made.validation):
        return made, ""
    joined = (
        np.concatenate([getattr(side, n) for side in (made.train, made.validation)]) for n in ("starts", "lengths")
    )
    problem = (
        f"{path}: {len(made.train):,} training and {len(made.validation):,} validation samples; at least "
        f"{FEWEST_SAMPLES} are needed, and one to hold out.{_reasons(made.tallies)}"
    )
    nothing = Spans(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return replace(made, train=Spans(*joined), validation=nothing), problem


def _reasons(tallies: Sequence[Tally]) -> str:
    return "".join(f" {tally}." for tally in tallies if tally.count)


def _sequences(
    rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found, rng: np.random.Generator
) -> Division:
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
        return Division(kept, everything.where(np.zeros(len(fits), np.bool_)), 0, {}, tallies)
    split = by_name(found, rows.files[fits & whole]) or at_random(len(kept), options.validation_share, rng, "sequences")
    notes = {"samples": "one a sequence", "split": split.words}
    return Division(kept.where(split.train), kept.where(split.validation), 0, notes, tallies)


def _windows(rows: Rows, options: SeriesOptions, unusable: np.ndarray, found: Found) -> Division:
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
        return Division(windows, windows.where(np.zeros(len(windows), np.bool_)), length, notes)
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
    return Division(windows.where(train), windows.where(validation), length, notes, [_missing(lost, "windows")])


def _thinned(count: int, length: int) -> int:
    """One of how many held-out windows is kept: few enough to be looked at often, without a row that none has."""
    return min(length, max(1, -(-count // _MOST_HELD_OUT)))


def unbroken(rows: Rows) -> Spans:
    """Stretches of rows of one sequence in which time does not jump."""
    starts = np.union1d(rows.offsets[:-1], rows.jumps)
    return Spans(starts, np.diff(np.append(starts, rows.offsets[-1])))


def _missing(lost: np.ndarray, noun: str) -> Tally:
    hint = "--set domain.missing=mask keeps them, --set domain.missing=forward-fill fills them"
    return Tally(
        noun, "left out, with missing values (or no label) in them", int(np.count_nonzero(lost)), len(lost), hint
    )


def frequent(spans: Spans, labels: np.ndarray | None) -> tuple[np.ndarray | None, int]:
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


def lasting(values: np.ndarray, spans: Spans) -> bool:
    """Whether a column float64 ``[rows]`` stays the same in each of these samples, and some sample has two rows."""
    for start, length in zip(spans.starts[:_FIRST].tolist(), spans.lengths[:_FIRST].tolist(), strict=True):
        if _changes(values[start : start + min(length, _FIRST)]).any():  # as in nearly every column that varies
            return False
    if Spans(spans.starts + 1, spans.lengths - 1).count(_changes(values)).any():
        return False
    return bool(spans.lengths.max(initial=0) > 1)


def _changes(values: np.ndarray) -> np.ndarray:
    """bool ``[rows]``, those that differ from the row before; one that is missing does not differ from another."""
    changes = np.zeros(len(values), np.bool_)
    changes[1:] = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    return changes
