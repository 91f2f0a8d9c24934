"""Notes on a grid: what every representation is made from and turns back into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

START: Final = 0
DURATION: Final = 1
PITCH: Final = 2
VELOCITY: Final = 3
TRACK: Final = 4
COLUMNS: Final = 5
PITCHES: Final = 128
_KEYS: Final = 16 * PITCHES


@dataclass(frozen=True)
class Note:
    """A note: ``start`` and ``duration`` in steps, ``pitch`` and ``velocity`` as MIDI has them, ``track`` from 0."""

    start: int
    duration: int
    pitch: int
    velocity: int
    track: int = 0


@dataclass(frozen=True)
class Piece:
    """A sample of music.

    Attributes:
        notes: in the order of start, track and pitch.
        length: steps, silence at the end included.
        tempo: beats (quarter notes) a minute.
        steps_per_beat: steps in a beat.
    """

    notes: tuple[Note, ...]
    length: int
    tempo: float
    steps_per_beat: int


@dataclass(frozen=True, eq=False)
class Passage:
    """The same as an array: int64 ``[notes, 5]`` with the columns above, starts counted from the passage's own."""

    notes: np.ndarray
    length: int
    tempo: float

    def to_piece(self, steps_per_beat: int) -> Piece:
        """As a sample."""
        notes = tuple(Note(*row) for row in self.notes.tolist())
        return Piece(notes, self.length, self.tempo, steps_per_beat)


def settle(notes: np.ndarray, owners: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Notes in the order of start, track and pitch, as one key of an instrument can play them: where two of one pitch
    and track begin together the longer one stays, and a note ends where the next of its pitch begins.

    Args:
        notes: int64 ``[notes, 5]``.
        owners: int64 ``[notes]``: which piece each belongs to; all to one where None.

    Returns:
        Notes and owners, those of a piece together, the pieces in order.
    """
    if len(notes) == 0:
        return notes, np.zeros(0, np.int64)
    owners = np.zeros(len(notes), np.int64) if owners is None else owners
    span = int(notes[:, START].max()) + 1
    keys = (owners * _KEYS + notes[:, TRACK] * PITCHES + notes[:, PITCH]) * span
    order = np.argsort(keys + notes[:, START])
    notes, owners, keys = notes[order], owners[order], keys[order]
    firsts = np.flatnonzero(np.diff(keys + notes[:, START], prepend=-1))  # of those that begin together
    durations = np.maximum.reduceat(notes[:, DURATION], firsts)
    notes, owners, keys = notes[firsts], owners[firsts], keys[firsts]
    room = np.where(keys[1:] == keys[:-1], np.diff(notes[:, START]), durations[:-1])
    durations[:-1] = np.minimum(durations[:-1], room)
    notes[:, DURATION] = durations
    order = in_order(notes, owners)
    return notes[order], owners[order]


def in_order(notes: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The order of owner, start, track and pitch: int64 ``[notes]``."""
    span = int(notes[:, START].max(initial=0)) + 1
    key = notes[:, TRACK] * PITCHES + notes[:, PITCH]
    return np.argsort((owners * span + notes[:, START]) * _KEYS + key)


def steps_of(starts: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every step at which each note sounds, and which note that is: int64 ``[sum of durations]`` both."""
    numbers = np.repeat(np.arange(len(starts)), durations)
    within = np.arange(len(numbers)) - np.repeat(np.cumsum(durations) - durations, durations)
    return starts[numbers] + within, numbers


def joined(passages: Sequence[Passage]) -> tuple[np.ndarray, np.ndarray]:
    """The notes of all passages, and the number of the passage of each."""
    owners = np.repeat(np.arange(len(passages)), [len(passage.notes) for passage in passages])
    return np.concatenate([passage.notes for passage in passages]), owners
