"""From songs to the passages that become samples, the same for training data and for what is encoded later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

import numpy as np
from pydantic import Field, model_validator

from rgan_kit.files import DecoderManifest
from rgan_kit_plugins.domains.music.metres import Bars
from rgan_kit_plugins.domains.music.notes import (
    DRUMS,
    DURATION,
    PITCH,
    START,
    TRACK,
    Passage,
    in_order,
    settle,
    steps_of,
    tempos_within,
)
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.songs import NEAR, Song
from rgan_kit_plugins.domains.music.tracks import chosen, described

_NOTES_AT_ONCE: Final = 100_000
_QUARTER: Final = 4
_EIGHTH: Final = 8
"""A note that begins up to an eighth of a step late sounds at the step."""


class Cutting(DecoderManifest):
    """How songs are put on a grid and cut: options of the domain, as a manifest has them.

    Attributes:
        window_bars: bars in a sample; 0 for whole pieces.
        max_length: most symbols or steps of a sample, as far as bars allow.
        track, tracks, drums, parts: which tracks count, and which are kept apart, as in the options.
        by_program: tracks are told apart by their instrument, whatever their number.
        drum_symbols: drums have symbols of their own, whatever the range of pitches.
        full_windows: a song's last window is filled with silence; else it ends with its last bar.
        sustain: notes last as long as the pedal holds them.
        sampled: a note counts where it sounds at a step; else from the step nearest to its beginning.
    """

    noun: ClassVar[str] = "reading"

    window_bars: int = Field(ge=0, le=1024)
    max_length: int = Field(ge=8, le=2**20)
    track: int = Field(ge=0, le=256)
    tracks: int = Field(ge=1, le=16)
    drums: bool
    full_windows: bool
    parts: tuple[str, ...] = Field((), max_length=16)
    by_program: bool = False
    drum_symbols: bool = False
    sustain: bool = False
    sampled: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.drums and self.tracks == 1 and not self.by_program:
            raise ValueError("drums needs two tracks or more")
        return self

    @classmethod
    def of(cls, options: MusicOptions) -> Self:
        """As the options say."""
        is_roll = options.representation == "pianoroll"
        parts = options.part_words
        return cls(
            window_bars=options.window_bars,
            max_length=options.most_symbols,
            track=options.track,
            tracks=len(parts) if parts and options.keeps_apart else options.tracks,
            drums=options.drums and not options.by_program,
            full_windows=is_roll,
            parts=parts,
            by_program=options.by_program,
            drum_symbols=options.representation == "remi",
            sustain=options.sustain,
            sampled=is_roll,
        )

    def places(self, song: Song) -> np.ndarray:
        """The place among the tracks kept apart of every track of a song, -1 for one that does not count; drums take
        the last place, parts their own in the order in which they are named. By program, the program."""
        kept = np.ones(len(song.programs), np.bool_)
        places = np.zeros(len(song.programs), np.int64)
        if self.parts:
            kept[:] = False
            for number, word in reversed(list(enumerate(self.parts))):
                own = chosen(song, word)
                places[own], kept = min(number, self.tracks - 1), kept | own
        elif not self.by_program:
            melodic = np.flatnonzero(song.programs != DRUMS)
            kept[:] = False
            kept[melodic[self.track - 1 : self.track] if self.track else melodic] = True
            places[kept] = np.minimum(np.arange(kept.sum()), self.tracks - self.drums - 1)
            if self.drums:
                places[song.programs == DRUMS], kept[song.programs == DRUMS] = self.tracks - 1, True
        return np.where(kept, song.programs if self.by_program else places, -1)

    def nothing_for(self, song: Song) -> str:
        """Why a song has no track that counts."""
        if self.parts:
            return f"none of its tracks is {' or '.join(self.parts)}: it has {described(song)}"
        return f"it has no track {self.track} with notes" if self.track else "it holds drums alone"


@dataclass
class Cut:
    """What songs became.

    Attributes:
        songs: the passages of each, or the reason why there are none.
        notes: notes of all songs that have some.
        fates: notes by what became of them; those that came through as they are have none.
    """

    songs: list[list[Passage] | str] = field(default_factory=list)
    notes: int = 0
    fates: Counter[str] = field(default_factory=Counter)


def cut(songs: Sequence[Song], cutting: Cutting, steps_per_beat: int, pitches: range) -> Cut:
    """Songs as passages. Many at once: a file is small, and an operation on many costs little more than on one."""
    done = Cut()
    first, notes = 0, 0
    for place, song in enumerate(songs):
        if notes and notes + len(song.notes) > _NOTES_AT_ONCE:
            _cut_some(songs[first:place], cutting, steps_per_beat, pitches, done)
            first, notes = place, 0
        notes += len(song.notes)
    if songs:
        _cut_some(songs[first:], cutting, steps_per_beat, pitches, done)
    return done


def _cut_some(songs: Sequence[Song], cutting: Cutting, steps_per_beat: int, pitches: range, done: Cut) -> None:
    notes = np.concatenate([song.sustained() if cutting.sustain else song.notes for song in songs])
    owners = np.repeat(np.arange(len(songs)), [len(song.notes) for song in songs])
    counts = np.array([len(song.programs) for song in songs])
    tracks = (np.cumsum(counts) - counts)[owners] + notes[:, TRACK]
    is_drum = (np.concatenate([song.programs for song in songs]) == DRUMS)[tracks]
    places = np.concatenate([cutting.places(song) for song in songs])[tracks]
    counted = places >= 0
    in_range = (notes[:, PITCH] >= pitches.start) & (notes[:, PITCH] < pitches.stop)
    inside = counted & (in_range | is_drum & cutting.drum_symbols)
    found: list[list[Passage] | str] = [[] for _ in songs]
    for song in np.setdiff1d(np.arange(len(songs)), owners[inside]).tolist():
        outside = f"all of its notes lie outside the pitches {pitches[0]} to {pitches[-1]}"
        found[song] = outside if counted[owners == song].any() else cutting.nothing_for(songs[song])
    used = np.isin(owners, owners[inside])
    done.notes += int(used.sum())
    done.fates["drums"] += int(np.count_nonzero(used & ~counted & is_drum))
    done.fates["other tracks"] += int(np.count_nonzero(used & ~counted & ~is_drum))
    done.fates["outside"] += int(np.count_nonzero(used & counted & ~inside))
    notes[:, TRACK] = places
    ticks = np.array([song.ticks_per_beat for song in songs])[owners]
    kept = _on_grid(notes, ticks, inside, cutting.sampled, steps_per_beat, done.fates)
    settled = settle(notes[kept], owners[kept], held=True)
    done.fates["merged"] += settled.merged
    done.fates["shortened"] += settled.shortened
    if len(settled.notes):
        for owner, passage in _windows(songs, settled.notes, settled.owners, cutting, steps_per_beat, done.fates):
            own = found[owner]
            assert isinstance(own, list)
            own.append(passage)
    done.songs += [each or "none of its notes sounds at a step of the grid" for each in found]


def _on_grid(
    notes: np.ndarray, ticks: np.ndarray, kept: np.ndarray, sampled: bool, steps_per_beat: int, fates: Counter[str]
) -> np.ndarray:
    """Turns ticks into steps, in place, and says which of the notes that are ``kept`` are there: bool ``[notes]``.

    Rounded, a note begins at the nearest step and lasts at least one. Sampled, it begins at the first step at which it
    sounds, and is gone where it sounds at none.
    """
    starts, ends = notes[:, START].copy(), notes[:, START] + notes[:, DURATION]
    if sampled:  # the first step that is no more than an eighth of a step earlier
        start, end = (-((ticks - _EIGHTH * edge * steps_per_beat) // (_EIGHTH * ticks)) for edge in (starts, ends))
        there = kept & (end > start)
        fates["between"] += int(np.count_nonzero(kept & ~there))
    else:
        start, end = ((2 * edge * steps_per_beat + ticks) // (2 * ticks) for edge in (starts, ends))
        end, there = np.maximum(end, start + 1), kept
    there = np.asarray(there)
    stretched = np.abs((end - start) * ticks - notes[:, DURATION] * steps_per_beat) * _QUARTER
    fates["stretched"] += int(np.count_nonzero(there & (stretched > notes[:, DURATION] * steps_per_beat)))
    notes[:, START], notes[:, DURATION] = start, end - start
    off = np.abs(start * ticks - starts * steps_per_beat)
    fates["moved"] += int(np.count_nonzero(there & (off > NEAR * steps_per_beat * ticks)))
    return there


def _windows(
    songs: Sequence[Song],
    notes: np.ndarray,
    owners: np.ndarray,
    cutting: Cutting,
    steps_per_beat: int,
    fates: Counter[str],
) -> Iterator[tuple[int, Passage]]:
    """Number of the song, and passage, of every window that holds a note. A note that lasts across an edge is cut there
    and begins again."""
    starts, ends = notes[:, START], notes[:, START] + notes[:, DURATION]
    firsts, lasts = np.full(len(songs), np.iinfo(np.int64).max), np.zeros(len(songs), np.int64)
    np.minimum.at(firsts, owners, starts)
    np.maximum.at(lasts, owners, ends)
    span = int(lasts.max()) + 1
    bars, edges, offsets = [], [], [0]
    for number, song in enumerate(songs):
        own, lines = _bars(song, int(firsts[number]), int(lasts[number]), cutting.window_bars, steps_per_beat)
        bars.append((own, lines))
        edges.append(own.starts[lines[:-1]] + number * span)
        offsets.append(offsets[-1] + len(lines) - 1)
    row = np.concatenate(edges)  # all windows of all songs, one after the other
    parts, numbers = _cut_at(row, notes, owners, owners * span, fates)
    changes = np.flatnonzero(np.diff(numbers, prepend=-1))
    present = numbers[changes]
    found = zip(present.tolist(), (np.searchsorted(np.array(offsets), present, side="right") - 1).tolist(), strict=True)
    for (number, owner), place, after in zip(found, changes.tolist(), [*changes[1:].tolist(), len(parts)], strict=True):
        own, lines = bars[owner]
        window = number - offsets[owner]
        passage = own.part(lines[window], lines[window + 1])
        if cutting.full_windows and cutting.window_bars:
            passage = _filled(passage, cutting.window_bars, steps_per_beat)
        yield (
            owner,
            Passage(parts[place:after], passage, _tempos(songs[owner], own, lines[window], steps_per_beat, passage)),
        )


def _cut_at(
    row: np.ndarray, notes: np.ndarray, owners: np.ndarray, offsets: np.ndarray, fates: Counter[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Notes cut at the edges of windows, their starts counted from these: int64 ``[parts, 5]``, and the window of each.

    Args:
        row: int64 ``[windows]``, where each begins.
        notes: int64 ``[notes, 5]``.
        owners: the song of each.
        offsets: int64 ``[notes]``: where its song begins in ``row``'s counting.
        fates: counts those that were cut.
    """
    starts, ends = notes[:, START], notes[:, START] + notes[:, DURATION]
    first = np.searchsorted(row, starts + offsets, side="right") - 1
    last = np.searchsorted(row, ends - 1 + offsets, side="right") - 1
    fates["tied"] += int(np.count_nonzero(last > first))
    numbers, rows = steps_of(first, last - first + 1)
    edge = row[numbers] - offsets[rows]
    stop = np.append(row[1:], np.iinfo(np.int64).max)[numbers] - offsets[rows]
    parts = notes[rows]
    parts[:, START] = np.maximum(starts[rows], edge)
    parts[:, DURATION] = np.minimum(ends[rows], stop) - parts[:, START]
    order = in_order(parts, owners[rows])
    parts, numbers, edge = parts[order], numbers[order], edge[order]
    parts[:, START] -= edge
    return parts, numbers


