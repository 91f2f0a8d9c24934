"""The columns that a user sees and the channels that a network sees: constants are not modelled, masks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

PRESENT: Final = " present"
"""Ends the name of a mask."""

_MOST_WHOLE: Final = 2**24  # above, float32 knows no odd numbers


@dataclass(frozen=True)
class Channel:
    """A column of the data.

    Attributes:
        name: as in the user's file.
        constant: its only value in training, which is written back and not modelled; else None.
        whole: whether all its values in training are whole numbers; generated ones are rounded.
        masked: whether a further channel says where it has a value (1) and where not (0).
        fill: what stands in for a missing value that has none before it.
    """

    name: str
    constant: float | None = None
    whole: bool = False
    masked: bool = False
    fill: float = 0.0


@dataclass(frozen=True)
class Channels:
    """All columns in order. The network sees the varying ones, and then a mask for each that has one."""

    columns: tuple[Channel, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of what the network sees."""
        varying = (column.name for column in self.columns if column.constant is None)
        return (*varying, *(column.name + PRESENT for column in self.columns if column.masked))

    @classmethod
    def of(cls, names: tuple[str, ...], training: np.ndarray, *, mask: bool) -> Channels:
        """What the training rows (float32 ``[rows, columns]``, nan where missing) show. Columns without any value
        are left out; see ``known``."""
        columns = []
        for name, values in zip(names, training.T, strict=True):
            missing = np.isnan(values)
            known = values[~missing]
            if len(known) == 0:
                continue
            low, high = float(known.min()), float(known.max())
            whole = bool((known == np.rint(known)).all()) and max(abs(low), abs(high)) <= _MOST_WHOLE
            masked = mask and bool(missing.any())
            constant = low if low == high else None
            columns.append(Channel(name, constant, whole, masked, float(known.mean(dtype=np.float64))))
        return cls(tuple(columns))

    def known(self, names: tuple[str, ...]) -> list[int]:
        """Places in ``names`` of the columns that are here."""
        return [names.index(column.name) for column in self.columns]

    def encode(self, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Columns as channels.

        Args:
            values: float32 ``[rows, columns]``, nan where missing.
            offsets: int64 ``[sequences + 1]``; a missing value is filled with the one before it in its sequence, or
                with the column's ``fill``.

        Returns:
            float32 ``[rows, channels]``; nan where a column without a mask misses a value.
        """
        filled = values
        masked = [place for place, column in enumerate(self.columns) if column.masked]
        if masked:
            filled = values.copy()
            filled[:, masked] = fill_forward(values[:, masked], offsets)
            for place in masked:
                filled[np.isnan(filled[:, place]), place] = self.columns[place].fill
        varying = [place for place, column in enumerate(self.columns) if column.constant is None]
        return np.concatenate([filled[:, varying], ~np.isnan(values[:, masked])], 1, dtype=np.float32)

    def decode(self, series: np.ndarray) -> np.ndarray:
        """Channels as columns: float32 ``[..., channels]`` to ``[..., columns]``, whole numbers rounded, nan where a
        mask is below a half."""
        columns = np.empty((*series.shape[:-1], len(self.columns)), np.float32)
        channel = 0
        for place, column in enumerate(self.columns):
            if column.constant is not None:
                columns[..., place] = column.constant
                continue
            columns[..., place] = np.rint(series[..., channel]) if column.whole else series[..., channel]
            channel += 1
        for place, column in enumerate(self.columns):
            if column.masked:
                columns[..., place][~(series[..., channel] >= 0.5)] = np.nan
                channel += 1
        return columns

    def bounds(self, training: np.ndarray, *, robust: bool) -> tuple[np.ndarray, np.ndarray]:
        """Minimum and maximum float32 ``[channels]`` of training rows float32 ``[rows, channels]``: the extremes, or
        where ``robust`` the 0.5 % and 99.5 % quantiles if these differ; 0 and 1 for masks."""
        minimum, maximum = training.min(0), training.max(0)
        if robust:
            low, high = np.quantile(training, (0.005, 0.995), axis=0).astype(np.float32)
            differ = high > low
            minimum, maximum = np.where(differ, low, minimum), np.where(differ, high, maximum)
        masks = sum(column.masked for column in self.columns)
        if masks:
            minimum[-masks:], maximum[-masks:] = 0, 1
        return minimum.astype(np.float32), maximum.astype(np.float32)


def fill_forward(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Float32 ``[rows, columns]`` with the last value of the same sequence in place of a missing one; nan where none
    came before."""
    rows = np.arange(len(values))
    first = np.repeat(offsets[:-1], np.diff(offsets))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows[:, None]), axis=0)  # [rows, columns]
    source = np.where(last >= first[:, None], last, rows[:, None])
    filled: np.ndarray = np.take_along_axis(values, source, 0)
    return filled
