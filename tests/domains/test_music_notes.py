"""From notes to sequences and back: nothing on the grid is lost, and nothing that a graph can produce fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from music_support import (
    BARRED,
    DECODERS,
    DEFAULTS,
    EVENTS,
    LEVELS,
    MELODY,
    METRES,
    NUMBERED,
    PLAIN,
    REMI,
    ROLL,
    STRUCK,
    TEMPOS,
    as_array,
    bars,
    passage,
)

from rgan_kit.contracts import Sequences
from rgan_kit_plugins.domains.music.encoding import Form, encode
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.notes import DRUMS, DURATION, PITCH, START, TRACK, Passage, settle
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll
from rgan_kit_plugins.domains.music.transposition import Transposed
from rgan_kit_plugins.domains.music.vocabulary import BOS, EOS


def random_notes(rng: np.random.Generator, count: int, steps: int = 64) -> np.ndarray:
    """On the grid, with three tracks."""
    starts = rng.integers(0, steps - 1, count)
    durations = np.minimum(rng.integers(1, 33, count), steps - starts)
    rows = [starts, durations, rng.integers(21, 109, count), rng.choice(LEVELS, count), rng.integers(0, 3, count)]
    return settle(np.stack(rows, axis=1).astype(np.int64))[0]


def one_voice(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Notes and rests one after the other."""
    starts = np.flatnonzero(rng.random(steps) < 0.4)[:-1]
    gaps = np.diff(np.append(starts, steps))
    durations = np.maximum(gaps - rng.integers(0, 2, len(gaps)), 1)
    rows = [starts, durations, rng.integers(21, 109, len(starts)), np.full(len(starts), 80), np.zeros(len(starts))]
    return np.stack(rows, axis=1).astype(np.int64)


def rows_of(form: Form, passages: list[Passage]) -> list[np.ndarray]:
    """As the form encodes them, without end tokens."""
    return form.encode(passages, Counter())


def random_metres(rng: np.random.Generator) -> Passage:
    """Bars of several metres with notes and tempos anywhere."""
    metres = [(metre.numerator, metre.denominator) for metre in rng.choice(METRES, 5)]
    own = bars(*metres)
    notes = random_notes(rng, 40, own.length)
    notes[:, TRACK] = np.array([0, 32, DRUMS])[notes[:, TRACK]]
    notes[:, PITCH] = np.where(notes[:, TRACK] == DRUMS, rng.choice([36, 38, 42], len(notes)), notes[:, PITCH])
    changes = np.array([[0, 60.0], [int(rng.integers(1, own.length)), 120.0]])
    return Passage(settle(notes)[0], own, changes)


def test_remi_gives_back_notes_instruments_drums_tempos_and_metres():
    rng = np.random.default_rng(0)
    passages = [random_metres(rng) for _ in range(200)]
    for own, row in zip(passages, rows_of(REMI, passages), strict=True):
        back = REMI.decode(row)
        notes = as_array(back)
        notes[:, TRACK] = np.array(back.programs)[notes[:, TRACK]]
        assert np.array_equal(notes, own.notes)
        assert back.length == own.length
        assert [[0, back.tempo], *map(list, back.tempos)] == own.tempos.tolist()
        assert [start for start, *_ in back.metres] == own.bars.starts[:-1][own.bars.changes].tolist()
        assert [list(each[1:]) for each in back.metres] == own.bars.metres[own.bars.changes].tolist()


def test_numbered_tracks_of_remi_come_back():
    rng = np.random.default_rng(0)
    passages = [passage(random_notes(rng, 30)) for _ in range(50)]
    for own, row in zip(passages, rows_of(NUMBERED, passages), strict=True):
        back = NUMBERED.decode(row)
        assert np.array_equal(as_array(back), own.notes)
        assert back.programs == DEFAULTS.programs


def test_events_give_back_any_music_on_the_grid():
    rng = np.random.default_rng(0)
    passages = [passage(random_notes(rng, int(rng.integers(1, 60)))) for _ in range(200)]
    for own, row in zip(passages, rows_of(EVENTS, passages), strict=True):
        back = EVENTS.decode(row)
        assert np.array_equal(as_array(back), own.notes)
        assert back.tempo == 90.0


