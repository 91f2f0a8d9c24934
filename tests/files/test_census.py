"""Which domain a path is of: counted by endings, taken where it is clear, asked where it is not."""

from pathlib import Path

import pytest

from rgan_kit.contracts import UsageError
from rgan_kit.files import census
from rgan_kit.plugins.registry import installed_registry

ENDINGS = {"text": (".txt", ".jsonl"), "music": (".mid",)}


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


def test_files_are_counted_by_domain_and_ending(tmp_path):
    write(tmp_path, "a.mid", "b/b.MID", "c.txt", "d.jsonl", "e.txt", "f.kar", "README.txt", ".hidden.mid")
    counted = census(tmp_path, ENDINGS)
    assert counted.claimed == {"text": {".txt": 2, ".jsonl": 1}, "music": {".mid": 2}}
    assert counted.others == {".kar": 1, ".txt": 1}
    assert counted.total == 7
    assert counted.clear is None
    assert counted.words() == "3 of text (.txt, .jsonl), 2 of music (.mid), 2 of no domain (.kar, .txt)"


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (["a.mid", "a.kar"], "music"),
        (["a.mid", "README.txt"], "music"),
        ([*(f"{number}.mid" for number in range(19)), "notes.txt"], "music"),
        (["a.TXT"], "text"),
        (["a.tsv"], "text"),
        (["a.jsonl", "b.krn", "c.xyz"], "text"),
        (["a.csv", "b.PARQUET", "c.csv.gz"], "series"),
        (["1.png", "b/photo.JPG"], "images"),
        (["a.mp4", "b.gif", "c.npz"], "video"),
    ],
)
def test_one_domain_is_taken_where_nearly_all_files_are_its_own(tmp_path, names, domain):
    write(tmp_path, *names)
    assert installed_registry().guess_domain(tmp_path).spec.name == domain
    assert installed_registry().guess_domain(tmp_path / names[0]).spec.name == domain


def test_files_of_several_domains_are_counted_and_asked_about(tmp_path):
    write(tmp_path, *(f"{number}/{number}.mid" for number in range(3)), *(f"{number}/beats.txt" for number in range(5)))
    with pytest.raises(UsageError) as caught:
        installed_registry().guess_domain(tmp_path)
    assert "several domains: 5 of text (.txt), 3 of music (.mid)." in caught.value.problem
    assert caught.value.hint == "Say which is meant: --domain text or --domain music"


def test_files_of_no_domain_are_counted_too(tmp_path):
    write(tmp_path, "a.krn", "b.krn", "c")
    with pytest.raises(UsageError, match=r"recognises this \(there are 3 of no domain \(\.krn, no ending\)\)"):
        installed_registry().guess_domain(tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UsageError, match="no domain recognises this"):
        installed_registry().guess_domain(tmp_path / "nothing")
