"""From a song to the passages that become samples, the same for training data and for what is encoded later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Final

import numpy as np

from rgan_kit_plugins.domains.music.notes import (
    DURATION,
    PITCH,
    START,
    TRACK,
    VELOCITY,
    Passage,
    in_order,
    settle,
    steps_of,
)
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.songs import DRUMS, Song

_NOTES_AT_ONCE: Final = 100_000
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "window_bars": (0, 1024), "max_length": (8, 8192), "track": (0, 256), "tracks": (1, 16), "full_windows": (0, 1),
    "drums": (0, 1),
}  # fmt: skip


@dataclass(frozen=True)
class Cutting:
    """How songs are put on a grid and cut; the fields are options of the domain.

    Attributes:
        full_windows: a song's last window is filled with silence; else it ends with its last bar.
    """

    window_bars: int
    max_length: int
    track: int
    tracks: int
    drums: bool
    full_windows: bool

    @classmethod
    def of(cls, options: MusicOptions) -> Cutting:
        """As the options say."""
        return cls(
            options.window_bars, options.max_length, options.track, options.tracks, options.drums,
            options.representation == "pianoroll",
        )  # fmt: skip

    def to_dict(self) -> dict[str, int | bool]:
        """For a manifest."""
        return asdict(self)

    def places(self, song: Song) -> np.ndarray:
        """The place among the tracks kept apart of every track of a song, -1 for one that does not count. Drums take
        the last place."""
        melodic = np.flatnonzero(song.programs != DRUMS)
        kept = melodic[self.track - 1 : self.track] if self.track else melodic
        places = np.full(len(song.programs), -1)
        places[kept] = np.minimum(np.arange(len(kept)), self.tracks - self.drums - 1)
        if self.drums:
            places[song.programs == DRUMS] = self.tracks - 1
        return places

    def passages(self, songs: Sequence[Song], steps_per_beat: int, pitches: range) -> list[list[Passage] | str]:
        """The samples of each song, or the reason why there is none. Notes outside the pitches are left out."""
        found: list[list[Passage] | str] = []
        first, notes = 0, 0
        for place, song in enumerate(songs):
            if notes and notes + len(song.notes) > _NOTES_AT_ONCE:
                found += self._cut(songs[first:place], steps_per_beat, pitches)
                first, notes = place, 0
            notes += len(song.notes)
        return found + (self._cut(songs[first:], steps_per_beat, pitches) if songs else [])

    def _cut(self, songs: Sequence[Song], steps_per_beat: int, pitches: range) -> list[list[Passage] | str]:
        """All songs at once: a file is small, and an operation on many costs little more than on one."""
        notes, owners = on_grid(songs, steps_per_beat)
        counts = np.array([len(song.programs) for song in songs])
        places = np.concatenate([self.places(song) for song in songs])
        notes[:, TRACK] = places[(np.cumsum(counts) - counts)[owners] + notes[:, TRACK]]
        counted = notes[:, TRACK] >= 0
        inside = counted & (notes[:, PITCH] >= pitches.start) & (notes[:, PITCH] < pitches.stop)
        found: list[list[Passage] | str] = [[] for _ in songs]
        for song in np.setdiff1d(np.arange(len(songs)), owners[inside]).tolist():
            nothing = f"it has no track {self.track} with notes" if self.track else "it holds drums alone"
            outside = f"all of its notes lie outside the pitches {pitches[0]} to {pitches[-1]}"
            found[song] = outside if counted[owners == song].any() else nothing
        for owner, passage, size in self._windows(songs, *settle(notes[inside], owners[inside]), steps_per_beat):
            own = found[owner]
            assert isinstance(own, list)
            if 2 * passage.length >= size or not own:  # less than half a window at the end says little
                own.append(passage)
        return found

    def _windows(
        self, songs: Sequence[Song], notes: np.ndarray, owners: np.ndarray, steps_per_beat: int
    ) -> Iterator[tuple[int, Passage, int]]:
        """Number of the song, passage, and steps in a whole window, of every window that holds a note. A note that
        lasts across an edge is cut there and begins again."""
        bars = np.array([max(1, round(song.beats_per_bar * steps_per_beat)) for song in songs])
        starts, ends = notes[:, START], notes[:, START] + notes[:, DURATION]
        origins = np.full(len(songs), np.iinfo(np.int64).max)
        np.minimum.at(origins, owners, starts)
        origins = origins // bars * bars
        last = np.zeros(len(songs), np.int64)
        np.maximum.at(last, owners, ends)
        lengths = -(-np.maximum(last - origins, 1) // bars) * bars
        sizes = bars * self.window_bars if self.window_bars else lengths
        size, origin = sizes[owners], origins[owners]
        first = (starts - origin) // size
        numbers, rows = steps_of(first, (ends - 1 - origin) // size - first + 1)
        edges = origin[rows] + numbers * size[rows]
        parts, owners = notes[rows], owners[rows]
        parts[:, START] = np.maximum(starts[rows], edges)
        parts[:, DURATION] = np.minimum(ends[rows], edges + size[rows]) - parts[:, START]
        order = in_order(parts, owners)
        parts, owners, edges = parts[order], owners[order], edges[order]
        parts[:, START] -= edges
        changes = np.flatnonzero(np.diff(edges, prepend=-1) | np.diff(owners, prepend=-1))
        for place, after in pairwise([*changes.tolist(), len(parts)]):
            owner, start = int(owners[place]), int(edges[place])
            whole = int(sizes[owner])
            length = whole if self.full_windows else min(whole, int(origins[owner] + lengths[owner]) - start)
            tempo = songs[owner].tempo_at(start / steps_per_beat)
            yield owner, Passage(parts[place:after], length, tempo), whole


def on_grid(songs: Sequence[Song], steps_per_beat: int) -> tuple[np.ndarray, np.ndarray]:
    """The notes of songs in steps, and the number of the song of each; a note lasts at least one step."""
    owners = np.repeat(np.arange(len(songs)), [len(song.notes) for song in songs])
    notes = np.concatenate([song.notes for song in songs])
    ticks = np.array([song.ticks_per_beat for song in songs])[owners]
    ends = notes[:, START] + notes[:, DURATION]
    start, end = ((2 * edge * steps_per_beat + ticks) // (2 * ticks) for edge in (notes[:, START], ends))
    notes[:, START] = start
    notes[:, DURATION] = np.maximum(end - start, 1)
    notes[:, VELOCITY] = np.maximum(notes[:, VELOCITY], 1)
    return notes, owners


def problems_of_cutting(reading: object) -> Iterator[str]:
    """Everything that is wrong with what a manifest says about reading; it may come from a stranger."""
    if not isinstance(reading, Mapping):
        yield "reading is missing"
        return
    names = {field.name for field in fields(Cutting)}
    if unknown := sorted(map(repr, reading.keys() - names)):
        yield f"reading holds {unknown[0]:.40}, which is unknown"
    for name, (low, high) in _RANGES.items():
        value: Any = reading.get(name)
        kind = bool if (low, high) == (0, 1) else int
        if type(value) is not kind or not low <= value <= high:
            yield f"reading.{name} is {value!r:.40} and not {'true or false' if kind is bool else f'{low} to {high}'}"
    if reading.get("drums") is True and reading.get("tracks") == 1:
        yield "reading.drums needs two tracks or more"
