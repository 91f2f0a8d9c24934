"""A judge of samples: a small classifier that tries to tell them from real series, and how often it succeeds.

Random convolutions and what they answer most and how often (ROCKET: Dempster, Petitjean & Webb 2020,
arXiv:1910.13051), read by a ridge classifier. It is trained on one half and asked about the other, so it cannot learn
its answers by heart, and it takes a second where a recurrent one takes a minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

KERNELS: Final = 300
WIDTH: Final = 9
FEWEST: Final = 16
"""Series of each kind below which nothing is judged."""

_CHANNELS: Final = 4
_MOST_PRODUCTS: Final = 4e9
_SHRINKAGE: Final = 10.0
_FLAT: Final = 1e-8
_LEAST: Final = 0.01
_CONSTANT: Final = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What a judge makes of samples.

    Attributes:
        told_apart: share of pairs of a real and a made series that it puts in order: 0.5 where it cannot tell them
            apart, 1 where it always can.
        distance: Fréchet distance between the answers to real and to made series, each answer by itself, in deviations
            of the real ones (squared, averaged). It goes on falling where ``told_apart`` stays at 1.
    """

    told_apart: float
    distance: float


def judge(real: np.ndarray, made: np.ndarray, seed: int = 0) -> Verdict:
    """How far samples are from real series. nan where there are too few to judge, or values that are no numbers.

    Args:
        real, made: float ``[n, time, channels]``, of one length; padding alike in both.
        seed: of the convolutions and of the halves.
    """
    count = min(len(real), len(made))
    if count < FEWEST or not np.isfinite(made).all() or real.shape[1] < 2:
        return Verdict(math.nan, math.nan)
    real, made, rng = in_one_order(real), in_one_order(made), np.random.default_rng(seed)
    both = np.concatenate([real[rng.permutation(len(real))[:count]], made[rng.permutation(len(made))[:count]]])
    mean, deviation = both[:count].mean(axis=(0, 1)), both[:count].std(axis=(0, 1))
    varies = deviation > _CONSTANT * (1 + np.abs(mean))  # what never does has no unit but its own
    answers = _answers((both - mean) / np.where(varies, deviation, 1.0), rng)
    labels = np.repeat([1.0, -1.0], count)
    taught = np.tile(np.arange(count) % 2 == 0, 2)  # every other one of each kind
    scores = _ridge(answers[taught], labels[taught], answers[~taught])
    return Verdict(_in_order(scores, labels[~taught] > 0), _frechet(answers[:count], answers[count:]))


def in_one_order(series: np.ndarray) -> np.ndarray:
    """Series ``[n, …]`` by their content: what is found, and which half one falls into, must not depend on the order in
    which they were drawn."""
    return series[np.array(sorted(range(len(series)), key=lambda row: series[row].tobytes()), np.int64)]


def _frechet(real: np.ndarray, made: np.ndarray) -> float:
    deviation = real.std(axis=0)
    # What all real series answer alike counts in a hundredth of the usual unit, and not in one that is next to nothing.
    unit = np.maximum(deviation, max(_LEAST * float(deviation.mean()), _FLAT))
    means = (made.mean(axis=0) - real.mean(axis=0)) / unit
    spreads = (made.std(axis=0) - deviation) / unit
    return float(np.mean(means**2 + spreads**2))


def _answers(series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of every convolution its largest answer and the share of positive ones: ``[n, 2 * kernels]``."""
    count, time, channels = series.shape
    read = min(channels, _CHANNELS)
    kernels = int(np.clip(_MOST_PRODUCTS / (count * time * WIDTH * read), 32, KERNELS))
    farthest = max(1.0, (time - 1) / (WIDTH - 1))
    answers = np.empty((count, 2 * kernels))
    for kernel in range(kernels):
        weights = rng.standard_normal((WIDTH, read))
        weights -= weights.mean(axis=0)
        dilation = int(2 ** rng.uniform(0, np.log2(farthest)))
        reach = dilation * (WIDTH // 2) if rng.random() < 0.5 else 0  # half of them see the ends
        chosen = rng.permutation(channels)[:read]
        padded = np.pad(series[:, :, chosen], ((0, 0), (reach, reach), (0, 0)))
        length = padded.shape[1] - dilation * (WIDTH - 1)
        if length < 1:
            padded = np.pad(padded, ((0, 0), (0, 1 - length), (0, 0)))
            length = 1
        answer = sum(
            padded[:, tap * dilation : tap * dilation + length] @ weights[tap] for tap in range(WIDTH)
        ) + rng.uniform(-1, 1)  # [n, length]
        answers[:, 2 * kernel], answers[:, 2 * kernel + 1] = answer.max(axis=1), (answer > 0).mean(axis=1)
    return answers


def _ridge(taught: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Scores of ``asked`` by ridge regression of the labels, in its dual form since there are more features than
    series."""
    mean, scale = taught.mean(axis=0), taught.std(axis=0) + _FLAT
    taught, asked = (taught - mean) / scale, (asked - mean) / scale
    weights = np.linalg.solve(taught @ taught.T + _SHRINKAGE * np.eye(len(taught)), labels)
    scores: np.ndarray = asked @ (taught.T @ weights)
    return scores


def _in_order(scores: np.ndarray, real: np.ndarray) -> float:
    """The area under the curve of true and false positives: the share of pairs in order, ties counted half."""
    better = scores[real][:, None] - scores[~real]
    return float((better > 0).mean() + (better == 0).mean() / 2)
