"""From notes to sequences and back: nothing on the grid is lost, and nothing that a graph can produce fails."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from music_support import DECODERS, EVENTS, LEVELS, MELODY, PIANO, PLAIN, ROLL, TEMPOS

from rgan_kit.contracts import Sequences
from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.notes import DURATION, START, TRACK, Passage, settle
from rgan_kit_plugins.domains.music.songs import DRUMS, Song, coarsest_grid
from rgan_kit_plugins.domains.music.transposition import Transposed
from rgan_kit_plugins.domains.music.vocabulary import BOS, EOS


def random_notes(rng: np.random.Generator, count: int, steps: int = 64) -> np.ndarray:
    """On the grid, with three tracks."""
    starts = rng.integers(0, steps - 1, count)
    durations = np.minimum(rng.integers(1, 33, count), steps - starts)
    rows = [starts, durations, rng.integers(21, 109, count), rng.choice(LEVELS, count), rng.integers(0, 3, count)]
    return settle(np.stack(rows, axis=1).astype(np.int64))[0]


def one_voice(rng: np.random.Generator) -> np.ndarray:
    """Notes and rests one after the other."""
    starts = np.flatnonzero(rng.random(64) < 0.4)[:-1]
    gaps = np.diff(np.append(starts, 64))
    durations = np.maximum(gaps - rng.integers(0, 2, len(gaps)), 1)
    rows = [starts, durations, rng.integers(21, 109, len(starts)), np.full(len(starts), 80), np.zeros(len(starts))]
    return np.stack(rows, axis=1).astype(np.int64)


def test_events_give_back_any_music_on_the_grid():
    rng = np.random.default_rng(0)
    passages = [Passage(random_notes(rng, int(rng.integers(1, 60))), 64, 90.0) for _ in range(200)]
    for passage, row in zip(passages, EVENTS.encode(passages, 4096), strict=True):
        back = EVENTS.decode(row)
        assert np.array_equal(back.notes, passage.notes)
        assert back.tempo == 90.0


def test_a_melody_gives_back_any_single_voice_on_the_grid():
    rng = np.random.default_rng(1)
    passages = [Passage(one_voice(rng), 64, 120.0) for _ in range(200)]
    for passage, row in zip(passages, MELODY.encode(passages, 512), strict=True):
        back = MELODY.decode(row)
        assert np.array_equal(back.notes, passage.notes)
        assert back.length == 64


def test_a_piano_roll_gives_back_what_sounds_when():
    rng = np.random.default_rng(2)
    passages = [Passage(random_notes(rng, 40), 64, 120.0) for _ in range(50)]
    for roll in ROLL.encode(passages, 512):
        again = ROLL.encode([ROLL.decode(roll.astype(np.float32))], 512)[0]
        assert np.array_equal(again, roll)


def test_a_melody_is_the_highest_voice_and_a_note_begun_under_it_stays_hidden():
    notes = np.array([[0, 8, 48, 80, 0], [0, 4, 60, 80, 0], [2, 4, 55, 80, 0], [6, 2, 50, 80, 0]])
    (row,) = MELODY.encode([Passage(notes, 8, 120.0)], 512)
    names = [MELODY.vocabulary.names[token] for token in row]
    assert names == ["pitch_60", "hold", "hold", "hold", "rest", "rest", "pitch_50", "hold"]


def test_every_event_is_what_its_name_says():
    notes = np.array([[0, 2, 60, 80, 0], [0, 2, 64, 80, 0], [9, 9, 62, 80, 0]])
    (row,) = PLAIN.encode([Passage(notes, 16, 100.0)], 512)
    names = [PLAIN.vocabulary.names[token] for token in row]
    assert names == ["pitch_60", "duration_2", "pitch_64", "duration_2", "shift_4", "shift_4", "shift_1", "pitch_62",
                     "duration_4"]  # fmt: skip


def test_sequences_are_cut_between_notes():
    rng = np.random.default_rng(3)
    passages = [Passage(random_notes(rng, 60), 64, 90.0) for _ in range(20)]
    for passage, row in zip(passages, EVENTS.encode(passages, 50), strict=True):
        assert 45 <= len(row) <= 50
        back = EVENTS.decode(row).notes
        assert np.array_equal(back[:, [START, TRACK]], passage.notes[: len(back), [START, TRACK]])


@pytest.mark.parametrize("form", [MELODY, EVENTS, PLAIN])
def test_data_keeps_to_the_grammar(form):
    rng = np.random.default_rng(4)
    if form is MELODY:
        passages = [Passage(one_voice(rng), 64, 120.0) for _ in range(50)]
    else:
        passages = [Passage(random_notes(rng, 30), 64, 60.0) for _ in range(50)]
    if form is PLAIN:
        passages = [Passage(p.notes[(p.notes[:, 2] >= 60) & (p.notes[:, 2] < 72)], 64, 60.0) for p in passages]
        passages = [Passage(settle(p.notes * [1, 1, 1, 1, 0])[0], 64, 60.0) for p in passages if len(p.notes)]
    allowed = form.allowed_next()
    for row in form.encode(passages, 512):
        whole = [BOS, *row.tolist(), EOS]
        assert all(allowed[before, after] for before, after in pairwise(whole))


def walk(allowed: np.ndarray, rng: np.random.Generator, count: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """What an untrained network draws: uniformly among the symbols that may come next."""
    weights = allowed.astype(np.float64)
    cumulative = np.cumsum(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1), axis=1)
    tokens = np.zeros((count, length), np.int64)
    lengths = np.full(count, length)
    previous, alive = np.full(count, BOS), np.ones(count, np.bool_)
    for step in range(length):
        drawn = (cumulative[previous] <= rng.random(count)[:, None] * (1 - 1e-12)).sum(axis=1)
        tokens[alive, step] = drawn[alive]
        ended = alive & (drawn == EOS)
        lengths[ended] = step
        alive &= ~ended
        previous = np.where(alive, drawn, BOS)
    return tokens, lengths


@pytest.mark.parametrize("name", ["melody", "events", "plain events"])
def test_ten_thousand_samples_under_the_grammar_decode_cut_anywhere(name):
    own = DECODERS[name]
    assert isinstance(own.form, Melody | Events)
    rng = np.random.default_rng(5)
    count = 10_000 if name == "events" else 2_000
    tokens, lengths = walk(own.form.allowed_next(), rng, count, 24)
    names = own.form.vocabulary.kinds
    pieces = own.decode({"tokens": tokens, "lengths": lengths})
    assert len(pieces) == count
    ending = "pitch" if name == "melody" else "duration"
    for piece, row, length in zip(pieces, tokens, lengths, strict=True):
        started = [int(token) for token in row[:length] if names[token] == ending]
        onsets = {(note.start, note.pitch, note.track) for note in piece.notes}
        assert len(piece.notes) == len(onsets)
        assert len(started) >= len(piece.notes) > 0 or not started


@settings(deadline=None, max_examples=60)
@given(
    arrays.arrays(
        np.int64, st.tuples(st.integers(0, 4), st.integers(0, 12)), elements=st.integers(-(2**63), 2**63 - 1)
    ),
    st.data(),
)
def test_decoding_never_fails_on_any_tokens(tokens, data):
    lengths = data.draw(arrays.arrays(np.int64, len(tokens), elements=st.integers(-(2**63), 2**63 - 1)))
    for name in ("melody", "events", "plain events"):
        for batch in (tokens, tokens % 140):
            pieces = DECODERS[name].decode({"tokens": batch, "lengths": lengths})
            assert len(pieces) == len(tokens)
            assert all(DECODERS[name].preview(piece).isprintable() for piece in pieces)


@settings(deadline=None, max_examples=30)
@given(
    arrays.arrays(
        np.float32, st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 90)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)  # fmt: skip
def test_decoding_never_fails_on_any_numbers(series):
    pieces = DECODERS["pianoroll"].decode({"series": series})
    assert len(pieces) == len(series)


def test_transposing_moves_pitches_alone_and_stays_in_range():
    rng = np.random.default_rng(6)
    form = Events(Events.names(range(40, 80), 32, 2, TEMPOS, LEVELS, 4), 120.0, 80)
    notes = random_notes(rng, 40)
    notes = settle(np.stack([*notes.T[:2], 45 + notes[:, 2] % 30, notes[:, 3], notes[:, TRACK] % 2], axis=1))[0]
    (row,) = form.encode([Passage(notes, 64, 60.0)], 512)
    samples = Sequences.of([np.append(row, EOS)], fill=0, dtype=np.int32)
    room = np.array([[notes[:, 2].min() - 40, 79 - notes[:, 2].max()]])
    drums = form.tokens["track"][1]
    source = Transposed.of(samples, room, 11, form.vocabulary.block("pitch"), (drums,))
    assert len(source) == min(room[0, 0], 11) + min(room[0, 1], 11) + 1
    batch = source.take(np.arange(len(source)))
    for values, shift in zip(batch.values, source.shifts, strict=True):
        moved = notes + np.outer(notes[:, TRACK] == 0, [0, 0, 1, 0, 0]) * shift
        assert np.array_equal(form.decode(values[:-1]).notes, settle(moved)[0])


def song(rows: list[tuple[int, ...]], programs: tuple[int, ...] = (0,), beats_per_bar: float = 4.0) -> Song:
    return Song(480, beats_per_bar, np.array([[0, 90.0], [7680, 150.0]]), np.array(programs), np.array(rows, np.int64))


def cut(songs: list[Song], pitches: range = PIANO, **options: object) -> list[list[Passage] | str]:
    chosen = {
        "window_bars": 1, "max_length": 512, "track": 0, "tracks": 1, "drums": False, "full_windows": False, **options
    }  # fmt: skip
    return Cutting(**chosen).passages(songs, 4, pitches)


def test_songs_are_rounded_to_the_grid_and_cut_at_bars_with_ties_and_their_tempo():
    (found,) = cut([song([(10, 470, 60, 80, 0), (1900, 500, 62, 80, 0), (7690, 240, 64, 0, 0)])])
    assert [passage.notes.tolist() for passage in found] == [
        [[0, 4, 60, 80, 0]], [[0, 4, 62, 80, 0]], [[0, 2, 64, 1, 0]]
    ]  # fmt: skip
    assert [passage.tempo for passage in found] == [90.0, 90.0, 150.0]
    (tied,) = cut([song([(0, 480, 60, 80, 0), (1440, 960, 67, 80, 0), (3600, 240, 60, 80, 0)])])
    assert tied[1].notes.tolist() == [[0, 4, 67, 80, 0], [14, 2, 60, 80, 0]]


def test_songs_are_cut_alike_alone_and_together():
    rng = np.random.default_rng(7)
    songs = []
    for bars in (3.0, 4.0, 1.5):
        notes = random_notes(rng, 50, 400)
        songs.append(song((notes * [120, 120, 1, 1, 1]).tolist(), (0, 1, 2), bars))
    together = cut(songs, window_bars=2)
    for one, own in zip(songs, together, strict=True):
        (alone,) = cut([one], window_bars=2)
        assert [p.notes.tolist() for p in alone] == [p.notes.tolist() for p in own]
        assert [(p.length, p.tempo) for p in alone] == [(p.length, p.tempo) for p in own]


def test_tracks_drums_and_pitches_that_do_not_count_are_left_out_with_a_reason():
    both = song([(0, 480, 60, 80, 0), (0, 480, 40, 80, 1), (0, 480, 70, 80, 2)], (5, DRUMS, 7))
    (found,) = cut([both])
    assert found[0].notes[:, 2].tolist() == [60, 70]
    (second,) = cut([both], track=2)
    assert second[0].notes[:, 2].tolist() == [70]
    (apart,) = cut([both], tracks=3, drums=True)
    assert apart[0].notes[:, [2, TRACK]].tolist() == [[60, 0], [70, 1], [40, 2]]
    drums = song([(0, 480, 40, 80, 0)], (DRUMS,))
    assert cut([drums, both])[0] == "it holds drums alone"
    assert cut([both], track=3) == ["it has no track 3 with notes"]
    assert cut([both], range(80, 90)) == ["all of its notes lie outside the pitches 80 to 89"]


def test_notes_of_one_key_never_overlap():
    notes = np.array([[0, 8, 60, 80, 0], [0, 4, 60, 90, 0], [4, 8, 60, 80, 0], [4, 2, 60, 80, 1]])
    settled, _ = settle(notes)
    assert settled[:, [START, DURATION, TRACK]].tolist() == [[0, 4, 0], [4, 8, 0], [4, 2, 1]]


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
