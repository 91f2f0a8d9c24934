"""From a user's videos, GIFs, folders of pictures and arrays to clips."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from frames_support import one_decoding_process  # noqa: F401
from PIL import Image

from rgan_kit.contracts import DataError, DeviceError, UsageError
from rgan_kit_plugins.domains.frames import recordings
from rgan_kit_plugins.domains.frames.writing import write_mp4, write_png
from rgan_kit_plugins.domains.video import SPEC
from rgan_kit_plugins.worlds.shapes import draw

OPTIONS = SPEC.options(height=16, width=16)


def clips(count: int, length: int = 12, seed: int = 0) -> np.ndarray:
    return draw(count, length, 16, 16, 3, np.random.default_rng(seed)).clips


def everything(dataset) -> np.ndarray:
    parts = [source.take(np.arange(len(source))).values for source in (dataset.train, dataset.validation)]
    return np.concatenate(parts)


def as_set(values: np.ndarray) -> set[bytes]:
    return {value.tobytes() for value in values}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    files = SPEC.make(SPEC.options(embedded_clips=20), folder, 3)
    assert len(files) == 24 and all(file.suffix == ".gif" and file.is_file() for file in files)
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """Every kind of file, and some that cannot be read."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "a").mkdir()
    (folder / "b" / "pictures").mkdir(parents=True)
    real = clips(14)
    write_mp4(folder / "a" / "video.mp4", real[0].repeat(2, 0), 20.0)
    np.save(folder / "a" / "several.npy", real[:9])
    np.savez_compressed(folder / "b" / "more.npz", video=real[9:12], colour=np.zeros((3, 3), np.uint8))
    for number, frame in enumerate(real[12], 1):
        write_png(folder / "b" / "pictures" / f"frame{number}.png", frame)
    (folder / "b" / "notes.txt").write_text("not for reading")
    (folder / "b" / "broken.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(50))
    (folder / "a" / "short.gif").write_bytes(b"GIF89a")
    (folder / "a" / "link.npy").symlink_to(folder / "a" / "several.npy")
    return folder


def test_the_embedded_clips_written_as_gifs_are_read_again_as_they_are(made):
    dataset = SPEC.load(OPTIONS, made, 0)
    drawn = SPEC.load(SPEC.options(embedded_clips=20), None, 3)
    assert as_set(everything(dataset)) == as_set(everything(drawn))
    assert dataset.spec.labels == ("arc", "circle", "fall", "right")
    assert dataset.spec.fps == pytest.approx(10)
    assert dataset.refused == {}
    again, other = SPEC.load(OPTIONS, made, 0), SPEC.load(OPTIONS, made, 1)
    assert np.array_equal(everything(again), everything(dataset))
    assert not np.array_equal(everything(other), everything(dataset))
    assert again.fingerprint == dataset.fingerprint == other.fingerprint


def test_every_kind_of_file_is_read_and_the_rest_is_listed_with_reasons(mixed):
    dataset = SPEC.load(SPEC.options(height=16, width=16, clip_length=12), mixed, 0)
    real = clips(14)
    assert len(dataset.train) + len(dataset.validation) == 2 + 9 + 3 + 1
    found = everything(dataset)
    assert as_set(real[:13]) <= as_set(found)
    assert dataset.refused.keys() == {"a/short.gif", "a/link.npy", "b/broken.webm", "*.txt"}
    assert "symbolic link" in dataset.refused["a/link.npy"]
    assert "damaged" in dataset.refused["b/broken.webm"]
    assert "it ends too soon" in dataset.refused["a/short.gif"]


def test_a_video_is_read_at_the_pace_asked_for_and_looks_as_it_did(tmp_path):
    real = clips(1, 60)[0]
    write_mp4(tmp_path / "one.mp4", real, 20.0)
    options = SPEC.options(height=16, width=16, clip_length=6, fps=10.0, stride=1)
    dataset = SPEC.load(options, tmp_path / "one.mp4", 0)
    assert dataset.spec.fps == 10.0
    every_second = real[::2].astype(int)
    first = dataset.train.take(np.array([0, 3])).values.astype(int)
    assert np.abs(first[0] - every_second[:6]).mean() < 6  # H.264 is lossy
    assert np.abs(first[1] - every_second[3:9]).mean() < 6
    assert "the last 10% of each stretch" in dataset.summary["training and validation"]


def test_pictures_of_a_folder_are_frames_in_the_order_of_their_numbers(tmp_path):
    real = clips(12, 11)
    for clip, frames in enumerate(real):
        folder = tmp_path / ("odd" if clip % 2 else "even") / f"clip{clip}"
        folder.mkdir(parents=True)
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(folder / f"{number}.png")
    dataset = SPEC.load(SPEC.options(height=16, width=16, clip_length=11), tmp_path, 0)
    assert as_set(everything(dataset)) == as_set(real)
    assert dataset.spec.labels == ("even", "odd")


def test_classes_come_from_an_array_by_name(tmp_path):
    real = clips(20)
    np.savez(tmp_path / "data.npz", video=real, motion=np.arange(20) % 4, who=np.array(["ann", "bob"] * 10))
    by_motion = SPEC.load(SPEC.options(height=16, width=16, labels="motion"), tmp_path / "data.npz", 0)
    assert by_motion.spec.labels == ("0", "1", "2", "3")
    by_name = SPEC.load(SPEC.options(height=16, width=16, labels="who"), tmp_path / "data.npz", 0)
    assert by_name.spec.labels == ("ann", "bob")
    batch = by_name.train.take(np.arange(len(by_name.train)))
    places = [next(i for i, clip in enumerate(real) if np.array_equal(clip, value)) for value in batch.values]
    assert batch.labels.tolist() == [place % 2 for place in places]
    with pytest.raises(DataError, match="no array 'shape' in it, only motion, video, who"):
        SPEC.load(SPEC.options(labels="shape"), tmp_path / "data.npz", 0)


@pytest.mark.parametrize("axes", ["tnhw", "ntchw", "auto"])
def test_arrays_are_read_in_any_order_of_axes(tmp_path, axes):
    colour = axes != "tnhw"
    real = clips(12)
    stored = (
        real.transpose(0, 1, 4, 2, 3) if axes == "ntchw" else real if colour else real.max(-1).transpose(1, 0, 2, 3)
    )
    array = np.asfortranarray(stored) if axes == "auto" else stored
    np.save(tmp_path / "data.npy", array.astype(np.float32) / 255 if colour else array)
    options = SPEC.options(height=16, width=16, axes=axes, colour="colour" if colour else "grey")
    assert as_set(everything(SPEC.load(options, tmp_path, 0))) == as_set(real if colour else real.max(-1)[..., None])


def test_a_data_set_over_the_memory_budget_is_read_back_from_disk_all_the_same(tmp_path):
    real = clips(400, 16)
    np.save(tmp_path / "many.npy", real)
    in_memory = SPEC.load(OPTIONS, tmp_path, 0)
    on_disk = SPEC.load(SPEC.options(height=16, width=16, memory_budget=1), tmp_path, 0)
    assert "in a temporary file" in on_disk.summary["memory"] and "in memory" in in_memory.summary["memory"]
    assert np.array_equal(everything(on_disk), everything(in_memory))


def test_too_little_says_how_little_and_what_to_do(tmp_path):
    np.save(tmp_path / "few.npy", clips(3))
    with pytest.raises(DataError, match=r"3 recordings, the longest of 12 frames.*\n.*domain.clip_length"):
        SPEC.load(OPTIONS, tmp_path / "few.npy", 0)


def test_what_is_not_there_or_not_read_is_said(tmp_path):
    (tmp_path / "clips.npyy").touch()
    for name, words in (
        ("clips.npy", "In .* there is clips.npyy"),
        ("clips.npyy", "if it is such a file, rename it"),
    ):
        with pytest.raises(DataError, match=words):
            SPEC.load(OPTIONS, tmp_path / name, 0)
    with pytest.raises(DataError, match="nothing here that can be used"):
        SPEC.load(OPTIONS, tmp_path, 0)


def test_a_library_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").touch()
    monkeypatch.setattr(recordings, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"PyAV.*\n.*rgan-kit\[video\]"):
        SPEC.load(OPTIONS, tmp_path / "a.mp4", 0)


def test_describing_and_drawing_need_numpy_alone():
    code = (
        "import sys\n"
        "from rgan_kit_plugins.domains.video import SPEC\n"
        "SPEC.load(SPEC.options(embedded_clips=10), None, 0)\n"
        "assert not {'torch', 'av', 'PIL'} & sys.modules.keys(), sys.modules.keys() & {'torch', 'av', 'PIL'}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_options_that_do_not_suit_the_shapes_are_a_usage_error():
    with pytest.raises(UsageError):
        SPEC.load(SPEC.options(width=4), None, 0)
