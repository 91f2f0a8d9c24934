"""A user's files: what is read, what is refused and why, and that no file takes the training down with it."""

from __future__ import annotations

import os
import random
import shutil
import struct
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from music_support import piece

from rgan_kit.contracts import DataError, DeviceError, Sequences, SeriesSpec, TokenSpec
from rgan_kit_plugins.domains.music import SPEC, workers
from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.files import read_scores
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.songs import DRUMS
from rgan_kit_plugins.domains.music.transposition import Transposed
from rgan_kit_plugins.domains.music.worker import MOST_MEMORY

TUNE = "X:{n}\nT:tune\nM:4/4\nL:1/8\nQ:1/4=90\nK:C\nCDEF GABc|c4 G4|\n\n"


def chunk(content: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(content)) + content


def midi(*tracks: bytes, ticks: int = 480, claimed: int | None = None) -> bytes:
    count = len(tracks) if claimed is None else claimed
    return b"MThd" + struct.pack(">IHHH", 6, 1, count, ticks) + b"".join(map(chunk, tracks))


END = b"\x00\xff\x2f\x00"
ONE_NOTE = b"\x00\x90\x3c\x50\x60\x80\x3c\x00" + END
GIANT = b"".join(b"\xff\xff\xff\x7f\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x00" for _ in range(9)) + END
LONG = b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x00" + END

