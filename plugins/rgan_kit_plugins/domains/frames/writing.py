"""Frames as files: pictures, GIFs, videos, arrays and contact sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.frames.recordings import need

if TYPE_CHECKING:
    from av import VideoStream
    from PIL import Image

MOST_ON_A_SHEET: Final = 64

_SMALLEST_SIDE: Final = 128
_GAP: Final = 2
_BACKGROUND: Final = 96
_WIDEST_SHEET: Final = 16_000


def picture(pixels: np.ndarray) -> Image.Image:
    """uint8 ``[height, width, 1 or 3]`` as Pillow has it."""
    need(["picture"])
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))


def write_png(file: Path, pixels: np.ndarray) -> Path:
    """uint8 ``[height, width, 1 or 3]``."""
    content = io.BytesIO()
    picture(pixels).save(content, "PNG")
    return _written(file, content)


def write_gif(file: Path, frames: np.ndarray, fps: float) -> Path:
    """uint8 ``[time, height, width, 1 or 3]``, every pixel as it is or as a square of equal ones, endlessly repeated.

    A GIF counts time in hundredths of a second and players refuse less than two; it has 256 colours a frame.
    """
    need(["animation"])
    factor = _enlargement(frames)
    size = (factor * frames.shape[2], factor * frames.shape[1])
    small = (picture(frame).quantize(256) if frame.shape[-1] == 3 else picture(frame) for frame in frames)
    images = [image.resize(size, 0) for image in small]
    milliseconds = 10 * max(2, round(100 / fps))
    content = io.BytesIO()
    images[0].save(
        content, "GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0, optimize=False
    )
    return _written(file, content)


def can_write_mp4() -> bool:
    """Whether PyAV is there."""
    return find_spec("av") is not None


def write_mp4(file: Path, frames: np.ndarray, fps: float) -> Path:
    """uint8 ``[time, height, width, 1 or 3]`` as H.264, or as MPEG-4 where this PyAV lacks that; even sides."""
    import av

    frames = enlarge(frames)
    odd = (frames.shape[1] % 2, frames.shape[2] % 2)
    frames = np.pad(frames, ((0, 0), (0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
    if frames.shape[-1] == 1:
        frames = np.repeat(frames, 3, axis=-1)
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"

    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=Fraction(fps).limit_denominator(1000)))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"  # all that browsers play
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        container.mux(stream.encode())
    return _written(file, content)


def write_npz(file: Path, **arrays: np.ndarray) -> Path:
    """Arrays by name, compressed.

    Raises:
        TypeError: an array holds Python objects, which would be pickled. (numpy before 2.2 cannot be told to refuse
            them: it writes ``allow_pickle`` as one more array.)
    """
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"{file}: arrays of Python objects are not written: {', '.join(objects)}")
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type] # mypy takes the names for `allow_pickle`
    return _written(file, content)


def _written(file: Path, content: io.BytesIO) -> Path:
    write_whole(file, content.getbuffer(), force=False)
    return file


def enlarge(frames: np.ndarray) -> np.ndarray:
    """uint8 ``[time, height, width, channels]`` with every pixel repeated so often that small frames can be seen."""
    factor = _enlargement(frames)
    return frames.repeat(factor, 1).repeat(factor, 2) if factor > 1 else frames


def _enlargement(frames: np.ndarray) -> int:
    smallest: int = min(frames.shape[1:3])
    return max(1, -(-_SMALLEST_SIDE // smallest))


def contact_sheet(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Pictures of one size, uint8 ``[height, width, channels]`` each, side by side in rows: ``[.., .., channels]``."""
    height, width, channels = rows[0][0].shape
    columns = max(map(len, rows))
    factor = max(1, min(4, 64 // max(height, width), _WIDEST_SHEET // (columns * (width + _GAP))))
    high, wide = factor * height + _GAP, factor * width + _GAP
    sheet = np.full((len(rows) * high + _GAP, columns * wide + _GAP, channels), _BACKGROUND, np.uint8)
    for row, pictures in enumerate(rows):
        for column, pixels in enumerate(pictures):
            top, left = row * high + _GAP, column * wide + _GAP
            large = pixels.repeat(factor, 0).repeat(factor, 1)
            sheet[top : top + factor * height, left : left + factor * width] = large
    return sheet
