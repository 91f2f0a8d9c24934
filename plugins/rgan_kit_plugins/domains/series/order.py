"""Rows of a sequence together and in the order of time, each once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Tally
from rgan_kit_plugins.domains.series.roles import Roles

_LARGEST: Final = 1e37  # the span of two such numbers is still a float32
_FEW: Final = 0.01


def in_order(
    codes: np.ndarray, times: np.ndarray | None, stray: int, path: Path, roles: Roles, notes: dict[str, str]
) -> tuple[np.ndarray | None, list[Tally]]:
    """Puts the rows of a sequence together and in the order of time, and drops those of no sequence or no time; None
    where they are so already."""
    gone = codes < 0
    tallies = [
        Tally("rows", "left out, as they are no rows of the table", stray, len(codes) + stray),
        Tally("rows", f"left out, without {' and '.join(roles.id)}", int(np.count_nonzero(gone)), len(codes)),
    ]
    if times is not None and (timeless := np.isnan(times)).any():
        hint = "--set domain.time=none takes the rows as the file has them"
        tallies.append(
            Tally("rows", f"left out, without {roles.time}", int(np.count_nonzero(timeless)), len(codes), hint)
        )
        gone = gone | timeless
    steps = np.diff(codes)
    if not gone.any() and (steps >= 0).all() and (times is None or (np.diff(times)[steps == 0] >= 0).all()):
        return None, tallies
    order = np.argsort(codes, kind="stable")
    if times is not None:
        same = np.diff(codes[order]) == 0
        if (np.diff(times[order])[same] < 0).any():
            notes["order"] = "rows were put in the order of their time"
            order = np.lexsort((times, codes))
    order = order[~gone[order]]
    if not len(order):
        raise DataError(f"{path}: every row is without {' or '.join([*roles.id, roles.time or ''])}.")
    return (None if np.array_equal(order, np.arange(len(codes))) else order), tallies


def without_twins(
    codes: np.ndarray,
    times: np.ndarray | None,
    values: np.ndarray,
    notes: dict[str, str],
    tallies: list[Tally],
    path: Path,
    roles: Roles,
) -> np.ndarray | None:
    """bool ``[rows]``, without those that are the same as the row before, its time included; None where none is.

    Raises:
        DataError: times repeat within sequences, so that rows of several lie in each other.
    """
    if times is None:
        return None
    again = np.zeros(len(codes), np.bool_)
    again[1:] = (np.diff(codes) == 0) & (np.diff(times) == 0)
    twins = again.copy()
    places = np.flatnonzero(again)
    twins[places] = ((values[:, places] == values[:, places - 1]) | np.isnan(values[:, places])).all(0)
    count = int(np.count_nonzero(again & ~twins))
    if count > _FEW * len(codes):
        raise DataError(
            f"{path}: column '{roles.time}' repeats within a sequence: {count:,} of {len(codes):,} rows "
            "have the time of the row before, with other values.",
            "Name the column (or two) that tells sequences apart, for example --set domain.id=stock; "
            "--set domain.time=none takes the rows as the file has them.",
        )
    if count:
        notes["repeated times"] = f"{count:,} rows have the time of the row before; no window lies across them"
    tallies.append(Tally("rows", "left out, the same as the row before", int(np.count_nonzero(twins)), len(codes)))
    return ~twins if twins.any() else None


def forget_what_is_not_finite(values: np.ndarray) -> Tally:
    """Makes values missing that are infinite or beyond ±1e37, in place."""
    count = 0
    for column in values:
        if np.fmax.reduce(column, initial=0) > _LARGEST or np.fmin.reduce(column, initial=0) < -_LARGEST:
            wrong = np.abs(column) > _LARGEST
            count += int(np.count_nonzero(wrong))
            column[wrong] = np.nan
    return Tally("values", "infinite or beyond 1e37; they count as missing", count, values.size)