@pytest.mark.parametrize("metres", [((4, 4),) * 4, ((3, 4), (4, 4), (6, 8), (6, 8), (1, 4), (13, 32), (13, 32))])
def test_a_melody_gives_back_any_single_voice_on_the_grid_and_its_bars(metres):
    rng = np.random.default_rng(1)
    form = MELODY if len(set(metres)) == 1 else BARRED
    passages = [passage(one_voice(rng, bars(*metres).length), 120.0, metres) for _ in range(200)]
    for own, row in zip(passages, rows_of(form, passages), strict=True):
        back = form.decode(row)
        assert np.array_equal(as_array(back), own.notes)
        assert back.length == own.length
        assert [list(each[1:]) for each in back.metres] == own.bars.metres[own.bars.changes].tolist()


def test_a_piano_roll_gives_back_what_sounds_when():
    rng = np.random.default_rng(2)
    for roll in rows_of(ROLL, [passage(random_notes(rng, 40)) for _ in range(50)]):
        again = rows_of(ROLL, [passage(as_array(ROLL.decode(roll.astype(np.float32))))])[0]
        assert np.array_equal(again, roll)


def test_a_piano_roll_with_onsets_gives_back_every_note():
    rng = np.random.default_rng(2)
    for _ in range(50):
        notes = random_notes(rng, 60)
        notes[:, [3, TRACK]] = [80, 0]
        own = passage(settle(notes)[0])
        assert np.array_equal(as_array(STRUCK.decode(rows_of(STRUCK, [own])[0])), own.notes)


def test_thirty_two_eighths_of_one_pitch_stay_thirty_two_notes():
    repeated = passage(np.array([[2 * number, 2, 60, 80, 0] for number in range(32)]))
    assert len(STRUCK.decode(rows_of(STRUCK, [repeated])[0]).notes) == 32
    fates: Counter[str] = Counter()
    assert len(ROLL.decode(ROLL.encode([repeated], fates)[0]).notes) == 1
    assert fates["joined"] == 31


def test_a_melody_is_the_highest_voice_and_a_note_begun_under_it_stays_hidden():
    notes = np.array([[0, 8, 48, 80, 0], [0, 4, 60, 80, 0], [2, 4, 55, 80, 0], [6, 2, 50, 80, 0]])
    fates: Counter[str] = Counter()
    (row,) = MELODY.encode([passage(notes, metres=((2, 4),))], fates)
    names = [MELODY.vocabulary.names[token] for token in row]
    assert names == ["pitch_60", "hold", "hold", "hold", "rest", "rest", "pitch_50", "hold"]
    assert fates == {"under": 2, "covered": 0}


def test_every_event_is_what_its_name_says():
    notes = np.array([[0, 2, 60, 80, 0], [0, 2, 64, 80, 0], [9, 9, 62, 80, 0]])
    fates: Counter[str] = Counter()
    (row,) = PLAIN.encode([passage(notes, 100.0)], fates)
    names = [PLAIN.vocabulary.names[token] for token in row]
    assert names == ["pitch_60", "duration_2", "pitch_64", "duration_2", "shift_4", "shift_4", "shift_1", "pitch_62",
                     "duration_4"]  # fmt: skip
    assert fates["clipped"] == 1


def test_a_sample_of_events_is_in_the_metre_of_most_of_its_bars():
    names = Events.names(range(60, 72), 4, 1, np.array([100]), np.array([80]), 8, METRES)
    form = Events(names, DEFAULTS)
    pickup = passage(np.array([[0, 2, 60, 80, 0], [4, 4, 62, 80, 0]]), metres=((1, 4), (3, 4), (3, 4)))
    (row,) = rows_of(form, [pickup])
    assert names.names[row[0]] == "metre_3/4"
    assert form.decode(row).metres == ((0, 3, 4),)
    assert form.allowed_next()[BOS].nonzero()[0].tolist() == list(form.tokens["metre"].values())


