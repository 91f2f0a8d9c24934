"""From tokens to text: never a failure on outputs, never trust in a stranger's manifest."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rgan_kit.contracts import DataError, RganKitError
from rgan_kit_plugins.domains.text import SPEC
from rgan_kit_plugins.domains.text.decoder import TextDecoder, TextManifest
from rgan_kit_plugins.domains.text.encoding import SPECIAL, Level
from rgan_kit_plugins.domains.text.records import Layout

CHARACTERS = TextDecoder(TextManifest.of(Level("character"), (*SPECIAL, "a", "b", "\n")))
WORDS = TextDecoder(TextManifest.of(Level("word"), (*SPECIAL, "dog", "<unk>", "cat")))
A, B, NEWLINE = 4, 5, 6


def decode(decoder: TextDecoder, tokens: list[int], length: int | None = None) -> str:
    lengths = np.array([len(tokens) if length is None else length])
    return decoder.decode({"tokens": np.array([tokens]), "lengths": lengths})[0]


def test_symbols_are_joined_as_their_level_joins_them():
    assert decode(CHARACTERS, [A, B, B]) == "abb"
    assert decode(WORDS, [A, B, 6]) == "dog <unk> cat"


def test_no_space_stands_beside_a_line_end():
    verses = TextDecoder(TextManifest.of(Level("word"), (*SPECIAL, "dog", "\n", "cat")))
    assert decode(verses, [B, A, B, B, 6, 6, B]) == "\ndog\n\ncat cat\n"


def test_what_stands_for_no_text_is_passed_over():
    assert decode(CHARACTERS, [0, 1, 2, A, 3, -1, 7, 10**12, B]) == "a�b"
    assert decode(WORDS, [1, A, 3]) == "dog �"


def test_nothing_after_the_length_is_read():
    assert decode(CHARACTERS, [A, B, A], 2) == "ab"
    assert decode(CHARACTERS, [A, B, A], 0) == ""
    assert decode(CHARACTERS, [A, B, A], 99) == "aba"
    assert decode(CHARACTERS, [A, B, A], -5) == ""


@settings(deadline=None)
@given(
    arrays.arrays(np.int64, st.tuples(st.integers(0, 4), st.integers(0, 6)), elements=st.integers(-(2**63), 2**63 - 1)),
    st.data(),
)
def test_decoding_never_fails_on_anything_that_a_graph_can_produce(tokens, data):
    lengths = data.draw(arrays.arrays(np.int64, len(tokens), elements=st.integers(-(2**63), 2**63 - 1)))
    for decoder in (CHARACTERS, WORDS):
        assert len(decoder.decode({"tokens": tokens, "lengths": lengths})) == len(tokens)


@given(st.text())
def test_a_preview_is_one_line_that_cannot_steer_a_terminal(text):
    preview = CHARACTERS.preview(text)
    assert len(preview.splitlines()) <= 1
    assert all(sign.isprintable() or sign.isspace() for sign in preview)
    assert not set(preview) & set("\x1b\x07\x08\x9b\r\n\t\u202e\u2028")


def test_a_preview_shows_what_was_escaped():
    assert CHARACTERS.preview("a\n\x1b[2Jb\u202e") == "a\\n\\x1b[2Jb\\u202e"
    assert CHARACTERS.preview("秦川\u3000é") == "秦川\u3000é"


def test_samples_are_written_one_a_line(tmp_path):
    files = WORDS.write(["dog cat", "", "dog"], tmp_path)
    assert files == [tmp_path / "samples.txt"]
    assert files[0].read_bytes() == b"dog cat\n\ndog\n"


FILES = {"sample-0001.txt": "a\nb\n", "sample-0002.txt": "ba\n"}
RECORDS = [{"text": "a\nb"}, {"text": "ba"}]
LABELLED = [{"text": "a\nb", "label": "x"}, {"text": "ba", "label": "y/z"}]
FORMS = {
    "records": ("line", None, {"samples.jsonl": "".join(f"{json.dumps(each)}\n" for each in RECORDS)}),
    "paragraphs": ("paragraph", None, {"samples.txt": "a\nb\n\nba\n"}),
    "files": ("file", None, FILES),
    "windows": ("window", None, FILES),
    "records with classes": ("line", "auto", {"samples.jsonl": "".join(f"{json.dumps(each)}\n" for each in LABELLED)}),
    "windows in folders": ("window", "folder", {"x/sample-0001.txt": "a\nb\n", "y_z/sample-0002.txt": "ba\n"}),
    "files named by class": ("file", "file", {"x-sample-0001.txt": "a\nb\n", "y_z-sample-0002.txt": "ba\n"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_samples_are_written_as_their_kind_is_read(tmp_path, form):
    unit, labels, contents = FORMS[form]
    window = 4 if unit == "window" else 0
    about = TextManifest.of(Level("character"), (*SPECIAL, *"ab\n"), unit, Layout(labels or "auto"), window=window)
    files = TextDecoder(about).write(["a\nb", "ba"], tmp_path, ["x", "y/z"] if labels else None)
    assert {file.relative_to(tmp_path).as_posix(): file.read_text() for file in files} == contents


def test_a_document_has_the_real_line_ends():
    assert CHARACTERS.document("a\nb") == "a\nb"


def test_lines_with_classes_are_written_as_a_table(tmp_path):
    (file,) = WORDS.write(["dog cat", "cat"], tmp_path, ["calm", "loud"])
    assert (file.name, file.read_text()) == ("samples.tsv", "label\ttext\ncalm\tdog cat\nloud\tcat\n")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(RganKitError, match=r"missing.*cannot be written"):
        WORDS.write(["dog"], tmp_path / "missing")


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    def fill(path, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "samples.txt").write_bytes(b"earlier")
    monkeypatch.setattr(Path, "replace", fill)
    with pytest.raises(RganKitError, match="No space"):
        WORDS.write(["dog"], tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"samples.txt": b"earlier"}


@pytest.mark.parametrize("decoder", [CHARACTERS, WORDS])
def test_a_decoder_comes_back_from_its_manifest(decoder):
    again = SPEC.decoder(json.loads(json.dumps(decoder.manifest())))
    tokens = [0, 1, 2, 3, 4, 5, 6]
    assert decode(again, tokens) == decode(decoder, tokens)
    assert again.manifest() == decoder.manifest()


def test_a_decoder_comes_back_in_another_process_without_torch():
    program = (
        "import json, sys, numpy; from rgan_kit_plugins.domains.text import SPEC;"
        "decoder = SPEC.decoder(json.load(sys.stdin));"
        "print(decoder.decode({'tokens': numpy.array([[4, 6]]), 'lengths': numpy.array([2])})[0]);"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(WORDS.manifest()), capture_output=True, text=True, check=True
    )
    assert done.stdout == "dog cat\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "version is 2"),
        ({"version": None}, "version is None"),
        ({"level": "sentence"}, "level is 'sentence'"),
        ({"level": ["word"]}, "level is"),
        ({"joiner": ""}, "joiner is ''"),
        ({"special": {"pad": 1}}, "special is"),
        ({"vocabulary": None}, "vocabulary is None"),
        ({"vocabulary": list(SPECIAL)}, "vocabulary is ["),
        ({"vocabulary": ["a"] * 1_000_001}, "at most 1000000"),
        ({"vocabulary": [*SPECIAL, "a", 7]}, "vocabulary.5 is 7"),
        ({"vocabulary": [*SPECIAL, "a", ""]}, "vocabulary.5 is ''"),
        ({"vocabulary": [*SPECIAL, "a", "a"]}, "a symbol twice"),
        ({"vocabulary": [*SPECIAL, "a", "b\nc"]}, "words with spaces"),
        ({"vocabulary": [*SPECIAL, "a", "\ud800"]}, "JSON"),
        ({"level": "character", "joiner": ""}, "several characters"),
    ],
)
def test_a_hostile_manifest_is_refused_with_its_fault(changes, words):
    with pytest.raises(DataError) as caught:
        SPEC.decoder(WORDS.manifest() | changes)
    assert words in caught.value.problem
    assert len(caught.value.problem) < 600


def test_a_vocabulary_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("rgan_kit_plugins.domains.text.decoder._MOST_CHARACTERS", 25)
    with pytest.raises(DataError, match="more than 25 characters"):
        SPEC.decoder(WORDS.manifest())


def test_all_faults_of_a_manifest_are_named_at_once():
    with pytest.raises(DataError) as caught:
        SPEC.decoder({})
    for word in ("version", "level", "special", "vocabulary"):
        assert word in caught.value.problem
