"""From frames back to clips and files that other programs open."""

import json
import subprocess
import sys

import av
import numpy as np
import pytest
from frames_support import one_decoding_process  # noqa: F401
from PIL import Image, ImageSequence

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.video import SPEC
from rgan_kit_plugins.domains.video.decoder import VideoDecoder
from rgan_kit_plugins.worlds.shapes import draw

FRAMES = draw(3, 12, 16, 16, 3, np.random.default_rng(0)).clips
DECODER = VideoDecoder(Preparation(16, 16, 3), 12, 10.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return folder, DECODER.write(DECODER.decode({"frames": FRAMES}), folder)


def test_files_of_every_kind_are_written_whole(written):
    folder, files = written
    assert sorted(files) == sorted(folder.iterdir())
    names = {file.name for file in files}
    assert names == {"contact-sheet.png", "samples.npz"} | {
        f"sample-000{n}.{end}" for n in (1, 2, 3) for end in ("gif", "mp4")
    }


def test_a_gif_shows_every_frame_at_its_pace(written):
    with Image.open(written[0] / "sample-0002.gif") as animation:
        durations, shown = [], []
        for frame in ImageSequence.Iterator(animation):
            durations.append(animation.info["duration"])
            shown.append(np.asarray(frame.convert("RGB")))
    assert sum(durations) == 1200
    assert shown[0].shape == (128, 128, 3)
    assert np.array_equal(shown[0][::8, ::8], FRAMES[1, 0])
    assert np.array_equal(shown[-1][::8, ::8], FRAMES[1, -1])


def test_a_video_shows_every_frame_at_its_pace(written):
    with av.open(str(written[0] / "sample-0001.mp4")) as container:
        stream = container.streams.video[0]
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.average_rate == 10
        assert stream.codec_context.pix_fmt == "yuv420p"
    assert len(shown) == 12
    assert np.abs(shown[5][4::8, 4::8].astype(int) - FRAMES[0, 5]).mean() < 12


def test_the_arrays_hold_every_number_and_the_sheet_every_clip(written):
    with np.load(written[0] / "samples.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["clips"], FRAMES)
        assert arrays["fps"] == 10.0
        assert set(arrays.files) == {"clips", "fps"}
    with Image.open(written[0] / "contact-sheet.png") as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape == (3 * 66 + 2, 12 * 66 + 2, 3)
    assert np.array_equal(pixels[2 + 66 : 66 + 66 : 4, 2:66:4], FRAMES[1, 0])


def test_what_was_written_is_read_as_it_was(written):
    for name in ("samples.npz", "sample-0003.gif"):
        batch = DECODER.read(written[0] / name)
        assert batch.values.dtype == np.uint8
        assert np.array_equal(batch.values, FRAMES if name.endswith("npz") else FRAMES[2:])
        assert batch.lengths.tolist() == [12] * len(batch.values)


def test_reading_pads_what_is_short_and_cuts_what_is_long(tmp_path):
    np.savez(tmp_path / "short.npz", clips=FRAMES[:1, :5])
    np.savez(tmp_path / "long.npz", clips=np.concatenate([FRAMES[:1], FRAMES[1:2], FRAMES[2:, :3]], axis=1))
    batch = DECODER.read(tmp_path)
    assert batch.lengths.tolist() == [12, 12, 5]
    assert np.array_equal(batch.values[:2], FRAMES[:2])
    assert np.array_equal(batch.values[2, :5], FRAMES[0, :5]) and not batch.values[2, 5:].any()


@pytest.mark.parametrize("shape", [(0, 12, 16, 16, 3), (2, 1, 16, 16, 3), (1, 1, 1, 1, 1), (1, 40, 7, 5, 1)])
def test_anything_that_a_graph_can_produce_is_decoded_shown_and_written(tmp_path, shape):
    values = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    samples = DECODER.decode({"frames": values})
    assert [sample.frames.shape for sample in samples] == [shape[1:]] * shape[0]
    assert all("\n" not in DECODER.preview(sample) and "frames" in DECODER.preview(sample) for sample in samples)
    assert len(DECODER.write(samples, tmp_path)) == (2 + 2 * shape[0] if samples else 0)


def test_numbers_of_other_types_are_cut_to_bytes():
    (sample,) = DECODER.decode({"frames": np.array([-5, 0, 255, 300]).reshape(1, 1, 2, 2, 1)})
    assert sample.frames.ravel().tolist() == [0, 0, 255, 255]


def test_a_fresh_process_decodes_and_writes_from_the_manifest_alone(tmp_path):
    np.save(tmp_path / "frames.npy", FRAMES)
    code = (
        "import json, sys, pathlib, numpy as np\n"
        "from rgan_kit_plugins.domains.video import SPEC\n"
        "folder = pathlib.Path(sys.argv[1]); out = folder / 'out'; out.mkdir()\n"
        "decoder = SPEC.decoder(json.loads(sys.argv[2]))\n"
        "samples = decoder.decode({'frames': np.load(folder / 'frames.npy')})\n"
        "print(len(decoder.write(samples, out)), decoder.manifest() == json.loads(sys.argv[2]))\n"
        "assert 'torch' not in sys.modules\n"
    )
    manifest = json.dumps(DECODER.manifest())
    command = [sys.executable, "-c", code, str(tmp_path), manifest]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["8", "True"]
    with np.load(tmp_path / "out" / "samples.npz") as arrays:
        assert np.array_equal(arrays["clips"], FRAMES)


def test_a_manifest_from_a_stranger_is_refused_with_all_its_faults():
    good = DECODER.manifest()
    assert SPEC.decoder(good).manifest() == good
    bad = {**good, "height": 10**6, "fps": float("nan"), "crop": 1, "axes": "nthwc; rm"}
    del bad["channels"]
    with pytest.raises(DataError) as caught:
        SPEC.decoder(bad)
    for words in ("height is 1000000", "fps is nan", "crop is 1 ", "axes is 'nthwc; rm'", "channels is missing"):
        assert words in caught.value.problem
    for key in good:
        for value in (None, [], "x", -1, True if key != "crop" else 2, {}):
            with pytest.raises(DataError):
                SPEC.decoder({**good, key: value})
