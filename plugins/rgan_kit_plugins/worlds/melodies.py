"""The embedded melodies: a Markov process over beats and scale degrees whose likelihoods and entropy are exact.

A melody has four bars of four beats on a grid of eighths, in one of six keys. It begins on the tonic. Each next note
is drawn given the one before it and its place in the bar: steps are likelier than leaps, notes of the tonic triad are
likelier on the first and the third beat, no pitch follows itself. Off the beat a note lasts an eighth, or there is a
rest; no note crosses a bar line. The last bar is one long tonic, the nearest to the note before, which is none itself.
The tonics of the keys are different pitches: the first note tells the key, and every melody has one derivation.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Final

import numpy as np

BAR: Final = 8
"""Eighths in a bar."""

BARS: Final = 4
LAST_BAR: Final = (BARS - 1) * BAR
LENGTH: Final = BARS * BAR
BEATS_PER_MINUTE: Final = 100.0

LOWEST: Final = -3
HIGHEST: Final = 9
"""Scale degrees counted from the tonic, 7 an octave."""

_DEGREES: Final = HIGHEST - LOWEST + 1
_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
_MINOR: Final = (0, 2, 3, 5, 7, 8, 10)
_INTERVALS: Final = {1: 6.0, 2: 3.0, 3: 1.2, 4: 0.6}
_LEAP: Final = 0.05  # any wider interval
_TRIAD: Final = (0, 2, 4)
_REST: Final = 0.1
_DURATIONS: Final = {
    0: {1: 0.20, 2: 0.45, 3: 0.15, 4: 0.20},
    2: {1: 0.35, 2: 0.65},
    4: {1: 0.25, 2: 0.45, 3: 0.10, 4: 0.20},
    6: {1: 0.35, 2: 0.65},
}
"""Probabilities of a note's eighths by the eighth of the bar that it begins on; off the beat it has one."""

Event = tuple[int, int, int]
"""A note: start and duration in eighths, and pitch."""


