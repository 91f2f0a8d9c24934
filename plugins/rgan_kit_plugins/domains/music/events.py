"""The representation ``events``: a tempo, then note after note (in the manner of REMI, Huang and Yang 2020).

A note is ``shift_n`` (steps since the note before began; none where they begin together, several where one is not
enough), ``track_n`` where tracks are kept apart, ``pitch_n``, ``duration_n`` in steps, and ``velocity_n`` where
loudness is kept. Which kind may follow which depends on the symbol before alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import (
    COLUMNS,
    DURATION,
    PITCH,
    START,
    TRACK,
    VELOCITY,
    Passage,
    joined,
    settle,
)
from rgan_kit_plugins.domains.music.vocabulary import Vocabulary

KINDS: Final = ("tempo", "shift", "track", "pitch", "duration", "velocity")
_MOST_TEMPOS: Final = 32
_HIGHEST: Final = 1000  # beats a minute


class Events:
    """Encodes and decodes events.

    Args:
        vocabulary: the symbols.
        tempo, velocity: where a sequence says nothing about them.
    """

    def __init__(self, vocabulary: Vocabulary, tempo: float, velocity: int) -> None:
        self.vocabulary = vocabulary
        self.tempo = tempo
        self.velocity = velocity
        self.tokens = vocabulary.tokens
        self._furthest = max(self.tokens["shift"])
        self._longest = max(self.tokens["duration"])
        self._tempo_of, self._velocity_of = (_nearest(self.tokens.get(kind, {})) for kind in ("tempo", "velocity"))
        self._pitch_of, self._duration_of, self._shift_of, self._track_of = (
            _table(self.tokens.get(kind, {})) for kind in ("pitch", "duration", "shift", "track")
        )

    @staticmethod
    def names(
        pitches: range, longest: int, tracks: int, tempos: np.ndarray, velocities: np.ndarray, velocity_bins: int
    ) -> Vocabulary:
        """The vocabulary for data: symbols of tempo and loudness lie where the data has them, and there are none where
        it has one alone.

        Args:
            pitches: of the notes.
            longest: shift and duration, in steps.
            tracks: kept apart.
            tempos: beats a minute of the training samples.
            velocities: of the notes of the training samples.
            velocity_bins: most loudnesses.
        """
        several = {"tempo": _levels(tempos, _MOST_TEMPOS), "velocity": _levels(velocities, velocity_bins)}
        return Vocabulary.of({
            "tempo": several["tempo"],
            "shift": range(1, longest + 1),
            "track": range(tracks) if tracks > 1 else (),
            "pitch": pitches,
            "duration": range(1, longest + 1),
            "velocity": several["velocity"],
        })  # fmt: skip

    def allowed_next(self) -> np.ndarray:
        """Kind after kind; only the longest shift is followed by another one."""
        head = "track" if "track" in self.tokens else "pitch"
        last = "velocity" if "velocity" in self.tokens else "duration"
        follows: dict[str, tuple[str, ...]] = {
            "<bos>": ("tempo",) if "tempo" in self.tokens else ("shift", head),
            "tempo": ("shift", head),
            "shift": (head,),
            "track": ("pitch",),
            "pitch": ("duration",),
            "duration": ("velocity",),
        }
        follows[last] = ("shift", head, "<eos>")
        allowed = self.vocabulary.allowed_next(follows)
        allowed[self.tokens["shift"][self._furthest], list(self.tokens["shift"].values())] = True
        return allowed

    def encode(self, passages: Sequence[Passage], max_length: int) -> list[np.ndarray]:
        """Tokens of each, int64 ``[symbols]``: whole notes only, as many as fit."""
        notes, owners = joined(passages)
        opens = np.diff(owners, prepend=-1) > 0  # the first note of a passage
        gaps = np.where(opens, notes[:, START], np.diff(notes[:, START], prepend=0))
        far = np.maximum(gaps - 1, 0) // self._furthest
        one = np.ones(len(notes), np.int64)
        tempo, track, velocity = (one * (kind in self.tokens) for kind in ("tempo", "track", "velocity"))
        counts = np.stack([tempo * opens, far, gaps > 0, track, one, one, velocity], axis=1)  # [notes, symbols]
        tempos = np.array([min(round(passage.tempo), _HIGHEST) for passage in passages])
        symbols = np.stack([
            self._tempo_of[tempos[owners]],
            self._shift_of[self._furthest] * one,
            self._shift_of[gaps - far * self._furthest],
            self._track_of[notes[:, TRACK]],
            self._pitch_of[notes[:, PITCH]],
            self._duration_of[np.minimum(notes[:, DURATION], self._longest)],
            self._velocity_of[notes[:, VELOCITY]],
        ], axis=1)  # fmt: skip
        sizes = counts.sum(axis=1)
        ends = np.cumsum(sizes)
        before = (ends - sizes)[opens][owners]
        fits = ends - before <= max_length
        row = np.repeat(symbols[fits].ravel(), counts[fits].ravel())
        lengths = np.bincount(owners[fits], weights=sizes[fits], minlength=len(passages)).astype(np.int64)
        return np.split(row, np.cumsum(lengths)[:-1])

    def decode(self, tokens: np.ndarray) -> Passage:
        """Notes of int ``[symbols]``; one that lacks its pitch or duration is passed over."""
        known = tokens[(tokens >= 0) & (tokens < len(self.vocabulary))]
        now, track, pitch, tempo = 0, 0, -1, self.tempo
        rows: list[list[int]] = []
        kinds = self.vocabulary.kinds
        for token, number in zip(known.tolist(), self.vocabulary.numbers[known].tolist(), strict=True):
            match kinds[token]:
                case "tempo":
                    tempo = float(number)
                case "shift":
                    now += number
                case "track":
                    track = number
                case "pitch":
                    pitch = number
                case "duration" if pitch >= 0:
                    rows.append([now, number, pitch, self.velocity, track])
                    pitch = -1
                case "velocity" if rows:
                    rows[-1][VELOCITY] = number
        notes, _ = settle(np.array(rows, np.int64).reshape(-1, COLUMNS))
        return Passage(notes, int((notes[:, START] + notes[:, DURATION]).max(initial=0)), tempo)


def _levels(values: np.ndarray, most: int) -> list[int]:
    """At most so many whole numbers that stand for equal shares of the values; none where one is enough."""
    shares = (np.arange(most) + 0.5) / most
    levels = np.unique(np.quantile(values, shares, method="nearest").round().astype(np.int64))
    return levels.tolist() if len(levels) > 1 else []


def _nearest(tokens: Mapping[int, int]) -> np.ndarray:
    """The token of the nearest number to each, up to the highest that there may be."""
    if not tokens:
        return np.zeros(_HIGHEST + 1, np.int64)
    numbers = np.array(list(tokens))
    places = np.abs(np.arange(_HIGHEST + 1)[:, None] - numbers).argmin(axis=1)
    return np.asarray(np.array(list(tokens.values()))[places])


def _table(tokens: Mapping[int, int]) -> np.ndarray:
    """Tokens by number."""
    table = np.zeros(max([127, *tokens]) + 1, np.int64)
    table[list(tokens)] = list(tokens.values())
    return table
