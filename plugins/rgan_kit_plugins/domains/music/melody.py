"""The representation ``melody``: one voice on a grid, one symbol a step (as in Roberts et al. 2018, MusicVAE).

A step begins a note (``pitch_60``), holds the one that sounds (``hold``) or is silent (``rest``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import COLUMNS, DURATION, PITCH, START, VELOCITY, Passage, joined, steps_of
from rgan_kit_plugins.domains.music.vocabulary import Vocabulary

KINDS: Final = ("rest", "hold", "pitch")


class Melody:
    """Encodes and decodes melodies.

    Args:
        vocabulary: ``rest``, ``hold`` and pitches.
        tempo, velocity: of every decoded melody; the symbols say nothing about them.
    """

    def __init__(self, vocabulary: Vocabulary, tempo: float, velocity: int) -> None:
        self.vocabulary = vocabulary
        self.tempo = tempo
        self.velocity = velocity
        self._rest, self._hold = vocabulary.tokens["rest"][0], vocabulary.tokens["hold"][0]
        pitches = vocabulary.tokens["pitch"]
        self._token_of = np.full(128, self._rest, np.int64)
        self._token_of[list(pitches)] = list(pitches.values())
        self._is_pitch = np.array([kind == "pitch" for kind in vocabulary.kinds])

    @staticmethod
    def names(pitches: range) -> Vocabulary:
        """The vocabulary for a range of pitches."""
        return Vocabulary.of({"rest": (0,), "hold": (0,), "pitch": pitches})

    def allowed_next(self) -> np.ndarray:
        """A note is held after it began; everything else may follow anything."""
        start = ("rest", "pitch")
        return self.vocabulary.allowed_next({
            "<bos>": start, "rest": (*start, "<eos>"), "pitch": (*start, "hold", "<eos>"),
            "hold": (*start, "hold", "<eos>"),
        })  # fmt: skip

    def encode(self, passages: Sequence[Passage], max_length: int) -> list[np.ndarray]:
        """The highest voice of each, int64 ``[steps]``: a lower note that was begun under a higher one stays hidden."""
        lengths = np.array([min(passage.length, max_length) for passage in passages])
        notes, owners = joined(passages)
        kept = notes[:, START] < lengths[owners]
        notes, owners = notes[kept], owners[kept]
        order = np.argsort(notes[:, PITCH], kind="stable")
        notes, owners = notes[order], owners[order]
        starts = (np.cumsum(lengths) - lengths)[owners] + notes[:, START]  # all grids in one row
        steps, numbers = steps_of(starts, np.minimum(notes[:, DURATION], lengths[owners] - notes[:, START]))
        now = np.full(lengths.sum(), -1, np.int64)  # the highest note at each step: what is written last stays
        now[steps] = numbers
        places = np.arange(len(now))
        begins = (now >= 0) & (starts[now] == places)
        held_from = np.maximum.accumulate(np.where(begins, places, -1))
        holds = ~begins & (now >= 0) & (held_from >= 0) & (now[held_from] == now)
        row = np.where(begins, self._token_of[notes[now, PITCH]], np.where(holds, self._hold, self._rest))
        return np.split(row, np.cumsum(lengths)[:-1])

    def decode(self, tokens: np.ndarray) -> Passage:
        """Notes of int ``[steps]``. What is no pitch and holds none is silence."""
        known = np.where((tokens >= 0) & (tokens < len(self.vocabulary)), tokens, 0)
        starts = np.flatnonzero(self._is_pitch[known])
        changes = np.append(np.flatnonzero(known != self._hold), len(known))
        notes = np.zeros((len(starts), COLUMNS), np.int64)
        notes[:, START] = starts
        notes[:, DURATION] = changes[np.searchsorted(changes, starts, side="right")] - starts
        notes[:, PITCH] = self.vocabulary.numbers[known[starts]]
        notes[:, VELOCITY] = self.velocity
        return Passage(notes, len(known), self.tempo)
