"""Oscillations as a known source: two sines of one frequency, a quarter of a period apart.

A sample is a body on a spring: its position is ``20 + 5 sin(2 π f t + φ)`` and its velocity ``3 cos(2 π f t + φ)``, for
steps ``t = 0, 1, …``; the frequency ``f`` is uniform on 0.04 to 0.16 cycles a step and the phase ``φ`` on the circle.
Frequency and phase are read back by least squares, so that samples can be measured exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

NAMES: Final = ("position", "velocity")
LENGTH: Final = 32
LOWEST, HIGHEST = 0.04, 0.16
CENTRES: Final = np.array([20.0, 0.0])
AMPLITUDES: Final = np.array([5.0, 3.0])

TOLERANCE: Final = 0.1
"""How far a valid sample may be from the sines of the law: as a share of the amplitude, in root mean square and in
centre and amplitude; in frequency as a share of the range; in the relation of the phases as a share of a radian."""

_GRID: Final = np.linspace(0.01, 0.3, 146)
_TURNS: Final = 4
_CONTROL_SEED: Final = 0
_DISTANCES: Final = ("sine_residual", "phase_relation_error", "frequency_distance", "phase_distance")


def draw(count: int, rng: np.random.Generator) -> np.ndarray:
    """Samples float32 ``[count, 32, 2]``."""
    frequency = rng.uniform(LOWEST, HIGHEST, (count, 1))
    phase = rng.uniform(0, 2 * math.pi, (count, 1))
    angle = 2 * math.pi * frequency * np.arange(LENGTH) + phase
    curves = CENTRES + AMPLITUDES * np.stack([np.sin(angle), np.cos(angle)], -1)
    rounded: np.ndarray = curves.astype(np.float32)
    return rounded


@dataclass(frozen=True, eq=False)
class Fit:
    """The nearest sine ``centre + amplitude sin(2 π frequency t + phase)`` of each curve: float64 ``[curves]`` each;
    ``residual`` is what is left, as root mean square."""

    frequency: np.ndarray
    amplitude: np.ndarray
    phase: np.ndarray
    centre: np.ndarray
    residual: np.ndarray


def fit(curves: np.ndarray) -> Fit:
    """Least squares over a grid of frequencies, made finer around the best one.

    Args:
        curves: float64 ``[curves, time]``, at least 4 steps.
    """
    time = np.arange(curves.shape[1])
    explained = np.stack([_explained(curves, _basis(np.array([f]), time)[0]) for f in _GRID], 1)  # [curves, grid]
    best = _GRID[explained.argmax(1)]
    width = _GRID[1] - _GRID[0]
    for _ in range(_TURNS):
        around = best[:, None] + width * np.linspace(-1, 1, 9)  # [curves, 9]
        errors = np.stack([_solve(curves, around[:, place], time)[1] for place in range(9)], 1)
        best = np.take_along_axis(around, errors.argmin(1)[:, None], 1)[:, 0]
        width /= 4
    weights, error = _solve(curves, best, time)
    amplitude = np.hypot(weights[:, 0], weights[:, 1])
    phase = np.arctan2(weights[:, 1], weights[:, 0]) % (2 * math.pi)
    return Fit(best, amplitude, phase, weights[:, 2], np.sqrt(error / len(time)))


def _basis(frequency: np.ndarray, time: np.ndarray) -> np.ndarray:
    angle = 2 * math.pi * frequency[:, None] * time
    return np.stack([np.sin(angle), np.cos(angle), np.ones_like(angle)], -1)  # [curves, time, 3]


def _explained(curves: np.ndarray, basis: np.ndarray) -> np.ndarray:
    orthonormal, _ = np.linalg.qr(basis)
    projected: np.ndarray = np.square(curves @ orthonormal).sum(1)
    return projected


def _solve(curves: np.ndarray, frequency: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``[curves, 3]`` of sine, cosine and one, and the sum of squares left, each curve at its frequency."""
    basis = _basis(frequency, time)
    transposed = basis.transpose(0, 2, 1)
    gram = transposed @ basis + 1e-12 * np.eye(3)
    weights = np.linalg.solve(gram, transposed @ curves[:, :, None])
    left = curves - (basis @ weights)[:, :, 0]
    return weights[:, :, 0], np.square(left).sum(1)


