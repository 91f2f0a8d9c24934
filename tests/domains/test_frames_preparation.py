"""From pictures of any size and time to frames of one size and pace."""

import numpy as np
import pytest
from PIL import Image

from rgan_kit_plugins.domains.frames.braille import braille
from rgan_kit_plugins.domains.frames.preparation import LONGEST_PAUSE, Preparation, area_weights, paced
from rgan_kit_plugins.domains.frames.signatures import sniff


def random_frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize(("size", "new"), [(8, 4), (7, 3), (5, 9), (720, 32), (4, 4)])
def test_every_new_pixel_shares_out_exactly_the_area_that_it_covers(size, new):
    weights = area_weights(size, new, 0, size)
    assert weights.sum(1) == pytest.approx(1, abs=1e-5)
    assert weights.sum(0) == pytest.approx(new / size, abs=1e-4)


def test_halving_takes_the_mean_of_four_pixels():
    frames = random_frames(3, 8, 6, 3)
    halved = Preparation(4, 3, 3).scale(frames)
    means = frames.reshape(3, 4, 2, 3, 2, 3).mean((2, 4))
    assert np.abs(halved - means).max() <= 0.5


def test_scaling_agrees_with_the_box_filter_of_pillow():
    frames = random_frames(1, 64, 112, 3)
    own = Preparation(16, 16, 3).scale(frames)[0].astype(int)
    box = Preparation(16, 16, 3).box(64, 112)
    theirs = np.asarray(Image.fromarray(frames[0]).resize((16, 16), Image.Resampling.BOX, box=box), int)
    assert np.abs(own - theirs).max() <= 1


def test_enlarging_by_a_whole_number_and_scaling_back_changes_nothing():
    frames = random_frames(2, 16, 16, 3)
    assert np.array_equal(Preparation(16, 16, 3).scale(frames.repeat(8, 1).repeat(8, 2)), frames)


def test_cropping_keeps_the_middle_and_squeezing_keeps_all():
    wide = np.zeros((1, 4, 12, 1), np.uint8)
    wide[:, :, 4:8] = 200
    assert (Preparation(4, 4, 1).scale(wide) == 200).all()
    assert Preparation(4, 4, 1, crop=False).scale(wide).mean() == pytest.approx(200 / 3, abs=1)
    assert Preparation(8, 4, 1).box(100, 100) == (25.0, 0.0, 75.0, 100.0)


def test_grey_is_luma_and_colour_of_grey_is_threefold():
    pixel = np.array([[[[255, 0, 0]]], [[[0, 255, 0]]]], np.uint8)
    assert Preparation(1, 1, 1).scale(pixel).ravel().tolist() == [76, 150]
    assert Preparation(1, 1, 3).scale(np.full((1, 1, 1, 1), 9, np.uint8)).ravel().tolist() == [9, 9, 9]


def test_frames_are_repeated_and_left_out_so_that_there_are_so_many_a_second():
    at_25 = [(number, number / 25) for number in range(25)]
    chosen = [item for item, count in paced(at_25, 5, 1 / 25) for _ in range(count)]
    assert chosen == [0, 5, 10, 15, 20]
    doubled = [item for item, count in paced(at_25, 50, 1 / 25) for _ in range(count)]
    assert doubled == [number for number in range(25) for _ in (0, 1)]


def test_time_that_jumps_or_runs_backwards_does_not_multiply_frames():
    strange = [("a", 0.0), ("b", 1e9), ("c", 5.0), ("d", float("nan"))]
    assert sum(count for _, count in paced(strange, 10, 0.1)) == 4
    assert sum(count for _, count in paced([("a", 0.0), ("b", LONGEST_PAUSE)], 10, 0.1)) == 101


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypisom", ("video", "mp4")),
        (b"\x1aE\xdf\xa3\x01\0\0\0", ("video", "matroska")),
        (b"RIFF\0\0\0\0AVI LIST", ("video", "avi")),
        (b"RIFF\0\0\0\0WEBPVP8 ", ("picture", "WEBP")),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"GIF89a", ("animation", "GIF")),
        (b"#EXTM3U\n", None),
        (b"ffconcat version 1.0", None),
        (b"", None),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head, kind):
    assert sniff(head) == kind


def test_braille_shows_where_it_is_bright():
    pixels = np.zeros((16, 16, 1), np.uint8)
    pixels[:, 8:] = 255
    assert braille(pixels, 2) == "⠀⣿"
    assert braille(np.zeros((3, 3, 3), np.uint8), 2) == "⠀⠀"
