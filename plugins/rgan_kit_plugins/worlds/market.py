"""A market as a known source: days of one share, with open, high, low, close, adjusted close and volume.

The price is a geometric random walk whose volatility ``v`` changes slowly: its logarithm is an autoregressive process
(Taylor 1986, "Modelling Financial Time Series"). A day has a night and ``TRADES`` trades: the price opens a normal step
of ``NIGHT * v`` from the close before, and every further trade is a normal step of ``v / √(TRADES - 1)`` of its
logarithm. The highest and the lowest trade are the day's high and low, so that ``low ≤ open, close ≤ high`` always
holds. A dividend is paid every ``QUARTER`` days, and the adjusted close leaves out what is paid after the day. Volume
is log-normal around a slowly changing level, and rises with the day's range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

NAMES: Final = ("open", "high", "low", "close", "adjusted_close", "volume")
LENGTH: Final = 24
TRADES: Final = 64
NIGHT: Final = 0.4
VOLATILITY: Final = 0.015
PERSISTENCE, RESTLESSNESS = 0.97, 0.1
DRIFT: Final = 0.0004
QUARTER: Final = 63
DIVIDEND: Final = 0.004
VOLUME: Final = 15.5
VOLUME_MEMORY, VOLUME_NOISE, VOLUME_OF_RANGE = 0.8, 0.15, 0.6
START: Final = 100.0

_CONTROL_SEED: Final = 0
_FIGURES: Final = ("return_deviation", "day_range", "range_persistence", "volume_of_range")


def draw(count: int, rng: np.random.Generator) -> np.ndarray:
    """Stretches float32 ``[count, 24, 6]``, each of a market of its own that has been going on for up to a year."""
    begun = rng.integers(0, 4 * QUARTER, count)
    stretches = [days(int(first) + LENGTH, rng)[first:] for first in begun]
    return np.stack(stretches).astype(np.float32)


def days(count: int, rng: np.random.Generator) -> np.ndarray:
    """One market, day by day: float64 ``[count, 6]``."""
    volatility = VOLATILITY * np.exp(_autoregressive(count, PERSISTENCE, RESTLESSNESS, rng))
    night = NIGHT * volatility * rng.standard_normal(count)
    trades = volatility[:, None] / math.sqrt(TRADES - 1) * rng.standard_normal((count, TRADES - 1))
    path = np.concatenate([np.zeros((count, 1)), np.cumsum(trades, 1)], 1)  # [days, trades], from the opening on
    opening = math.log(START) + np.concatenate([[0.0], np.cumsum(path[:-1, -1] + DRIFT + night[1:])])
    price = np.exp(opening[:, None] + path)
    paid = np.ones(count)
    paid[QUARTER - 1 :: QUARTER] = 1 - DIVIDEND
    later = np.append(np.cumprod(paid[::-1])[::-1][1:], 1.0)  # what is paid after the day
    spread = np.log(price.max(1) / price.min(1)) / VOLATILITY
    volume = VOLUME + _autoregressive(count, VOLUME_MEMORY, VOLUME_NOISE, rng) + VOLUME_OF_RANGE * np.log(spread)
    close = price[:, -1]
    return np.stack([price[:, 0], price.max(1), price.min(1), close, close * later, np.exp(volume)], 1)


def _autoregressive(count: int, memory: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary process of order one."""
    steps = noise * rng.standard_normal(count)
    values = np.empty(count)
    values[0] = steps[0] / math.sqrt(1 - memory**2)
    for day in range(1, count):
        values[day] = memory * values[day - 1] + steps[day]
    return values


def in_order(rows: np.ndarray) -> np.ndarray:
    """Whether days ``[..., 6]`` could be of a market: prices and volume above zero, low ≤ open and close ≤ high, and
    the adjusted close not above the close: bool ``[...]``."""
    opening, high, low, close, adjusted, volume = np.moveaxis(np.asarray(rows), -1, 0)
    ordered = (low <= np.minimum(opening, close)) & (np.maximum(opening, close) <= high) & (adjusted <= close)
    whole: np.ndarray = ordered & (low > 0) & (adjusted > 0) & (volume > 0)
    return whole


@dataclass
class MarketTruth:
    """Measures samples under the law of the market."""

    name: str = "market"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of days that are ``in_order``. ``return_deviation``: of the logarithm of close over that of
        the day before. ``day_range``: mean logarithm of high over low. ``range_persistence``: correlation of its
        logarithm with the day before. ``volume_of_range``: by how much the logarithm of the volume rises with that of
        the range, by least squares. Each with its control, the same figure of as many stretches of the law. nan where
        there are no samples that could be measured."""
        series = np.array([sample.values for sample in samples], np.float64)
        if series.ndim != 3 or series.shape[1] < 2 or series.shape[2] != len(NAMES):
            return {"valid": math.nan} | dict.fromkeys(_FIGURES, math.nan)
        control = figures(draw(len(series), np.random.default_rng(_CONTROL_SEED)).astype(np.float64))
        valid = float(in_order(series).mean())
        return {"valid": valid} | figures(series) | {f"heldout_{name}": control[name] for name in _FIGURES}

    def reference(self) -> dict[str, float]:
        """What the law gives, exactly."""
        return {"valid": 1.0}


def figures(series: np.ndarray) -> dict[str, float]:
    """Of stretches ``[n, time, 6]``, by those of them that are in order throughout."""
    series = series[in_order(series).all(1) & (series[:, :, 1] > series[:, :, 2]).all(1)]
    if len(series) < 2:
        return dict.fromkeys(_FIGURES, math.nan)
    close, spread = np.log(series[:, :, 3]), np.log(series[:, :, 1] / series[:, :, 2])
    logs, volume = np.log(spread), np.log(series[:, :, 5])
    return {
        "return_deviation": float(np.diff(close, axis=1).std()),
        "day_range": float(spread.mean()),
        "range_persistence": float(np.corrcoef(logs[:, 1:].ravel(), logs[:, :-1].ravel())[0, 1]),
        "volume_of_range": float(np.polyfit(logs.ravel(), volume.ravel(), 1)[0]),
    }
