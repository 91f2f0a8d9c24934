"""Files made to do harm, and files broken at random: refused with a reason, no crash, no hang, no look elsewhere."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from frames_support import one_decoding_process  # noqa: F401
from PIL import Image

from rgan_kit.contracts import DataError
from rgan_kit.files import Sandbox, UnreadableError
from rgan_kit_plugins.domains.frames import animations
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import MOST_MEMORY, PROGRAM, request_for
from rgan_kit_plugins.domains.frames.sources import Source
from rgan_kit_plugins.domains.frames.writing import write_gif, write_mp4
from rgan_kit_plugins.domains.images import SPEC as IMAGES
from rgan_kit_plugins.domains.video import SPEC as VIDEO
from rgan_kit_plugins.worlds.shapes import draw

PREPARATION = Preparation(16, 16, 3)
CLIPS = draw(4, 8, 16, 16, 3, np.random.default_rng(0)).clips


def refusal(file: Path, spec=VIDEO) -> str:
    began = time.monotonic()
    with pytest.raises(DataError) as caught:
        spec.load(spec.options(), file, 0)
    assert time.monotonic() - began < 20
    assert str(file) in caught.value.problem
    return caught.value.problem


def npy(shape: tuple[int, ...], descr: str = "|u1", data: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + data


def gif_bomb(side: int, frames: int) -> bytes:
    """Large empty frames, which compress to nearly nothing."""
    buffer = io.BytesIO()
    blank = Image.new("P", (side, side))
    blank.putpalette([0, 0, 0] * 2)
    blank.save(buffer, "GIF", optimize=False)
    content = buffer.getvalue()
    start = 13 + animations._table(content[10])
    while content[start] == 0x21:
        start += 2
        while content[start]:
            start += content[start] + 1
        start += 1
    return content[:start] + content[start:-1] * frames + b";"


def test_a_small_gif_that_decodes_to_gigabytes_is_refused_before_it_is_decoded(tmp_path):
    bomb = gif_bomb(2000, 80)
    (tmp_path / "bomb.gif").write_bytes(bomb)
    assert len(bomb) < 400_000
    assert animations.measure_blocks(bomb) == animations.Measure(2000, 2000, (0.1,) * 80)
    began = time.monotonic()
    assert "80 frames of 2,000 × 2,000 would take 1.2 GiB" in refusal(tmp_path / "bomb.gif")
    assert time.monotonic() - began < 5


def test_a_gif_whose_frames_grow_beyond_its_screen_is_measured_by_them(tmp_path):
    content = bytearray(gif_bomb(100, 1))
    place = content.index(b"\x2c", 13 + animations._table(content[10]))
    content[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    (tmp_path / "grows.gif").write_bytes(content)
    assert "1 frames of 65,535 × 65,535" in refusal(tmp_path / "grows.gif")


def test_a_picture_of_billions_of_pixels_is_refused(tmp_path):
    image = io.BytesIO()
    Image.new("L", (1, 1)).save(image, "PNG")
    content = bytearray(image.getvalue())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zipfile.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(content)
    assert "bomb" in refusal(tmp_path / "bomb.png", IMAGES)
    (tmp_path / "wide.png").write_bytes(b"")
    Image.new("1", (20_000, 4_000)).save(tmp_path / "wide.png")
    assert "too large (Image size (80000000 pixels)" in refusal(tmp_path / "wide.png", IMAGES)


def test_archives_that_unpack_to_far_more_than_they_are_are_refused(tmp_path):
    file = tmp_path / "bomb.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("clips.npy", "w") as member:
        member.write(npy((2**17, 16, 64, 64, 1)))
        member.write(bytes(2**22))
    assert "unpack to 8,589,934,592" in refusal(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clips.npy", npy((2**10, 16, 64, 64, 1), data=bytes(2**20)))
    assert "66,060,288 are missing" in refusal(file)
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.npy", b"")
    assert "1,001 arrays" in refusal(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy((10**9, 16, 64, 64, 3), data=bytes(100)), "bytes of data, but there are 100"),
        (npy((2**62, 2**62, 2**62)), "bytes of data, but there are 0"),
        (npy((4, 4, 4), "|O", b"cos\nsystem\n"), "Python objects"),
        (npy((4, 4, 4), [("a", "|O")], b""), "Python objects"),
        (npy((4, 4, 4), "<i8", bytes(512)), "no pictures"),
        (npy((0, 4, 4)), "makes no clips"),
        (npy((1, 1, 1, 1, 10**6), data=bytes(10**6)), "makes no clips"),
        (npy((2, 4, 4), "<f4", np.full(32, np.nan, np.float32).tobytes()), "from 0 to 1"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': (1).__c", "damaged"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "format is 2.0"),
        (b"\x93NUMPY\x09\x00\x10\x00" + bytes(16), "format is 9.0"),
        (b"\x93NUMPY", "damaged"),
        (b"PK\x03\x04", "no .npy array, it is a .npz archive"),
        (b"", "empty"),
    ],
)
def test_headers_that_lie_are_found_out_before_anything_is_allocated(tmp_path, content, words):
    (tmp_path / "a.npy").write_bytes(content)
    assert words in refusal(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.mp4", b"#EXTM3U\n#EXTINF:9,\nfile:///etc/hostname\n", "this is no video, it begins with '#EXTM3U"),
        ("list.webm", b"ffconcat version 1.0\nfile '/etc/hostname'\n", "this is no video"),
        ("dash.mov", b"<?xml version='1.0'?><MPD/>", "this is no video"),
        ("half.mp4", b"\0\0\0\x18ftypisom#EXTM3U\n/etc/hostname", "damaged"),
        ("gif.mp4", gif_bomb(10, 1), "this is no video, it is a GIF"),
        ("text.gif", b"hello", "this is no GIF"),
        ("zip.npz", b"PK\x03\x04" + bytes(90), "damaged"),
    ],
)
def test_files_that_are_not_what_their_names_say_are_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_links_out_of_the_folder_and_special_files_are_not_read(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "real").mkdir(parents=True)
    outside.mkdir()
    np.save(outside / "secret.npy", CLIPS)
    np.save(inside / "real" / "clips.npy", np.concatenate([CLIPS] * 4))
    (inside / "file.npy").symlink_to(outside / "secret.npy")
    (inside / "folder").symlink_to(outside)
    (inside / ".hidden").mkdir()
    np.save(inside / ".hidden" / "clips.npy", CLIPS)
    dataset = VIDEO.load(VIDEO.options(), inside, 0)
    assert len(dataset.train) + len(dataset.validation) == 16
    link = "a symbolic link, which is not followed"
    assert dataset.refused == {"file.npy": link, "folder/": link, ".hidden/": "hidden"}


def picture_bytes(suffix: str) -> Callable[[Path], object]:
    return lambda file: Image.fromarray(CLIPS[0, 0]).resize((40, 30)).save(file, suffix)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.mp4": lambda file: write_mp4(file, CLIPS[0], 10.0),
    "a.gif": lambda file: write_gif(file, CLIPS[0], 10.0),
    "a.npy": lambda file: np.save(file, CLIPS),
    "a.npz": lambda file: np.savez_compressed(file, clips=CLIPS, labels=np.arange(4)),
    "a.png": picture_bytes("PNG"),
    "a.jpg": picture_bytes("JPEG"),
    "a.webp": picture_bytes("WEBP"),
    "a.bmp": picture_bytes("BMP"),
}
KINDS = {".mp4": "video", ".gif": "animation", ".npy": "array", ".npz": "archive"}


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut off, doubled or moved; a third of the time near the beginning, where the headers are."""
    changed = bytearray(content)
    reach = min(len(changed), 200) if rng.random() < 0.3 else len(changed)
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(reach))
        match rng.integers(5):
            case 0:
                changed[place : place + 1] = bytes([rng.integers(256)])
            case 1:
                changed[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
            case 2:
                del changed[place : place + int(rng.integers(1, 30))]
            case 3:
                changed[place:place] = changed[place : place + int(rng.integers(1, 60))]
            case _:
                changed = changed[: max(place, 1)] if rng.random() < 0.2 else changed
        reach = max(1, min(reach, len(changed)))
    return bytes(changed)


def survive(tmp_path: Path, name: str, count: int) -> tuple[int, int]:
    """How many of the mutations could be read, and how many killed the decoder."""
    file = tmp_path / name
    WRITERS[name](file)
    content = file.read_bytes()
    rng = np.random.default_rng(len(name) + content[-1])
    read = died = 0
    with Sandbox(PROGRAM, seconds=20, memory=MOST_MEMORY, maps=True) as sandbox:
        for _ in range(count):
            file.write_bytes(mutate(content, rng))
            began = time.monotonic()
            try:
                source = Source(name, KINDS.get(file.suffix, "picture"), (file,))
                *frames, end = sandbox.ask(request_for(source, PREPARATION))
                assert "end" in end.header
                assert all(len(each.payload) == each.header["frames"] * 16 * 16 * 3 for each in frames
                           if "frames" in each.header)  # fmt: skip
                read += 1
            except UnreadableError as error:
                assert str(error)
                died += "crashes" in str(error)
            assert time.monotonic() - began < 25
    return read, died


@pytest.mark.parametrize("name", WRITERS)
def test_files_broken_at_random_are_read_or_refused(tmp_path, name):
    survive(tmp_path, name, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_hundreds_of_files_broken_at_random_are_read_or_refused(tmp_path, name):
    read, died = survive(tmp_path, name, 300)
    print(f"{name}: {read} of 300 were read, {died} killed the decoder")
    assert read < 300
