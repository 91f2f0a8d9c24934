"""The representation ``pianoroll``: for each step and key, 1 where it sounds and 0 where not (as in
Boulanger-Lewandowski et al. 2012), and, beside it, 1 where it is struck (onsets and frames: Hawthorne et al. 2018).

Without onsets a note that follows another of its pitch without a gap is one with it. Loudness is not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np

from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import (
    COLUMNS,
    DURATION,
    PITCH,
    START,
    VELOCITY,
    Defaults,
    Passage,
    Piece,
    steps_of,
)

THRESHOLD: Final = 0.5


class PianoRoll:
    """Encodes and decodes piano rolls.

    Args:
        pitches: of the keys, one a feature.
        defaults: tempo and loudness of every decoded roll.
        onsets: whether there is a second feature for each key, behind all of the first ones: whether it is struck.
        metres: of rolls of certain lengths, where samples have several.
    """

    name: ClassVar[str] = "pianoroll"

    def __init__(
        self, pitches: range, defaults: Defaults, *, onsets: bool = False, metres: Mapping[int, Metre] | None = None
    ) -> None:
        self.pitches = pitches
        self.defaults = defaults
        self.onsets = onsets
        self.metres = dict(metres or {})

    @property
    def features(self) -> tuple[str, ...]:
        """A name for each number of a step."""
        kinds = ("pitch", "onset") if self.onsets else ("pitch",)
        return tuple(f"{kind}_{pitch}" for kind in kinds for pitch in self.pitches)

    def encode(self, passages: Sequence[Passage], fates: Counter[str]) -> list[np.ndarray]:
        """Each as uint8 ``[steps, features]``."""
        rolls = []
        for passage in passages:
            notes = passage.notes
            keys = notes[:, PITCH] - self.pitches.start
            roll = np.zeros((passage.length, len(self.features)), np.uint8)
            steps, numbers = steps_of(notes[:, START], notes[:, DURATION])
            roll[steps, keys[numbers]] = 1
            if self.onsets:
                roll[notes[:, START], len(self.pitches) + keys] = 1
            elif len(notes):
                before = roll[notes[:, START] - 1, keys] & (notes[:, START] > 0)
                fates["joined"] += int(before.sum())
            rolls.append(roll)
        return rolls

    def decode(self, roll: np.ndarray) -> Piece:
        """Notes of float ``[steps, features]``: a key sounds where its number is above a half, and is struck where its
        second one is, or where it did not sound before."""
        keys = len(self.pitches)
        sounding = (roll[:, :keys] > THRESHOLD).T  # [keys, steps]
        struck = np.zeros_like(sounding)
        if self.onsets:
            own = (roll[:, keys : 2 * keys] > THRESHOLD).T
            struck[: len(own)] = own
            sounding = sounding | struck
        begins = struck | (sounding & ~np.pad(sounding, ((0, 0), (1, 0)))[:, :-1])
        ends = sounding & (np.pad(begins | ~sounding, ((0, 0), (0, 1)), constant_values=True)[:, 1:])
        rows, starts = np.nonzero(begins)
        notes = np.zeros((len(rows), COLUMNS), np.int64)
        notes[:, START] = starts
        notes[:, DURATION] = np.nonzero(ends)[1] + 1 - starts
        notes[:, PITCH] = rows + self.pitches.start
        notes[:, VELOCITY] = self.defaults.velocity
        metre = self.metres.get(len(roll), self.defaults.metre)
        metres = [(0, metre.numerator, metre.denominator)]
        return self.defaults.piece(notes[np.lexsort((notes[:, PITCH], starts))], len(roll), metres=metres)


def common_metres(passages: Sequence[Passage]) -> dict[int, Metre]:
    """For each length of samples, the commonest metre among those of that length."""
    counts: dict[int, Counter[Metre]] = {}
    for passage in passages:
        counts.setdefault(passage.length, Counter())[Metre(*passage.bars.main[0].tolist())] += 1
    return {length: own.most_common(1)[0][0] for length, own in counts.items()}
