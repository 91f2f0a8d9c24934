"""From songs to passages: bars as the song has them, tracks as they were asked for, and everything counted."""

from __future__ import annotations

import numpy as np
import pytest
from music_support import PIANO, cutting

from rgan_kit_plugins.domains.music.cutting import Cut, cut
from rgan_kit_plugins.domains.music.metres import Bars, Metre
from rgan_kit_plugins.domains.music.notes import DRUMS, TRACK
from rgan_kit_plugins.domains.music.songs import Song, coarsest_grid

FOUR = ((0, 4, 4),)


def song(
    rows: list[tuple[int, ...]],
    programs: tuple[int, ...] = (0,),
    metres: tuple[tuple[int, int, int], ...] = FOUR,
    *,
    names: tuple[str, ...] = (),
    pedals: tuple[tuple[int, int, int], ...] = (),
) -> Song:
    return Song(
        480, np.array(metres), np.array([[0, 90.0], [7680, 150.0]]), np.array(programs),
        names or ("",) * len(programs), np.array(rows, np.int64), np.array(pedals, np.int64).reshape(-1, 3), "", {},
    )  # fmt: skip


def cut_up(songs: list[Song], pitches: range = PIANO, steps: int = 4, **options: object) -> Cut:
    return cut(songs, cutting(**{"window_bars": 1, **options}), steps, pitches)


def beats(count: int, metres: tuple[tuple[int, int, int], ...], first: int = 0) -> Song:
    """A note a beat."""
    return song([(480 * number, 480, 60 + number % 12, 80, 0) for number in range(first, first + count)], metres=metres)


def names_of(found: Cut) -> list[list[str]]:
    assert isinstance(found.songs[0], list)
    return [[str(Metre(*each)) for each in own.bars.metres.tolist()] for own in found.songs[0]]


def test_songs_are_rounded_to_the_grid_and_cut_at_bars_with_ties_and_their_tempo():
    found = cut_up([song([(10, 470, 60, 80, 0), (1900, 500, 62, 80, 0), (7690, 240, 64, 1, 0)])])
    assert [own.notes.tolist() for own in found.songs[0]] == [
        [[0, 4, 60, 80, 0]], [[0, 4, 62, 80, 0]], [[0, 2, 64, 1, 0]]
    ]  # fmt: skip
    assert [own.tempo for own in found.songs[0]] == [90.0, 90.0, 150.0]
    assert (found.notes, found.fates["moved"]) == (3, 3)
    tied = cut_up([song([(0, 480, 60, 80, 0), (1440, 960, 67, 80, 0), (3600, 240, 60, 80, 0)])])
    assert tied.songs[0][1].notes.tolist() == [[0, 4, 67, 80, 0], [14, 2, 60, 80, 0]]
    assert (tied.fates["tied"], tied.fates["moved"]) == (1, 0)


def test_changes_of_tempo_are_kept_where_they_stand():
    (own,) = cut_up([song([(0, 480, 60, 80, 0), (9000, 480, 60, 80, 0)])], window_bars=0).songs[0]
    assert own.tempos.tolist() == [[0, 90], [64, 150]]


METRES = {
    "no change": (beats(12, FOUR), 2, [["4/4", "4/4"], ["4/4"]]),
    "three beats": (beats(12, ((0, 3, 4),)), 2, [["3/4", "3/4"], ["3/4", "3/4"]]),
    "six eighths": (beats(12, ((0, 6, 8),)), 2, [["6/8", "6/8"], ["6/8", "6/8"]]),
    "a change": (beats(10, ((0, 3, 4), (2880, 4, 4))), 2, [["3/4", "3/4"], ["4/4"]]),
    "a pickup": (beats(13, ((0, 1, 4), (480, 4, 4))), 2, [["1/4", "4/4", "4/4"], ["4/4"]]),
    "a change within a bar": (beats(8, ((0, 4, 4), (1440, 3, 4))), 4, [["3/4", "3/4", "3/4"]]),
    "one after less than a bar": (beats(8, ((0, 4, 4), (2400, 3, 4))), 4, [["4/4", "1/4", "3/4"]]),
    "silence before": (beats(4, FOUR, first=9), 2, [["4/4", "4/4"]]),
}  # fmt: skip


