"""A process known exactly: ``x[t] = m + 1.5 (x[t-1] - m) - 0.8 (x[t-2] - m) + e[t]``, stationary and Gaussian.

An autoregressive process of order two (Box & Jenkins 1970) with a pseudo-period of about eleven steps, mean 50 and
innovations of standard deviation 2. Its autocovariances, its spectrum and the density of any stretch have closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

NAME: Final = "load"
LENGTH: Final = 32
MEAN: Final = 50.0
FIRST, SECOND = 1.5, -0.8
INNOVATION: Final = 2.0

_LAGS: Final = 12
_CONTROL_SEED: Final = 0


def autocovariances(lags: int) -> np.ndarray:
    """float64 ``[lags + 1]``, by the Yule-Walker equations."""
    variance = INNOVATION**2 * (1 - SECOND) / ((1 + SECOND) * ((1 - SECOND) ** 2 - FIRST**2))
    found = [variance, variance * FIRST / (1 - SECOND)]
    while len(found) <= lags:
        found.append(FIRST * found[-1] + SECOND * found[-2])
    return np.array(found[: lags + 1])


def draw(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Stretches float32 ``[count, length, 1]`` of the stationary process."""
    zero, one = autocovariances(1)
    values = np.empty((count, max(2, length)))
    values[:, 0] = math.sqrt(zero) * rng.standard_normal(count)
    values[:, 1] = one / zero * values[:, 0] + math.sqrt(zero - one**2 / zero) * rng.standard_normal(count)
    innovations = INNOVATION * rng.standard_normal((count, values.shape[1]))
    for step in range(2, length):
        values[:, step] = FIRST * values[:, step - 1] + SECOND * values[:, step - 2] + innovations[:, step]
    return (MEAN + values[:, :length, None]).astype(np.float32)


def nats(series: np.ndarray) -> np.ndarray:
    """Exact negative log-density of stretches float64 ``[n, time]``, at least two steps: ``[n]``."""
    zero, one = autocovariances(1)
    centred = series - MEAN
    left = centred[:, 2:] - FIRST * centred[:, 1:-1] - SECOND * centred[:, :-2]
    second = centred[:, 1] - one / zero * centred[:, 0]
    first_two = _gaussian(centred[:, 0], zero) + _gaussian(second, zero - one**2 / zero)
    total: np.ndarray = first_two + _gaussian(left, INNOVATION**2).sum(1)
    return total


def _gaussian(values: np.ndarray, variance: float) -> np.ndarray:
    density: np.ndarray = 0.5 * (np.square(values) / variance + math.log(2 * math.pi * variance))
    return density


def entropy(length: int) -> float:
    """Nats a step of a stretch on average, exactly: no model can give less to new data."""
    zero, one = autocovariances(1)
    variances = [zero, zero - one**2 / zero, *[INNOVATION**2] * (length - 2)]
    return 0.5 * sum(math.log(2 * math.pi * math.e * variance) for variance in variances[:length]) / length


def spectrum(length: int) -> np.ndarray:
    """The expected periodogram of a stretch at the frequencies 1/length, 2/length, … up to a half, exactly (its leakage
    included)."""
    lags = np.arange(1, length)
    weights = (1 - lags / length) * autocovariances(length - 1)[1:]
    frequencies = np.arange(1, length // 2 + 1) / length
    expected: np.ndarray = autocovariances(0)[0] + 2 * np.cos(2 * math.pi * np.outer(frequencies, lags)) @ weights
    return expected


@dataclass
class AutoregressiveTruth:
    """Measures samples under the process.

    Args:
        span: the range of the values that networks see as -1..1, for likelihoods in their units.
        length: steps of the data's sequences.
    """

    span: float
    length: int = LENGTH
    name: str = "autoregressive process"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``series_nll``: nats a step of the samples under the process, in the data's units; a generator that is too
        tame goes below the reference. ``innovation_std``: of the process of order two that fits the samples best.
        ``spectrum_distance``: mean distance of the logarithms of their mean periodogram and the expected one.
        ``autocorrelation_error``: mean distance of their autocorrelations and the exact ones, lags 1 to 12. The last
        two with their control, the same figures of as many stretches of the process. nan where there are no finite
        samples."""
        series = np.array([sample.values for sample in samples], np.float64)
        if series.ndim != 3 or series.shape[1] < 4 or series.shape[2] != 1:
            series = np.zeros((0, 4, 1))
        control = draw(len(series), series.shape[1], np.random.default_rng(_CONTROL_SEED))[:, :, 0]
        finite = series[np.isfinite(series).all((1, 2)), :, 0]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            figures = {
                "series_nll": float(nats(finite).mean() / finite.shape[1]) if len(finite) else math.nan,
                "innovation_std": _innovation(finite),
                **_shape(finite),
            }
            return figures | {f"heldout_{name}": value for name, value in _shape(control.astype(np.float64)).items()}

    def reference(self) -> dict[str, float]:
        """What the process gives, exactly. ``heldout_nll`` is in the units of networks: the fewest nats that any model
        can give held-out data."""
        rate = entropy(self.length)
        return {
            "series_nll": rate,
            "innovation_std": INNOVATION,
            "heldout_nll": rate + math.log(2 / self.span),
        }


def _shape(series: np.ndarray) -> dict[str, float]:
    if not len(series):
        return {"spectrum_distance": math.nan, "autocorrelation_error": math.nan}
    centred = series - MEAN
    length = series.shape[1]
    power = np.square(np.abs(np.fft.rfft(centred, axis=1)[:, 1:])).mean(0) / length
    logs = np.log(np.maximum(power, 1e-12)) - np.log(spectrum(length))
    variance = max(float(np.square(centred).mean()), 1e-12)
    lags = range(1, min(_LAGS, length - 1) + 1)
    found = [float((centred[:, lag:] * centred[:, :-lag]).mean()) / variance for lag in lags]
    exact = autocovariances(len(lags))
    return {
        "spectrum_distance": float(np.abs(logs).mean()),
        "autocorrelation_error": float(np.abs(np.array(found) - exact[1:] / exact[0]).mean()),
    }


def _innovation(series: np.ndarray) -> float:
    """Standard deviation of what least squares on the two values before leaves."""
    if not len(series):
        return math.nan
    before = np.stack([series[:, 1:-1].ravel(), series[:, :-2].ravel(), np.ones(series[:, 2:].size)], 1)
    weights, *_ = np.linalg.lstsq(before, series[:, 2:].ravel(), rcond=None)
    return float(np.sqrt(np.square(series[:, 2:].ravel() - before @ weights).mean()))
