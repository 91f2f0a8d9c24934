"""A user's files: what is read, what is refused and why, and that no file takes the training down with it."""

from __future__ import annotations

import io
import random
import shutil
import struct
import zipfile
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from music_support import END, delta, metre, midi, note, piece

from rgan_kit.contracts import DataError, DeviceError, Sequences, SeriesSpec, TokenSpec
from rgan_kit.files import Fingerprint
from rgan_kit_plugins.domains.music import SPEC, reading
from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import DRUMS, Note, Piece
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.reading import Collection, read_scores
from rgan_kit_plugins.domains.music.songs import Song
from rgan_kit_plugins.domains.music.transposition import Transposed

TUNE = "X:{n}\nT:tune\nM:4/4\nL:1/8\nQ:1/4=90\nK:{key}\nCDEF GABc|c4 G4|\n\n"

ONE_NOTE = note(60, 96) + END
GIANT = b"".join(b"\xff\xff\xff\x7f\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x00" for _ in range(9)) + END
LONG = b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x00" + END
RUBBISH = b"".join(b"\x00\x90\xbc\xd0" for _ in range(9)) + END

REFUSED = {
    "empty.mid": (b"", "cannot be parsed"),
    "text.mid": (b"no music at all, but a longer line of text", "cannot be parsed"),
    "zero.mid": (midi(ONE_NOTE, ticks=0), "0 ticks a beat"),
    "rubbish.mid": (midi(RUBBISH), "out of range"),
    "silent.mid": (midi(END), "no note"),
    "no-tracks.mid": (midi(), "no note"),
    "giant.mid": (midi(GIANT), "overflow"),
    "long.mid": (midi(LONG), "beats; at most"),
    "drums.mid": (to_midi(piece(1, programs=(DRUMS,))), "drums alone"),
    "include.abc": (b"X:1\nK:C\n%%abc-include /etc/passwd\nCDEF|\n", "includes other files"),
    "nothing.abc": (b"no tune here\n", "no tune in ABC"),
    "broken.zip": (b"PK\x03\x04 and no more", "archive cannot be read"),
    "score.musicxml": (b"<score-partwise/>", "MusicXML is not read"),
    "tunes.abc:3": (b"X:3\n", "the same notes as tunes.abc:1"),
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
    (root / "tunes.abc").write_text("".join(TUNE.format(n=n, key=key) for n, key in ((1, "C"), (2, "D"), (3, "C"))))
    (root / "many-tracks.mid").write_bytes(midi(ONE_NOTE, claimed=65535))
    for name, (content, _) in REFUSED.items():
        if ":" not in name:
            (root / name).write_bytes(content)
    (root / "notes.txt").write_text("not looked at")
    (root / ".hidden.mid").write_bytes(to_midi(piece(50)))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.mid").write_bytes(to_midi(piece(51)))
    (root / "link.mid").symlink_to(elsewhere / "secret.mid")
    (root / "linked").symlink_to(elsewhere)
    return root


@pytest.fixture(scope="module")
def found(folder) -> Collection:
    return read_scores(folder)


@pytest.fixture
def without_process(found, monkeypatch):
    """Data sets of the same folder without parsing it again."""

    def again(path: Path, **_: object) -> Collection:
        return Collection(found.found, found.scores, dict(found.refused), Fingerprint())

    monkeypatch.setattr("rgan_kit_plugins.domains.music.dataset.read_scores", again)


def test_what_cannot_be_used_is_refused_with_its_reason_and_the_rest_is_read(folder, without_process):
    data = load(MusicOptions(), folder, 0)
    assert set(data.refused) == {*REFUSED, "link.mid", "linked/", ".hidden.mid", "*.txt"}
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


def test_samples_with_classes_keep_their_key_unless_it_is_asked_for(folder, without_process):
    labelled = load(MusicOptions(labels="folder"), folder, 0)
    assert isinstance(labelled.train, Sequences)
    asked = load(MusicOptions(labels="folder", transpose=5), folder, 0)
    assert len(asked.train) == 11 * len(labelled.train)
    assert isinstance(load(MusicOptions(), folder, 0).train, Transposed)


@pytest.mark.parametrize("onsets", [False, True])
def test_piano_rolls_are_windows_of_one_length(folder, without_process, onsets):
    options = MusicOptions(representation="pianoroll", steps_per_beat=4, onsets=onsets)
    data = load(options, folder, 0)
    assert isinstance(data.spec, SeriesSpec)
    assert data.spec.features == (176 if onsets else 88)
    assert set(data.train.lengths.tolist()) == {64}
    assert not data.spec.variable
    batch = data.train.take(np.arange(3))
    assert batch.values.dtype == np.float32
    assert set(np.unique(batch.values)) == {0, 1}


def test_files_named_by_the_user_are_held_out(tmp_path):
    for number in range(6):
        own = tmp_path / ("test" if number < 2 else "train")
        own.mkdir(exist_ok=True)
        (own / f"{number}.mid").write_bytes(to_midi(piece(number)))
    data = load(MusicOptions(held_out="test", transpose=0), tmp_path, 0)
    assert (len(data.train), len(data.validation)) == (8, 4)
    assert "2 files are held out" in data.summary["split"]


def test_nearly_everything_left_out_is_said_loudly(tmp_path):
    for number in range(6):
        own = piece(number, tracks=2, programs=(0, DRUMS))
        (tmp_path / f"{number}.mid").write_bytes(to_midi(own))
    (drums,) = [each for each in load(MusicOptions(), tmp_path, 0).tallies if "being drums" in each.fate]
    assert (drums.count, drums.total, drums.loud) == (192, 384, True)
    kept = load(MusicOptions(representation="remi"), tmp_path, 0)
    assert not any("being drums" in each.fate for each in kept.tallies)


def test_what_encoding_reads_is_what_training_saw(folder, tmp_path):
    songs = tmp_path / "songs"
    songs.mkdir()
    for number in range(10):
        (songs / f"{number}.mid").write_bytes(to_midi(piece(number)))
    for name in ("melody", "events", "remi", "pianoroll"):
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
    with pytest.raises(DataError, match=r"bad\.mid: it cannot be parsed"):
        data.decoder.read(songs)


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere", "no such"), ("notes.txt", "no .mid"), ("zero.mid", "0 ticks")]
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
    monkeypatch.setattr(reading, "MOST_BYTES", 2000)
    (tmp_path / "large.mid").write_bytes(bytes(2001))
    with pytest.raises(DataError, match="at most"):
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
    assert 20 < len(data.refused) < 290
    assert set(data.refused) < names
    assert isinstance(data.spec, TokenSpec)
    allowed = data.spec.allowed_next
    for index in range(0, len(data.validation), 7):
        row = [data.spec.bos, *data.validation.take(np.array([index])).values[0].tolist()]
        assert all(allowed[before, after] for before, after in pairwise(row))


def song_of(folder: Path, content: bytes, name: str = "one.mid") -> Song:
    """The only song in a file."""
    (folder / name).write_bytes(content)
    (score,) = read_scores(folder / name).scores
    return score.song


def times(song: Song) -> list[tuple[int, ...]]:
    return sorted(map(tuple, song.notes[:, :3].tolist()))


PLAIN = midi(metre(3, 2) + note(60) + note(62) + END)
NOTES = [(0, 480, 60), (480, 480, 62)]

READ = {
    "in RIFF": (b"RIFF" + struct.pack("<I", len(PLAIN) + 12) + b"RMIDdata" + struct.pack("<I", len(PLAIN)) + PLAIN, {}),
    "behind a header of another program": (bytes(128) + PLAIN, {}),
    "karaoke": (midi(b"\x00\xff\x05\x03La " + note(60) + note(62) + END), {}),
    "a velocity of 200": (midi(note(60) + note(62, velocity=200) + END), {"clamped": 1}),
    "a program of 200": (midi(b"\x00\xc0\xc8" + note(60) + note(62) + END), {"clamped": 1}),
    "a tempo of 0": (midi(b"\x00\xff\x51\x03\x00\x00\x00" + note(60) + note(62) + END), {"clamped": 1}),
    "a metre of 0/4": (midi(metre(0, 2) + note(60) + note(62) + END), {"clamped": 1}),
    "without its end": (midi(note(60) + note(62) + note(64) + END)[:-9], {"broken off": 1, "endless": 1}),
    "a note without an end": (midi(note(60) + b"\x00\x90\x48\x40" + note(62) + END), {"endless": 1}),
    "a key struck twice and let go once": (
        midi(note(60) + b"\x00\x90\x3e\x40\x00\x90\x3e\x40\x83\x60\x80\x3e\x00" + END), {"endless": 1}),
    "two notes without an end in a track of its own, in running status": (
        midi(note(60) + note(62) + END, b"\x00\x95\x48\x40\x10\x49\x40\x10\x4a\x40\x10\x4a\x00" + END),
        {"endless": 2}),
    "more tracks claimed": (midi(note(60) + note(62) + END, claimed=9), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_other_programs_write_is_read_and_what_was_repaired_is_counted(name, tmp_path):
    content, repairs = READ[name]
    song = song_of(tmp_path, content)
    assert [each for each in times(song) if each[2] < 72][:2] == NOTES
    assert dict(song.repairs) == repairs


def test_notes_without_an_end_are_counted_where_the_user_looks(tmp_path):
    for number in range(12):
        body = b"".join(note(60 + (number + step) % 12) for step in range(16))
        (tmp_path / f"{number}.mid").write_bytes(midi(body + b"\x00\x90\x30\x40" + END))
    told = {tally.fate: (tally.count, tally.total) for tally in load(MusicOptions(), tmp_path, 0).tallies}
    assert told["left out, as nothing ends them"] == (12, 12 * 17)
    (tmp_path / "13.mid").write_bytes(midi(b"\x00\x90\x3c\x40" + END))
    assert load(MusicOptions(), tmp_path, 0).refused == {"13.mid": "none of its 1 notes has an end"}


def test_times_in_seconds_are_beats_of_half_a_second(tmp_path):
    """25 frames of 40 ticks a second, whatever tempo the file names."""
    song = song_of(tmp_path, midi(b"\x00\xff\x51\x03\x01\x00\x00" + note(60, 500) + END, ticks=0xE728))
    assert (song.ticks_per_beat, song.tempos.tolist(), times(song)) == (500, [[0, 120]], [(0, 500, 60)])


def test_every_song_of_a_file_of_type_2_is_one_of_its_own(tmp_path):
    (tmp_path / "two.mid").write_bytes(midi(note(60) + END, note(62) + note(64) + END, form=2))
    scores = read_scores(tmp_path).scores
    assert [(score.name, len(score.song.notes)) for score in scores] == [("two.mid:1", 1), ("two.mid:2", 2)]


def test_pedals_keys_metres_tempos_and_names_are_read(tmp_path):
    head = b"\x00\xff\x03\x05Piano\x00\xff\x59\x02\xfd\x01\x00\xff\x51\x03\x07\xa1\x20" + metre(6, 3)
    body = b"\x00\xb0\x40\x7f" + note(60) + delta(960) + b"\xb0\x40\x00"
    later = metre(13, 5) + b"\x00\xff\x51\x03\x0f\x42\x40"
    song = song_of(tmp_path, midi(head + body + later + END))
    assert song.pedals.tolist() == [[0, 0, 1440]]
    assert song.sustained()[:, 1].tolist() == [1440]
    assert (song.key, song.names) == ("c-minor", ("Piano",))
    assert song.metres.tolist() == [[0, 6, 8], [1440, 13, 32]]
    assert song.tempos.tolist() == [[0, 120], [1440, 60]]


ABC = {
    "a whole bar first": ("M:4/4\nL:1/4\nK:G\nGABc|d2D2|\n", [[0, 4, 4]]),
    "a pickup": ("M:4/4\nL:1/4\nK:G\nD|GABc|d2D2|\n", [[0, 1, 4], [480, 4, 4]]),
    "a pickup in eighths": ("M:6/8\nL:1/8\nK:D\nA|ABc def|ABc d3|\n", [[0, 1, 8], [240, 6, 8]]),
    "a change": ("M:3/4\nL:1/4\nK:G\nGAB|\nM:4/4\nGABc|d4|\n", [[0, 3, 4], [1440, 4, 4]]),
}


@pytest.mark.parametrize("name", ABC)
def test_bars_of_tunes_begin_where_they_are_written(name, tmp_path):
    text, metres = ABC[name]
    assert song_of(tmp_path, f"X:1\nT:t\n{text}".encode(), "tune.abc").metres.tolist() == metres


def test_key_signatures_can_be_classes(tmp_path):
    for number in range(4):
        key = b"\x00\xff\x59\x02" + (b"\x00\x00" if number % 2 else b"\x02\x01")
        notes = b"".join(note(60 + (number + place) % 9) for place in range(48))
        (tmp_path / f"{number}.mid").write_bytes(midi(key + notes + END))
    (tmp_path / "none.mid").write_bytes(PLAIN)
    data = load(MusicOptions(labels="key"), tmp_path, 0)
    assert data.spec.labels == ("b-minor", "c-major")
    assert data.refused == {"none.mid": "it has no key signature"}


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, own in members.items():
            archive.writestr(name, own)
    return content.getvalue()


def test_scores_in_archives_are_read_with_their_folders_and_bombs_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 50_000)
    members = {f"songs/{'ab'[number % 2]}/{number}.mid": to_midi(piece(number)) for number in range(4)}
    members |= {
        "songs/readme.txt": b"",
        "songs/bomb.mid": bytes(60_000),
        "songs/__MACOSX/x.mid": b"",
        "songs/.y.mid": b"",
    }
    (tmp_path / "all.zip").write_bytes(zipped(members))
    found = read_scores(tmp_path)
    assert [(score.name, score.folder) for score in found.scores] == [
        (f"all.zip/songs/{'ab'[number % 2]}/{number}.mid", "ab"[number % 2]) for number in range(4)
    ]
    assert set(found.refused) == {"all.zip/songs/readme.txt", "all.zip/songs/bomb.mid"}
    assert [score.folder for score in read_scores(tmp_path / "all.zip").scores] == ["a", "b", "a", "b"]


def test_a_parser_that_is_not_there_or_does_not_start_is_an_error_with_its_mend(folder, tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(7)")
    monkeypatch.setattr(reading, "PROGRAM", broken)
    with pytest.raises(DeviceError, match="does not start"):
        read_scores(folder / "major")
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"rgan-kit\[music\]"):
        read_scores(folder)


def test_several_workers_keep_the_order(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_SCORES_A_WORKER", 2)
    for seed in range(1, 6):
        (tmp_path / f"{seed}.mid").write_bytes(to_midi(piece(seed, bars=seed)))
    assert [len(score.song.notes) for score in read_scores(tmp_path).scores] == [4, 8, 12, 16, 20]


@pytest.mark.parametrize("representation", ["melody", "events", "remi", "pianoroll"])
def test_what_is_read_encoded_decoded_and_written_is_read_again(representation, tmp_path):
    """Nothing is lost but what was counted: two voices, drums, three metres, changes of tempo."""
    source, written = tmp_path / "source", tmp_path / "written"
    source.mkdir()
    written.mkdir()
    for number in range(12):
        own = piece(number, bars=6, tracks=3, programs=(0, 40, DRUMS))
        parts = ((0, 3, 4), (24, 4, 4), (56, 6, 8))
        own = replace(own, metres=parts, tempos=((40, 150.0),), notes=tuple(
            replace(each, pitch=each.pitch + 12 * (each.track == 0), velocity=(40, 80)[each.velocity % 2])
            for each in own.notes
        ))  # fmt: skip
        (source / f"{number:02}.mid").write_bytes(to_midi(own))
    options = MusicOptions(representation=representation, transpose=0, window_bars=0)
    data = load(options, source, 0)
    lost = {each.fate: each.count for each in data.tallies if each.noun == "notes"}
    batch = data.decoder.read(source)
    values = "series" if representation == "pianoroll" else "tokens"
    pieces = data.decoder.decode({values: batch.values, "lengths": batch.lengths - (values == "tokens")})
    for number, own in enumerate(pieces):
        (written / f"{number:02}.mid").write_bytes(to_midi(own))
    before, after = (
        Counter(row for score in read_scores(path).scores for row in times(score.song)) for path in (source, written)
    )
    missing = sum((before - after).values())
    assert missing <= sum(lost.values())
    if representation == "remi":
        assert not lost
        assert not missing
        song, back = (read_scores(path).scores[3].song for path in (source, written))
        assert song.metres.tolist() == back.metres.tolist()
        assert song.tempos.round(3).tolist() == back.tempos.round(3).tolist()
        assert sorted(song.programs.tolist()) == sorted(back.programs.tolist())
    again = data.decoder.read(written).values
    common = min(again.shape[1], batch.values.shape[1])  # a piano roll's last bar is of the only metre that it keeps
    assert np.array_equal(again[:, :common], batch.values[:, :common])
    assert representation == "pianoroll" or again.shape == batch.values.shape


def test_samples_of_a_class_that_is_a_key_lie_in_that_key(tmp_path):
    """With folders of keys as classes: all samples of c-major use its seven pitch classes alone."""
    SPEC.make(MusicOptions(embedded_melodies=60), tmp_path, 0)
    data = load(MusicOptions(labels="folder"), tmp_path, 0)
    c_major = data.spec.labels.index("c-major")
    batch = data.train.take(np.flatnonzero(data.train.labels == c_major))
    pieces = data.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    assert len(pieces) > 3
    assert all(own.pitch % 12 in {0, 2, 4, 5, 7, 9, 11} for each in pieces for own in each.notes)


@pytest.mark.parametrize("options", [{"window_bars": 0}, {"tracks": 4, "drums": True}])
def test_no_note_of_a_band_is_lost_however_long_its_samples_are(options, tmp_path):
    """Sixteen bars of sixteenths in five tracks: 1,280 notes, of which 512 symbols held a tenth."""
    programs = (0, 25, 33, 48, DRUMS)
    for number in range(10):
        notes = [
            Note(step, 1, 36 + (step + number + 7 * track) % 48, 80, track) for step in range(256) for track in range(5)
        ]
        own = Piece(tuple(notes), 256, 120.0, 4, programs=programs)
        (tmp_path / f"{number}.mid").write_bytes(to_midi(own))
    data = load(MusicOptions(representation="remi", transpose=0, steps_per_beat=4, **options), tmp_path, 0)
    assert [each for each in data.tallies if each.noun == "notes"] == []
    sources = [source.take(np.arange(len(source))) for source in (data.train, data.validation)]
    pieces = [
        piece for own in sources for piece in data.decoder.decode({"tokens": own.values, "lengths": own.lengths - 1})
    ]
    assert sum(len(each.notes) for each in pieces) == 10 * 1280
    assert data.spec.max_length > 512
