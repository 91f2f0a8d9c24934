"""How often samples are how long, of samples whose lengths differ."""

from __future__ import annotations

import numpy as np


def length_shares(lengths: np.ndarray, longest: int) -> np.ndarray | None:
    """``SeriesSpec.length_shares``: as often as in training data, where lengths come again and again.

    Lengths that came once tell how much of what is to come has lengths that never came: their share (Good 1953, "The
    population frequencies of species") goes evenly to those, as far as they are multiples of what all are multiples of
    and no shorter than the shortest. Else a held-out piece of 52 bars is impossible where training had 48 and 56.

    Args:
        lengths: int64 ``[samples]``, of training samples, from 1.
        longest: of all samples, held-out ones included.

    Returns:
        float64 ``[longest]``, or None where all have the same length and it is the longest.
    """
    if len(lengths) and lengths.min() == lengths.max() == longest:
        return None
    counts = np.bincount(lengths, minlength=longest + 1)[1:].astype(np.float64)
    seen = np.flatnonzero(counts)
    possible = np.zeros(longest, np.bool_)
    possible[seen[0] :: int(np.gcd.reduce(seen + 1))] = True
    unseen = possible & (counts == 0)
    shares: np.ndarray = counts / counts.sum()
    if unseen.any():
        new = float((counts == 1).sum()) / (counts.sum() + 1)
        shares = shares * (1 - new) + unseen * (new / unseen.sum())
    return shares
