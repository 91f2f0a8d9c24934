"""From text to sequences: what is decided, what is kept, and what is held out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rgan_kit.contracts import DataError, Dataset, Sequences, TokenSpec, UsageError
from rgan_kit_plugins.domains.text import SPEC, running
from rgan_kit_plugins.domains.text.encoding import BOS, EOS, PAD, UNKNOWN
from rgan_kit_plugins.worlds.sentences import embedded_grammar

NAMES = [f"{first}{second}" for first in ("an", "be", "ma", "lo") for second in ("na", "lla", "ri", "x", "o")]
SENTENCES = [f"the {a} {b} runs over the hill" for a in ("small", "old", "red") for b in ("dog", "cat", "fox", "hen")]
POEMS = [f"秦 川 {a} 帝 {b} ， 函 谷 壮 皇 居 。 " for a in "雄风水火" for b in "宅月山"]


def load(tmp_path: Path, lines: list[str], seed: int = 0, **options) -> Dataset:
    file = tmp_path / "data.txt"
    file.write_text("\n".join(lines), encoding="utf-8", newline="")
    return SPEC.load(SPEC.options(**options), file, seed)


def texts(dataset: Dataset, source: Sequences) -> list[str]:
    batch = source.take(np.arange(len(source)))
    return dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends})


def tally(dataset: Dataset, noun: str, fate: str) -> tuple[int, int]:
    (found,) = [each for each in dataset.tallies if each.noun == noun and fate in each.fate]
    return found.count, found.total


def everything(dataset: Dataset) -> list[str]:
    return texts(dataset, dataset.train) + texts(dataset, dataset.validation)


def test_names_are_read_as_characters(tmp_path):
    dataset = load(tmp_path, NAMES)
    assert dataset.summary["level"].startswith("character, because most lines hold no space")
    assert sorted(everything(dataset)) == sorted(NAMES)
    assert dataset.spec.max_length == 5


def test_sentences_are_read_as_words(tmp_path):
    dataset = load(tmp_path, SENTENCES)
    assert dataset.summary["level"].startswith("word, because")
    assert sorted(everything(dataset)) == sorted(SENTENCES)
    assert dataset.spec.max_length == 7


def test_spaces_between_single_characters_are_dropped_and_that_is_said(tmp_path):
    dataset = load(tmp_path, POEMS)
    assert dataset.summary["level"].startswith("character, because spaces stand between single characters")
    assert sorted(everything(dataset)) == sorted(poem.replace(" ", "") for poem in POEMS)


def test_text_without_spaces_between_words_is_read_as_characters(tmp_path):
    lines = ["秦川雄帝宅函谷壮皇居绮殿千寻起 离宫百雉余塞外悲风切交河冰已结" + "雪" * number for number in range(12)]
    dataset = load(tmp_path, lines)
    assert "characters long on average" in dataset.summary["level"]
    assert sorted(everything(dataset)) == sorted(lines)


@pytest.mark.parametrize("level", ["character", "word"])
def test_a_level_asked_for_is_kept_and_changes_no_text(tmp_path, level):
    dataset = load(tmp_path, POEMS, level=level)
    assert dataset.summary["level"] == f"{level}, as asked for"
    assert sorted(everything(dataset)) == sorted(poem.strip() for poem in POEMS)


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=6)
round_trip = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@round_trip
@given(st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=10, max_size=20, unique=True))
@pytest.mark.parametrize("level", ["character", "word"])
def test_what_is_read_is_what_is_written(tmp_path, level, lines):
    dataset = load(tmp_path, ["", *lines, "  "], level=level, equal_lines="together")
    known = [line for line in lines if all(symbol in dataset.decoder.vocabulary for symbol in
             (line if level == "character" else line.split()))]  # fmt: skip
    decoded = everything(dataset)
    assert len(decoded) == len(lines)
    assert set(known) <= set(decoded)
    assert set(texts(dataset, dataset.train)) <= set(lines)


@round_trip
@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"), min_size=200, max_size=400
    ).filter(
        lambda text: len(set(text.strip("\n"))) > 1  # of one symbol there is nothing to learn
    )
)
def test_windows_of_characters_are_the_text_itself_and_no_symbol_is_left_over(tmp_path, text):
    dataset = load(tmp_path, [text], unit="window", window_length=4, level="character", min_count=1)
    running = text.removesuffix("\n")
    pieces = {running[start : start + 4] for start in range(len(running))}
    assert set(texts(dataset, dataset.train)) <= pieces
    assert tally(dataset, "characters", "in no window") == (0, len(running))
    spans = [side.stretches() for side in (dataset.train, dataset.validation)]
    assert sum(int(np.diff(each).sum()) for each in spans) == len(running)


def test_every_symbol_of_a_stretch_is_scored_and_windows_never_end(tmp_path):
    text = " ".join(f"w{number % 7}" for number in range(2_000))
    dataset = load(tmp_path, [text], unit="window", level="word", window_length=20, context=0.25)
    assert not dataset.spec.ends
    assert not (dataset.train.row == EOS).any()
    assert (dataset.spec.max_length, set(dataset.train.lengths.tolist())) == (20, {20})
    windows = dataset.train
    whole = windows.context == 0
    assert len(windows) / 9 < whole.sum() < len(windows) / 4  # what begins with nothing before it is learnt too
    scored = np.zeros(len(windows.row), np.int64)
    for start, context in zip(windows.starts.tolist(), windows.context.tolist(), strict=True):
        scored[start + context : start + 20] += 1
    covered = np.concatenate([np.arange(begin, end) for begin, end in windows.stretches()])
    assert scored[covered].min() == 1
    assert (scored[covered] == 1).mean() > 0.9
    assert (dataset.validation.context >= 5).all()


def test_each_sample_ends_with_its_end_token_and_holds_no_other_special_one(tmp_path):
    dataset = load(tmp_path, SENTENCES)
    assert isinstance(dataset.spec, TokenSpec)
    assert (dataset.spec.pad, dataset.spec.bos, dataset.spec.eos, dataset.spec.unknown) == (PAD, BOS, EOS, UNKNOWN)
    for source in (dataset.train, dataset.validation):
        assert source.values.dtype == np.uint8  # as small as the vocabulary allows
        for number in range(len(source)):
            assert source[number][-1] == EOS
            assert source[number][:-1].min() >= UNKNOWN


def test_the_vocabulary_is_ordered_by_frequency_then_code_point(tmp_path):
    lines = [*["b a"] * 30, *["c a"] * 30, *["d d"] * 3]
    dataset = load(tmp_path, lines, level="word", validation_share=0.01)
    counts = {word: sum(line.split().count(word) for line in texts(dataset, dataset.train)) for word in "abcd"}
    assert list(dataset.decoder.vocabulary[4:]) == sorted("abcd", key=lambda word: (-counts[word], word))
    assert dataset.decoder.vocabulary[:4] == ("<pad>", "<bos>", "<eos>", "<unk>")
    assert dataset.spec.vocab_size == 8


def test_rare_symbols_become_the_unknown_one_and_their_share_is_said(tmp_path):
    lines = [*["the dog runs"] * 20, "the wolf runs"]
    dataset = load(tmp_path, lines, min_count=5)
    assert "wolf" not in dataset.decoder.vocabulary
    assert "the � runs" in everything(dataset)
    unknown = sum(int((source.values == UNKNOWN).sum()) for source in (dataset.train, dataset.validation))
    assert unknown == 1
    assert tally(dataset, "words", "unknown") == (1, 63)


def test_the_largest_vocabulary_keeps_the_frequent_symbols(tmp_path):
    dataset = load(tmp_path, [*["a b"] * 20, *["a c"] * 9], level="word", max_vocabulary=2)
    assert dataset.decoder.vocabulary[4:] == ("a", "b")


def test_a_small_vocabulary_loses_nothing_and_a_large_one_loses_what_stands_once(tmp_path):
    small = load(tmp_path, [f"word{number} again" for number in range(500)])
    large = load(tmp_path, [f"word{number} again" for number in range(2000)])
    assert small.spec.vocab_size > 400
    assert large.spec.vocab_size == 5


def test_a_cut_off_that_leaves_nothing_is_an_error(tmp_path):
    with pytest.raises(DataError, match="No symbol occurs 1,000 times"):
        load(tmp_path, SENTENCES, min_count=1000)


def test_lines_that_are_too_long_are_left_out_and_counted(tmp_path):
    dataset = load(tmp_path, [*SENTENCES, "one " * 65, "two " * 64])
    assert tally(dataset, "lines", "longer than 64 words") == (1, 14)
    assert dataset.spec.max_length == 64
    assert len(dataset.train) + len(dataset.validation) == 13
    shorter = load(tmp_path, [*SENTENCES, "one two three"], max_length=7)
    assert tally(shorter, "lines", "longer than 7 words") == (0, 13)


def test_blank_lines_are_no_samples(tmp_path):
    dataset = load(tmp_path, [line for sentence in SENTENCES for line in (sentence, "", " \t")])
    assert len(dataset.train) + len(dataset.validation) == len(SENTENCES)
    assert "24 blank lines skipped" in dataset.summary["samples"]


def test_the_seed_alone_decides_what_is_held_out(tmp_path):
    lines = [f"name{number}" for number in range(300)]
    held_out = [texts(dataset := load(tmp_path, lines, seed), dataset.validation) for seed in (1, 1, 2)]
    assert held_out[0] == held_out[1] != held_out[2]
    assert len(held_out[0]) == 30


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5])
def test_each_line_is_on_one_side_and_neither_side_is_empty(tmp_path, share):
    dataset = load(tmp_path, NAMES, validation_share=share)
    assert len(dataset.validation) == max(1, round(share * len(NAMES)))
    assert sorted(everything(dataset)) == sorted(NAMES)


def test_equal_lines_stay_together_where_asked_for(tmp_path):
    lines = [f"name{number % 40}" for number in range(400)]
    dataset = load(tmp_path, lines, equal_lines="together")
    assert not set(texts(dataset, dataset.train)) & set(texts(dataset, dataset.validation))
    assert sorted(everything(dataset)) == sorted(lines)
    assert "0 of 40 validation lines stand also in the training data" in dataset.summary["equal lines"]


def test_equal_lines_stay_together_even_where_each_group_is_large(tmp_path):
    dataset = load(tmp_path, ["abba"] * 30 + ["baab"] * 20, equal_lines="together")
    assert (texts(dataset, dataset.train), texts(dataset, dataset.validation)) == (["abba"] * 30, ["baab"] * 20)


def test_equal_lines_fall_as_chance_has_it_so_that_held_out_copies_can_be_counted(tmp_path):
    dataset = load(tmp_path, [f"name{number % 40}" for number in range(400)])
    assert "40 of 40 validation lines stand also in the training data" in dataset.summary["equal lines"]
    assert "360 lines repeat another" in dataset.summary["equal lines"]


@pytest.mark.parametrize("stride", [1, 3, 10, 17])
def test_no_validation_window_shares_a_position_with_a_training_window(tmp_path, stride):
    lines = [f"w{number}" for number in range(1000)]  # every word tells its position
    dataset = load(
        tmp_path, [" ".join(lines)], unit="window", level="word", window_length=10, stride=stride, min_count=1
    )
    places = [
        {int(word[1:]) for text in texts(dataset, source) for word in text.split() if word != "�"}
        for source in (dataset.train, dataset.validation)
    ]
    assert not places[0] & places[1]
    windows = [[int(word[1:]) for word in text.split()] for text in texts(dataset, dataset.train)]
    assert all(window == list(range(window[0], window[0] + 10)) for window in windows)
    assert len({window[0] for window in windows}) == len(windows)
    assert len(dataset.validation) >= 1


@pytest.mark.parametrize("level", ["character", "word"])
def test_windows_keep_line_ends_at_every_level(tmp_path, level):
    running = "ab\n\ncd\n" * 60
    dataset = load(tmp_path, [running], unit="window", window_length=7, level=level)
    assert all(window in running for window in texts(dataset, dataset.train))
    assert any("\n\n" in window for window in texts(dataset, dataset.train))


def test_overlapping_windows_do_not_make_a_symbol_frequent(tmp_path):
    text = " ".join(["common"] * 300 + ["rare"] + ["common"] * 300)
    dataset = load(tmp_path, [text], unit="window", level="word", window_length=8, stride=1, min_count=2)
    assert "rare" not in dataset.decoder.vocabulary


@pytest.mark.parametrize("options", [{"window_length": 50}, {"window_length": 10, "stride": 100}])
def test_too_few_windows_are_an_error_that_says_how_many(tmp_path, options):
    with pytest.raises(DataError, match=r"windows of .*at least 10 are needed"):
        load(tmp_path, ["word " * 200], unit="window", level="word", **options)


def test_more_windows_than_memory_should_hold_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_MOST_WINDOWS", 5_000)
    with pytest.raises(DataError, match="too many to hold in memory"):
        load(tmp_path, ["x" * 10_000], unit="window", window_length=100, stride=1)


def test_the_embedded_language_is_drawn_by_seed_and_carries_its_truth():
    first, again, other = (SPEC.load(SPEC.options(embedded_sentences=300), None, seed) for seed in (4, 4, 5))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert (len(first.train), len(first.validation)) == (300, 500)
    assert first.truth is not None
    assert first.truth.measure(everything(first))["valid"] == 1.0
    assert everything(first) == everything(again)


@pytest.mark.parametrize("seed", range(3))
def test_the_default_training_set_holds_every_word_of_the_language(seed):
    dataset = SPEC.load(SPEC.options(), None, seed)
    assert set(dataset.decoder.vocabulary[4:]) == set(embedded_grammar().words)
    assert len(dataset.train) == 2000
    assert not (dataset.validation.values == UNKNOWN).any()


def test_the_embedded_language_has_no_windows():
    for unit in ("window", "paragraph", "file"):
        with pytest.raises(UsageError, match=f"sentences and not in {unit}s"):
            SPEC.load(SPEC.options(unit=unit), None, 0)


def test_a_data_set_of_files_has_no_truth_and_the_fingerprint_of_its_files(tmp_path):
    dataset = load(tmp_path, NAMES)
    assert dataset.truth is None
    assert dataset.fingerprint != load(tmp_path, [*NAMES, "eve"]).fingerprint


def test_describing_and_loading_text_never_imports_torch():
    program = (
        "import sys; from rgan_kit_plugins.domains.text import SPEC;"
        "light = 'rgan_kit_plugins.worlds.sentences' not in sys.modules;"
        "SPEC.load(SPEC.options(embedded_sentences=20), None, 0);"
        "sys.exit(not light or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
