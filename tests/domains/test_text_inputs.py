"""Small files as people bring them, and what must come out of each."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import DataError, Dataset, TooLittleError
from rgan_kit_plugins.domains.text import SPEC

VERSES = [f"春眠不覺{a}，處處聞{b}鳥。\n夜來風雨{b}，花落知{a}少。" for a in "曉早夢多" for b in "啼鳴聲"]
STANZAS = [
    f"the {a} wind\n  blows over {b}" for a in ("old", "cold", "grey") for b in ("hills", "seas", "fens", "moors")
]
REVIEWS = [(mood, f"a {mood} film, part {n}") for n in range(12) for mood in ("good", "bad")]
QUOTED = [("good", f"line {n}\nand, more") for n in range(12)]
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u", "an", "el")]
RNG = np.random.default_rng(5)
PROSE = "\n\n".join(
    "\n".join(" ".join("".join(RNG.choice(SYLLABLES, 3)) for _ in range(8)) for _ in range(5)) for _ in range(30)
)


def records(rows) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def table(rows, between: str = "\t") -> str:
    return "".join(between.join(row) + "\n" for row in rows)


def csv(rows) -> str:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


# file, content, options; level, texts, classes
INPUTS = {
    "verses of several lines are characters": ("a.jsonl", records({"text": verse} for verse in VERSES), {},
        "character", VERSES, ()),
    "verses of several words keep their line ends": (
        "a.jsonl", records({"text": text} for text in STANZAS), {"level": "word"}, "word",
        [text.replace("\n  ", "\n") for text in STANZAS], ()),
    "stanzas": ("a.txt", "\n\n\n".join(STANZAS), {"unit": "paragraph", "level": "character"},
        "character", STANZAS, ()),
    "a header with usual names is no class of one": ("a.tsv", table([("sentiment", "sentence"), *REVIEWS]), {},
        "word", [text for _, text in REVIEWS], ("bad", "good")),
    "a header with names of its own is none either": ("a.tsv", table([("stars", "words"), *REVIEWS]), {},
        "word", [text for _, text in REVIEWS], ("bad", "good")),
    "a class that is named and a text that is not": (
        "a.tsv", table([("words", "label"), *[(text, mood) for mood, text in REVIEWS]]), {}, "word",
        [text for _, text in REVIEWS], ("bad", "good")),
    "a table without a header": ("a.tsv", table(REVIEWS), {}, "word", [text for _, text in REVIEWS], ("bad", "good")),
    "commas and quoted cells": ("a.csv", csv([("label", "text"), *QUOTED, *REVIEWS]), {"level": "character"},
        "character", [text for _, text in [*QUOTED, *REVIEWS]], ("bad", "good")),
    "a text among other columns": ("a.csv", "id;text;at\n" + "".join(f"{n};text {n};now\n" for n in range(12)), {},
        "word", [f"text {n}" for n in range(12)], ()),
    "classes in the second record alone are an error": (
        "a.jsonl", records([{"text": "a"}, {"text": "b", "label": "x"}]), {}, None,
        "line 1: there is no 'label', others have one", ()),
    "a table whose text nobody can find is an error": ("a.csv", "id;at;of\n1;2;3\n", {}, None, "domain.text_key", ()),
    "an unclosed quote is an error": ("a.csv", 'text\n"a\nb\n', {}, None, "no table", ()),
}  # fmt: skip


def load(path: Path, **options) -> Dataset:
    return SPEC.load(SPEC.options(**{"min_count": 1, **options}), path, 0)


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("case", ["verses of several lines are characters", "commas and quoted cells"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, encoding, case):
    name, content, options, _, texts, _ = INPUTS[case]
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert sorted(text for text, _ in samples_of(load(tmp_path / name, **options))) == sorted(texts)


def samples_of(dataset: Dataset) -> list[tuple[str, str]]:
    """All samples, each with its class."""
    samples = []
    for source in (dataset.train, dataset.validation):
        batch = source.take(np.arange(len(source)))
        texts = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends})
        labels = [""] * len(texts) if batch.labels is None else [dataset.spec.labels[n] for n in batch.labels]
        samples += zip(texts, labels, strict=True)
    return samples


@pytest.mark.parametrize("case", INPUTS)
def test_what_goes_in_and_what_comes_out(tmp_path, case):
    name, content, options, level, expected, classes = INPUTS[case]
    path = write(tmp_path / name, content)
    if level is None:
        with pytest.raises(DataError) as caught:
            load(path, **options)
        assert expected in str(caught.value)
        assert str(path) in caught.value.problem
        return
    dataset = load(path, **options, validation_share=0.05)
    assert dataset.summary["level"].startswith(level)
    assert dataset.spec.labels == classes
    got = [text for text, _ in samples_of(dataset)]
    known = [text for text in got if "�" not in text]
    assert len(got) == len(expected)
    assert set(known) <= set(expected)
    assert len(known) >= len(expected) - 3


def test_characters_of_verses_are_known(tmp_path):
    dataset = load(write(tmp_path / "a.jsonl", records({"text": verse} for verse in VERSES)))
    assert sum(tally.count for tally in dataset.tallies) == 0
    assert sorted(text for text, _ in samples_of(dataset)) == sorted(VERSES)


def test_which_column_holds_what_is_said(tmp_path):
    dataset = load(write(tmp_path / "a.tsv", table([("sentiment", "sentence"), *REVIEWS])))
    assert "text in the column 'sentence', classes in 'sentiment'" in dataset.summary["data"]


@pytest.mark.parametrize("labels", ["file", "folder"])
def test_poems_are_read_whole_with_the_class_of_their_author(tmp_path, labels):
    for number, poem in enumerate(STANZAS):
        author = "ann" if number % 2 else "bob"
        write(tmp_path / (f"{author}/{number}.txt" if labels == "folder" else f"{number}.txt"), f"{poem}\n\n{poem}\n")
    dataset = load(tmp_path, unit="file", labels=labels, level="character")
    expected = {f"{poem}\n\n{poem}" for poem in STANZAS}
    assert {text for text, _ in samples_of(dataset)} == expected
    assert len(dataset.spec.labels) == (2 if labels == "folder" else 12)


def test_running_text_is_recognised_and_why_is_said(tmp_path):
    dataset = load(write(tmp_path / "novel.txt", PROSE))
    assert dataset.summary["unit"].startswith("window, because short lines with blank ones between and many rare words")
    assert "of the words would be unknown" in dataset.summary["level"]
    assert (dataset.spec.ends, dataset.spec.max_length) == (False, 128)
    assert all(text in PROSE for text, _ in samples_of(dataset))


@pytest.mark.parametrize("unit", ["line", "paragraph"])
def test_what_is_asked_for_goes_over_what_is_recognised(tmp_path, unit):
    dataset = load(write(tmp_path / "novel.txt", PROSE), unit=unit, level="character")
    expected = PROSE.replace("\n\n", "\n").split("\n") if unit == "line" else PROSE.split("\n\n")
    assert sorted(text for text, _ in samples_of(dataset)) == sorted(expected)


SENTENCES = " ".join(
    " ".join("".join(RNG.choice(SYLLABLES, 2)) for _ in range(RNG.integers(5, 20))).capitalize() + "."
    for _ in range(300)
)
BY_HAND = re.sub(r"(.{52,68}?) (?=\S)", r"\1\n", SENTENCES)
WRAPPED = {
    "by a program": textwrap.fill(SENTENCES, 70),
    "by a program, without marks": textwrap.fill(SENTENCES.replace(".", ""), 70),
    "by hand": BY_HAND,
}


@pytest.mark.parametrize("case", WRAPPED)
def test_prose_broken_at_a_width_is_running_text_without_blank_lines_too(tmp_path, case):
    dataset = load(write(tmp_path / "novel.txt", WRAPPED[case]))
    assert dataset.summary["unit"].startswith("window, because lines end where the next word no longer fits")
    assert all(text in WRAPPED[case] for text, _ in samples_of(dataset))


LINES = {
    "sentences of one length in words": "\n".join(
        " ".join(RNG.choice(SYLLABLES, 12)).capitalize() + "." for _ in range(900)),
    "records of one width": "\n".join(" ".join(RNG.choice(list("abcdefgh"), 24)) for _ in range(900)),
    "names": "\n".join("".join(RNG.choice(SYLLABLES, 3)) for _ in range(900)),
    "captions": "\n".join(" ".join(RNG.choice(SYLLABLES, 9)) for _ in range(900)),
    "captions far apart": "\n\n".join(" ".join(RNG.choice(SYLLABLES, 9)) for _ in range(900)),
    "verses of few words": "\n\n".join(
        "\n".join(" ".join(RNG.choice(SYLLABLES[:9], 6)) for _ in range(4)) for _ in range(90)),
}  # fmt: skip


@pytest.mark.parametrize("kind", LINES)
def test_lines_stay_lines(tmp_path, kind):
    dataset = load(write(tmp_path / "a.txt", LINES[kind]))
    assert dataset.spec.ends
    assert "unit" not in dataset.summary


def test_a_few_long_lines_are_running_text(tmp_path):
    dataset = load(write(tmp_path / "a.txt", "\n".join([PROSE.replace("\n", " ")] * 3)))
    assert dataset.summary["unit"].startswith("window, because there are few lines")
    tall = load(write(tmp_path / "b.txt", "\n".join(["ab cd " * 90] * 40)))
    assert tall.summary["unit"].startswith("window, because most of the text stands in lines longer than 64 words")


def test_too_little_to_train_on_can_be_looked_at(tmp_path):
    with pytest.raises(TooLittleError, match=r"2 lines of text .*at least 10 samples are needed") as caught:
        load(write(tmp_path / "a.txt", "one line\nand another"))
    dataset = caught.value.dataset
    assert sorted(set(samples_of(dataset))) == [("and another", ""), ("one line", "")]
    assert dataset.summary["level"].startswith("word")


def test_files_that_the_user_names_are_held_out(tmp_path):
    for name in ("a", "b", "test/c"):
        write(tmp_path / f"{name}.txt", "\n".join(f"{name} {n}" for n in range(12)))
    dataset = load(tmp_path, held_out=["test"], level="character")
    batch = dataset.validation.take(np.arange(len(dataset.validation)))
    held_out = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    assert len(held_out) == 12
    assert all(text.endswith(f" {n}") for n, text in enumerate(held_out))
    running = load(tmp_path, held_out=["b.txt"], level="character", unit="window", window_length=8)
    assert set(running.decoder.vocabulary) & set("ab") == {"a"}


def test_a_table_beside_text_is_left_out_and_named(tmp_path):
    write(tmp_path / "a.txt", "\n".join(f"line {n}" for n in range(12)))
    write(tmp_path / "about.csv", "title,year\n" + "".join(f"t{n},{n}\n" for n in range(12)))
    dataset = load(tmp_path)
    assert dataset.refused == {"about.csv": "a table beside text; give it alone to read it"}
    assert len(samples_of(dataset)) == 12


ROUND_TRIPS = {
    "lines": ("a.txt", "\n".join(f"the {n} dogs" for n in range(40)), {}),
    "subwords": ("a.txt", "\n".join(f"the dogs, {n} of them" for n in range(40)), {"level": "subword", "merges": 20}),
    "verses": ("a.jsonl", records({"text": verse} for verse in VERSES), {}),
    "verses as words": ("a.jsonl", records({"text": text} for text in STANZAS), {"level": "word"}),
    "labelled verses": ("a.jsonl", records({"text": v, "label": v[4]} for v in VERSES), {}),
    "a table": ("a.tsv", table(REVIEWS), {}),
    "quoted cells": ("a.csv", csv([("label", "text"), *QUOTED, *REVIEWS]), {"level": "character"}),
    "stanzas": ("a.txt", "\n\n".join(STANZAS), {"unit": "paragraph", "level": "character"}),
    "windows": ("a.txt", PROSE, {}),
    "windows of words": ("a.txt", PROSE, {"level": "word", "unit": "window"}),
    "windows of subwords": ("a.txt", PROSE, {"level": "subword", "unit": "window", "merges": 300}),
}


@pytest.mark.parametrize("case", ROUND_TRIPS)
def test_what_is_read_is_written_and_read_again_and_nothing_is_lost_but_what_was_reported(tmp_path, case):
    name, content, options = ROUND_TRIPS[case]
    dataset = load(write(tmp_path / name, content), **options)
    samples = [text for text, _ in samples_of(dataset)]
    labels = [label for _, label in samples_of(dataset)] if dataset.spec.labels else None
    unknown = next(tally for tally in dataset.tallies if "unknown" in tally.fate)
    if dataset.spec.ends:
        assert sum(text.count("�") for text in samples) == unknown.count
    decoder = SPEC.decoder(json.loads(json.dumps(dataset.decoder.manifest())))
    (tmp_path / "out").mkdir()
    files = decoder.write(samples, tmp_path / "out", labels)
    batch = decoder.read(files[0] if len(files) == 1 else tmp_path / "out")
    again = decoder.decode({"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends})
    assert again == samples
    assert (batch.labels is None) == (labels is None)
    if labels is not None:
        assert [dataset.spec.labels[number] for number in batch.labels] == labels


def test_windows_of_a_class_are_written_into_its_folder_and_read_with_it(tmp_path):
    for author, sign in (("ann", "a"), ("bob", "b")):
        write(tmp_path / "data" / author / "novel.txt", f"{sign} {sign}\n" * 500)
    dataset = load(tmp_path / "data", unit="window", labels="folder", window_length=30)
    samples = samples_of(dataset)[::9]
    (tmp_path / "out").mkdir()
    dataset.decoder.write([text for text, _ in samples], tmp_path / "out", [label for _, label in samples])
    batch = dataset.decoder.read(tmp_path / "out")
    texts = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths})
    again = [(text, dataset.spec.labels[number]) for text, number in zip(texts, batch.labels, strict=True)]
    assert sorted(again) == sorted(samples)


def test_a_model_file_of_before_windows_lost_their_end_still_decodes_and_reads(tmp_path):
    manifest = {
        "version": 1, "level": "character", "joiner": "", "special": {"pad": 0, "bos": 1, "eos": 2, "unknown": 3},
        "vocabulary": ["<pad>", "<bos>", "<eos>", "<unk>", "a", "b", "\n"],
        "reading": {"spaced": False, "tokenize": "space", "merges": [], "window": 3, "labels": "auto",
                    "columns": "label-text", "text_key": "text", "label_key": "label", "classes": []},
    }  # fmt: skip
    decoder = SPEC.decoder(manifest)
    batch = decoder.read(write(tmp_path / "a.txt", "ab\nab\n"))
    assert batch.values.tolist() == [[4, 5, 6, 2], [4, 5, 2, 0]]
    assert decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1}) == ["ab\n", "ab"]


def test_a_character_of_running_text_takes_a_byte_and_both_sides_share_it(tmp_path):
    dataset = load(write(tmp_path / "a.txt", PROSE * 40), unit="window", level="character")
    assert dataset.train.row is dataset.validation.row
    assert dataset.train.row.nbytes == len(PROSE * 40)
