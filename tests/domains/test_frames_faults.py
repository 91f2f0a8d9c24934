"""What real files hold that is easily lost, clipped or turned: small inputs and what must come out."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from frames_support import decoded, one_decoding_process  # noqa: F401
from PIL import Image, PngImagePlugin

from rgan_kit.contracts import TooLittleError
from rgan_kit_plugins.domains.frames.display import Display, from_matrix
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.signatures import is_animated
from rgan_kit_plugins.domains.frames.writing import write_mp4, write_png
from rgan_kit_plugins.domains.images import SPEC as IMAGES
from rgan_kit_plugins.domains.video import SPEC as VIDEO

GREY, COLOUR = Preparation(2, 4, 1), Preparation(2, 4, 3)
RAMP = np.linspace(0, 65_535, 8).reshape(2, 4)


def png16(file: Path, pixels: np.ndarray, transparent: int | None = None) -> Path:
    image = Image.fromarray(pixels.astype(np.uint16))
    image.save(file, **({} if transparent is None else {"transparency": transparent}))
    return file


# --- pictures ---


@pytest.mark.parametrize("transparent", [None, 0])
def test_16_bits_are_scaled_and_not_clipped(tmp_path, transparent):
    frames, _ = decoded(png16(tmp_path / "a.png", RAMP, transparent), GREY)
    wanted = np.rint(RAMP / 257)
    if transparent == 0:
        wanted[0, 0] = 255  # what is transparent is white
    assert np.array_equal(frames[0, ..., 0], wanted)


def test_arrays_of_16_bits_are_scaled_too(tmp_path):
    np.save(tmp_path / "a.npy", RAMP[None].repeat(3, 0).astype(np.uint16))
    frames, _ = decoded(tmp_path / "a.npy", GREY)
    assert np.array_equal(frames[2, ..., 0], np.rint(RAMP.astype(np.uint16) / 257))


@pytest.mark.parametrize(
    ("mode", "pixels", "transparent"),
    [
        ("L", [[10, 20, 30, 40]] * 2, 20),
        ("RGB", [[[1, 2, 3], [4, 5, 6], [7, 8, 9], [9, 9, 9]]] * 2, (4, 5, 6)),
        ("1", [[False, True, False, True]] * 2, 1),
    ],
)
def test_a_colour_that_png_says_is_transparent_is_white(tmp_path, mode, pixels, transparent):
    array = np.array(pixels, np.uint8 if mode != "1" else bool)
    Image.fromarray(array).convert(mode).save(tmp_path / "a.png", transparency=transparent)
    frames, _ = decoded(tmp_path / "a.png", COLOUR)
    grey = 255 if mode == "1" else 1
    wanted = np.broadcast_to((array if array.ndim == 3 else array[..., None]) * np.uint8(grey), (2, 4, 3)).copy()
    wanted[:, 1] = 255
    assert np.array_equal(frames[0], wanted)


def test_a_palette_with_transparency_and_an_alpha_channel_are_white_where_they_are_clear(tmp_path):
    rgba = np.zeros((2, 4, 4), np.uint8)
    rgba[:, 2:, 3] = 255
    for name, image in (("a.png", Image.fromarray(rgba)), ("b.webp", Image.fromarray(rgba))):
        image.save(tmp_path / name, lossless=True)
        frames, _ = decoded(tmp_path / name, COLOUR)
        assert frames[0, 0, :, 0].tolist() == [255, 255, 0, 0]


def test_a_crop_that_throws_away_most_of_a_picture_is_said(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(12):
        shape = (8, 40, 3) if number else (8, 8, 3)
        write_png(tmp_path / f"{number}.png", rng.integers(0, 256, shape).astype(np.uint8))
    tallies = IMAGES.load(IMAGES.options(), tmp_path, 0).tallies
    (cropped,) = [each for each in tallies if each.count]
    assert (cropped.noun, cropped.count, cropped.total, cropped.loud) == ("recordings", 11, 12, True)
    assert "domain.crop=none" in cropped.hint
    assert not [each for each in IMAGES.load(IMAGES.options(crop="none"), tmp_path, 0).tallies if each.count]


# --- film strips, numbered frames, animations ---

CLIPS = np.random.default_rng(1).integers(0, 256, (12, 5, 8, 8, 3)).astype(np.uint8)


def everything(dataset) -> set[bytes]:
    parts = [source.take(np.arange(len(source))).values for source in (dataset.train, dataset.validation)]
    return {clip.tobytes() for part in parts for clip in part}


@pytest.mark.parametrize("axis", [1, 0])
def test_film_strips_are_asked_about_and_cut_where_the_user_says_so(tmp_path, axis):
    for number, clip in enumerate(CLIPS):
        write_png(tmp_path / f"clip{number}.png", np.concatenate(list(clip), axis=axis))
    asked = IMAGES.load(IMAGES.options(), tmp_path, 0).summary["film strips?"]
    assert "12 pictures such as clip0.png" in asked and "--set domain.strip=5" in asked
    dataset = VIDEO.load(VIDEO.options(height=8, width=8, strip=5), tmp_path, 0)
    assert everything(dataset) == {clip.tobytes() for clip in CLIPS}
    with pytest.raises(Exception, match="cannot be cut into 3 equal frames"):
        VIDEO.load(VIDEO.options(height=8, width=8, strip=3), tmp_path, 0)


def test_rows_of_numbered_names_in_one_folder_are_a_clip_each(tmp_path):
    for number, clip in enumerate(CLIPS):
        for frame, pixels in enumerate(clip, 1):
            write_png(tmp_path / f"take{'abcdefghijkl'[number]}_{frame}.png", pixels)
    dataset = VIDEO.load(VIDEO.options(height=8, width=8), tmp_path, 0)
    assert everything(dataset) == {clip.tobytes() for clip in CLIPS}


def test_pictures_that_look_like_frames_are_asked_about_and_others_are_not(tmp_path):
    rng = np.random.default_rng(0)
    for clip in range(3):
        base = rng.integers(0, 256, (8, 8, 3))
        for frame in range(10):
            moved = (base + rng.integers(-9, 10, base.shape)).clip(0, 255).astype(np.uint8)
            (tmp_path / f"clip{clip}").mkdir(exist_ok=True)
            write_png(tmp_path / f"clip{clip}" / f"{frame}.png", moved)
    summary = IMAGES.load(IMAGES.options(height=8, width=8), tmp_path, 0).summary
    assert "with --domain video those of a folder are one clip" in summary["frames of clips?"]
    other = tmp_path / "other"
    other.mkdir()
    for number in range(30):
        write_png(other / f"{number}.png", rng.integers(0, 256, (8, 8, 3)).astype(np.uint8))
    assert "frames of clips?" not in IMAGES.load(IMAGES.options(height=8, width=8), other, 0).summary


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_animated_pictures_are_clips_and_one_picture_where_pictures_are_read(tmp_path, suffix):
    images = [
        Image.fromarray(frame).convert("RGB")
        for frame in (np.arange(4)[:, None, None, None] * 60 + np.zeros((4, 8, 8, 3))).astype(np.uint8)
    ]
    file = tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    images[0].save(file, save_all=True, append_images=images[1:], duration=100, loop=0, **options)
    assert is_animated(file) == (suffix != ".gif")
    frames, recording = decoded(file, Preparation(8, 8, 1), "animation")
    assert frames[:, 0, 0, 0].tolist() == [0, 60, 120, 180]
    assert recording.end.fps == pytest.approx(10)
    with pytest.raises(TooLittleError) as caught:
        VIDEO.load(VIDEO.options(height=8, width=8), tmp_path, 0)
    assert len(caught.value.dataset.train) == 1
    if suffix != ".gif":
        with pytest.raises(TooLittleError) as caught:
            IMAGES.load(IMAGES.options(height=8, width=8), tmp_path, 0)
        lost = [each for each in caught.value.dataset.tallies if each.count]
        assert [(each.noun, each.count, each.total) for each in lost] == [("frames", 3, 4)]
        assert "first frame alone" in lost[0].fate


@pytest.mark.parametrize(
    ("seconds", "shown", "lost"),
    [
        ([0.1, 0.1, 3.0], [1, 1, 1], 29),  # a pause before it begins again
        ([0.1, 0.2, 0.2], [1, 2, 2], 0),
        ([0.1, 0.3, 0.1], [1, 3, 1], 0),
        ([0.1, 10.0, 0.1], [1, 64, 1], 36),
    ],
)
def test_a_long_last_frame_is_not_thirty_frozen_ones_and_what_is_cut_is_counted(tmp_path, seconds, shown, lost):
    images = [Image.fromarray(np.full((8, 8), 60 * n, np.uint8)) for n in range(3)]
    durations = [round(1000 * each) for each in seconds]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=durations, loop=0)
    frames, recording = decoded(tmp_path / "a.gif", Preparation(8, 8, 1))
    counts = [int((frames[:, 0, 0, 0] == 60 * n).sum()) for n in range(3)]
    assert (counts, recording.end.lost) == (shown, lost)


# --- videos ---


def video(
    file: Path, frames: np.ndarray, codec="libx264", pixels="yuv420p", rate=10, container="mp4", setup=None, **options
) -> Path:
    with av.open(str(file), "w", format=container, options=options) as opened:
        stream = opened.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixels
        if setup:
            setup(stream)
        kind = "rgba" if frames.shape[-1] == 4 else "rgb24"
        for frame in frames:
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), kind)))
        opened.mux(stream.encode())
    return file


def corners() -> np.ndarray:
    """Red top left, green top right, blue bottom left, white bottom right: ``[3, 32, 48, 3]``."""
    frame = np.full((32, 48, 3), 255, np.uint8)
    frame[:16, :24], frame[:16, 24:], frame[16:, :24] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return np.stack([frame] * 3)


def seen(file: Path, height: int = 16, width: int = 16) -> list[str]:
    """The corners of the first frame, row by row, by their colours."""
    frames, _ = decoded(file, Preparation(height, width, 3, crop=False))
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w"}
    rows = frames[0][:: height - 1, :: width - 1] > 128
    return ["".join(names[tuple(map(int, pixel))] for pixel in row) for row in rows]


ONE = 1 << 16
MATRICES = {
    "as it is": ((ONE, 0, 0, ONE), ["rg", "bw"]),
    "mirrored left to right": ((-ONE, 0, 0, ONE), ["gr", "wb"]),
    "mirrored top to bottom": ((ONE, 0, 0, -ONE), ["bw", "rg"]),
    "half a turn": ((-ONE, 0, 0, -ONE), ["wb", "gr"]),
    "a quarter clockwise": ((0, ONE, -ONE, 0), ["br", "wg"]),
    "a quarter back": ((0, -ONE, ONE, 0), ["gw", "rb"]),
    "mirrored at the falling diagonal": ((0, ONE, ONE, 0), ["rb", "gw"]),
    "mirrored at the rising diagonal": ((0, -ONE, -ONE, 0), ["wg", "br"]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_display_matrices_turn_and_mirror_as_players_do(tmp_path, name):
    (a, b, c, d), wanted = MATRICES[name]
    file = video(tmp_path / "a.mp4", corners())
    content = bytearray(file.read_bytes())
    place = content.index(b"tkhd") + 4 + 40  # version 0: ISO 14496-12, 8.3.2
    assert struct.unpack(">9i", content[place : place + 36]) == (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    file.write_bytes(content)
    assert seen(file) == wanted


def test_a_matrix_of_any_turn_is_the_nearest_quarter():
    assert from_matrix((60_000, 9_000, 0, -9_000, 60_000, 0, 0, 0, 1 << 30)) == Display()
    assert Display(True, aspect=2.0).seen(10, 20) == (40, 10)


def test_pixels_that_are_no_squares_are_made_so(tmp_path):
    def wide(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    file = video(tmp_path / "a.mp4", corners(), setup=wide)
    _, recording = decoded(file, Preparation(8, 8, 3))
    assert recording.end.size == (32, 96)


def test_the_default_stream_is_read_and_no_picture_of_a_cover(tmp_path):
    red, blue = np.zeros((3, 32, 32, 3), np.uint8), np.zeros((3, 32, 32, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    with av.open(str(tmp_path / "a.mkv"), "w") as opened:
        streams = [opened.add_stream("libx264", rate=10) for _ in range(2)]
        for stream, default in zip(streams, (0, 1), strict=True):
            stream.height = stream.width = 32
            stream.pix_fmt = "yuv420p"
            stream.disposition = default
        for stream, frames in zip(streams, (red, blue), strict=True):
            for frame in frames:
                opened.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            opened.mux(stream.encode())
    frames, _ = decoded(tmp_path / "a.mkv", Preparation(2, 2, 3))
    assert frames[0, 0, 0, 2] > 200 and frames[0, 0, 0, 0] < 50


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "container"),
    [("a.mov", "qtrle", "argb", "mov"), ("a.webm", "libvpx-vp9", "yuva420p", "webm"), ("b.mov", "png", "rgba", "mov")],
)
def test_transparent_video_is_white_where_it_is_clear(tmp_path, name, codec, pixels, container):
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    frames = np.zeros((3, 32, 32, 4), np.uint8)
    frames[..., 0] = 200
    frames[:, :, 16:, 3] = 255
    if codec == "qtrle":
        frames = frames[..., [3, 0, 1, 2]]
    file = tmp_path / name
    with av.open(str(file), "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=10)
        stream.height = stream.width = 32
        stream.pix_fmt = pixels
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, "argb" if codec == "qtrle" else "rgba")
            opened.mux(stream.encode(picture.reformat(format=pixels)))
        opened.mux(stream.encode())
    shown, _ = decoded(file, Preparation(2, 2, 3))
    assert (shown[0, :, 0] > 240).all()
    assert (abs(shown[0, :, 1].astype(int) - [200, 0, 0]) < 12).all()


def moving(count: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize(("name", "container"), [("a.mp4", "mp4"), ("a.mkv", "matroska"), ("a.avi", "avi")])
def test_a_video_that_is_cut_off_gives_its_readable_frames_and_says_so(tmp_path, name, container):
    file = tmp_path / name
    video(file, moving(40), container=container, **({"movflags": "faststart"} if container == "mp4" else {}))
    whole, recording = decoded(file, Preparation(8, 8, 3))
    assert (len(whole), recording.end.lost) == (40, 0)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 6 // 10])
    some, recording = decoded(file, Preparation(8, 8, 3))
    assert 10 < len(some) < 40
    assert np.array_equal(some[:10], whole[:10])
    assert recording.end.lost >= 1 and "it is cut off" in recording.end.why_lost
    if container == "mp4":
        assert recording.end.lost == 40 - len(some)


def test_a_video_whose_index_is_lost_with_its_end_says_that_it_is_cut(tmp_path):
    content = video(tmp_path / "a.mp4", moving(20)).read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(Exception, match="it is cut off, and with its end its index is lost"):
        decoded(tmp_path / "a.mp4", Preparation(8, 8, 3))


# --- arrays and steps ---


def test_arrays_beside_clips_are_offered_as_classes(tmp_path):
    clips = np.random.default_rng(0).integers(0, 256, (40, 4, 8, 8)).astype(np.uint8)
    names = np.array(["disc", "square"] * 20)
    colours = np.array([[1, 2, 3], [4, 5, 6]] * 20, np.uint8)
    np.savez(
        tmp_path / "a.npz", video=clips, shape=names, motion=np.arange(40) % 4, colour=colours, number=np.arange(40)
    )
    dataset = VIDEO.load(VIDEO.options(height=8, width=8), tmp_path / "a.npz", 0)
    said = "shape (2), motion (4), colour (2); take one with --set domain.labels=shape"
    assert dataset.summary["classes offered"] == said
    assert VIDEO.load(VIDEO.options(labels="colour"), tmp_path / "a.npz", 0).spec.labels == ("1 2 3", "4 5 6")
    chosen = VIDEO.load(VIDEO.options(labels="shape"), tmp_path / "a.npz", 0)
    assert (chosen.spec.labels, "classes offered" in chosen.summary) == (("disc", "square"), False)
    np.savez(tmp_path / "bare.npz", video=clips)
    assert len(chosen.decoder.read(tmp_path / "bare.npz").values) == 40  # without the array of classes too


def test_colours_of_which_nearly_every_one_is_another_are_classes_by_their_names(tmp_path):
    clips = np.random.default_rng(0).integers(0, 256, (40, 4, 8, 8)).astype(np.uint8)
    hues = {"red": (255, 20, 40), "yellow": (220, 230, 0), "cyan": (0, 200, 210), "white": (250, 240, 245)}
    colours = np.array([[abs(part - n // 4) for part in hues[name]] for n in range(40) for name in [list(hues)[n % 4]]])
    np.savez(tmp_path / "a.npz", video=clips, colour=colours.astype(np.uint8))
    assert len(np.unique(colours, axis=0)) == 40
    offered = VIDEO.load(VIDEO.options(height=8, width=8), tmp_path / "a.npz", 0).summary["classes offered"]
    assert offered.startswith("colour (4)")
    dataset = VIDEO.load(VIDEO.options(height=8, width=8, labels="colour"), tmp_path / "a.npz", 0)
    assert dataset.spec.labels == tuple(sorted(hues))
    batch = dataset.train.take(np.arange(len(dataset.train)))
    places = [next(n for n, clip in enumerate(clips) if (clip == value[..., 0]).all()) for value in batch.values]
    assert [dataset.spec.labels[label] for label in batch.labels] == [list(hues)[place % 4] for place in places]


# --- lengths ---


@pytest.fixture
def uneven(tmp_path) -> list[np.ndarray]:
    """Fourteen clips of two to seven frames, in a folder each a class."""
    rng = np.random.default_rng(1)
    clips = [rng.integers(0, 256, (2 + n % 6, 8, 8, 3)).astype(np.uint8) for n in range(14)]
    for number, clip in enumerate(clips):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{number}.npy", clip)
    return clips


def test_clips_that_differ_in_length_are_samples_as_they_are_and_nothing_is_lost(tmp_path, uneven):
    dataset = VIDEO.load(VIDEO.options(height=8, width=8), tmp_path, 0)
    lengths = np.concatenate([dataset.train.lengths, dataset.validation.lengths])
    assert sorted(lengths.tolist()) == sorted(map(len, uneven))
    counts = np.bincount(dataset.train.lengths, minlength=8)[1:]
    assert np.array_equal(dataset.spec.length_shares, counts / counts.sum())
    assert dataset.summary["clips"] == "2 to 7 frames of 8 × 8 in colour, a recording each"
    assert not any(tally.count for tally in dataset.tallies) and not dataset.refused
    batch = dataset.train.take(np.arange(len(dataset.train)))
    known = {clip.tobytes(): number % 2 for number, clip in enumerate(uneven)}
    for values, length, label in zip(batch.values, batch.lengths, batch.labels, strict=True):
        assert known[values[:length].tobytes()] == label and not values[length:].any()
    again = dataset.decoder.read(tmp_path)
    assert again.lengths.tolist() == [len(uneven[n]) for n in (*range(0, 14, 2), *range(1, 14, 2))]


def test_what_is_longer_than_asked_for_is_left_out_and_said(tmp_path, uneven):
    dataset = VIDEO.load(VIDEO.options(height=8, width=8, unit="recording", clip_length=6), tmp_path, 0)
    assert dataset.refused == {
        "b/5.npy": "it has 7 frames, a clip at most 6",
        "b/11.npy": "it has 7 frames, a clip at most 6",
    }
    (unused,) = [tally for tally in dataset.tallies if tally.fate.startswith("in no clip")]
    assert (unused.count, unused.total, unused.hint) == (14, sum(map(len, uneven)), "raise domain.clip_length")
    windows = VIDEO.load(VIDEO.options(height=8, width=8, unit="window", clip_length=2), tmp_path, 0)
    assert windows.spec.length_shares is None and set(windows.train.lengths.tolist()) == {2}


def test_of_so_many_frames_one_is_taken_whatever_the_file(tmp_path):
    real = np.arange(40, dtype=np.uint8).reshape(1, 40, 1, 1, 1) * 6 + np.zeros((1, 40, 16, 16, 3), np.uint8)
    np.save(tmp_path / "a.npy", real)
    write_mp4(tmp_path / "b.mp4", real[0], 12.0)
    Image.fromarray(real[0, 0]).save(
        tmp_path / "c.gif", save_all=True, append_images=[Image.fromarray(f) for f in real[0, 1:]], duration=50
    )
    preparation = Preparation(4, 4, 1, frame_step=3)
    for name, fps, off in (("a.npy", None, 0), ("b.mp4", 4.0, 8), ("c.gif", 20 / 3, 3)):
        frames, recording = decoded(tmp_path / name, preparation)
        values = frames[:, 0, 0, 0].astype(int)
        assert len(values) == 14 and np.abs(values - np.arange(0, 40, 3) * 6).max() <= off
        assert recording.end.fps == (fps if fps is None else pytest.approx(fps))


def test_a_picture_that_is_animated_is_told_by_its_first_chunks(tmp_path):
    still = io.BytesIO()
    Image.new("L", (2, 2)).save(still, "PNG", pnginfo=PngImagePlugin.PngInfo())
    for name, content in (
        ("a.png", still.getvalue()),
        ("b.png", still.getvalue()[:20]),
        ("c.webp", b"RIFF"),
        ("d.png", b""),
    ):
        (tmp_path / name).write_bytes(content)
        assert not is_animated(tmp_path / name)
    assert not is_animated(tmp_path / "none.png")
