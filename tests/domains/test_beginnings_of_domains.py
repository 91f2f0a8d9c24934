"""What a user gives as a beginning: texts, files and music come through as they are, or not at all."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from music_support import BARRED, EVENTS, MELODY, REMI, ROLL, decoder

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.text.decoder import TextDecoder, TextManifest
from rgan_kit_plugins.domains.text.encoding import SPECIAL, Level

LETTERS = TextDecoder(TextManifest.of(Level("character"), (*SPECIAL, *"abc: \n")))
WORDS = TextDecoder(TextManifest.of(Level("word"), (*SPECIAL, "the", "dog", "\n")))
RUNNING = TextDecoder(TextManifest.of(Level("character"), (*SPECIAL, *"abc: \n"), unit="window", window=8))
PROSE = TextDecoder(TextManifest.of(Level("word", tokenize="punctuation"), (*SPECIAL, "the", " dog", "!")))


@pytest.mark.parametrize(
    ("own", "text"),
    [(LETTERS, "abc: "), (LETTERS, "a\nb"), (WORDS, "the dog"), (RUNNING, "a: b\nc"), (PROSE, "the dog!")],
)
def test_a_text_comes_back_from_its_tokens(own, text):
    (tokens,) = own.beginnings(text)
    assert own.decode({"tokens": tokens[None], "lengths": np.array([len(tokens)])}) == [text]


def test_a_file_has_a_beginning_a_sample_and_of_running_text_one(tmp_path):
    (tmp_path / "two.txt").write_text("ab\nca\n")
    assert [row.tolist() for row in LETTERS.beginnings(tmp_path / "two.txt")] == [[4, 5], [6, 4]]
    (row,) = RUNNING.beginnings(tmp_path / "two.txt")
    assert row.tolist()[:5] == [4, 5, 9, 6, 4]


def test_unknown_symbols_are_listed_or_replaced():
    with pytest.raises(DataError, match="does not know 'x', 'y'") as caught:
        LETTERS.beginnings("xaybx")
    assert "--replace-unknown" in caught.value.hint
    assert LETTERS.beginnings("xaybx", replace_unknown="")[0].tolist() == [4, 5]
    assert LETTERS.beginnings("xay", replace_unknown="c")[0].tolist() == [6, 4, 6]
    assert WORDS.beginnings("the cat", replace_unknown="dog")[0].tolist() == [4, 5]
    with pytest.raises(DataError, match="does not know 'z'"):
        LETTERS.beginnings("xa", replace_unknown="z")


def test_a_file_of_unknown_symbols_is_named(tmp_path):
    (tmp_path / "odd.txt").write_text("a%\n")
    with pytest.raises(DataError, match=r"odd\.txt: the model does not know '%'"):
        LETTERS.beginnings(tmp_path / "odd.txt")


def primer(own, tokens, folder: Path) -> Path:
    pieces = own.decode({"tokens": np.array([tokens]), "lengths": np.array([len(tokens)])})
    return next(path for path in own.write(pieces, folder) if path.suffix == ".mid")


def test_a_melody_goes_on_where_its_last_note_ends(tmp_path):
    own = decoder(MELODY)
    pitch, hold = MELODY.vocabulary.tokens["pitch"], MELODY.vocabulary.tokens["hold"][0]
    rest = MELODY.vocabulary.tokens["rest"][0]
    tokens = [pitch[60], hold, pitch[64], hold, hold, rest, pitch[67], hold]
    (given,) = own.beginnings(primer(own, tokens, tmp_path))
    assert given.tolist() == tokens


@pytest.mark.parametrize("form", [MELODY, BARRED, EVENTS, REMI, ROLL], ids=lambda form: form.name)
def test_a_primer_is_what_the_model_was_trained_on_without_its_end(form, tmp_path):
    own, plain = decoder(form, by_program=form is REMI, drum_symbols=form is REMI), decoder(MELODY)
    pitch, hold = MELODY.vocabulary.tokens["pitch"], MELODY.vocabulary.tokens["hold"][0]
    path = primer(plain, [pitch[60], hold, hold, hold, pitch[64], hold, hold, hold] * 2, tmp_path)
    (given,), batch = own.beginnings(path), own.read(path)
    assert (given == batch.values[0, : len(given)]).all()
    if form is not ROLL:
        assert given.dtype == np.int64 and batch.values[0, batch.lengths[0] - 1] == 2


def test_what_of_a_primer_is_lost_is_counted(tmp_path, caplog):
    low = decoder(MELODY, range(62, 70))
    pitch, hold = MELODY.vocabulary.tokens["pitch"], MELODY.vocabulary.tokens["hold"][0]
    path = primer(decoder(MELODY), [pitch[60], hold, pitch[64], hold], tmp_path)
    with caplog.at_level(logging.WARNING):
        low.beginnings(path)
    assert "1 of 2 notes" in caplog.text and "outside the pitches" in caplog.text


def test_text_is_no_music():
    with pytest.raises(DataError, match="'c d e' is no music"):
        decoder(MELODY).beginnings("c d e")