@pytest.mark.parametrize("name", METRES)
def test_windows_have_the_bars_that_the_song_has(name):
    own, window, expected = METRES[name]
    found = cut_up([own], window_bars=window)
    assert names_of(found) == expected
    assert sum(len(each.notes) for each in found.songs[0]) == found.notes
    assert not any(found.fates.values())


def test_bars_that_the_grid_cannot_hold_do_not_drift():
    rows = [(780 * number, 60, 60, 80, 0) for number in range(64)]
    for steps in (1, 4, 24):
        (own,) = cut_up([song(rows, metres=((0, 13, 32),))], steps=steps, window_bars=0).songs[0]
        assert len(own.bars) == 64
        assert own.notes[:, 0].tolist() == own.bars.starts[:-1].tolist()
        assert np.abs(own.bars.starts - np.arange(65) * 1.625 * steps).max() <= 0.5


def test_songs_are_cut_alike_alone_and_together():
    rng = np.random.default_rng(7)
    songs = []
    for numerator in (3, 4, 6):
        rows = [(120 * int(rng.integers(400)), 240, int(rng.integers(30, 90)), 80, int(rng.integers(3)))
                for _ in range(50)]  # fmt: skip
        songs.append(song(rows, (0, 1, 2), ((0, numerator, 8),)))
    together = cut_up(songs, window_bars=2).songs
    for one, own in zip(songs, together, strict=True):
        (alone,) = cut_up([one], window_bars=2).songs
        assert [p.notes.tolist() for p in alone] == [p.notes.tolist() for p in own]
        assert [(p.length, p.tempo) for p in alone] == [(p.length, p.tempo) for p in own]


BAND = song(
    [(0, 480, 72, 80, 0), (0, 480, 36, 80, 1), (0, 480, 48, 80, 2), (0, 480, 43, 80, 3), (0, 480, 120, 80, 0)],
    (73, DRUMS, 0, 33), names=("Lead Voice", "Kit", "Piano", "El. Bass"),
)  # fmt: skip


def test_tracks_drums_and_pitches_that_do_not_count_are_counted():
    found = cut_up([BAND])
    assert found.songs[0][0].notes[:, 2].tolist() == [43, 48, 72]
    assert {fate: count for fate, count in found.fates.items() if count} == {"drums": 1, "outside": 1}
    second = cut_up([BAND], track=2)
    assert second.songs[0][0].notes[:, 2].tolist() == [48]
    assert second.fates["other tracks"] == 3
    apart = cut_up([BAND], tracks=4, drums=True)
    assert apart.songs[0][0].notes[:, [2, TRACK]].tolist() == [[72, 0], [48, 1], [43, 2], [36, 3]]
    instruments = cut_up([BAND], by_program=True, drum_symbols=True)
    assert instruments.songs[0][0].notes[:, [2, TRACK]].tolist() == [[48, 0], [43, 33], [72, 73], [36, DRUMS]]


PARTS = {
    ("melody",): [(72, 0)], ("bass",): [(43, 0)], ("drums",): [(36, 0)], ("33",): [(43, 0)], ("piano",): [(48, 0)],
    ("kit",): "none of its tracks is kit", ("pipe",): [(72, 0)], ("lead-voice",): [(72, 0)],
    ("bass", "melody"): [(43, 0), (72, 1)], ("melody", "bass", "drums"): [(72, 0), (43, 1), (36, 2)],
    ("tuba",): "none of its tracks is tuba: it has 'Lead Voice' (73), drums, 'Piano' (0), 'El. Bass' (33)",
}  # fmt: skip


@pytest.mark.parametrize("parts", PARTS)
def test_tracks_are_chosen_by_name_program_and_family(parts):
    (found,) = cut_up([BAND], parts=parts, tracks=len(parts), drum_symbols=True).songs
    expected = PARTS[parts]
    if isinstance(expected, str):
        assert str(found).startswith(expected)
    else:
        assert sorted(map(tuple, found[0].notes[:, [2, TRACK]].tolist())) == sorted(expected)