def _bars(song: Song, first: int, last: int, window: int, steps_per_beat: int) -> tuple[Bars, list[int]]:
    """The bars of a song from its first note to its last, and which of them windows begin with; the last number is
    that of all. A pickup, a first bar that is shorter than the next one, belongs to the window behind it."""
    end = -(-last * song.ticks_per_beat // steps_per_beat)
    every = Bars.covering(song.metres, song.ticks_per_beat, end, steps_per_beat)
    skipped = max(int(np.searchsorted(every.starts[:-1], first, side="right")) - 1, 0)
    bars = Bars(every.starts[skipped:], every.metres[skipped:])
    if not window:
        return bars, [0, len(bars)]
    pickup = int(len(bars) > 1 and bars.metre(0).units < bars.metre(1).units)
    return bars, [0, *range(window + pickup, len(bars), window), len(bars)]


def _filled(bars: Bars, count: int, steps_per_beat: int) -> Bars:
    """With bars of silence up to as many."""
    if len(bars) >= count:
        return bars
    more = np.repeat(bars.metres[-1:], count - len(bars), axis=0)
    return Bars.of(np.concatenate([bars.metres, more]), steps_per_beat)


def _tempos(song: Song, bars: Bars, first: int, steps_per_beat: int, passage: Bars) -> np.ndarray:
    if len(song.tempos) == 1:
        return song.tempos
    steps = np.round(song.tempos[:, 0] * steps_per_beat / song.ticks_per_beat)
    start = int(bars.starts[first])
    return tempos_within(np.stack([steps, song.tempos[:, 1]], axis=1), start, start + passage.length)