def test_every_bar_is_what_its_names_say():
    notes = np.array([[0, 4, 60, 80, 40], [2, 1, 36, 112, DRUMS], [14, 2, 67, 80, 0]])
    own = Passage(notes, bars((3, 4), (4, 4)), np.array([[0, 60.0], [12, 120.0]]))
    (row,) = rows_of(REMI, [own])
    assert " ".join(REMI.vocabulary.names[token] for token in row) == (
        "metre_3/4 bar position_0 tempo_60 program_40 pitch_60 duration_4 velocity_80 "
        "position_2 drum_36 duration_1 velocity_112 "
        "metre_4/4 bar position_0 tempo_120 position_2 program_0 pitch_67 duration_2 velocity_80"
    )


def test_a_bar_of_a_melody_has_as_many_steps_as_its_metre_whatever_stands_there():
    names = ["metre_3/4", "bar", "pitch_60", *["hold"] * 30, "bar", "pitch_62", "metre_4/4", "bar", "rest"]
    own = BARRED.vocabulary.names
    piece = BARRED.decode(np.array([own.index(name) for name in names]))
    assert piece.length == 12 + 12 + 16
    assert [(note.start, note.duration, note.pitch) for note in piece.notes] == [(0, 12, 60), (12, 1, 62)]
    assert piece.metres == ((0, 3, 4), (24, 4, 4))


def test_sequences_are_cut_at_bars_and_nothing_is_lost():
    rng = np.random.default_rng(3)
    passages = [passage(random_notes(rng, 60)) for _ in range(20)]
    fates: Counter[str] = Counter()
    encoded = encode(EVENTS, passages, 80, fates)
    assert fates["split"] > 20
    assert all(len(row) <= 81 or len(own.bars) == 1 for row, own in zip(encoded.rows, encoded.passages, strict=True))
    assert all(own.length % 16 == 0 for own in encoded.passages)
    for number, whole in enumerate(passages):
        parts = [encoded.passages[place] for place in np.flatnonzero(encoded.owners == number)]
        sounding = np.concatenate([own.notes for own in parts])
        assert sounding[:, DURATION].sum() == whole.notes[:, DURATION].sum()
        assert len(sounding) == len(whole.notes) + _crossing(whole.notes, np.cumsum([own.length for own in parts]))
    whole = encode(EVENTS, passages, 4096, Counter())
    assert len(whole.rows) == 20


def _crossing(notes: np.ndarray, edges: np.ndarray) -> int:
    starts, ends = notes[:, START], notes[:, START] + notes[:, DURATION]
    return sum(int(np.count_nonzero((starts < edge) & (ends > edge))) for edge in edges.tolist())


@pytest.mark.parametrize("form", [MELODY, BARRED, EVENTS, PLAIN, REMI, NUMBERED])
def test_data_keeps_to_the_grammar(form):
    rng = np.random.default_rng(4)
    if form in (MELODY, BARRED):
        passages = [passage(one_voice(rng, 64), 60.0) for _ in range(50)]
    elif form is REMI:
        passages = [random_metres(rng) for _ in range(50)]
    else:
        passages = [passage(random_notes(rng, 30), 60.0) for _ in range(50)]
    if form is PLAIN:
        notes = [own.notes[(own.notes[:, 2] >= 60) & (own.notes[:, 2] < 72)] * [1, 1, 1, 1, 0] for own in passages]
        passages = [passage(settle(own)[0], 60.0) for own in notes if len(own)]
    allowed = form.allowed_next()
    for row in rows_of(form, passages):
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


TOKENS = [name for name, own in DECODERS.items() if not isinstance(own.form, PianoRoll)]


@pytest.mark.parametrize("name", TOKENS)
def test_ten_thousand_samples_under_the_grammar_decode_cut_anywhere(name):
    own = DECODERS[name]
    assert not isinstance(own.form, PianoRoll)
    rng = np.random.default_rng(5)
    count = 10_000 if name == "events" else 2_000
    tokens, lengths = walk(own.form.allowed_next(), rng, count, 24)
    kinds = own.form.vocabulary.kinds
    pieces = own.decode({"tokens": tokens, "lengths": lengths})
    assert len(pieces) == count
    ending = "pitch" if name.startswith("melody") else "duration"
    assert any(piece.notes for piece in pieces)
    for piece, row, length in zip(pieces, tokens, lengths, strict=True):
        started = [int(token) for token in row[:length] if kinds[token] == ending]
        onsets = {(note.start, note.pitch, note.track) for note in piece.notes}
        assert len(piece.notes) == len(onsets) <= len(started)
        assert all(note.duration > 0 and note.start + note.duration <= piece.length for note in piece.notes)
        if name.startswith("remi") or name == "melody in bars":  # whole bars, whatever was drawn
            assert piece.length == 0 or piece.length in bar_ends(piece)


