"""Reading further files as a model was trained on them, and files that mean harm."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from rgan_kit.contracts import Batch, DataError
from rgan_kit_plugins.domains.text import SPEC

SENTENCES = [f"the {a} {b} sings, loudly" for a in ("small", "old", "red") for b in ("dog", "cat", "fox", "hen")]


def load(path, text, **options):
    path.write_text(text, encoding="utf-8")
    dataset = SPEC.load(SPEC.options(**options), path, 0)
    return dataset, SPEC.decoder(json.loads(json.dumps(dataset.decoder.manifest())))


def texts(decoder, batch: Batch) -> list[str]:
    return decoder.decode({"tokens": batch.values, "lengths": batch.lengths - decoder.about.reading.ends})


@pytest.mark.parametrize("options", [{}, {"level": "character"}, {"tokenize": "punctuation"}, {"level": "subword"}])
def test_lines_are_read_in_order_as_training_read_them(tmp_path, options):
    dataset, decoder = load(tmp_path / "data.txt", "\n".join(SENTENCES), **options)
    (tmp_path / "new.txt").write_text(f"\n  {SENTENCES[5]} \n\n{SENTENCES[2]}\n")
    batch = decoder.read(tmp_path / "new.txt")
    assert texts(decoder, batch) == [SENTENCES[5], SENTENCES[2]]
    assert batch.values.dtype == batch.lengths.dtype == np.int64
    assert [row[length - 1] for row, length in zip(batch.values, batch.lengths, strict=True)] == [dataset.spec.eos] * 2
    rows = {tuple(dataset.train[i]) for i in range(len(dataset.train))}
    whole = decoder.read(tmp_path / "data.txt")
    found = {tuple(row[:length]) for row, length in zip(whole.values, whole.lengths, strict=True)}
    assert rows <= found


def test_what_is_written_is_read_again_where_samples_are_windows(tmp_path):
    dataset, decoder = load(tmp_path / "data.txt", "ab\ncd e" * 200, unit="window", window_length=7, level="character")
    batch = dataset.train.take(np.arange(3))
    (tmp_path / "out").mkdir()
    samples = texts(decoder, batch)
    decoder.write(samples, tmp_path / "out")
    assert texts(decoder, decoder.read(tmp_path / "out")) == samples
    whole = texts(decoder, decoder.read(tmp_path / "data.txt"))
    assert "".join(whole) == "ab\ncd e" * 200
    assert {len(window) for window in whole} == {7}


def test_classes_are_those_of_the_model(tmp_path):
    lines = "".join(f"{'calm' if n % 2 else 'loud'}\tline {n}\n" for n in range(30))
    _, decoder = load(tmp_path / "data.tsv", lines)
    (tmp_path / "new.tsv").write_text("loud\tline 1\ncalm\tline 2\n")
    assert decoder.read(tmp_path / "new.tsv").labels.tolist() == [1, 0]
    (tmp_path / "plain.txt").write_text("line 1\n")
    assert decoder.read(tmp_path / "plain.txt").labels is None
    (tmp_path / "odd.tsv").write_text("loud\tline 1\nwild\tline 2\n")
    with pytest.raises(DataError, match=r"odd.tsv, line 2: the class 'wild' is none of the model's"):
        decoder.read(tmp_path / "odd.tsv")


def test_a_further_file_need_not_be_named_like_a_class(tmp_path):
    for mood in ("calm", "loud"):
        (tmp_path / f"{mood}.txt").write_text("".join(f"{mood} line {n}\n" for n in range(12)))
    decoder = SPEC.load(SPEC.options(labels="file"), tmp_path, 0).decoder
    (tmp_path / "poems.txt").write_text("calm line\n")
    assert decoder.read(tmp_path / "poems.txt").labels is None
    assert set(decoder.read(tmp_path / "loud.txt").labels.tolist()) == {1}


@pytest.mark.parametrize(("name", "content"), [("a.txt", b""), ("a.txt", b" \n"), ("a.txt", b"\xff"), ("a.md", b"a")])
def test_what_cannot_be_read_is_an_error_with_the_file(tmp_path, name, content):
    _, decoder = load(tmp_path / "data.txt", "\n".join(SENTENCES))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        decoder.read(tmp_path / name)
    assert str(tmp_path / name) in caught.value.problem


def test_a_line_that_would_fill_the_memory_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("rgan_kit_plugins.domains.text.decoder._MOST_CELLS", 1000)
    _, decoder = load(tmp_path / "data.txt", "\n".join(SENTENCES))
    (tmp_path / "new.txt").write_text("the\n" * 20 + "dog " * 60)
    with pytest.raises(DataError, match=r"new.txt, line 21\) are more than"):
        decoder.read(tmp_path / "new.txt")


def test_a_manifest_from_before_reading_was_described_still_decodes(tmp_path):
    _, decoder = load(tmp_path / "data.txt", "\n".join(SENTENCES))
    manifest = {key: value for key, value in decoder.manifest().items() if key != "reading"}
    assert texts(SPEC.decoder(manifest), decoder.read(tmp_path / "data.txt")) == SENTENCES


@pytest.mark.parametrize(
    "fault",
    [
        7,
        {"merges": [["a"]]},
        {"merges": [["", "a"]]},
        {"window": -1},
        {"tokenize": "x"},
        {"unit": "page"},
        {"labels": None},
    ],
)
def test_a_hostile_description_of_reading_is_refused(tmp_path, fault):
    _, decoder = load(tmp_path / "data.txt", "\n".join(SENTENCES))
    with pytest.raises(DataError, match="reading") as caught:
        SPEC.decoder(decoder.manifest() | {"reading": fault})
    assert len(caught.value.problem) < 400


# --- files that mean harm ---

SEEDS = {
    "a.txt": "\n".join(SENTENCES * 3),
    "a.tsv": "label\ttext\n" + "".join(f"c{n % 3}\t{line}\n" for n, line in enumerate(SENTENCES * 3)),
    "a.jsonl": "".join(json.dumps({"text": line, "label": n % 3}) + "\n" for n, line in enumerate(SENTENCES * 3)),
}
INSERTED = [b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\t", b"\n\n", b"\r", b'"', b"{" * 2000, b"[" * 5000, b"\\u0000",
            b"\xef\xbb\xbf", b"9" * 6000, "\u2028\x85".encode(), b"a" * 100_000, b"\\ud83d"]  # fmt: skip


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(rng.integers(1, 4)):
        start, end = sorted(rng.integers(0, len(content) + 1, 2).tolist())
        kind = rng.integers(5)
        if kind == 0:
            content = content[:start] + INSERTED[rng.integers(len(INSERTED))] + content[start:]
        elif kind == 1:
            content = content[:start] + content[min(end, start + 30) :]
        elif kind == 2:
            content = content[:end]
        elif kind == 3:
            content = content[:start] + bytes(rng.integers(0, 256, 3, np.uint8)) + content[start + 3 :]
        else:
            content = content[:end] + content[start:]
    return content


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_are_read_or_refused_with_the_file(tmp_path, name):
    rng = np.random.default_rng(7)
    _, decoder = load(tmp_path / name, SEEDS[name])
    read = 0
    started = time.perf_counter()
    for number in range(300):
        file = tmp_path / f"{number}-{name}"
        file.write_bytes(mutated(SEEDS[name].encode(), rng))
        for attempt in (lambda file=file: SPEC.load(SPEC.options(), file, 0), lambda file=file: decoder.read(file)):
            try:
                attempt()
                read += 1
            except DataError as error:
                assert str(file) in error.problem
        file.unlink()
    assert 20 < read < 580
    assert time.perf_counter() - started < 60


def test_links_are_not_followed_out_of_a_folder(tmp_path):
    (tmp_path / "secret.jsonl").write_text(SEEDS["a.jsonl"].replace("sings", "hides"))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "own.jsonl").write_text(SEEDS["a.jsonl"])
    (folder / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    dataset = SPEC.load(SPEC.options(), folder, 0)
    assert dataset.refused == {"link.jsonl": "a symbolic link, which is not followed"}
    assert not any("hides" in symbol for symbol in dataset.decoder.vocabulary)