def test_the_highest_full_track_is_the_melody_where_none_is_called_so():
    rows = [(480 * number, 480, 50, 80, 0) for number in range(8)] + [(480 * n, 480, 70, 80, 1) for n in range(8)]
    own = song([*rows, (0, 480, 90, 80, 2)], (0, 0, 0), names=("a", "b", "c"))
    (found,) = cut_up([own], parts=("melody",), window_bars=0).songs
    assert set(found[0].notes[:, 2].tolist()) == {70}


def test_songs_without_anything_that_counts_say_why():
    drums = song([(0, 480, 40, 80, 0)], (DRUMS,))
    assert cut_up([drums, BAND]).songs[0] == "it holds drums alone"
    assert cut_up([BAND], track=4).songs == ["it has no track 4 with notes"]
    assert cut_up([BAND], range(80, 90)).songs == ["all of its notes lie outside the pitches 80 to 89"]
    short = song([(240, 100, 60, 80, 0)])
    assert cut_up([short], steps=1, sampled=True).songs == ["none of its notes sounds at a step of the grid"]


def test_the_pedal_holds_notes_until_it_is_up_or_their_key_is_struck_again():
    own = song(
        [(0, 240, 60, 80, 0), (480, 240, 64, 80, 0), (960, 240, 60, 80, 0), (2400, 240, 62, 80, 0)],
        pedals=((0, 0, 1920),), metres=FOUR,
    )  # fmt: skip
    (held,) = cut_up([own], window_bars=0, sustain=True).songs[0]
    assert held.notes[:, :3].tolist() == [[0, 8, 60], [4, 12, 64], [8, 8, 60], [20, 2, 62]]
    (plain,) = cut_up([own], window_bars=0).songs[0]
    assert plain.notes[:, 1].tolist() == [2, 2, 2, 2]


def test_sampled_notes_are_those_that_sound_at_the_step():
    """Eighths on a grid of quarters: the second of a beat is never heard, and no two stand in one step."""
    eighths = song([(240 * number, 240, 60 + number, 80, 0) for number in range(8)])
    found = cut_up([eighths], steps=1, sampled=True)
    assert found.songs[0][0].notes[:, :3].tolist() == [[0, 1, 60], [1, 1, 62], [2, 1, 64], [3, 1, 66]]
    assert found.fates["between"] == 4
    rounded = cut_up([eighths], steps=1)
    assert len(rounded.songs[0][0].notes) + len(rounded.songs[0][1].notes if len(rounded.songs[0]) > 1 else []) == 8
    assert rounded.fates["moved"] == 4
    late = song([(50, 430, 60, 80, 0)])  # a player's: an eighth of a step late at most
    assert cut_up([late], steps=1, sampled=True).songs[0][0].notes[:, :2].tolist() == [[0, 1]]


def test_filled_windows_end_with_silence_in_the_last_metre():
    found = cut_up([beats(7, ((0, 3, 4),))], window_bars=4, full_windows=True)
    assert [own.length for own in found.songs[0]] == [48]
    assert names_of(found) == [["3/4"] * 4]


def test_the_grid_is_the_coarsest_that_the_notes_lie_on():
    def grid(*starts: int) -> int:
        return coarsest_grid([song([(start, 100, 60, 80, 0) for start in starts] * 10)])

    assert grid(0, 480, 720, 960) == 2
    assert grid(0, 480, 600, 960) == 4
    assert grid(0, 160, 320, 480) == 3
    assert grid(0, 160, 240, 480) == 6
    assert grid(0, 160, 120, 480) == 12
    assert grid(0, 483, 722, 958) == 2
    assert grid(7, 91, 333, 1001) == 4


def test_metres_have_the_length_that_they_are_given():
    assert [str(Metre.of_units(units, Metre(4, 4))) for units in (16, 24, 64, 56, 8)] == [
        "1/4", "3/8", "4/4", "7/8", "1/8"
    ]  # fmt: skip
    assert str(Metre.of_units(24, Metre(6, 8))) == "3/8"
    assert [Metre.of_beats(beats) for beats in (4.0, 3.0, 3.5, 1.5)] == [
        Metre(4, 4), Metre(3, 4), Metre(7, 8), Metre(3, 8)
    ]  # fmt: skip
    own = Bars.of(np.array([[6, 8], [4, 4]]), 2)
    assert own.starts.tolist() == [0, 6, 14]
