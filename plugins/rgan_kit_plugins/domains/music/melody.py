"""The representation ``melody``: one voice on a grid, one symbol a step (as in Roberts et al. 2018, MusicVAE).

A step begins a note (``pitch_60``), holds the one that sounds (``hold``) or is silent (``rest``). Where the data has
several metres, or where it is asked for, ``bar`` stands before each bar and, before the first one and where it
changes, ``metre_3/4``: samples then keep the bar, since a bar has as many steps as its metre, whatever stands there,
and a network need not count to the thirty-second step to know where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from rgan_kit_plugins.domains.music.barring import BarCount
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
    joined,
    steps_of,
)
from rgan_kit_plugins.domains.music.vocabulary import EventVocabulary, number_of

_PITCHES: Final = 128


class Melody:
    """Encodes and decodes melodies.

    Args:
        vocabulary: ``rest``, ``hold`` and pitches; ``metre`` and ``bar`` where metres differ.
        defaults: tempo and loudness of every decoded melody, and its metre where the symbols say nothing about it.
    """

    name: ClassVar[str] = "melody"
    kinds: ClassVar[tuple[str, ...]] = ("rest", "hold", "pitch", "metre", "bar")
    needed: ClassVar[tuple[str, ...]] = ("rest", "hold", "pitch")

    def __init__(self, vocabulary: EventVocabulary, defaults: Defaults) -> None:
        self.vocabulary = vocabulary
        self.defaults = defaults
        self._rest, self._hold = vocabulary.tokens["rest"][0], vocabulary.tokens["hold"][0]
        pitches = vocabulary.tokens["pitch"]
        self._token_of = np.full(_PITCHES, self._rest, np.int64)
        self._token_of[list(pitches)] = list(pitches.values())
        self._is_pitch = np.array([kind == "pitch" for kind in vocabulary.kinds])

    @staticmethod
    def names(pitches: range, metres: Sequence[Metre] = (), *, bars: bool = False) -> EventVocabulary:
        """The vocabulary for a range of pitches, and for the metres of the data, where there are several or bars are
        asked for."""
        told = sorted(map(number_of, metres)) if bars or len(metres) > 1 else []
        bar = (0,) if told else ()
        return EventVocabulary.of({"rest": (0,), "hold": (0,), "pitch": pitches, "metre": told, "bar": bar})

    def allowed_next(self) -> np.ndarray:
        """A note is held after it began; without bars everything else may follow anything."""
        start = ("rest", "pitch")
        if "bar" not in self.vocabulary:
            return self.vocabulary.allowed_next({
                "<bos>": start, "rest": (*start, "<eos>"), "pitch": (*start, "hold", "<eos>"),
                "hold": (*start, "hold", "<eos>"),
            })  # fmt: skip
        end = ("bar", "metre", "<eos>")
        return self.vocabulary.allowed_next({
            "<bos>": ("metre",), "metre": ("bar",), "bar": (*start, "hold"), "rest": (*start, *end),
            "pitch": (*start, "hold", *end), "hold": (*start, "hold", *end),
        })  # fmt: skip

    def encode(self, passages: Sequence[Passage], fates: Counter[str]) -> list[np.ndarray]:
        """The highest voice of each, int64 ``[symbols]``: a lower note that was begun under a higher one stays
        hidden."""
        lengths = np.array([passage.length for passage in passages])
        notes, owners = joined(passages)
        order = np.argsort(notes[:, PITCH], kind="stable")
        notes, owners = notes[order], owners[order]
        offsets = np.cumsum(lengths) - lengths
        starts = offsets[owners] + notes[:, START]  # all grids in one row
        steps, numbers = steps_of(starts, np.minimum(notes[:, DURATION], lengths[owners] - notes[:, START]))
        now = np.full(lengths.sum(), -1, np.int64)  # the highest note at each step: what is written last stays
        now[steps] = numbers
        places = np.arange(len(now))
        begins = (now >= 0) & (starts[now] == places)
        held_from = np.maximum.accumulate(np.where(begins, places, -1))
        holds = ~begins & (now >= 0) & (held_from >= 0) & (now[held_from] == now)
        row = np.where(begins, self._token_of[notes[now, PITCH]], np.where(holds, self._hold, self._rest))
        fates["under"] += len(notes) - int(begins.sum())
        sounding = np.bincount(now[begins | holds], minlength=len(notes))
        fates["covered"] += int(np.count_nonzero((sounding > 0) & (sounding < notes[:, DURATION])))
        if "bar" in self.vocabulary:
            row, lengths = self._with_bars(row, passages, offsets, lengths)
        return np.split(row, np.cumsum(lengths)[:-1])

    def _with_bars(
        self, row: np.ndarray, passages: Sequence[Passage], offsets: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The row of all passages with their bars and metres put in, and their lengths."""
        counts = np.array([len(passage.bars) for passage in passages])
        places = np.concatenate([passage.bars.starts[:-1] for passage in passages]) + np.repeat(offsets, counts)
        changes = np.concatenate([passage.bars.changes for passage in passages])
        metres = self.vocabulary.of_metres(np.concatenate([passage.bars.metres for passage in passages]))
        bar = np.full(len(places), self.vocabulary.tokens["bar"][0])
        at = np.repeat(places, 1 + changes)
        symbols = np.stack([metres, bar], axis=1)[np.stack([changes, np.ones_like(changes)], axis=1)]
        marks = np.add.reduceat(1 + changes, np.cumsum(counts) - counts)
        return np.insert(row, at, symbols), lengths + marks

    def decode(self, tokens: np.ndarray) -> Piece:
        """Notes of int ``[symbols]``. What is no pitch and holds none is silence."""
        known = np.where((tokens >= 0) & (tokens < len(self.vocabulary)), tokens, 0)
        bars = None
        if "bar" in self.vocabulary:
            bars = BarCount(self.defaults.metre, self.defaults.steps_per_beat)
            known = self._in_bars(known, bars)
        starts = np.flatnonzero(self._is_pitch[known])
        changes = np.append(np.flatnonzero(known != self._hold), len(known))
        notes = np.zeros((len(starts), COLUMNS), np.int64)
        notes[:, START] = starts
        notes[:, DURATION] = changes[np.searchsorted(changes, starts, side="right")] - starts
        notes[:, PITCH] = self.vocabulary.numbers[known[starts]]
        notes[:, VELOCITY] = self.defaults.velocity
        return self.defaults.piece(notes, len(known), metres=bars.changes if bars else ())

    def _in_bars(self, tokens: np.ndarray, bars: BarCount) -> np.ndarray:
        """The steps of all bars, each cut to its metre or filled with silence: int64 ``[steps]``."""
        rows: list[list[int]] = []
        for token in tokens.tolist():
            kind = self.vocabulary.kinds[token]
            if kind == "metre":
                bars.announce(int(self.vocabulary.numbers[token]))
            elif kind == "bar":
                bars.begin()
                rows.append([])
            else:
                if not rows:
                    bars.begin()
                    rows.append([])
                rows[-1].append(token)
        sizes = np.diff([*bars.starts, bars.end]).tolist() if rows else []
        filled = [(own + [self._rest] * size)[:size] for own, size in zip(rows, sizes, strict=True)]
        return np.array([token for own in filled for token in own], np.int64)
