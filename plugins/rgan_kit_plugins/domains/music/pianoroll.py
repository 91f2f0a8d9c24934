"""The representation ``pianoroll``: for each step and key, 1 where it sounds and 0 where not.

A note that follows another of its pitch without a gap is one with it, and loudness is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import COLUMNS, DURATION, PITCH, START, VELOCITY, Passage, steps_of

THRESHOLD: Final = 0.5


class PianoRoll:
    """Encodes and decodes piano rolls.

    Args:
        pitches: of the keys, one a feature.
        tempo, velocity: of every decoded roll.
    """

    def __init__(self, pitches: range, tempo: float, velocity: int) -> None:
        self.pitches = pitches
        self.tempo = tempo
        self.velocity = velocity

    def encode(self, passages: Sequence[Passage], max_length: int) -> list[np.ndarray]:
        """Each as uint8 ``[steps, keys]``."""
        rolls = []
        for passage in passages:
            roll = np.zeros((passage.length, len(self.pitches)), np.uint8)
            steps, numbers = steps_of(passage.notes[:, START], passage.notes[:, DURATION])
            roll[steps, passage.notes[numbers, PITCH] - self.pitches.start] = 1
            rolls.append(roll[:max_length])
        return rolls

    def decode(self, roll: np.ndarray) -> Passage:
        """Notes of float ``[steps, keys]``: a key sounds where its number is above a half."""
        sounding = (roll[:, : len(self.pitches)] > THRESHOLD).T.astype(np.int8)  # [keys, steps]
        edges = np.diff(sounding, axis=1, prepend=0, append=0)
        keys, starts = np.nonzero(edges > 0)
        ends = np.nonzero(edges < 0)[1]
        notes = np.zeros((len(keys), COLUMNS), np.int64)
        notes[:, START] = starts
        notes[:, DURATION] = ends - starts
        notes[:, PITCH] = keys + self.pitches.start
        notes[:, VELOCITY] = self.velocity
        return Passage(notes[np.lexsort((notes[:, PITCH], starts))], len(roll), self.tempo)
