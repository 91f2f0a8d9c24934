"""Scores of series by judges that are trained for it: the discriminative and the predictive score of published
comparisons (Yoon, Jarrett & van der Schaar 2019, "Time-series Generative Adversarial Networks", section 5), and a
stricter discriminative one.

Series are windows of one length, float ``[n, time, columns]``, each column from its smallest to its largest value as 0
to 1. Needs torch.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import evenly
from rgan_kit.nn.gru import fits, gru

BATCH: Final = 128
LEARNING_RATE: Final = 1e-3
TAUGHT: Final = 0.8
"""Share of the windows that a judge is trained on; it is asked about the others."""

STRICT_UNITS: Final = 24
FEWEST: Final = 16
"""Samples below which nobody is asked about: a generator that makes fewer of them has been told apart."""

_MOST_PLACES: Final = 4096
_AT_ONCE: Final = 1024

Split = tuple[np.ndarray, np.ndarray]
"""Numbers of the windows that a judge is trained on, and of those that it is asked about."""


def discriminative(real: np.ndarray, made: np.ndarray, seed: int = 0, steps: int = 2000) -> float:
    """The discriminative score: how far a judge's accuracy on windows it has not been trained on lies from one half;
    0 where it cannot tell samples from real windows, 0.5 where it always can.

    The judge is a GRU of half as many units as there are columns; both kinds are split at random, so that where windows
    overlap it is asked about rows that it has seen.

    Args:
        real, made: windows; they need not be equally many.
        seed: of the split, the judge and its batches.
        steps: of its training, each with 128 windows of both kinds.
    """
    rng = np.random.default_rng(seed)
    splits = _at_random(len(real), rng), _at_random(len(made), rng)
    return _told_apart(real, made, splits, half_of(real), seed, steps)


def strict(
    real: np.ndarray, made: np.ndarray, seed: int = 0, steps: int = 2000, *, in_time: bool = True
) -> dict[str, float]:
    """The discriminative score under a stronger judge, a GRU of 24 units, on ``levels`` and on ``differences`` of
    neighbouring rows.

    Where real windows are ``in_time``, in the order in which they were cut from one table, the judge is trained on the
    first four fifths of the time and asked about the rest, with a window's length between. Samples have no time of
    their own: each belongs where the real window nearest to it does. So both kinds are split at the same time, and a
    level that no window had before is new to the judge on both sides. Other windows are split at random.
    """
    rng = np.random.default_rng(seed)
    splits = split_by_time(real, made) if in_time else (_at_random(len(real), rng), _at_random(len(made), rng))
    if min(len(part) for split in splits for part in split) < FEWEST:
        return {"levels": 0.5, "differences": 0.5}
    return {
        "levels": _told_apart(real, made, splits, STRICT_UNITS, seed, steps),
        "differences": _told_apart(np.diff(real, axis=1), np.diff(made, axis=1), splits, STRICT_UNITS, seed, steps),
    }


def predictive(source: np.ndarray, real: np.ndarray, seed: int = 0, steps: int = 5000) -> float:
    """The predictive score: the mean absolute error on real windows of a network that was trained on others to tell
    the last column of the next row from the other columns up to this one. Useful samples teach what real windows do,
    so the figure to hold it against is ``predictive(real, real)``.

    Args:
        source: windows to train on, of at least two columns.
        real: windows to be asked about.
        seed: of the network and its batches.
        steps: of its training, each with 128 windows.
    """
    return float(forecast_errors(source, real, seed, steps).mean())


def forecast_errors(source: np.ndarray, real: np.ndarray, seed: int = 0, steps: int = 5000) -> np.ndarray:
    """The same of each real window: float64 ``[n]``."""
    rng = np.random.default_rng(seed)
    values, target = _tensor(source), _tensor(real)
    network = _network(real.shape[2] - 1, half_of(real), seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    for _ in range(steps):
        picked = values[torch.from_numpy(rng.integers(len(values), size=BATCH))]
        loss = (torch.sigmoid(network(picked[:, :-1, :-1])) - picked[:, 1:, -1]).abs().mean()
        _descend(optimizer, loss)
    with torch.no_grad():
        errors = (torch.sigmoid(network(target[:, :-1, :-1])) - target[:, 1:, -1]).abs().mean(1)
    return np.asarray(errors.double().numpy())


def half_of(windows: np.ndarray) -> int:
    """Units of the published judges: half as many as there are columns."""
    return max(1, int(windows.shape[2]) // 2)


def split_by_time(real: np.ndarray, made: np.ndarray) -> tuple[Split, Split]:
    """Both kinds at the same time: real windows by their order, samples by that of the real window nearest to them."""
    cut, gap = int(TAUGHT * len(real)), real.shape[1]

    def split(places: np.ndarray) -> Split:
        return np.flatnonzero(places < cut), np.flatnonzero(places >= cut + gap)

    return split(np.arange(len(real))), split(_nearest(real, made))


def _nearest(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Of each sample the place of the real window nearest to it by the sum of squares, int64 ``[n]``; of very many real
    windows, of those spread evenly among them."""
    places = evenly(len(real), _MOST_PLACES)
    theirs = real[places].reshape(len(places), -1).astype(np.float32)
    squares = np.square(theirs).sum(1)
    found = []
    for first in range(0, len(made), _AT_ONCE):
        own = made[first : first + _AT_ONCE].astype(np.float32)
        found.append(places[(squares - 2 * own.reshape(len(own), -1) @ theirs.T).argmin(1)])
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _at_random(count: int, rng: np.random.Generator) -> Split:
    order, cut = rng.permutation(count), int(TAUGHT * count)
    return order[:cut], order[cut:]


class _Network(nn.Module):
    """A GRU whose every state becomes one number."""

    def __init__(self, columns: int, units: int) -> None:
        super().__init__()
        self.recurrence, self.output = nn.GRU(columns, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, values: Tensor) -> Tensor:
        """``[n, time, columns]`` to ``[n, time]``."""
        quick = fits(values)
        states = gru(values, *self.recurrence.parameters()) if quick else self.recurrence(values)[0]
        return cast("Tensor", self.output(states)[..., 0])


def _network(columns: int, units: int, seed: int) -> _Network:
    """With weights of a seed, and torch's own random numbers left as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _Network(columns, units)


def _told_apart(
    real: np.ndarray, made: np.ndarray, splits: tuple[Split, Split], units: int, seed: int, steps: int
) -> float:
    """|accuracy - 0.5| of a judge on what it was not trained on, both kinds weighing alike."""
    rng = np.random.default_rng(seed)
    (real_in, real_out), (made_in, made_out) = (
        tuple(_tensor(windows[part]) for part in split) for windows, split in zip((real, made), splits, strict=True)
    )
    judge = _network(real.shape[2], units, seed)
    optimizer = torch.optim.Adam(judge.parameters(), lr=LEARNING_RATE)
    is_made = torch.arange(2).repeat_interleave(BATCH).float()
    for _ in range(steps):
        picked = [part[torch.from_numpy(rng.integers(len(part), size=BATCH))] for part in (real_in, made_in)]
        _descend(optimizer, F.binary_cross_entropy_with_logits(judge(torch.cat(picked))[:, -1], is_made))
    with torch.no_grad():
        right = (judge(real_out)[:, -1] < 0).float().mean() + (judge(made_out)[:, -1] >= 0).float().mean()
    return abs(float(right) / 2 - 0.5)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _tensor(windows: np.ndarray) -> Tensor:
    return torch.from_numpy(windows.astype(np.float32))
