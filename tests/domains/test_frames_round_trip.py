"""Read, encode, decode, write, read again: nothing is lost but what was reported."""

import numpy as np
import pytest
from frames_support import one_decoding_process  # noqa: F401
from PIL import Image

from rgan_kit.contracts import SequenceSource
from rgan_kit.evaluation.real import as_outputs
from rgan_kit_plugins.domains.frames.writing import write_mp4, write_png
from rgan_kit_plugins.domains.images import SPEC as IMAGES
from rgan_kit_plugins.domains.video import SPEC as VIDEO


def taken(source: SequenceSource) -> list[np.ndarray]:
    return list(source.take(np.arange(len(source))).values)


def back(dataset, source: SequenceSource, folder) -> tuple[list[np.ndarray], list]:
    """The samples of a side as they were read, and as they are read again from the files that are written of them."""
    folder.mkdir()
    outputs = [as_outputs(dataset.spec, source, number) for number in range(len(source))]
    samples = [sample for each in outputs for sample in dataset.decoder.decode(each)]
    labels = source.take(np.arange(len(source))).labels
    names = None if labels is None else [dataset.spec.labels[number] for number in labels.tolist()]
    files = dataset.decoder.write(samples, folder, names)
    for file in files:
        if file.name == "contact-sheet.png" or file.suffix in (".gif", ".mp4"):
            file.unlink()
    return list(dataset.decoder.read(folder).values), files


@pytest.fixture
def clips(tmp_path):
    """Everything that is lossless, one recording of 20 frames each, and files that are left out."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    real = rng.integers(0, 256, (12, 20, 8, 8, 3)).astype(np.uint8)
    for number, clip in enumerate(real):
        own = folder / ("odd" if number % 2 else "even")
        (own / f"clip{number}").mkdir(parents=True)
        if number % 3 == 0:
            np.save(own / f"{number}.npy", clip[None])
        elif number % 3 == 1:
            for frame, pixels in enumerate(clip):
                write_png(own / f"clip{number}" / f"{frame}.png", pixels)
        else:
            images = [Image.fromarray(frame) for frame in clip]
            images[0].save(own / f"{number}.webp", save_all=True, append_images=images[1:], duration=100, lossless=True)
    (folder / "notes.txt").write_text("about it")
    (folder / "even" / "broken.mp4").write_bytes(b"\0\0\0\x18ftyp")
    return folder, real


def test_clips_come_back_but_for_what_is_reported(clips, tmp_path):
    folder, real = clips
    dataset = VIDEO.load(VIDEO.options(height=8, width=8, clip_length=6, stride=6), folder, 0)
    assert dataset.refused.keys() == {"*.txt", "even/broken.mp4"}
    (unused,) = [each for each in dataset.tallies if each.count]
    assert (unused.noun, unused.count, unused.total) == ("frames", 12 * 2, 240)  # 3 clips of 6 in 20 frames
    whole = {clip[first : first + 6].tobytes() for clip in real for first in (0, 6, 12)}
    read = [*taken(dataset.train), *taken(dataset.validation)]
    assert {each.tobytes() for each in read} == whole and len(read) == 36
    for place, source in enumerate((dataset.train, dataset.validation)):
        again, _ = back(dataset, source, tmp_path / f"back{place}")
        assert np.array_equal(again, taken(source))


@pytest.mark.parametrize("form", ["rows", "whole"])
@pytest.mark.parametrize("colour", ["colour", "grey"])
def test_pictures_come_back_but_for_what_is_reported(tmp_path, form, colour):
    rng = np.random.default_rng(1)
    channels = 3 if colour == "colour" else 1
    folder = tmp_path / "data"
    for number in range(24):
        (folder / "abc"[number % 3]).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (8, 10, channels)).astype(np.uint8)
        write_png(folder / "abc"[number % 3] / f"{number}.png", pixels)
    (folder / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "a" / "film.mp4").write_bytes(b"")
    dataset = IMAGES.load(IMAGES.options(height=8, width=10, form=form, colour=colour), folder, 0)
    assert dataset.refused.keys() == {"a/broken.png", "*.mp4"}
    assert len(dataset.train) + len(dataset.validation) == 24
    assert not [each for each in dataset.tallies if each.count]
    for place, source in enumerate((dataset.train, dataset.validation)):
        again, files = back(dataset, source, tmp_path / f"back{place}")
        assert np.array_equal(again, taken(source))
        assert all(file.stem[-1] in "abc" for file in files[1:])


def test_what_a_lossy_codec_changes_is_little(tmp_path):
    smooth = np.linspace(0, 255, 12 * 32).reshape(12, 32)[:, None, :, None] + np.zeros((12, 32, 32, 3))
    for number in range(12):
        write_mp4(tmp_path / f"{number}.mp4", np.roll(smooth, number, axis=0).astype(np.uint8), 10)
    dataset = VIDEO.load(VIDEO.options(clip_length=12), tmp_path, 0)
    assert len(dataset.train) + len(dataset.validation) == 12 and not dataset.refused
    for clip in taken(dataset.train):
        nearest = min(np.abs(clip.astype(int) - np.roll(smooth, number, axis=0)).mean() for number in range(12))
        assert nearest < 4


def test_classes_are_in_names_and_arrays_whatever_they_are_called(tmp_path):
    frames = np.zeros((2, 3, 8, 8, 3), np.uint8)
    decoder = VIDEO.load(VIDEO.options(embedded_clips=10), None, 0).decoder
    samples = decoder.decode({"frames": frames})
    files = decoder.write(samples, tmp_path, ["a/b: c", "猫"])
    names = [file.name for file in files if file.suffix == ".gif"]
    assert names == ["sample-0001-a_b_c.gif", "sample-0002-猫.gif"]
    with np.load(tmp_path / "samples.npz") as archive:
        assert archive["labels"].tolist() == ["a/b: c", "猫"]


def test_clips_of_different_lengths_are_cut_where_a_model_says_and_written_each(tmp_path):
    decoder = VIDEO.load(VIDEO.options(embedded_clips=10), None, 0).decoder
    frames = np.random.default_rng(0).integers(0, 256, (3, 5, 16, 16, 3)).astype(np.uint8)
    samples = decoder.decode({"frames": frames, "lengths": np.array([5, 2, 0])})
    assert [len(sample.frames) for sample in samples] == [5, 2, 1]
    arrays = [file for file in decoder.write(samples, tmp_path, ["x", "y", "x"]) if file.suffix == ".npz"]
    assert [np.load(file)["clips"].shape[1] for file in arrays] == [5, 2, 1]
