"""Moving shapes as a known source: whether clips show one shape of one colour, and whether it moves as shapes do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rgan_kit_plugins.worlds.looks import colour_throughout, shape_throughout
from rgan_kit_plugins.worlds.shapes import COLOURS, MOTIONS, SHAPES, track
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

    def measure(self, samples: Sequence[Any], labels: Sequence[str] | None = None) -> dict[str, float]:
        """Shares of the clips, nan where there is none to count:

        ``valid``: one shape of a plausible size in every frame, which keeps its form and its colour. ``one_shape`` and
        ``one_colour``: the form, or the colour, is the same of those there are in every frame. ``combinations``: how
        many of all combinations of shape, colour and motion the valid clips show, as a share of them.
        ``known_motion``: its track is one of the motions. ``label_motion``: it is the one that was asked for, where
        ``labels`` say which. ``backward``: it is one only when played backwards. ``frozen``: it hardly leaves its
        place. ``motion_right`` and so on: that motion, of those with a known one.

        ``speed``: how far the shape's centre goes from frame to frame, as a share of the picture, of clips in which it
        can always be seen.
        """
        if not samples:
            return dict.fromkeys(self.reference(), math.nan)
        clips = np.stack([sample.frames for sample in samples])
        seen = look(clips)
        shapes, colours = shape_throughout(clips, seen.centres), colour_throughout(clips)
        motions = classify(seen.centres, self.length)
        backward = classify(seen.centres[:, ::-1], self.length) >= 0
        spans = np.ptp(seen.centres, axis=1).max(-1)
        known = motions >= 0
        valid = seen.one_shape.all(1) & (shapes >= 0) & (colours >= 0)
        found = np.stack([shapes, colours, motions], axis=1)[valid & known]
        every = len(SHAPES) * len(MOTIONS) * (len(COLOURS) if clips.shape[-1] == COLOURS.shape[1] else 1)
        asked = {} if labels is None else {"label_motion": _share(motions == [MOTIONS.index(each) for each in labels])}
        return {
            "valid": _share(valid),
            "one_shape": _share(shapes >= 0),
            "one_colour": _share(colours >= 0),
            "combinations": len(np.unique(found, axis=0)) / every,
            "known_motion": _share(known),
            **asked,
            "backward": _share(backward & ~known),
            "frozen": _share(spans < _FROZEN),
            **{f"motion_{motion}": _share(motions[known] == place) for place, motion in enumerate(MOTIONS)},
            "speed": _speed(seen.centres),
        }

    def reference(self) -> dict[str, float]:
        """What the source itself reaches; the speed is the mean of 4,096 tracks, and all combinations take some
        hundred clips."""
        rng = np.random.default_rng(0)
        tracks = np.stack([track(MOTIONS[number % len(MOTIONS)], self.length, rng) for number in range(_TRACKS)])
        kept = dict.fromkeys(("valid", "one_shape", "one_colour", "combinations", "known_motion", "label_motion"), 1.0)
        motions = {f"motion_{motion}": 1 / len(MOTIONS) for motion in MOTIONS}
        return {**kept, "backward": 0.0, "frozen": 0.0, **motions, "speed": _speed(tracks)}


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else math.nan


def _speed(centres: np.ndarray) -> float:
    steps = np.linalg.norm(np.diff(centres, axis=1), axis=-1).mean(1) if centres.shape[1] > 1 else np.zeros(0)
    steps = steps[~np.isnan(steps)]
    return float(steps.mean()) if len(steps) else math.nan