@dataclass(frozen=True)
class MusicalKey:
    """A key: its name, the MIDI pitch of its tonic, and the semitones of its seven degrees."""

    name: str
    tonic: int
    scale: tuple[int, ...]

    def pitch(self, degree: int) -> int:
        """The MIDI pitch of a degree."""
        return self.tonic + 12 * (degree // 7) + self.scale[degree % 7]

    def degree(self, pitch: int) -> int | None:
        """The degree of a MIDI pitch; None for one outside the scale."""
        octave, semitone = divmod(pitch - self.tonic, 12)
        return 7 * octave + self.scale.index(semitone) if semitone in self.scale else None


KEYS: Final = (
    MusicalKey("c-major", 60, _MAJOR), MusicalKey("d-major", 62, _MAJOR), MusicalKey("f-major", 65, _MAJOR),
    MusicalKey("g-major", 67, _MAJOR), MusicalKey("a-minor", 57, _MINOR), MusicalKey("e-minor", 64, _MINOR),
)  # fmt: skip


class MelodyProcess:
    """The process; all figures in nats."""

    def __init__(self) -> None:
        self._transitions = {
            (strong, last): _transitions(strong=strong, last=last) for strong in (False, True) for last in (False, True)
        }
        self._cumulative = {kind: np.cumsum(rows, axis=1).tolist() for kind, rows in self._transitions.items()}

    def sample(self, rng: np.random.Generator) -> tuple[int, list[Event]]:
        """A key by number, and the notes of a melody."""
        number = int(rng.integers(len(KEYS)))
        key, degree, place = KEYS[number], 0, 0
        notes: list[Event] = []
        while place < LAST_BAR:
            if place % 2 and rng.random() < _REST:
                place += 1
                continue
            durations = _durations(place)
            duration = list(durations)[_draw(list(accumulate(durations.values())), rng)]
            if place:
                degree = _draw(self._cumulative[_kind(place, duration)][degree - LOWEST], rng) + LOWEST
            notes.append((place, duration, key.pitch(degree)))
            place += duration
        return number, [*notes, (LAST_BAR, BAR, key.pitch(_nearest_tonic(degree)))]

    def log_likelihood(self, notes: Sequence[Event]) -> float:
        """Of a whole melody, its notes in order; minus infinity for one that the process never makes."""
        if not is_in_metre(notes) or len(notes) < 2:
            return -math.inf
        key = next((key for key in KEYS if key.tonic == notes[0][2]), None)
        degrees = [key.degree(pitch) if key else None for _, _, pitch in notes]
        total, place, before = -math.log(len(KEYS)), 0, 0
        for (start, duration, _), degree in zip(notes[:-1], degrees, strict=False):
            if degree is None or not LOWEST <= degree <= HIGHEST or start - place > 1 or start >= LAST_BAR:
                return -math.inf
            if place % 2:
                total += math.log(_REST if start > place else 1 - _REST)
            elif start > place:
                return -math.inf
            total += _log(_durations(start).get(duration, 0.0))
            if start:
                total += _log(float(self._transitions[_kind(start, duration)][before - LOWEST, degree - LOWEST]))
            before, place = degree, start + duration
        if place < LAST_BAR:  # a rest before the last bar
            total += math.log(_REST) if place == LAST_BAR - 1 else -math.inf
        ending = notes[-1][:2] == (LAST_BAR, BAR) and degrees[-1] == _nearest_tonic(before)
        return total if ending else -math.inf

    @cached_property
    def entropy(self) -> float:
        """Of a melody: the key's, and that of every choice, by how likely each place and degree is to be reached."""
        reached = np.zeros((LAST_BAR + 1, _DEGREES))
        reached[0, -LOWEST] = 1.0
        total = math.log(len(KEYS))
        for place in range(LAST_BAR):
            here, note = reached[place], 1.0
            if place % 2:
                note = 1 - _REST
                total += here.sum() * _entropy(np.array([_REST, note]))
                reached[place + 1] += _REST * here
            durations = _durations(place)
            total += note * here.sum() * _entropy(np.array(list(durations.values())))
            for duration, probability in durations.items():
                moved = here
                if place:
                    rows = self._transitions[_kind(place, duration)]
                    total += note * probability * float(here @ np.array([_entropy(row) for row in rows]))
                    moved = here @ rows
                reached[place + duration] += note * probability * moved
        return float(total)


def is_in_metre(notes: Sequence[Event]) -> bool:
    """Whether notes follow each other in four bars, none crosses a bar line, and those off the beat last an eighth."""
    ends = [0, *(start + duration for start, duration, _ in notes)]
    return ends[-1] == LENGTH and all(
        start >= before and (start % BAR) + duration <= BAR and (start % 2 == 0 or duration == 1)
        for before, (start, duration, _) in zip(ends, notes, strict=False)
    )


@cache
def embedded_process() -> MelodyProcess:
    """The process, made once."""
    return MelodyProcess()


def _durations(place: int) -> dict[int, float]:
    return {1: 1.0} if place % 2 else _DURATIONS[place % BAR]


def _kind(place: int, duration: int) -> tuple[bool, bool]:
    """Whether a note begins on a strong beat, and whether it leads to the last bar."""
    return place % 4 == 0, place + duration == LAST_BAR


def _transitions(*, strong: bool, last: bool) -> np.ndarray:
    """Probability of the next degree: float64 ``[degrees, degrees]``."""
    degrees = np.arange(LOWEST, HIGHEST + 1)
    distances = np.abs(degrees[:, None] - degrees)
    weights = np.where(distances > 0, _LEAP, 0.0)
    for distance, weight in _INTERVALS.items():
        weights[distances == distance] = weight
    weights *= np.where(np.isin(degrees % 7, _TRIAD), 3.0 if strong else 1.2, 1.0)
    if last:
        weights[:, degrees % 7 == 0] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _nearest_tonic(degree: int) -> int:
    return 7 * round(degree / 7)


def _draw(cumulative: list[float], rng: np.random.Generator) -> int:
    """A place by its probability, from their running sums."""
    return min(bisect_right(cumulative, rng.random() * cumulative[-1]), len(cumulative) - 1)


def _entropy(probabilities: np.ndarray) -> float:
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
