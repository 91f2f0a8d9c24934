"""Moving shapes as a known source: whether clips show one shape, and whether it moves as shapes do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rgan_kit_plugins.worlds.shapes import MOTIONS, track
from rgan_kit_plugins.worlds.tracks import classify, look

_FROZEN: Final = 0.1
_TRACKS: Final = 4096


@dataclass
class ShapesTruth:
    """Measures clips of moving shapes.

    Attributes:
        length: frames of a whole clip.
    """

    length: int
    name: str = "moving shapes"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """Shares of the clips, nan where there is none to count:

        ``valid``: one shape of a plausible size in every frame. ``known_motion``: its track is one of the motions.
        ``backward``: it is one only when played backwards. ``frozen``: it hardly leaves its place.
        ``motion_right`` and so on: that motion, of those with a known one.

        ``speed``: how far the shape's centre goes from frame to frame, as a share of the picture, of clips in which it
        can always be seen.
        """
        names = [f"motion_{motion}" for motion in MOTIONS]
        if not samples:
            return dict.fromkeys(["valid", "known_motion", "backward", "frozen", *names, "speed"], math.nan)
        seen = look(np.stack([sample.frames for sample in samples]))
        motions = classify(seen.centres, self.length)
        backward = classify(seen.centres[:, ::-1], self.length) >= 0
        spans = np.ptp(seen.centres, axis=1).max(-1)
        known = motions >= 0
        return {
            "valid": float(seen.one_shape.all(1).mean()),
            "known_motion": float(known.mean()),
            "backward": float((backward & ~known).mean()),
            "frozen": float((spans < _FROZEN).mean()),
            **{name: _share(motions[known] == place) for place, name in enumerate(names)},
            "speed": _speed(seen.centres),
        }

    def reference(self) -> dict[str, float]:
        """What the source itself reaches; the speed is the mean of 4,096 tracks."""
        rng = np.random.default_rng(0)
        tracks = np.stack([track(MOTIONS[number % len(MOTIONS)], self.length, rng) for number in range(_TRACKS)])
        motions = {f"motion_{motion}": 1 / len(MOTIONS) for motion in MOTIONS}
        shares = {"valid": 1.0, "known_motion": 1.0, "backward": 0.0, "frozen": 0.0}
        return {**shares, **motions, "speed": _speed(tracks)}


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else math.nan


def _speed(centres: np.ndarray) -> float:
    steps = np.linalg.norm(np.diff(centres, axis=1), axis=-1).mean(1) if centres.shape[1] > 1 else np.zeros(0)
    steps = steps[~np.isnan(steps)]
    return float(steps.mean()) if len(steps) else math.nan
