"""Drums of the preview: each is a falling tone, noise, or both, as analogue drum machines made them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np


@dataclass(frozen=True)
class Drum:
    """How one sounds.

    Attributes:
        seconds: until it has faded (by 7 nats).
        tone: loudness of its tone, of 1.
        frequencies: hertz at which the tone begins, and to which it falls.
        noise: loudness of its noise.
        brightness: how often the noise is differentiated: low (0), bright (1), hissing (2).
    """

    seconds: float
    tone: float = 0.0
    frequencies: tuple[float, float] = (1.0, 1.0)
    noise: float = 0.0
    brightness: int = 0


_KICK: Final = Drum(0.35, 1.6, (150.0, 45.0), 0.1)
_SNARE: Final = Drum(0.22, 0.6, (220.0, 180.0), 0.9, 1)
_CLAP: Final = Drum(0.18, noise=1.1, brightness=1)
_STICK: Final = Drum(0.05, 0.8, (1700.0, 1600.0), 0.3, 1)
_CLOSED: Final = Drum(0.07, noise=0.8, brightness=2)
_OPEN: Final = Drum(0.4, noise=0.8, brightness=2)
_CYMBAL: Final = Drum(1.0, 0.05, (4100.0, 4100.0), 0.8, 2)
_BELL: Final = Drum(0.3, 0.8, (800.0, 800.0), 0.05, 1)
_SHAKER: Final = Drum(0.1, noise=0.5, brightness=2)

_DRUMS: Final = {
    35: _KICK, 36: _KICK, 37: _STICK, 38: _SNARE, 39: _CLAP, 40: _SNARE, 42: _CLOSED, 44: _CLOSED, 46: _OPEN,
    49: _CYMBAL, 51: _CYMBAL, 52: _CYMBAL, 53: _BELL, 54: _SHAKER, 55: _CYMBAL, 56: _BELL, 57: _CYMBAL, 59: _CYMBAL,
    67: _BELL, 68: _BELL, 69: _SHAKER, 70: _SHAKER, 75: _STICK, 76: _STICK, 77: _STICK, 80: _BELL, 81: _BELL,
}  # fmt: skip
"""By the keys of General MIDI; all others are toms, higher ones for higher keys."""

_FADED: Final = 7.0  # nats


@cache
def stroke(key: int, rate: int) -> np.ndarray:
    """The samples of one stroke at full loudness, float64, always the same."""
    tom = 80.0 * 2 ** ((key - 41) / 12)
    drum = _DRUMS.get(key) or Drum(0.3, 1.2, (1.5 * tom, tom), 0.1)
    times = np.arange(int(drum.seconds * rate)) / rate
    fade = np.exp(-_FADED * times / drum.seconds)
    high, low = drum.frequencies
    pitch = low + (high - low) * np.exp(-4 * _FADED * times / drum.seconds)
    sound = drum.tone * np.sin(2 * np.pi * np.cumsum(np.minimum(pitch, 0.45 * rate)) / rate)
    noise = np.random.default_rng(key).standard_normal(len(times))
    for _ in range(drum.brightness):
        noise = np.diff(noise, prepend=0.0)
    made = fade * (sound + drum.noise * noise / max(float(noise.std()), 1e-9))
    made.setflags(write=False)
    return np.asarray(made)
