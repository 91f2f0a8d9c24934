"""The columns that a user sees and the features that a network sees: constants are not modelled, words are one-hot,
masks say what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, Field

from rgan_kit.contracts import Column
from rgan_kit.files import DecoderManifest

PRESENT: Final = " present"
"""Ends the name of a mask."""

MOST_DECIMALS: Final = 9

_FINE: Final = 2**23  # steps of a grid that float32 still tells apart
_COARSE: Final = 2.0**-18  # of a range: what scaling must not lose
_HALF_STEP: Final = 2.0**-24  # of a number: what float32 rounds away
_SAMPLE: Final = 4096

Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(gt=-1e38, lt=1e38)]
Affix = Annotated[str, Field(max_length=4)]


class Variable(BaseModel):
    """A column of the data, as a model knows it.

    Attributes:
        name: as in the user's file.
        levels: the words that it chooses among, one feature each; empty for numbers.
        constant: its only value in training, which is written back and not modelled; else None.
        decimals: of its numbers, which are rounded so; None where they lie anywhere.
        least: decimals that are written even where they are zero.
        lasting: whether it stays the same in a whole sequence.
        masked: whether a further feature says where it has a value (1) and where not (0).
        fill: what stands in for a missing value that has none before it.
        offset: what features lack: numbers far from zero would lose their digits as float32.
        low, high: samples are brought back between them; None for no bound.
        prefix, suffix, thousands: how its numbers are written.
    """

    model_config = DecoderManifest.model_config

    name: Name
    levels: Annotated[tuple[Name, ...], Field(max_length=4096)] = ()
    constant: Number | Annotated[str, Field(max_length=200)] | None = None
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    least: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] = 0
    lasting: bool = False
    masked: bool = False
    fill: Number = 0.0
    offset: Number = 0.0
    low: Number | None = None
    high: Number | None = None
    prefix: Affix = ""
    suffix: Affix = ""
    thousands: Affix = ""

    @property
    def grid(self) -> float:
        """What its numbers are multiples of, as far as float32 can tell; 0 where they lie anywhere."""
        if self.decimals is None or self.low is None or self.high is None:
            return 0.0
        step = 10.0**-self.decimals
        return step if self.high - self.low < _FINE * step else 0.0

    @property
    def features(self) -> int:
        """That a network sees of it, its mask aside."""
        return 0 if self.constant is not None else len(self.levels) or 1


@dataclass(frozen=True, eq=False)
class Decoded:
    """Columns that a model drew.

    Attributes:
        values: float64 ``[batch, time, columns]``, numbers of levels for words, nan where missing.
        beyond: int64 ``[batch]``, numbers that lay beyond their bounds and were brought back.
    """

    values: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True)
class Variables:
    """All columns in order. A network sees the features of those that vary, and then a mask for each that has one."""

    all: tuple[Variable, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features."""
        own = [f"{v.name}={level}" for v in self.all for level in v.levels or ("",) if v.features]
        return (*(name.removesuffix("=") for name in own), *(v.name + PRESENT for v in self._masked))

    @property
    def columns(self) -> tuple[Column, ...]:
        """What the features are, as networks know them."""
        own = [Column(v.name, v.levels, v.grid, v.lasting, v.offset) for v in self.all if v.features]
        return (*own, *(Column(v.name + PRESENT, grid=1.0) for v in self._masked))

    @property
    def _masked(self) -> list[Variable]:
        return [each for each in self.all if each.masked]

    def encode(self, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Columns as features.

        Args:
            values: float64 ``[rows, columns]``, nan where missing.
            offsets: int64 ``[sequences + 1]``; a missing value is filled with the one before it in its sequence, or
                with the column's ``fill``, where it has a mask.

        Returns:
            float32 ``[rows, features]``; nan where a column without a mask misses a value.
        """
        features = np.empty((len(values), len(self.names)), np.float32)
        place = 0
        for variable, column in zip(self.all, values.T, strict=True):
            if not variable.features:
                continue
            own = column
            if variable.masked:
                own = fill_forward(column[:, None], offsets)[:, 0]
                own = np.where(np.isnan(own), variable.fill, own)
            if variable.levels:
                chosen = own[:, None] == np.arange(len(variable.levels))
                features[:, place : place + variable.features] = np.where(np.isnan(own)[:, None], np.nan, chosen)
            else:
                features[:, place] = own - variable.offset if variable.offset else own
            place += variable.features
        for variable, column in zip(self.all, values.T, strict=True):
            if variable.masked:
                features[:, place] = ~np.isnan(column)
                place += 1
        return features

    def decode(self, series: np.ndarray, lengths: np.ndarray | None = None) -> Decoded:
        """Features as columns: words by their largest feature, numbers rounded to their decimals and brought back
        between their bounds, missing where a mask is below a half.

        Args:
            series: float32 ``[batch, time, features]``.
            lengths: int64 ``[batch]``, steps that count; None for all.
        """
        batch, time, _ = series.shape
        values = np.empty((batch, time, len(self.all)))
        beyond = np.zeros(batch, np.int64)
        inside = np.ones((batch, time), np.bool_) if lengths is None else np.arange(time) < lengths[:, None]
        place = 0
        with np.errstate(all="ignore"):
            for number, variable in enumerate(self.all):
                own = series[:, :, place : place + variable.features].astype(np.float64)
                place += variable.features
                if variable.constant is not None:
                    values[:, :, number] = variable.constant if isinstance(variable.constant, float) else 0.0
                    continue
                if variable.lasting:
                    own = np.broadcast_to(_mean(own, inside), own.shape)
                if variable.levels:
                    values[:, :, number] = np.nan_to_num(own, nan=-np.inf).argmax(2)
                else:
                    values[:, :, number], out = _in_bounds(variable, own[:, :, 0])
                    beyond += np.count_nonzero(out & inside, axis=1)
            for number, variable in enumerate(self.all):
                if variable.masked:
                    values[:, :, number][~(series[:, :, place] >= 0.5)] = np.nan
                    place += 1
        return Decoded(values, beyond)

    def bounds(self, training: np.ndarray, *, robust: bool) -> tuple[np.ndarray, np.ndarray]:
        """Minimum and maximum float32 ``[features]`` of training rows float32 ``[rows, features]``: the extremes, or
        where ``robust`` the 0.5 % and 99.5 % quantiles if these differ, on the column's grid; 0 and 1 for words and
        masks."""
        minimum, maximum = np.zeros(training.shape[1]), np.ones(training.shape[1])
        place = 0
        for variable in self.all:
            if variable.features and not variable.levels:
                column = training[:, place]
                low, high = column.min(), column.max()
                if robust:
                    inner = np.quantile(column, (0.005, 0.995))
                    if variable.grid:
                        grid = variable.grid
                        inner = low + grid * np.array(
                            [np.floor((inner[0] - low) / grid), np.ceil((inner[1] - low) / grid)]
                        )
                    low, high = inner if inner[1] > inner[0] else (low, high)
                minimum[place], maximum[place] = low, high
            place += variable.features
        return minimum.astype(np.float32), maximum.astype(np.float32)


def _mean(features: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Over the steps that count: ``[batch, time, n]`` to ``[batch, 1, n]``."""
    counted = np.where(inside[:, :, None], features, 0).sum(1, keepdims=True)
    mean: np.ndarray = counted / np.maximum(inside.sum(1), 1)[:, None, None]
    return mean


def _in_bounds(variable: Variable, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a column, and which of them had to be brought back."""
    values = features + variable.offset
    out = np.zeros(values.shape, np.bool_)
    if variable.low is not None and variable.high is not None:
        most = max(abs(variable.low - variable.offset), abs(variable.high - variable.offset))
        slack = max(1e-6 * (variable.high - variable.low), 4 * _HALF_STEP * most)
        out = (values < variable.low - slack) | (values > variable.high + slack)
        values = np.clip(values, variable.low, variable.high)
    if variable.decimals is not None:
        values = np.round(values, variable.decimals) + 0.0  # and no minus before a zero
    return values, out


def describe(
    name: str,
    known: np.ndarray,
    levels: Sequence[str],
    *,
    masked: bool,
    lasting: bool = False,
    beyond: float = 0.0,
    **written: Any,
) -> Variable | None:
    """What the training values of a column show; None where there are none.

    Args:
        name: of the column.
        known: float64 ``[n]``, those that are not missing.
        levels: words that they are numbers of; empty for numbers.
        masked: whether some are missing, and a mask is to say so.
        lasting: whether it stays the same in every sequence.
        beyond: how far samples may go beyond, as a share of the range.
        written: ``least``, ``prefix``, ``suffix`` and ``thousands`` of the variable.
    """
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    if levels:
        counts = np.bincount(known.astype(np.int64), minlength=len(levels))
        there = tuple(level for level, count in zip(levels, counts.tolist(), strict=True) if count)
        most = there.index(levels[int(counts.argmax())])
        if len(there) == 1:
            return Variable(name=name, constant=there[0], masked=masked)
        return Variable(name=name, levels=there, masked=masked, lasting=lasting, fill=float(most))
    decimals = decimals_of(known)
    free = beyond * (high - low)
    own = Variable(
        name=name,
        constant=low if low == high else None,
        decimals=decimals,
        masked=masked,
        lasting=lasting,
        fill=float(known.mean()),
        low=max(low - free, -1e37),
        high=min(high + free, 1e37),
        **written,
    )
    need = own.grid / 4 if own.grid else (high - low) * _COARSE
    far = max(abs(low), abs(high)) * _HALF_STEP > need and low < high
    return own.model_copy(update={"offset": low}) if far else own


def decimals_of(known: np.ndarray) -> int | None:
    """Decimals that all of these float64 numbers have at most, as far as float32 can tell them apart (whole ones in any
    case); None where there are more."""
    few = known[:: max(1, len(known) // _SAMPLE)]
    span = float(np.ptp(known))
    for decimals in range(MOST_DECIMALS + 1):
        if decimals and span * 10.0**decimals >= _FINE:
            return None
        if all(bool((np.round(own, decimals) == own).all()) for own in (few, known)):
            return decimals
    return None


def fill_forward(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """``[rows, columns]`` with the last value of the same sequence in place of a missing one; nan where none came
    before."""
    rows = np.arange(len(values))
    first = np.repeat(offsets[:-1], np.diff(offsets))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows[:, None]), axis=0)  # [rows, columns]
    source = np.where(last >= first[:, None], last, rows[:, None])
    filled: np.ndarray = np.take_along_axis(values, source, 0)
    return filled