class SinesTruth:
    """Measures samples under the law of the oscillations."""

    name = "oscillations"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of samples that are such sines, within ``TOLERANCE``. ``sine_residual``: root mean square of
        what no sine explains, in amplitudes. ``phase_relation_error``: mean distance in radians, between the phases of
        velocity and position, beyond the quarter of a period. ``frequency_distance``: Wasserstein distance between
        the frequencies of the positions and the uniform law, in widths of its range; ``phase_distance`` likewise on
        the circle, in turns. Each with its control, the same figure of as many samples from the law. nan where there
        are no finite samples."""
        series = np.array([sample.values for sample in samples], np.float64)
        if series.ndim != 3 or series.shape[1] < 4 or series.shape[2] != len(NAMES):
            return dict.fromkeys(("valid", *_DISTANCES), math.nan)
        control = _figures(draw(len(series), np.random.default_rng(_CONTROL_SEED)), len(series))
        finite = series[np.isfinite(series).all((1, 2))]
        figures = _figures(finite, len(series))
        return figures | {f"heldout_{name}": control[name] for name in _DISTANCES}

    def reference(self) -> dict[str, float]:
        """What the law gives, exactly; distances, which fall with the number of samples, have their control in
        ``measure``."""
        return {"valid": 1.0, "sine_residual": 0.0, "phase_relation_error": 0.0}


def _figures(series: np.ndarray, asked: int) -> dict[str, float]:
    if len(series) == 0:
        return {"valid": 0.0} | dict.fromkeys(_DISTANCES, math.nan)
    position, velocity = (fit(series[:, :, place].astype(np.float64)) for place in range(2))
    turned = (velocity.phase - position.phase - math.pi / 2 + math.pi) % (2 * math.pi) - math.pi
    width = HIGHEST - LOWEST
    good = np.abs(turned) <= TOLERANCE
    good &= np.abs(velocity.frequency - position.frequency) <= TOLERANCE * width
    for found, centre, amplitude in zip((position, velocity), CENTRES, AMPLITUDES, strict=True):
        good &= found.residual <= TOLERANCE * amplitude
        good &= np.abs(found.amplitude - amplitude) <= TOLERANCE * amplitude
        good &= np.abs(found.centre - centre) <= TOLERANCE * amplitude
        good &= np.abs(found.frequency - (LOWEST + HIGHEST) / 2) <= (0.5 + TOLERANCE) * width
    residual = np.stack([position.residual / AMPLITUDES[0], velocity.residual / AMPLITUDES[1]])
    return {
        "valid": float(good.sum()) / asked,
        "sine_residual": float(residual.mean()),
        "phase_relation_error": float(np.abs(turned).mean()),
        "frequency_distance": uniform_distance((position.frequency - LOWEST) / width),
        "phase_distance": circular_distance(position.phase / (2 * math.pi)),
    }


def uniform_distance(values: np.ndarray) -> float:
    """Wasserstein distance between values and the uniform law on 0..1: the mean distance of quantiles, exactly."""
    values = np.sort(values)
    edges = np.arange(len(values) + 1) / len(values)
    # of ∫ |v - q| dq between two edges, with a sign change at v where it lies between them
    clipped = np.clip(values, edges[:-1], edges[1:])
    below, above = _area(values, edges[:-1], clipped), _area(values, clipped, edges[1:])
    return float((below + above).sum())


def _area(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """∫ |value - q| dq from low to high, where the sign does not change."""
    area: np.ndarray = np.abs(value * (high - low) - (np.square(high) - np.square(low)) / 2)
    return area


def circular_distance(turns: np.ndarray) -> float:
    """Wasserstein distance on a circle of circumference 1 between values and the uniform law: ``min_c ∫ |F(x) - x - c|
    dx`` (Rabin, Delon & Gousseau 2011), on a grid of 4,096 points."""
    grid = (np.arange(4096) + 0.5) / 4096
    difference = np.searchsorted(np.sort(turns % 1.0), grid, side="right") / len(turns) - grid
    return float(np.abs(difference - np.median(difference)).mean())
