"""The representation ``remi``: bars, and in each of them notes by their position (Huang and Yang 2020, "Pop Music
Transformer"; with instruments and metres as REMI+ has them: von Rütte et al. 2022, "FIGARO").

``bar`` begins a bar, ``position_4`` is the step in it at which the next notes begin. A note is ``program_33`` (or
``track_1`` where tracks are kept apart by number; neither where there is one alone), ``pitch_60``, ``duration_2`` in
steps, and ``velocity_80`` where loudness is kept. What drums play is ``drum_36`` in place of ``pitch_36``, without a
program. ``tempo_96`` stands behind a position, ``metre_3/4`` before a bar, each where it changes, and neither where the
data has one alone. A sample is as long as its bars, so that it keeps them whatever is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from rgan_kit_plugins.domains.music.barring import BarCount
from rgan_kit_plugins.domains.music.levels import FASTEST, MOST_TEMPOS, levels, whole_tempos
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import (
    COLUMNS,
    DRUMS,
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
from rgan_kit_plugins.domains.music.vocabulary import EventVocabulary, number_of


class Remi:
    """Encodes and decodes bars.

    Args:
        vocabulary: the symbols.
        defaults: what holds where a sequence says nothing about it; the instruments of tracks that have numbers.
        by_program: the tracks of notes are instruments, 0 to 127 and ``DRUMS``; else numbers of tracks.
    """

    name: ClassVar[str] = "remi"
    kinds: ClassVar[tuple[str, ...]] = (
        "bar", "metre", "position", "tempo", "program", "track", "pitch", "drum", "duration", "velocity",
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("bar", "position", "pitch", "duration")

    def __init__(self, vocabulary: EventVocabulary, defaults: Defaults, *, by_program: bool) -> None:
        self.vocabulary = vocabulary
        self.defaults = defaults
        self.by_program = by_program
        self.tokens = vocabulary.tokens
        self._voice = "program" if by_program else "track"
        self._longest = max(self.tokens["duration"])
        most = {"position": max(self.tokens["position"]), "tempo": FASTEST, "duration": self._longest}
        self._of = {kind: vocabulary.nearest(kind, most.get(kind, 127)) for kind in self.kinds if kind != "metre"}

    @staticmethod
    def names(
        pitches: range,
        passages: Sequence[Passage],
        *,
        training: Sequence[Passage],
        tracks: int,
        programs: Sequence[int],
        velocity_bins: int,
        longest: int,
    ) -> EventVocabulary:
        """The vocabulary for data: what all passages hold, levels of tempo and loudness as training has them.

        Args:
            pitches: of the notes.
            passages: all samples.
            training: those that are trained on.
            tracks: kept apart by number; 1 for by instrument.
            programs: of the tracks by number, or all that there are.
            velocity_bins: most loudnesses.
            longest: duration, in steps; 0 for the longest that there is.
        """
        notes = np.concatenate([passage.notes for passage in passages])
        metres = np.unique(np.concatenate([passage.bars.metres for passage in passages]), axis=0)
        longest_bar = max(int(np.diff(passage.bars.starts).max()) for passage in passages)
        durations = np.unique(np.minimum(notes[:, DURATION], longest or notes[:, DURATION].max()))
        drums = np.array(programs)[notes[:, TRACK]] == DRUMS if tracks > 1 else notes[:, TRACK] == DRUMS
        melodic = [program for program in programs if program != DRUMS]
        velocities = np.concatenate([passage.notes[:, VELOCITY] for passage in training])
        tempos = np.concatenate([passage.tempos[:, 1] for passage in training])
        return EventVocabulary.of({
            "bar": (0,),
            "metre": sorted(number_of(Metre(*each)) for each in metres.tolist()) if len(metres) > 1 else (),
            "position": range(longest_bar),
            "tempo": levels(tempos, MOST_TEMPOS),
            "program": sorted(melodic) if tracks == 1 and len(melodic) > 1 else (),
            "track": range(tracks) if tracks > 1 else (),
            "pitch": pitches,
            "drum": np.unique(notes[drums, PITCH]).tolist(),
            "duration": durations.tolist(),
            "velocity": levels(velocities, velocity_bins),
        })  # fmt: skip

    def allowed_next(self) -> np.ndarray:
        """Kind after kind."""
        sounds = ("pitch", "drum") if "track" in self.tokens else ("pitch",)
        heads: Iterable[str] = (self._voice,) if self._voice in self.tokens else ("pitch",)
        note = (*heads, *(("drum",) if "track" not in self.tokens else ()))
        bar = ("metre", "bar", "<eos>")
        last = "velocity" if "velocity" in self.tokens else "duration"
        follows: dict[str, tuple[str, ...]] = {
            "<bos>": ("metre",) if "metre" in self.tokens else ("bar",),
            "metre": ("bar",),
            "bar": ("position", *bar),
            "position": ("tempo", *note),
            "tempo": ("position", *note, *bar),
            self._voice: sounds,
            "pitch": ("duration",),
            "drum": ("duration",),
            "duration": ("velocity",),
        }
        follows[last] = ("position", *note, *bar)
        return self.vocabulary.allowed_next(follows)

    def encode(self, passages: Sequence[Passage], fates: Counter[str]) -> list[np.ndarray]:
        """Tokens of each, int64 ``[symbols]``.

        Rows of three sorts (bars, changes of tempo, notes) are put in order by their time; each row gives the symbols
        of its own columns.
        """
        spans = np.array([passage.length + 1 for passage in passages])
        offsets = np.cumsum(spans) - spans  # all passages on one line of time
        bars, tempos = self._bars(passages, offsets), self._tempos(passages, offsets)
        notes = self._notes(passages, offsets, fates)
        lines = np.concatenate([passage.bars.starts[:-1] for passage in passages])
        lines = lines + np.repeat(offsets, [len(passage.bars) for passage in passages])
        times = np.concatenate([bars[0], tempos[0], notes[0]])
        sorts = np.repeat([0, 1, 2], [len(bars[0]), len(tempos[0]), len(notes[0])])
        order = np.lexsort((np.arange(len(times)), sorts, times))
        times, sorts = times[order], sorts[order]
        symbols, counts = (np.concatenate(each)[order] for each in zip(bars[1:], tempos[1:], notes[1:], strict=True))
        positions = times - lines[np.searchsorted(lines, times, side="right") - 1]
        timed = sorts > 0
        new = timed & (np.diff(times, prepend=-1) > 0)
        new |= timed & (np.concatenate([[0], sorts[:-1]]) == 0)  # the first behind a bar
        symbols[:, 2], counts[:, 2] = self._of["position"][positions], new
        row = np.repeat(symbols.ravel(), counts.ravel())
        owners = np.searchsorted(offsets, times, side="right") - 1
        lengths = np.bincount(owners, weights=counts.sum(axis=1), minlength=len(passages)).astype(np.int64)
        return np.split(row, np.cumsum(lengths)[:-1])

    def _bars(self, passages: Sequence[Passage], offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times, symbols and counts of the rows of bars; columns: metre, bar, position, tempo, voice, sound, duration,
        velocity."""
        owners = np.repeat(np.arange(len(passages)), [len(passage.bars) for passage in passages])
        times = np.concatenate([passage.bars.starts[:-1] for passage in passages]) + offsets[owners]
        symbols, counts = _empty(len(times))
        if "metre" in self.tokens:
            symbols[:, 0] = self.vocabulary.of_metres(np.concatenate([passage.bars.metres for passage in passages]))
            counts[:, 0] = np.concatenate([passage.bars.changes for passage in passages])
        symbols[:, 1], counts[:, 1] = self.tokens["bar"][0], 1
        return times, symbols, counts

    def _tempos(self, passages: Sequence[Passage], offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """And of changes of tempo, where the nearest level changes."""
        if "tempo" not in self.tokens:
            return np.zeros(0, np.int64), *_empty(0)
        owners = np.repeat(np.arange(len(passages)), [len(passage.tempos) for passage in passages])
        every = np.concatenate([passage.tempos for passage in passages])
        tokens = self._of["tempo"][whole_tempos(every[:, 1])]
        kept = (np.diff(tokens, prepend=-1) != 0) | (np.diff(owners, prepend=-1) != 0)
        times, tokens = every[kept, 0].astype(np.int64) + offsets[owners[kept]], tokens[kept]
        symbols, counts = _empty(len(times))
        symbols[:, 3], counts[:, 3] = tokens, 1
        return times, symbols, counts

    def _notes(
        self, passages: Sequence[Passage], offsets: np.ndarray, fates: Counter[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """And of notes."""
        notes, owners = joined(passages)
        programs = np.array([*self.defaults.programs, *[0] * 16])
        drums = notes[:, TRACK] == DRUMS if self.by_program else programs[notes[:, TRACK]] == DRUMS
        drums &= "drum" in self.tokens
        fates["clipped"] += int(np.count_nonzero(notes[:, DURATION] > self._longest))
        symbols, counts = _empty(len(notes))
        symbols[:, 4] = self._of[self._voice][np.minimum(notes[:, TRACK], DRUMS - 1)]
        counts[:, 4] = (self._voice in self.tokens) & ~(drums & self.by_program)
        symbols[:, 5] = np.where(drums, self._of["drum"][notes[:, PITCH]], self._of["pitch"][notes[:, PITCH]])
        symbols[:, 6] = self._of["duration"][np.minimum(notes[:, DURATION], self._longest)]
        symbols[:, 7] = self._of["velocity"][notes[:, VELOCITY]]
        counts[:, 5:7], counts[:, 7] = 1, "velocity" in self.tokens
        return notes[:, START] + offsets[owners], symbols, counts

    def decode(self, tokens: np.ndarray) -> Piece:
        """Notes of int ``[symbols]``; what lacks its sound or duration, or begins beyond its bar, is passed over."""
        known = tokens[(tokens >= 0) & (tokens < len(self.vocabulary))]
        bars = BarCount(self.defaults.metre, self.defaults.steps_per_beat)
        only = next((each for each in self.defaults.programs if each != DRUMS), 0) if self.by_program else 0
        now, voice, sound, tempos = 0, only, (-1, 0), dict[int, float]()
        rows: list[list[int]] = []
        kinds = self.vocabulary.kinds
        for token, number in zip(known.tolist(), self.vocabulary.numbers[known].tolist(), strict=True):
            kind = kinds[token]
            if kind == "metre":
                bars.announce(number)
            elif kind == "bar":
                bars.begin()
                now = bars.starts[-1]
            elif kind and not bars.starts:
                bars.begin()
            match kind:
                case "position":
                    now = bars.starts[-1] + number
                case "tempo" if now < bars.end:
                    tempos[now] = float(number)
                case "program" | "track":
                    voice = number
                case "pitch":
                    sound = number, voice
                case "drum":
                    sound = number, DRUMS if self.by_program else voice
                case "duration" if sound[0] >= 0:
                    rows.append([now if now < bars.end else -1, number, sound[0], self.defaults.velocity, sound[1]])
                    sound = -1, 0
                case "velocity" if rows:
                    rows[-1][VELOCITY] = number
        notes = np.array(rows, np.int64).reshape(-1, COLUMNS)
        notes = notes[notes[:, START] >= 0]
        notes[:, DURATION] = np.minimum(notes[:, DURATION], bars.end - notes[:, START])
        return self._piece(settle(notes).notes, bars, tempos)

    def _piece(self, notes: np.ndarray, bars: BarCount, tempos: dict[int, float]) -> Piece:
        """With instruments as tracks, drums last."""
        programs: Sequence[int] | None = None
        if self.by_program:
            own = np.unique(notes[:, TRACK])
            notes[:, TRACK] = np.searchsorted(own, notes[:, TRACK])
            programs = own.tolist() or [0]
        return self.defaults.piece(
            notes, bars.end, metres=bars.changes, tempos=sorted(tempos.items()), programs=programs
        )


def _empty(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((rows, 8), np.int64), np.zeros((rows, 8), np.int64)