REFUSED = {
    "empty.mid": (b"", "cannot be parsed"),
    "text.mid": (b"no music at all, but a longer line of text", "cannot be parsed"),
    "zero.mid": (midi(ONE_NOTE, ticks=0), "0 ticks a beat"),
    "smpte.mid": (midi(ONE_NOTE, ticks=0xE728), "cannot be parsed"),
    "silent.mid": (midi(END), "no note"),
    "no-tracks.mid": (midi(), "no note"),
    "giant.mid": (midi(GIANT), "overflow"),
    "long.mid": (midi(LONG), "beats; at most"),
    "drums.mid": (to_midi(piece(1), (DRUMS,)), "drums alone"),
    "include.abc": (b"X:1\nK:C\n%%abc-include /etc/passwd\nCDEF|\n", "includes other files"),
    "nothing.abc": (b"no tune here\n", "cannot be parsed"),
    "score.musicxml": (b"<score-partwise/>", "MusicXML is not read"),
    "same.mid": (to_midi(piece(100)), "the same as major/song-0.mid"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs in two nested folders, tunes, and files that are to be refused."""
    root = tmp_path_factory.mktemp("music")
    for number in range(12):
        own = root / ("major" if number % 2 == 0 else "minor/deep")
        own.mkdir(exist_ok=True, parents=True)
        (own / f"song-{number}.mid").write_bytes(to_midi(piece(100 + number, tracks=2)))
    (root / "major" / "song-0.mid").write_bytes(to_midi(piece(100)))
    (root / "minor" / "LOUD.MIDI").write_bytes(to_midi(piece(7)))
    (root / "tunes.abc").write_text("".join(TUNE.format(n=n) for n in (1, 2)))
    (root / "many-tracks.mid").write_bytes(midi(ONE_NOTE, claimed=65535))
    for name, (content, _) in REFUSED.items():
        (root / name).write_bytes(content)
    (root / "notes.txt").write_text("not looked at")
    (root / ".hidden.mid").write_bytes(to_midi(piece(50)))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.mid").write_bytes(to_midi(piece(51)))
    (root / "link.mid").symlink_to(elsewhere / "secret.mid")
    (root / "linked").symlink_to(elsewhere)
    return root


@pytest.fixture(scope="module")
def found(folder):
    return read_scores(folder)


@pytest.fixture
def without_process(found, monkeypatch):
    """Data sets of the same folder without parsing it again."""
    monkeypatch.setattr("rgan_kit_plugins.domains.music.dataset.read_scores", lambda path: found)


def test_what_cannot_be_used_is_refused_with_its_reason_and_the_rest_is_read(folder, without_process):
    data = load(MusicOptions(), folder, 0)
    assert set(data.refused) == {*REFUSED, "link.mid"}
    for name, (_, reason) in REFUSED.items():
        assert reason in data.refused[name], name
    assert "not followed" in data.refused["link.mid"]


def test_scores_of_nested_folders_upper_case_names_and_every_tune_are_read(found):
    names = [score.name for score in found.scores]
    assert "minor/deep/song-1.mid" in names
    assert "minor/LOUD.MIDI" in names
    assert [name for name in names if "abc" in name] == ["tunes.abc:1", "tunes.abc:2"]
    assert not any("hidden" in name or "secret" in name for name in names)


def test_no_score_is_in_both_parts_and_only_training_is_transposed(folder, without_process):
    data = load(MusicOptions(transpose=3, validation_share=0.3), folder, 0)
    assert isinstance(data.train, Transposed)
    assert isinstance(data.validation, Sequences)
    assert isinstance(data.spec, TokenSpec)
    plain = load(MusicOptions(transpose=0, validation_share=0.3), folder, 0)
    rows = {part: {source[i].tobytes() for i in range(len(source))}
            for part, source in (("train", plain.train), ("validation", plain.validation))}  # fmt: skip
    assert not rows["train"] & rows["validation"]
    assert len(data.train) == 7 * len(plain.train)
    again = load(MusicOptions(transpose=0, validation_share=0.3), folder, 0)
    assert np.array_equal(again.validation.values, plain.validation.values)
    other = load(MusicOptions(transpose=0, validation_share=0.3), folder, 1)
    assert not np.array_equal(other.validation.values, plain.validation.values)


def test_folders_are_classes_where_asked_for(folder, without_process):
    data = load(MusicOptions(labels="folder"), folder, 0)
    assert data.spec.labels == ("major", "minor")
    assert set(data.train.take(np.arange(len(data.train))).labels.tolist()) == {0, 1}
    assert "no folder" in data.refused["tunes.abc:1"]


def test_piano_rolls_are_windows_of_one_length(folder, without_process):
    data = load(MusicOptions(representation="pianoroll", steps_per_beat=4), folder, 0)
    assert isinstance(data.spec, SeriesSpec)
    assert data.spec.features == 88
    assert set(data.train.lengths.tolist()) == {64}
    batch = data.train.take(np.arange(3))
    assert batch.values.dtype == np.float32
    assert set(np.unique(batch.values)) == {0, 1}


def test_what_encoding_reads_is_what_training_saw(folder, tmp_path):
    songs = tmp_path / "songs"
    songs.mkdir()
    for number in range(10):
        (songs / f"{number}.mid").write_bytes(to_midi(piece(number)))
    for name in ("melody", "events", "pianoroll"):
        data = load(MusicOptions(representation=name, transpose=0), songs, 0)
        batch = SPEC.decoder(data.decoder.manifest()).read(songs)
        sides = [source.take(np.arange(len(source))) for source in (data.train, data.validation)]
        seen = {row[:length].tobytes() for side in sides for row, length in zip(side.values, side.lengths, strict=True)}
        read = {row[:length].tobytes() for row, length in zip(batch.values, batch.lengths, strict=True)}
        assert seen == read
    shutil.copy(songs / "0.mid", songs / "again.mid")  # not trained on twice, but a sample is a sample
    assert "again.mid" in load(MusicOptions(transpose=0), songs, 0).refused
    assert len(data.decoder.read(songs).values) > len(batch.values)
    (songs / "bad.mid").write_bytes(b"no")
    with pytest.raises(DataError, match=r"bad\.mid: cannot be parsed"):
        data.decoder.read(songs)


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere", "no such"), ("notes.txt", "none of"), ("zero.mid", "0 ticks")]
)
def test_a_path_without_music_ends_in_one_error_that_says_why(folder, name, message):
    with pytest.raises(DataError, match=message):
        load(MusicOptions(), folder / name, 0)


def test_too_few_samples_are_an_error(tmp_path):
    (tmp_path / "one.mid").write_bytes(to_midi(piece(1, bars=4)))
    with pytest.raises(DataError, match="at least 10"):
        load(MusicOptions(), tmp_path, 0)


def test_one_long_score_is_split_within(tmp_path):
    (tmp_path / "one.mid").write_bytes(to_midi(piece(1, bars=80)))
    data = load(MusicOptions(transpose=0), tmp_path / "one.mid", 0)
    assert (len(data.train), len(data.validation)) == (18, 2)


def test_files_that_are_too_large_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("rgan_kit_plugins.domains.music.files.MOST_BYTES", 2000)
    (tmp_path / "large.mid").write_bytes(bytes(2001))
    with pytest.raises(DataError, match="MiB; at most"):
        read_scores(tmp_path)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Bytes changed, cut off, doubled or put in."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(data))
        match rng.choice((0, 0, 0, 0, 1, 2, 3, 4)):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                del data[place : place + rng.randint(1, 40)]
            case 2:
                data[place:place] = rng.randbytes(rng.randint(1, 9))
            case 3:
                data[place:place] = data[place : place + rng.randint(1, 200)]
            case 4:
                data[place : place + 4] = b"\xff\xff\xff\x7f"
        data = data or bytearray(b"\0")
    return bytes(data if rng.random() < 0.9 else data[: rng.randrange(len(data) + 1)])


def test_three_hundred_mutated_files_are_read_or_refused(tmp_path):
    rng = random.Random(0)
    for number in range(300):
        (tmp_path / f"{number:03}.mid").write_bytes(mutated(to_midi(piece(number % 10, tracks=2)), rng))
    data = load(MusicOptions(representation="events", window_bars=1), tmp_path, 0)
    names = {path.name for path in tmp_path.iterdir()}
    assert 50 < len(data.refused) < 290
    assert set(data.refused) < names
    assert isinstance(data.spec, TokenSpec)
    allowed = data.spec.allowed_next
    for index in range(0, len(data.validation), 7):
        row = [data.spec.bos, *data.validation.take(np.array([index])).values[0].tolist()]
        assert all(allowed[before, after] for before, after in pairwise(row))


STAND_IN = """
import os, struct, sys, time
frame = struct.Struct("<cQ")
out = sys.stdout.buffer
out.write(frame.pack(b"r", 0)); out.flush()
while len(head := sys.stdin.buffer.read(frame.size)) == frame.size:
    content = sys.stdin.buffer.read(frame.unpack(head)[1])
    if content == b"crash": os.abort()
    if content == b"hang": time.sleep(60)
    if content == b"lie": out.write(frame.pack(b"s", 2**60))
    if content == b"short": out.write(frame.pack(b"s", 4) + struct.pack("<I", 99))
    if content == b"no": out.write(frame.pack(b"e", 3) + b"why")
    out.flush()
"""


def test_a_crash_a_hang_and_a_lie_lose_one_file_each(tmp_path):
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN)
    with workers.Worker(seconds=1.0, program=program) as worker:
        answers = worker.parse([(b"m", each) for each in (b"no", b"crash", b"no", b"hang", b"lie", b"short", b"no")])
    assert answers[0] == answers[2] == answers[6] == "cannot be parsed: why"
    assert answers[1] == "crashes the parser (SIGABRT)"
    assert answers[3] == "takes longer than 1 s to parse"
    assert all(isinstance(answer, str) for answer in answers)


def test_a_parser_that_does_not_start_is_an_error_with_its_mend(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(7)")
    with workers.Worker(program=broken) as worker, pytest.raises(DeviceError, match="ended with 7"):
        worker.parse([(b"m", b"")])
    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"rgan-kit\[music\]"):
        workers.parse_all([(b"m", b"")])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_worker_is_capped_in_memory_and_gone_afterwards():
    with workers.Worker() as worker:
        worker.parse([(b"m", to_midi(piece(1)))])
        process = worker._process
        assert process is not None
        limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        assert str(MOST_MEMORY) in next(line for line in limits if "address space" in line)
    assert process.poll() is not None


def test_several_workers_keep_the_order(monkeypatch):
    monkeypatch.setattr(workers, "_SCORES_A_WORKER", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    songs = workers.parse_all([(b"m", to_midi(piece(seed, bars=seed))) for seed in range(1, 6)])
    assert [len(song.notes) for song in songs] == [4, 8, 12, 16, 20]
