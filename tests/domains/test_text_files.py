"""Reading: what is read, in which order, and what is said about what cannot be."""

import os
import time
from pathlib import Path

import pytest

from rgan_kit.contracts import DataError, ExitCode
from rgan_kit_plugins.domains.text import SPEC, reading
from rgan_kit_plugins.domains.text.reading import Passages, read_corpus
from rgan_kit_plugins.domains.text.records import Layout

LINES = "".join(f"line {number}\n" for number in range(12)).encode()


def write(path: Path, content: bytes = LINES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def lines_of(path: Path) -> Passages:
    return read_corpus(path, Layout()).passages("line")


def error_of(path: Path, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        SPEC.load(SPEC.options(**options), path, 0)
    assert caught.value.exit_code is ExitCode.DATA
    assert str(path) in caught.value.problem
    return caught.value


def test_a_folder_is_read_through_in_the_order_of_names(tmp_path):
    write(tmp_path / "b.txt", b"third\n")
    write(tmp_path / "a" / "z.TXT", b"second")
    write(tmp_path / "a" / "c" / "y.txt", b"first\r\nand\ra half\n")
    write(tmp_path / "a" / "notes.md", b"no")
    text = lines_of(tmp_path)
    assert text.texts == ["first", "and", "a half", "second", "third"]
    assert text.where(1) == f"{tmp_path / 'a' / 'c' / 'y.txt'}, line 2"
    assert text.where(4) == f"{tmp_path / 'b.txt'}, line 1"


def test_a_byte_order_mark_belongs_to_no_line(tmp_path):
    write(tmp_path / "a.txt", b"\xef\xbb\xbffirst\n")
    write(tmp_path / "b.txt", b"\xef\xbb\xbfsecond\n")
    assert lines_of(tmp_path).texts == ["first", "second"]


def test_the_fingerprint_knows_every_byte_and_a_name_only_where_it_is_a_class(tmp_path):
    marks = {}
    for labels in ("auto", "file"):
        for folder, name, content in [("1", "a.txt", b"ab"), ("2", "b.txt", b"ab"), ("3", "a.txt", b"ab\n")]:
            write(tmp_path / folder / name, content)
            marks[labels, folder] = read_corpus(tmp_path / folder, Layout(labels)).fingerprint
    assert marks["auto", "1"] == marks["auto", "2"] != marks["auto", "3"]
    assert len({marks["file", folder] for folder in "123"}) == 3
    assert all(len(mark) == 64 for mark in marks.values())


def test_the_fingerprint_knows_where_a_file_ends(tmp_path):
    write(tmp_path / "1" / "a.txt", b"ab")
    write(tmp_path / "1" / "b.txt", b"c")
    write(tmp_path / "2" / "a.txt", b"a")
    write(tmp_path / "2" / "b.txt", b"bc")
    assert read_corpus(tmp_path / "1", Layout()).fingerprint != read_corpus(tmp_path / "2", Layout()).fingerprint


def test_links_are_skipped_and_listed(tmp_path):
    write(tmp_path / "outside.txt", b"secret\n" * 20)
    write(tmp_path / "elsewhere" / "more.txt", b"secret\n" * 20)
    folder = tmp_path / "data"
    write(folder / "own.txt")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    (folder / "folder").symlink_to(tmp_path / "elsewhere")
    dataset = SPEC.load(SPEC.options(), folder, 0)
    assert lines_of(folder).texts == LINES.decode().splitlines()
    assert set(dataset.refused) == {"folder/", "gone.txt", "link.txt"}
    assert all("a symbolic link" in reason for reason in dataset.refused.values())


def test_hidden_files_and_pipes_are_skipped_and_listed(tmp_path):
    write(tmp_path / "own.txt")
    write(tmp_path / "._own.txt", b"\x00\x05")
    os.mkfifo(tmp_path / "pipe.txt")
    assert read_corpus(tmp_path, Layout()).left_out == {"._own.txt": "hidden", "pipe.txt": "no regular file"}


def test_a_missing_path_names_its_neighbours(tmp_path):
    write(tmp_path / "names.txt")
    assert "names.txt" in error_of(tmp_path / "name.txt").hint


def test_a_missing_path_names_the_nearest_folder(tmp_path):
    assert str(tmp_path) in error_of(tmp_path / "no" / "such" / "x.txt").hint
    file = write(tmp_path / "names.txt")
    assert "not a folder" in error_of(file / "x.txt").hint


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.md", LINES, ["no .txt, .tsv, .jsonl or .csv file"]),
        ("empty.txt", b"", ["nothing in it"]),
        ("blank.txt", b"\n  \n\t\n" * 9, ["only blank lines"]),
        ("mark.txt", b"\xef\xbb\xbf", ["nothing in it"]),
        ("one.txt", b"just one line", ["1 line of text", "line 1, 13 characters", "domain.unit=window"]),
        ("nine.txt", b"line\n" * 9, ["9 lines of text", "10 samples", "domain.unit=window"]),
        ("equal.txt", b"line\n" * 19, ["all 19 lines are equal"]),
        ("latin.txt", b"first\r\nsecond\rcaf\xe9\n", ["line 3", "0xe9", "offset 17", "UTF-8"]),
        ("marked.txt", b"\xef\xbb\xbfa\n\xff\n", ["line 2", "0xff", "offset 5"]),
        ("cut.txt", b"a\nb\xe4\xb8", ["line 2", "offset 3"]),
        ("wide.txt", "a\nwide\n".encode("utf-16")[:-1], ["line 2", "0x0a at offset 14", "UTF-16"]),
        ("image.txt", b"\x89PNG\r\n\x1a\n\x00\x00", ["line 3", "zero byte at offset 8"]),
        ("long.txt", b"short\n" * 5 + b"word " * 3000, ["6 lines of text", "line 6, 14,999 characters"]),
    ],
)
def test_unusable_files_are_named_with_place_and_mend(tmp_path, name, content, words):
    error = error_of(write(tmp_path / name, content), unit="line")
    for word in words:
        assert word in str(error)


def test_lines_that_are_all_too_long_say_which_is_longest(tmp_path):
    file = write(tmp_path / "long.txt", b"".join(b"word " * (70 + number) + b"\n" for number in range(20)))
    error = error_of(file, unit="line")
    assert "0 of 20 lines are no longer than 64 words" in error.problem
    assert f"{file}, line 20, 89" in error.problem
    assert "domain.max_length" in error.hint


def test_a_folder_without_text_lists_what_was_skipped(tmp_path):
    write(tmp_path / "a.md")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.md")
    assert "b.txt: a symbolic link" in error_of(tmp_path).problem
    assert "*.md: 1 file" in error_of(tmp_path).problem


def test_an_enormous_line_is_answered_at_once(tmp_path):
    file = write(tmp_path / "big.txt", b"x" * (50 << 20))
    started = time.perf_counter()
    error = error_of(file, unit="line")
    assert time.perf_counter() - started < 5
    assert "52,428,800 characters" in error.problem
    assert "domain.unit=window" in error.hint


def test_more_text_than_memory_should_hold_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    assert "at most" in error_of(write(tmp_path / "a.txt", b"x\n" * 51)).problem


def test_a_name_too_long_for_the_file_system_is_no_traceback(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_corpus(tmp_path / ("a" * 5000 + ".txt"), Layout())
