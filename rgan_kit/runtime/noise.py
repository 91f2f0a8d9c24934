"""The random numbers of a model file, reproducible in any language: Philox4x32-10, keyed by seed and sample.

The generator is the one of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
It needs nothing wider than a product of two 32-bit numbers, which JavaScript has as well as C, and it has no state:
every number is a function of (seed, sample, stream, position), so that a sample is the same in any batch, and a longer
sequence begins with the numbers of a shorter one.

- key: ``(seed mod 2**32, seed div 2**32)``
- counter: ``(block, sample mod 2**32, sample div 2**32, stream)``
- streams: 0 for ``noise``, 1 for ``latent``, 2 for labels that nobody chose
- a block gives four 32-bit words, in order; number ``i`` of a sample belongs to word ``i mod 4`` of block ``i div 4``
- uniform in [0, 1): ``(word div 256) / 2**24``, exact in float32
- standard normal (Box and Muller 1958), two words a pair in float64, rounded to float32 at the end::

      radius = sqrt(-2 * log((word[2j] + 1) / 2**32))
      angle = 2 * pi * word[2j + 1] / 2**32
      number[2j], number[2j + 1] = radius * cos(angle), radius * sin(angle)

Uniform numbers are equal to the bit everywhere; normal ones up to the rounding of ``log``, ``cos`` and ``sin``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

NOISE: Final = 0
LATENT: Final = 1
LABELS: Final = 2

SEEDS: Final = 1 << 64
"""Seeds and sample numbers lie below this."""

_ROUNDS: Final = 10
_MULTIPLIERS: Final = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS: Final = (0x9E3779B9, 0xBB67AE85)
_WORD: Final = 0xFFFFFFFF
_BLOCKS_AT_ONCE: Final = 1 << 14
"""Few enough that a round works in the processor's cache."""


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Philox4x32-10.

    Args:
        counter: uint64 ``[4, blocks]``, every value below 2**32.
        key: two numbers below 2**32.

    Returns:
        uint64 ``[4, blocks]``, every value below 2**32.
    """
    c0, c1, c2, c3 = counter.astype(np.uint64)
    k0, k1 = key
    m0, m1, low, half = (np.uint64(value) for value in (*_MULTIPLIERS, _WORD, 32))
    for _ in range(_ROUNDS):
        p0, p1 = c0 * m0, c2 * m1
        c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ np.uint64(k0), p1 & low, (p0 >> half) ^ c3 ^ np.uint64(k1), p0 & low
        k0, k1 = (k0 + _KEY_STEPS[0]) & _WORD, (k1 + _KEY_STEPS[1]) & _WORD
    return np.stack([c0, c1, c2, c3])


def words(seed: int, start: int, count: int, size: int, *, stream: int = NOISE) -> np.ndarray:
    """uint32 ``[count, size]``: the first ``size`` words of the samples ``start`` to ``start + count - 1``.

    Raises:
        ValueError: the seed or a sample number is negative or not below 2**64.
    """
    if not 0 <= seed < SEEDS or start < 0 or start + count > SEEDS:
        raise ValueError(f"seed {seed} and samples {start} to {start + count - 1} must lie within 0 and 2**64 - 1")
    blocks = -(-size // 4)
    result = np.empty((count, blocks, 4), np.uint32)
    rows = max(1, _BLOCKS_AT_ONCE // max(blocks, 1))
    for first in range(0, count, rows):
        part = result[first : first + rows]
        samples = np.repeat(np.uint64(start + first) + np.arange(len(part), dtype=np.uint64), blocks)
        counter = np.empty((4, samples.size), np.uint64)
        counter[0] = np.tile(np.arange(blocks, dtype=np.uint64), len(part))
        counter[1], counter[2], counter[3] = samples & np.uint64(_WORD), samples >> np.uint64(32), stream
        drawn = philox(counter, (seed & _WORD, seed >> 32))
        part[:] = drawn.T.reshape(part.shape)
    return result.reshape(count, blocks * 4)[:, :size]


def uniform(seed: int, start: int, count: int, time: int) -> np.ndarray:
    """float32 ``[count, time]`` in [0, 1): the ``noise`` of a token model."""
    return (words(seed, start, count, time) >> 8).astype(np.float32) * np.float32(2.0**-24)


def normal(seed: int, start: int, count: int, time: int, size: int) -> np.ndarray:
    """float32 ``[count, time, size]``, standard normal: the ``noise`` of a series or frame model; the numbers of a
    step follow those of the step before it."""
    return _box_muller(seed, start, count, time * size, NOISE).reshape(count, time, size)


def latent(seed: int, start: int, count: int, size: int) -> np.ndarray:
    """float32 ``[count, size]``, standard normal: the ``latent`` of whole sequences."""
    return _box_muller(seed, start, count, size, LATENT)


def labels(seed: int, start: int, count: int, classes: int) -> np.ndarray:
    """int64 ``[count]`` in ``0 .. classes - 1``: ``(word * classes) div 2**32``, where nobody chose a label."""
    word = words(seed, start, count, 1, stream=LABELS)[:, 0].astype(np.uint64)
    return ((word * np.uint64(classes)) >> np.uint64(32)).astype(np.int64)


def _box_muller(seed: int, start: int, count: int, size: int, stream: int) -> np.ndarray:
    drawn = words(seed, start, count, size + size % 2, stream=stream).astype(np.float64) * 2.0**-32
    radius = np.sqrt(-2.0 * np.log(drawn[:, 0::2] + 2.0**-32))
    angle = 2.0 * np.pi * drawn[:, 1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)  # [count, pairs, 2]
    return pairs.reshape(count, -1)[:, :size].astype(np.float32)
