"""The embedded process as a known source: how well samples keep to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rgan_kit_plugins.worlds.melodies import (
    BARS,
    HIGHEST,
    KEYS,
    LENGTH,
    LOWEST,
    Event,
    MelodyProcess,
    is_in_metre,
)

_LOWEST_PITCH: Final = min(key.pitch(LOWEST) for key in KEYS)
_HIGHEST_PITCH: Final = max(key.pitch(HIGHEST) for key in KEYS)
EIGHTHS_A_BEAT: Final = 2


def tokens_of(steps_per_beat: int, *, bars: bool = False) -> int:
    """Symbols of an embedded melody in the representation ``melody``, its end token counted, and its bars and their
    metre where they are told."""
    return LENGTH * steps_per_beat // EIGHTHS_A_BEAT + (BARS + 1) * bars + 1


class Sounding(Protocol):
    """A note of a sample."""

    @property
    def start(self) -> int:
        """In steps."""

    @property
    def duration(self) -> int:
        """In steps."""

    @property
    def pitch(self) -> int:
        """As MIDI has it."""


class Tune(Protocol):
    """A sample: what this world asks of a domain's pieces."""

    @property
    def notes(self) -> Sequence[Sounding]:
        """In order."""


@dataclass
class MelodyTruth:
    """Measures pieces under the process.

    Args:
        process: of the melodies.
        steps_per_beat: of the grid.
        tokens: of a sample, where samples have a likelihood: in the representation ``melody``; else 0.
    """

    process: MelodyProcess
    steps_per_beat: int
    tokens: int
    name: str = "embedded melodies"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """Shares of the samples: ``in_key`` (all notes in the scale of one key), ``in_range`` (of the process's
        pitches), ``in_metre`` (one voice, four bars, no note across a bar line, eighths off the beat), ``valid`` (the
        process could have made it). ``melody_nll``: nats a token of the valid ones, the end token counted. nan where
        there is none to count."""
        melodies = [self._events(piece) for piece in samples]
        count = len(melodies)
        likelihoods = [-math.inf if notes is None else self.process.log_likelihood(notes) for notes in melodies]
        valid = [value for value in likelihoods if value > -math.inf]
        figures = {
            "valid": _share(len(valid), count),
            "in_key": _share(sum(_in_key(piece) for piece in samples), count),
            "in_range": _share(sum(_in_range(piece) for piece in samples), count),
            "in_metre": _share(sum(notes is not None and is_in_metre(notes) for notes in melodies), count),
        }
        if self.tokens:
            figures["melody_nll"] = -math.fsum(valid) / (len(valid) * self.tokens) if valid else math.nan
        return figures

    def reference(self) -> dict[str, float]:
        """What the process itself reaches, exactly: its entropy a token is also the fewest nats that any model can give
        held-out data."""
        shares = dict.fromkeys(("valid", "in_key", "in_range", "in_metre"), 1.0)
        if not self.tokens:
            return shares
        rate = self.process.entropy / self.tokens
        return {**shares, "melody_nll": rate, "heldout_nll": rate}

    def _events(self, piece: Tune) -> list[Event] | None:
        """The notes in eighths; None where they are not on that grid."""
        notes = [(note.start, note.duration, note.pitch) for note in piece.notes]
        times = [EIGHTHS_A_BEAT * time for start, duration, _ in notes for time in (start, duration)]
        if any(time % self.steps_per_beat for time in times):
            return None
        scale = self.steps_per_beat
        return [(EIGHTHS_A_BEAT * s // scale, EIGHTHS_A_BEAT * d // scale, pitch) for s, d, pitch in notes]


def _in_key(piece: Tune) -> bool:
    return bool(piece.notes) and any(all(key.degree(n.pitch) is not None for n in piece.notes) for key in KEYS)


def _in_range(piece: Tune) -> bool:
    return bool(piece.notes) and all(_LOWEST_PITCH <= note.pitch <= _HIGHEST_PITCH for note in piece.notes)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
