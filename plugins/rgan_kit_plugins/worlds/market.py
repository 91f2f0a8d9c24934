"""A market as a known source: days of one share, with open, high, low, close, adjusted close and volume.

The price is a geometric random walk whose volatility changes slowly (Taylor 1986, "Modelling Financial Time Series"):
a day's ``v`` is an autoregressive process of its logarithm. A day has a night and ``TICKS`` trades: the price opens a
normal step of ``NIGHT * v`` from the close before, and every further trade is a normal step of ``v / √(TICKS - 1)``
of its logarithm. Highest and lowest trade are the day's high and low, so that ``low ≤ open, close ≤ high`` always
holds. Dividends are paid every ``QUARTER`` days, and the adjusted close leaves out what was paid after the day. Volume
is log-normal around a slowly changing level that rises with the day's range.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

NAMES: Final = ("open", "high", "low", "close", "adjusted_close", "volume")
LENGTH: Final = 24
TICKS: Final = 64
NIGHT: Final = 0.4
VOLATILITY: Final = 0.015
PERSISTENCE, RESTLESSNESS = 0.97, 0.1
DRIFT: Final = 0.0004
QUARTER: Final = 63
DIVIDEND: Final = 0.004
VOLUME: Final = 15.5
VOLUME_MEMORY, VOLUME_NOISE, VOLUME_OF_RANGE = 0.8, 0.15, 0.6
START: Final = 100.0


def draw_days(days: int, rng: np.random.Generator) -> np.ndarray:
    """One share, day by day: float64 ``[days, 6]``."""
    volatility = VOLATILITY * np.exp(_autoregressive(days, PERSISTENCE, RESTLESSNESS, rng))
    night = NIGHT * volatility * rng.standard_normal(days)
    trades = volatility[:, None] / math.sqrt(TICKS - 1) * rng.standard_normal((days, TICKS - 1))
    path = np.concatenate([np.zeros((days, 1)), np.cumsum(trades, 1)], 1)  # [days, ticks], from the opening on
    moved = path[:, -1] + DRIFT
    opening = math.log(START) + np.concatenate([[0.0], np.cumsum(moved[:-1] + night[1:])])
    price = np.exp(opening[:, None] + path)
    close = price[:, -1]
    paid = np.ones(days)
    paid[QUARTER - 1 :: QUARTER] = 1 - DIVIDEND
    later = np.append(np.cumprod(paid[::-1])[::-1][1:], 1.0)  # what is paid after the day
    spread = np.log(price.max(1) / price.min(1)) / VOLATILITY
    volume = VOLUME + _autoregressive(days, VOLUME_MEMORY, VOLUME_NOISE, rng) + VOLUME_OF_RANGE * np.log(spread)
    columns = [price[:, 0], price.max(1), price.min(1), close, close * later, np.exp(volume)]
    return np.stack(columns, 1)


def _autoregressive(days: int, memory: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary process of order one."""
    steps = noise * rng.standard_normal(days)
    values = np.empty(days)
    values[0] = steps[0] / math.sqrt(1 - memory**2)
    for day in range(1, days):
        values[day] = memory * values[day - 1] + steps[day]
    return values
