"""Which samples are held out from training: at random, by group, by time with a gap, or as the user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rgan_kit.errors import DataError
from rgan_kit.files.finding import Found
from rgan_kit.files.windows import Spans


@dataclass(frozen=True, eq=False)
class Split:
    """Numbers of samples, int64, ascending; no sample is on both sides.

    Attributes:
        train, validation: the two sides.
        unused: samples on neither side, such as those in the gap between them.
        words: how they were chosen, for people.
    """

    train: np.ndarray
    validation: np.ndarray
    unused: np.ndarray
    words: str

    @classmethod
    def of(cls, held_out: np.ndarray, words: str, unused: np.ndarray | None = None) -> Split:
        """From bool ``[samples]``: held out or not, and whether on neither side."""
        gone = np.zeros(len(held_out), np.bool_) if unused is None else unused
        train, validation, left = (np.flatnonzero(chosen) for chosen in (~held_out & ~gone, held_out & ~gone, gone))
        return cls(train, validation, left, words)


def at_random(count: int, share: float, rng: np.random.Generator, noun: str = "samples") -> Split:
    """A share of the samples, at least one and never all.

    Raises:
        DataError: there are fewer than two.
    """
    _need_two(count, noun)
    held_out = np.zeros(count, np.bool_)
    held_out[rng.permutation(count)[: min(max(1, round(share * count)), count - 1)]] = True
    return Split.of(held_out, f"{held_out.sum():,} of {count:,} {noun}, chosen at random, are held out")


def by_group(groups: np.ndarray, share: float, rng: np.random.Generator, noun: str = "groups") -> Split:
    """Whole groups (files, pieces, equal lines) at random, until they have about a share of the samples.

    Args:
        groups: int64 ``[samples]``, the group of each, from 0.
        share: of the samples to hold out.
        rng: chooses groups.
        noun: what a group is, for people.

    Raises:
        DataError: there are fewer than two groups.
    """
    sizes = np.bincount(groups)
    present = np.flatnonzero(sizes)
    _need_two(len(present), noun)
    room = max(1, round(share * len(groups)))
    chosen = np.zeros(len(sizes), np.bool_)
    for each in rng.permutation(present):
        if sizes[each] <= room:
            chosen[each] = True
            room -= int(sizes[each])
    if not chosen.any():  # every group is larger than the share
        chosen[present[np.argmin(sizes[present])]] = True
    if chosen[present].all():
        chosen[present[np.argmax(sizes[present])]] = False
    return Split.of(chosen[groups], f"{chosen.sum():,} of {len(present):,} {noun}, chosen at random, are held out")


def by_time(stretches: Spans, windows: Spans, owners: np.ndarray, share: float, gap: int, noun: str = "rows") -> Split:
    """The last windows of each stretch, with a gap before them, so that the two sides are no neighbours.

    A window is for training when it ends at least ``gap`` rows before the first one held out of its stretch begins, and
    on neither side when it does not. A stretch that is too short to have a window on both sides is for training; where
    all are, the last ones are held out whole.

    Args:
        stretches: of rows in the order of time.
        windows: of rows, none across two stretches, in order.
        owners: int64 ``[windows]``, the stretch of each, as ``Spans.windows`` gives it.
        share: of each stretch's rows to hold out, at least a window.
        gap: rows.
        noun: what a row is, for people.

    Raises:
        DataError: there are fewer than two windows.
    """
    _need_two(len(windows), "windows")
    ends = windows.starts + windows.lengths
    size = stretches.lengths[owners]
    trained = size - np.maximum(windows.lengths, np.round(share * size).astype(np.int64)) - gap
    border = stretches.starts[owners] + trained  # where training ends
    divided = trained >= windows.lengths
    if divided.any():
        held_out = divided & (windows.starts >= border + gap)
        unused = divided & ~held_out & (ends > border)
        words = f"the last {share:.0%} of each stretch of {noun} are held out, {gap:,} {noun} after training ends"
        return Split.of(held_out, words, unused)
    present = np.unique(owners)
    if len(present) > 1:
        last = present[-max(1, round(share * len(present))) :]
        held_out = np.isin(owners, last)
        return Split.of(held_out, f"the last {len(last):,} of {len(present):,} stretches of {noun} are held out")
    first_out = windows.starts[-max(1, round(share * len(windows)))]
    held_out = windows.starts >= first_out
    unused = ~held_out & (ends + gap > first_out)
    if (held_out | unused).all():  # too short for a gap: one that does not overlap is the least
        unused = ~held_out & (ends > first_out)
    if (held_out | unused).all():
        raise DataError(f"The only stretch of {size[0]:,} {noun} is too short to hold any out.", "Give more of them.")
    return Split.of(held_out, f"the last windows of the only stretch of {noun} are held out", unused)


def by_name(found: Found, owners: Sequence[int] | np.ndarray) -> Split | None:
    """As the user named files and folders (``find(…, held_out=…)``); None where nothing was named.

    Args:
        found: the files.
        owners: for each sample, the place in ``found.files`` of the file that it is of.

    Raises:
        DataError: no sample is of the files named, or none of the others.
    """
    if not found.held_out:
        return None
    is_out = np.array([file in found.held_out for file in found.files])
    held_out = is_out[np.asarray(owners, np.int64)]
    if held_out.all() or not held_out.any():
        side = "training" if held_out.all() else "validation"
        raise DataError(f"{found.path}: of the files for {side} none makes a sample.", "Name others to be held out.")
    return Split.of(held_out, f"{is_out.sum():,} files are held out, as was asked for")


def _need_two(count: int, noun: str) -> None:
    if count < 2:
        raise DataError(f"There are fewer than two {noun}, so that none can be held out.", "Give more data.")