def bar_ends(piece) -> set[int]:
    longer = replace(piece, length=piece.length + 200)
    return set(longer.bar_lines())


@settings(deadline=None, max_examples=60)
@given(
    arrays.arrays(
        np.int64, st.tuples(st.integers(0, 4), st.integers(0, 12)), elements=st.integers(-(2**63), 2**63 - 1)
    ),
    st.data(),
)
def test_decoding_never_fails_on_any_tokens(tokens, data):
    lengths = data.draw(arrays.arrays(np.int64, len(tokens), elements=st.integers(-(2**63), 2**63 - 1)))
    for name in TOKENS:
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
    for name in ("pianoroll", "pianoroll with onsets"):
        pieces = DECODERS[name].decode({"series": series})
        assert len(pieces) == len(series)


def test_transposing_moves_pitches_alone_and_stays_in_range():
    rng = np.random.default_rng(6)
    form = Events(Events.names(range(40, 80), 32, 2, TEMPOS, LEVELS, 4), DEFAULTS)
    notes = random_notes(rng, 40)
    notes = settle(np.stack([*notes.T[:2], 45 + notes[:, 2] % 30, notes[:, 3], notes[:, TRACK] % 2], axis=1))[0]
    (row,) = rows_of(form, [passage(notes, 60.0)])
    samples = Sequences.of([np.append(row, EOS)], fill=0, dtype=np.int32)
    room = np.array([[notes[:, 2].min() - 40, 79 - notes[:, 2].max()]])
    drums = form.tokens["track"][1]
    source = Transposed.of(samples, room, 11, form.vocabulary.block("pitch"), (drums,))
    assert len(source) == min(room[0, 0], 11) + min(room[0, 1], 11) + 1
    batch = source.take(np.arange(len(source)))
    for values, shift in zip(batch.values, source.shifts, strict=True):
        moved = notes + np.outer(notes[:, TRACK] == 0, [0, 0, 1, 0, 0]) * shift
        assert np.array_equal(as_array(form.decode(values[:-1])), settle(moved)[0])


def test_transposing_a_piano_roll_moves_what_sounds_and_what_is_struck():
    roll = rows_of(STRUCK, [passage(np.array([[0, 3, 60, 80, 0]]))])
    source = Transposed.of(Sequences.of(roll, fill=0, dtype=np.float32), np.array([[39, 48]]), 2, range(88), ())
    pitches = [
        [(note.start, note.duration, note.pitch) for note in STRUCK.decode(values).notes]
        for values in source.take(np.arange(5)).values
    ]
    assert pitches == [[(0, 3, pitch)] for pitch in range(58, 63)]


def test_notes_of_one_key_never_overlap():
    notes = np.array([[0, 8, 60, 80, 0], [0, 4, 60, 90, 0], [4, 8, 60, 80, 0], [4, 2, 60, 80, 1]])
    settled = settle(notes)
    assert (settled.merged, settled.shortened) == (1, 1)
    assert settle(notes[[0]]).notes.tolist() == notes[[0]].tolist()
    assert settled.notes[:, [START, DURATION, TRACK]].tolist() == [[0, 4, 0], [4, 8, 0], [4, 2, 1]]


def test_a_key_that_a_second_voice_strikes_sounds_as_long_as_the_first_one_holds_it():
    notes = np.array([[0, 8, 60, 80, 0], [2, 1, 60, 80, 0], [4, 1, 60, 80, 0], [0, 1, 61, 80, 0], [9, 1, 60, 80, 0]])
    settled = settle(notes, held=True).notes[:, [START, DURATION, PITCH]].tolist()
    assert settled == [[0, 2, 60], [0, 1, 61], [2, 2, 60], [4, 4, 60], [9, 1, 60]]
