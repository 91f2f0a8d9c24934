"""Training samples in other keys, made when a batch is taken: memory holds each of them once, piano rolls as bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rgan_kit.contracts import Batch, Sequences


@dataclass(frozen=True, eq=False)
class Transposed:
    """Samples, each in several keys.

    Attributes:
        samples: as they were read.
        rows: int64 ``[samples in all keys]``: which of ``samples``.
        shifts: int64, of the same shape: semitones.
        pitches: the tokens (or features of a piano roll) that are pitches.
        fixed: tokens after which a pitch is none, but a drum.
    """

    samples: Sequences
    rows: np.ndarray
    shifts: np.ndarray
    pitches: range
    fixed: tuple[int, ...] = ()

    @classmethod
    def of(cls, samples: Sequences, room: np.ndarray, most: int, pitches: range, fixed: tuple[int, ...]) -> Transposed:
        """Every sample in its own key and, as far as its pitches have room, in those ``most`` semitones around.

        Args:
            samples: as they were read.
            room: int64 ``[samples, 2]``: semitones that each can go down and up.
            most: semitones either way.
            pitches, fixed: as in the class.
        """
        shifts = np.arange(-most, most + 1)
        fits = (shifts >= -room[:, :1]) & (shifts <= room[:, 1:])  # [samples, shifts]
        rows, places = np.nonzero(fits)
        return cls(samples, rows, shifts[places], pitches, fixed)

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples in all keys]``."""
        return np.asarray(self.samples.lengths[self.rows])

    @property
    def labels(self) -> np.ndarray | None:
        """int64 ``[samples in all keys]``, or None without classes."""
        return None if self.samples.labels is None else np.asarray(self.samples.labels[self.rows])

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded to the longest of them."""
        batch = self.samples.take(self.rows[indices])
        shifts = self.shifts[indices]
        if batch.values.ndim == 3:  # piano rolls [batch, steps, features], whose keys move
            keys = batch.values.reshape(*batch.values.shape[:2], -1, len(self.pitches))  # sounding and struck
            rolls = [np.roll(roll, shift, axis=2) for roll, shift in zip(keys, shifts, strict=True)]
            values = np.stack(rolls).reshape(batch.values.shape).astype(np.float32)
            return Batch(values, batch.lengths, batch.labels)
        values = batch.values
        moves = (values >= self.pitches.start) & (values < self.pitches.stop)
        if self.fixed:
            moves[:, 1:] &= ~np.isin(values[:, :-1], self.fixed)
        return Batch(values + np.where(moves, shifts[:, None], 0), batch.lengths, batch.labels)
