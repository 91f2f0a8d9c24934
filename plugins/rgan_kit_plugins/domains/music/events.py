"""The representation ``events``: note after note, told by the time since the one before (Performance RNN: Simon and
Oore 2017; here with durations in place of ends).

A note is ``shift_n`` (steps since the note before began; none where they begin together, several where one is not
enough), ``track_n`` where tracks are kept apart, ``pitch_n``, ``duration_n`` in steps, and ``velocity_n`` where
loudness is kept. ``metre_3/4`` and ``tempo_96`` stand at the beginning where the data has several. Which kind may
follow which depends on the symbol before alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rgan_kit_plugins.domains.music.levels import FASTEST, MOST_TEMPOS, levels, whole_tempos
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import (
    COLUMNS,
    DURATION,
    PITCH,
    START,
    TRACK,
    VELOCITY,
    Defaults,
    Passage,
    Piece,
    joined,
    settle,
)
from rgan_kit_plugins.domains.music.vocabulary import EventVocabulary, metre_of, number_of


class Events:
    """Encodes and decodes events.

    Args:
        vocabulary: the symbols.
        defaults: what holds where a sequence says nothing about it.
    """

    name: ClassVar[str] = "events"
    kinds: ClassVar[tuple[str, ...]] = ("tempo", "metre", "shift", "track", "pitch", "duration", "velocity")
    needed: ClassVar[tuple[str, ...]] = ("shift", "pitch", "duration")

    def __init__(self, vocabulary: EventVocabulary, defaults: Defaults) -> None:
        self.vocabulary = vocabulary
        self.defaults = defaults
        self.tokens = vocabulary.tokens
        self._furthest = max(self.tokens["shift"])
        self._longest = max(self.tokens["duration"])
        self._tempo_of = vocabulary.nearest("tempo", FASTEST)
        self._velocity_of = vocabulary.nearest("velocity", 127)
        self._pitch_of = vocabulary.nearest("pitch", 127)
        self._duration_of = vocabulary.nearest("duration", self._longest)
        self._shift_of = vocabulary.nearest("shift", self._furthest)
        self._track_of = vocabulary.nearest("track", 15)

    @staticmethod
    def names(
        pitches: range,
        longest: int,
        tracks: int,
        tempos: np.ndarray,
        velocities: np.ndarray,
        velocity_bins: int,
        metres: Sequence[Metre] = (),
    ) -> EventVocabulary:
        """The vocabulary for data: symbols of metre, tempo and loudness lie where the data has them, and there are none
        where it has one alone.

        Args:
            pitches: of the notes.
            longest: shift and duration, in steps.
            tracks: kept apart.
            tempos: beats a minute of the training samples.
            velocities: of the notes of the training samples.
            velocity_bins: most loudnesses.
            metres: of all samples.
        """
        return EventVocabulary.of({
            "tempo": levels(tempos, MOST_TEMPOS),
            "shift": range(1, longest + 1),
            "track": range(tracks) if tracks > 1 else (),
            "pitch": pitches,
            "duration": range(1, longest + 1),
            "velocity": levels(velocities, velocity_bins),
            "metre": sorted(map(number_of, metres)) if len(metres) > 1 else (),
        })  # fmt: skip

    def allowed_next(self) -> np.ndarray:
        """Kind after kind; only the longest shift is followed by another one."""
        head = "track" if "track" in self.tokens else "pitch"
        last = "velocity" if "velocity" in self.tokens else "duration"
        note = ("shift", head)
        tempo = ("tempo",) if "tempo" in self.tokens else note
        follows: dict[str, tuple[str, ...]] = {
            "<bos>": ("metre",) if "metre" in self.tokens else tempo,
            "metre": tempo,
            "tempo": note,
            "shift": (head,),
            "track": ("pitch",),
            "pitch": ("duration",),
            "duration": ("velocity",),
        }
        follows[last] = (*note, "<eos>")
        allowed = self.vocabulary.allowed_next(follows)
        allowed[self.tokens["shift"][self._furthest], list(self.tokens["shift"].values())] = True
        return allowed

    def encode(self, passages: Sequence[Passage], fates: Counter[str]) -> list[np.ndarray]:
        """Tokens of each, int64 ``[symbols]``."""
        notes, owners = joined(passages)
        opens = np.diff(owners, prepend=-1) > 0  # the first note of a passage
        gaps = np.where(opens, notes[:, START], np.diff(notes[:, START], prepend=0))
        far = np.maximum(gaps - 1, 0) // self._furthest
        one = np.ones(len(notes), np.int64)
        metre, tempo, track, velocity = (
            one * (kind in self.tokens) for kind in ("metre", "tempo", "track", "velocity")
        )
        counts = np.stack([metre * opens, tempo * opens, far, gaps > 0, track, one, one, velocity], axis=1)
        metres = np.zeros(len(passages), np.int64)
        if "metre" in self.tokens:
            metres = self.vocabulary.of_metres(np.concatenate([passage.bars.main for passage in passages]))
        tempos = whole_tempos(np.array([passage.tempo for passage in passages]))
        fates["clipped"] += int(np.count_nonzero(notes[:, DURATION] > self._longest))
        symbols = np.stack([
            metres[owners],
            self._tempo_of[tempos[owners]],
            self._shift_of[self._furthest] * one,
            self._shift_of[gaps - far * self._furthest],
            self._track_of[notes[:, TRACK]],
            self._pitch_of[notes[:, PITCH]],
            self._duration_of[np.minimum(notes[:, DURATION], self._longest)],
            self._velocity_of[notes[:, VELOCITY]],
        ], axis=1)  # fmt: skip
        row = np.repeat(symbols.ravel(), counts.ravel())  # [notes, symbols of a note], one after the other
        lengths = np.bincount(owners, weights=counts.sum(axis=1), minlength=len(passages)).astype(np.int64)
        return np.split(row, np.cumsum(lengths)[:-1])

    def decode(self, tokens: np.ndarray) -> Piece:
        """Notes of int ``[symbols]``; one that lacks its pitch or duration is passed over."""
        known = tokens[(tokens >= 0) & (tokens < len(self.vocabulary))]
        now, track, pitch, tempo, metre = 0, 0, -1, self.defaults.tempo, self.defaults.metre
        rows: list[list[int]] = []
        kinds = self.vocabulary.kinds
        for token, number in zip(known.tolist(), self.vocabulary.numbers[known].tolist(), strict=True):
            match kinds[token]:
                case "metre":
                    metre = metre_of(number)
                case "tempo":
                    tempo = float(number)
                case "shift":
                    now += number
                case "track":
                    track = number
                case "pitch":
                    pitch = number
                case "duration" if pitch >= 0:
                    rows.append([now, number, pitch, self.defaults.velocity, track])
                    pitch = -1
                case "velocity" if rows:
                    rows[-1][VELOCITY] = number
        notes = settle(np.array(rows, np.int64).reshape(-1, COLUMNS)).notes
        length = int((notes[:, START] + notes[:, DURATION]).max(initial=0))
        metres = [(0, metre.numerator, metre.denominator)]
        return self.defaults.piece(notes, length, metres=metres, tempos=[(0, tempo)])
