"""Pieces that keep their spacing, and byte-pair encoding: what is cut comes back, in any language."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgan_kit.contracts import DeviceError
from rgan_kit_plugins.domains.text import SPEC
from rgan_kit_plugins.domains.text.pieces import pieces
from rgan_kit_plugins.domains.text.subwords import Merges, learn_merges

SENTENCES = [f"the {a} {b} isn't sleeping, is it? the {b} sleeps!" for a in ("small", "older") for b in
             ("dogs", "cats", "foxes", "hens", "birds", "cows")]  # fmt: skip
POEMS = [f"{a}川雄帝{b}，函谷{a}皇居。" for a in "秦雄风水火" for b in "宅月山"]


def load(tmp_path, lines, name="data.txt", **options):
    file = tmp_path / name
    file.write_text("\n".join(lines), encoding="utf-8")
    return SPEC.load(SPEC.options(**options), file, 0)


def everything(dataset):
    texts = []
    for source in (dataset.train, dataset.validation):
        batch = source.take(np.arange(len(source)))
        texts += dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends})
    return texts


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_pieces_in_a_row_are_the_text(text):
    assert "".join(pieces(text)) == text


@settings(deadline=None, max_examples=50)
@given(st.text(), st.lists(st.tuples(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3)), max_size=9))
def test_subwords_in_a_row_are_the_text_whatever_the_merges(text, pairs):
    assert "".join(Merges(pairs).cut(text)) == text


def test_words_keep_the_space_before_them_and_marks_stand_alone():
    assert pieces("Isn't it 3.5 €?  No—“yes”.") == [
        "Isn't", " it", " 3", ".", "5", " €", "?", " ", " No", "—", "“", "yes", "”", ".",
    ]  # fmt: skip


def test_vowel_signs_stay_with_their_letters():
    assert pieces("नमस्ते दुनिया।") == ["नमस्ते", " दुनिया", "।"]


@pytest.mark.parametrize("options", [{"tokenize": "punctuation", "level": "word"}, {"level": "subword"}])
def test_spacing_comes_back_as_it_was(tmp_path, options):
    dataset = load(tmp_path, SENTENCES, min_count=1, **options)
    assert sorted(everything(dataset)) == sorted(SENTENCES)


def test_punctuated_windows_keep_line_ends(tmp_path):
    running = "a b.\n\nc!\n" * 60
    dataset = load(tmp_path, [running], unit="window", window_length=8, level="word", tokenize="punctuation")
    assert all(window in running for window in everything(dataset))
    assert len(dataset.decoder.write(everything(dataset)[:2], tmp_path)) == 2


def test_joining_pieces_of_the_vocabulary_is_all_that_decoding_takes(tmp_path):
    dataset = load(tmp_path, SENTENCES, level="subword")
    manifest = json.loads(json.dumps(dataset.decoder.manifest()))
    tokens = dataset.train[0][:-1]
    text = manifest["joiner"].join(manifest["vocabulary"][token] for token in tokens)
    assert text in SENTENCES
    assert len(tokens) < len(text) / 3


def test_merges_are_learnt_from_the_training_part_alone(tmp_path):
    lines = [*SENTENCES * 3, *[f"zyzzyva {n}" for n in range(20)]]
    dataset = load(tmp_path, lines, level="subword", merges=400, validation_share=0.3)
    batch = dataset.train.take(np.arange(len(dataset.train)))
    train = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    for left, right in dataset.decoder.about.reading.merges:
        assert sum(text.count(left + right) for text in train) >= 2


def test_a_character_that_training_lacks_is_unknown_and_nothing_else_is_lost(tmp_path):
    dataset = load(tmp_path, SENTENCES, level="subword")
    (tmp_path / "new.txt").write_text("the dogs ☃ sleep")
    batch = dataset.decoder.read(tmp_path / "new.txt")
    assert dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1}) == ["the dogs � sleep"]


def test_own_cutting_agrees_with_the_library():
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    merges = learn_merges(SENTENCES, set("".join(SENTENCES)), 60)
    symbols = [*sorted(set("".join(SENTENCES))), *merges.symbols]
    theirs = Tokenizer(BPE({symbol: number for number, symbol in enumerate(symbols)}, list(merges.pairs)))
    for text in SENTENCES:
        assert merges.cut(text) == [part for piece in pieces(text) for part in theirs.encode(piece).tokens]


def test_the_same_text_gives_the_same_merges_in_any_process(tmp_path):
    first, again = (load(tmp_path, SENTENCES, level="subword").decoder.manifest() for _ in range(2))
    assert first == again
    assert len(first["reading"]["merges"]) > 10


def test_the_number_of_merges_is_the_most_there_are(tmp_path):
    dataset = load(tmp_path, SENTENCES, level="subword", merges=5)
    assert len(dataset.decoder.about.reading.merges) == 5
    assert dataset.summary["vocabulary"].endswith("characters, 5 merges")
    assert dataset.spec.vocab_size == 4 + len(set("".join(SENTENCES))) + 5


@pytest.mark.parametrize("level", ["auto", "subword"])
@pytest.mark.parametrize("spaced", [False, True])
def test_chinese_comes_back_without_spaces(tmp_path, level, spaced):
    lines = [" ".join(poem) for poem in POEMS] if spaced else POEMS
    dataset = load(tmp_path, lines, level=level)
    assert sorted(everything(dataset)) == sorted(POEMS)
    assert (dataset.spec.max_length < len(POEMS[0])) == (level == "subword")
    (tmp_path / "new.txt").write_text(lines[3], encoding="utf-8")
    batch = dataset.decoder.read(tmp_path / "new.txt")
    assert dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1}) == [POEMS[3]]


def test_windows_of_subwords_are_stretches_of_the_text(tmp_path):
    text = " ".join(SENTENCES * 4)
    dataset = load(tmp_path, [text], level="subword", unit="window", window_length=10)
    assert all(window in text for window in everything(dataset))
    assert set(dataset.train.lengths.tolist()) == {10}


def test_an_endless_word_is_cut_in_no_time():
    merges = Merges([("a", "a"), ("aa", "aa")])
    assert "".join(merges.cut("a" * 300_000)) == "a" * 300_000


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DeviceError, match=r"rgan-kit\[text\]"):
        load(tmp_path, SENTENCES, level="subword")


def test_reading_needs_no_library(tmp_path, monkeypatch):
    decoder = load(tmp_path, SENTENCES, level="subword").decoder
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    again = SPEC.decoder(json.loads(json.dumps(decoder.manifest())))
    assert again.read(tmp_path / "data.txt").values.shape[0] == len(SENTENCES)
