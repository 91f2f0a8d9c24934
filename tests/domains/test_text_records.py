"""Texts with their classes: tab-separated lines, JSON lines, and one file or folder a class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import DataError, Dataset
from rgan_kit_plugins.domains.text import SPEC

MOODS = {"calm": [f"the lake rests {n}" for n in range(12)], "loud": [f"the drum calls {n}" for n in range(18)]}
PAIRS = [(label, text) for label, texts in MOODS.items() for text in texts]


def load(path: Path, **options) -> Dataset:
    return SPEC.load(SPEC.options(**options), path, 0)


def pairs_of(dataset: Dataset) -> set[tuple[str, str]]:
    pairs = set()
    for source in (dataset.train, dataset.validation):
        batch = source.take(np.arange(len(source)))
        texts = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
        pairs |= {(dataset.spec.labels[label], text) for label, text in zip(batch.labels, texts, strict=True)}
    return pairs


def write(path: Path, lines) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def table(path: Path) -> Path:
    return write(path, (f"{label}\t{text}" for label, text in PAIRS))


def as_json(path: Path, text: str = "text", label: str = "label") -> Path:
    return write(path, (json.dumps({label: own, text: line, "more": [1]}) for own, line in PAIRS))


FORMS = {
    "columns": (table, "m.tsv", {}),
    "other way round": (
        lambda path: write(path, (f"{text}\t{label}" for label, text in PAIRS)), "m.tsv", {"columns": "text-label"}),
    "named columns": (
        lambda path: write(path, ["id\ttext\tlabel", *(f"7\t{text}\t{label}" for label, text in PAIRS)]), "m.tsv", {}),
    "other names": (
        lambda path: write(path, ["mood\tline", *(f"{label}\t{text}" for label, text in PAIRS)]), "m.TSV",
        {"text_key": "line", "label_key": "mood"}),
    "JSON lines": (as_json, "m.jsonl", {}),
    "other keys": (lambda path: as_json(path, "line", "mood"), "m.jsonl", {"text_key": "line", "label_key": "mood"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_classes_are_read_from_records(tmp_path, form):
    make, name, options = FORMS[form]
    dataset = load(make(tmp_path / name), min_count=1, **options)
    assert dataset.spec.labels == ("calm", "loud")
    assert {(label, text) for label, text in pairs_of(dataset) if "�" not in text} <= set(PAIRS)
    assert len(dataset.train) + len(dataset.validation) == len(PAIRS)
    assert {label for label, _ in pairs_of(dataset)} == set(MOODS)
    assert dataset.summary["classes"] == "2: loud (18), calm (12)"


@pytest.mark.parametrize("labels", ["file", "folder"])
def test_classes_are_read_from_names(tmp_path, labels):
    for mood, texts in MOODS.items():
        write(tmp_path / (f"{mood}.txt" if labels == "file" else f"{mood}/deep/a.txt"), texts)
    dataset = load(tmp_path, labels=labels, level="character")
    assert {pair for pair in pairs_of(dataset) if "�" not in pair[1]} <= set(PAIRS)
    assert dataset.spec.labels == ("calm", "loud")


def test_equal_texts_keep_their_own_classes(tmp_path):
    path = write(tmp_path / "m.tsv", [*["calm\tla la"] * 9, *["loud\tla la"] * 9, *["calm\tlo lo"] * 9])
    dataset = load(path)
    assert pairs_of(dataset) == {("calm", "la la"), ("loud", "la la"), ("calm", "lo lo")}


def test_classes_can_be_left_out(tmp_path):
    for path in (table(tmp_path / "m.tsv"), as_json(tmp_path / "m.jsonl")):
        dataset = load(path, labels="none")
        assert (dataset.spec.labels, dataset.train.labels) == ((), None)


def test_records_without_classes_are_texts(tmp_path):
    plain = load(write(tmp_path / "a.tsv", (text for _, text in PAIRS)))
    objects = load(write(tmp_path / "b.jsonl", (json.dumps({"text": text}) for _, text in PAIRS)))
    assert plain.spec.labels == objects.spec.labels == ()
    assert len(plain.train) == len(objects.train) == 27


def test_numbers_and_truth_values_are_classes_too(tmp_path):
    lines = [json.dumps({"text": f"line {n}", "label": [0, 1, True][n % 3]}) for n in range(30)]
    assert load(write(tmp_path / "m.jsonl", lines)).spec.labels == ("0", "1", "true")


def test_windows_of_records_are_of_one_class(tmp_path):
    lines = [f"{'calm' if n % 3 else 'loud'}\t{'rest' if n % 3 else 'drum'} {n % 5}" for n in range(900)]
    dataset = load(write(tmp_path / "m.tsv", lines), unit="window", window_length=24, level="character")
    assert dataset.spec.labels == ("calm", "loud")
    for source in (dataset.train, dataset.validation):
        batch = source.take(np.arange(len(source)))
        windows = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths})
        assert {("rest" in window, "drum" in window, label) for window, label in
                zip(windows, batch.labels.tolist(), strict=True)} == {(True, False, 0), (False, True, 1)}  # fmt: skip


@pytest.mark.parametrize("labels", ["file", "folder"])
def test_running_text_of_several_authors_keeps_them_apart(tmp_path, labels):
    for author, sign in (("ann", "a"), ("bob", "b")):
        write(tmp_path / (f"{author}.txt" if labels == "file" else f"{author}/novel.txt"), [f"{sign} {sign}"] * 500)
    dataset = load(tmp_path, unit="window", labels=labels, window_length=30, level="character")
    assert dataset.spec.labels == ("ann", "bob")
    for source in (dataset.train, dataset.validation):
        batch = source.take(np.arange(len(source)))
        windows = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths})
        assert {window.strip()[0] for window, label in zip(windows, batch.labels, strict=True) if label} == {"b"}
        assert set(batch.labels.tolist()) == {0, 1}
        assert not any({"a", "b"} <= set(window) for window in windows)


def test_a_text_may_hold_line_ends_and_tabs_in_json(tmp_path):
    lines = [json.dumps({"text": f"one\r\n{n}\ttwo"}) for n in range(12)]
    dataset = load(write(tmp_path / "m.jsonl", lines), level="character")
    batch = dataset.train.take(np.array([0]))
    (text,) = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    assert text.startswith("one\n")
    assert text.endswith("\ttwo")
    (file,) = dataset.decoder.write([text, text], tmp_path)
    assert [json.loads(line)["text"] for line in file.read_text().splitlines()] == [text, text]


BAD = {
    "three columns": ("a.tsv", ["a\tb\tc"] * 12, ["line 1: 3 columns without names", "text and label"]),
    "ragged": ("a.tsv", ["a\tb", "a\tc", "a"], ["line 3: 1 columns where the lines before have 2"]),
    "ragged below names": ("a.tsv", ["label\ttext", "a\tb", "a\tb\tc"], ["line 3: 3 columns"]),
    "no class": ("a.tsv", ["a\tb", " \tc"], ["line 2: the class is empty"]),
    "long class": ("a.tsv", [f"{'a' * 201}\tb"], ["line 1: the class is 201 characters", "domain.columns"]),
    "swapped": ("a.tsv", [f"text {n}\tclass {n % 2}" for n in range(20)], ["20 different classes", "domain.columns"]),
    "no JSON": ("a.jsonl", ['{"text": "a"}', "{text"], ["line 2: this is no JSON"]),
    "no object": ("a.jsonl", ["[1, 2]"], ["line 1: this is JSON, but no object"]),
    "deep": ("a.jsonl", ["[" * 100_000], ["line 1: this is no JSON (RecursionError)"]),
    "no text": ("a.jsonl", ['{"body": "a", "x": 1}'], ["there is no 'text' (there are: body, x)", "domain.text_key"]),
    "number": ("a.jsonl", ['{"text": 7}'], ["line 1: 'text' is no text"]),
    "some classes": ("a.jsonl", ['{"text": "a", "label": "b"}', '{"text": "c"}'], ["line 2: there is no 'label'"]),
    "odd class": ("a.jsonl", ['{"text": "a", "label": {}}'], ["'label' is neither text nor a whole number"]),
    "huge class": ("a.jsonl", ['{"text": "a", "label": ' + "9" * 4000 + "}"], ["neither text nor a whole number"]),
    "huge number": ("a.jsonl", ['{"text": "a", "n": ' + "9" * 5000 + "}"], ["line 1: this is no JSON (ValueError)"]),
    "surrogate": ("a.jsonl", ['{"text": "\\ud800"}'], ["half a surrogate pair"]),
    "zero": ("a.jsonl", ['{"text": "a\\u0000"}'], ["zero character"]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_record_is_said_with_its_line(tmp_path, case):
    name, lines, words = BAD[case]
    path = write(tmp_path / name, lines)
    with pytest.raises(DataError) as caught:
        load(path)
    assert str(path) in caught.value.problem
    for word in words:
        assert word in str(caught.value)


def test_a_file_that_cannot_be_used_is_left_out_of_a_folder_and_listed(tmp_path):
    table(tmp_path / "good.tsv")
    write(tmp_path / "bad.jsonl", ["{"])
    (tmp_path / "worse.txt").write_bytes(b"\xff")
    dataset = load(tmp_path)
    assert list(dataset.refused) == ["bad.jsonl", "worse.txt"]
    assert dataset.refused["bad.jsonl"].startswith("line 1: this is no JSON")
    (tmp_path / "good.tsv").unlink()
    with pytest.raises(DataError, match=r"nothing here that can be used.\s+bad.jsonl: line 1"):
        load(tmp_path)


def test_files_with_and_without_classes_do_not_mix(tmp_path):
    table(tmp_path / "a.tsv")
    write(tmp_path / "b.txt", MOODS["calm"])
    with pytest.raises(DataError, match=r"b.txt: has no classes, but a.tsv has"):
        load(tmp_path)
    assert load(tmp_path, labels="none").spec.labels == ()


def test_a_file_outside_any_class_is_named(tmp_path):
    write(tmp_path / "calm" / "a.txt", MOODS["calm"])
    stray = write(tmp_path / "b.txt", MOODS["loud"])
    with pytest.raises(DataError, match="lies in no folder of its class") as caught:
        load(tmp_path, labels="folder")
    assert str(stray) in caught.value.problem
