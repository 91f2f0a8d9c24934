"""What lies at a path: all of it is read or listed with the reason, in an order that does not hang on the disk."""

import os

import pytest

from rgan_kit.contracts import DataError
from rgan_kit.files import Found, UnreadableError, by_number, count_files, find


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def names(found: Found) -> list[str]:
    return [found.name(file) for file in found.files]


def test_everything_in_a_folder_is_read_or_listed_with_its_reason(tmp_path):
    write(
        tmp_path,
        "b/two.MID",
        "a10.mid",
        "a9.mid",
        ".hidden.mid",
        ".git/x.mid",
        "notes.txt",
        "more.TXT",
        "a.kar",
        "LICENSE",
    )
    (tmp_path / "link.mid").symlink_to(tmp_path / "a9.mid")
    (tmp_path / "folder").symlink_to(tmp_path / "b")
    (tmp_path / "large.mid").write_bytes(bytes(100))
    os.mkfifo(tmp_path / "pipe.mid")
    found = find(tmp_path, (".mid", ".midi"), reasons={".kar": "karaoke is not read"}, most_bytes=50)
    assert names(found) == ["a9.mid", "a10.mid", "b/two.MID"]
    assert found.left_out == {
        "*.txt": "2 files; .mid or .midi are read",
        "* (no ending)": "1 file; .mid or .midi are read",
        ".git/": "hidden",
        ".hidden.mid": "hidden",
        "a.kar": "karaoke is not read",
        "folder/": "a symbolic link, which is not followed",
        "large.mid": "0.0 MiB; at most 0.0 are read",
        "link.mid": "a symbolic link, which is not followed",
        "pipe.mid": "no regular file",
    }


def test_the_list_of_what_is_left_out_tells_how_many_files_it_stands_for(tmp_path):
    write(tmp_path, "a.mid", ".b.mid", *(f"{number}.txt" for number in range(1200)))
    left_out = find(tmp_path, (".mid",)).left_out
    assert left_out == {".b.mid": "hidden", "*.txt": "1,200 files; .mid is read"}
    assert count_files(left_out) == 1201


def test_endings_of_two_parts_count_as_one(tmp_path):
    write(tmp_path, "a.csv.gz", "b.gz", "c.csv")
    found = find(tmp_path, (".csv", ".csv.gz"))
    assert names(found) == ["a.csv.gz", "c.csv"]
    assert found.left_out == {"*.gz": "1 file; .csv or .csv.gz are read"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("songs/b.mid", r"b\.mid: no such file or folder.*\nIn .*songs there is a\.mid"),
        ("sngs/a.mid", "no such file or folder.*\n.*there is songs"),
        ("songs/a.mid/x", "no such file or folder.*\n.*a.mid is a file and not a folder"),
        ("notes.txt", r"this is no \.mid file.*\n\.mid is read"),
        ("empty", r"nothing here that can be used.*\n\.mid is read"),
        ("texts", r"nothing here.*\n  \*\.txt: 1 file; \.mid is read"),
        ("pipe.mid", "neither a file nor a folder"),
    ],
)
def test_a_path_at_which_nothing_is_read_says_why_and_what_is_near(tmp_path, name, words):
    write(tmp_path, "songs/a.mid", "notes.txt", "texts/a.txt")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(DataError, match=words) as caught:
        find(tmp_path / name, (".mid",))
    assert str(tmp_path / name) in caught.value.problem


def test_too_much_is_refused_before_it_is_read(tmp_path):
    write(tmp_path, "a.mid", "b.mid", "c.mid")
    with pytest.raises(DataError, match="more than 2 files"):
        find(tmp_path, (".mid",), most_files=2)
    (tmp_path / "c.mid").write_bytes(bytes(3 * 2**20))
    with pytest.raises(DataError, match=r"3\.0 MiB; at most 2\.0 MiB are read"):
        find(tmp_path, (".mid",), most_bytes_in_all=2**21)
    with pytest.raises(DataError, match=r"c\.mid: 3\.0 MiB; at most 1\.0 are read"):
        find(tmp_path / "c.mid", (".mid",), most_bytes=2**20)


def test_files_and_folders_are_held_out_and_left_out_as_they_are_named(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    write(data, "train/a.mid", "valid/b.mid", "test/c.mid")
    write(elsewhere, "d.mid", "e.txt")
    found = find(data, (".mid",), held_out=["valid", str(elsewhere)], leave_out=["test"])
    assert names(found) == ["d.mid", "train/a.mid", "valid/b.mid"]
    assert {found.name(file) for file in found.held_out} == {"valid/b.mid", "d.mid"}
    assert found.left_out["test/c.mid"] == "left out, as was asked for"
    assert found.left_out["*.txt"].startswith("1 file")
    with pytest.raises(DataError, match="there is valid"):
        find(data, (".mid",), held_out=["vald"])
    with pytest.raises(DataError, match="everything is held out"):
        find(data / "valid", (".mid",), held_out=["b.mid"])
    with pytest.raises(DataError, match="has to hold files that are read"):
        (data / "none").mkdir()
        find(data, (".mid",), held_out=["none"])


def test_folders_named_for_parts_of_the_data_are_told_and_are_no_classes(tmp_path):
    write(tmp_path, "train/jazz/a.mid", "test/rock/b.mid")
    parted = find(tmp_path, (".mid",))
    assert parted.parts == ("test", "train")
    write(tmp_path / "files", "train.mid", "valid.mid", "latest.mid")
    assert find(tmp_path / "files", (".mid",)).parts == ("train.mid", "valid.mid")
    assert find(tmp_path / "files" / "train.mid", (".mid",)).parts == ()
    (tmp_path / "files").rename(tmp_path.parent / f"{tmp_path.name}-files")
    assert [parted.folder(file) for file in parted.files] == ["rock", "jazz"]
    write(tmp_path, "folk/train/c.mid", "d.mid")
    mixed = find(tmp_path, (".mid",))
    assert [mixed.folder(file) for file in mixed.files] == ["", "folk", "test", "train"]


def test_names_are_ordered_by_the_numbers_in_them():
    unordered = ["frame10", "frame9", "a", "frame09b", "10", "9"]
    assert sorted(unordered, key=by_number) == ["9", "10", "a", "frame09b", "frame9", "frame10"]


def test_a_name_that_is_no_text_is_shown_as_one(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.mid")).write_text("x")
    found = find(tmp_path, (".mid",))
    assert found.name(found.files[0]).encode() == b"caf?.mid"


def test_what_is_unreadable_names_the_file_where_it_ends_the_reading(tmp_path):
    error = UnreadableError("a tab is missing", "Give it one.", line=1200).of(tmp_path / "a.tsv")
    assert (error.problem, error.hint) == (f"{tmp_path / 'a.tsv'}, line 1,200: a tab is missing.", "Give it one.")
    assert str(UnreadableError("a tab is missing", line=3)) == "line 3: a tab is missing"
