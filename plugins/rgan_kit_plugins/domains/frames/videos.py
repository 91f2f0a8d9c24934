"""Videos through PyAV (FFmpeg). Runs in the decoding process alone.

The format is forced to what the first bytes say, the bytes come from an open file, and nothing else can be opened: so a
playlist, or a container that names other files, reads nothing outside the file itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from rgan_kit_plugins.domains.frames.messages import End
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError, paced

LARGEST_SIDE: Final = 8192
MOST_THREADS: Final = 8

_SANE_RATES: Final = (0.1, 1000.0)
_NOTHING_ELSE: Final = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}


def decode(file: Path, container_format: str, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The frames of the first video stream, scaled by swscale's area averaging.

    Raises:
        UnreadableError: there is no video stream, or its pictures are too large.
        av.FFmpegError: FFmpeg cannot read it.
    """
    import av

    av.logging.set_level(av.logging.PANIC)
    arguments: dict[str, Any] = {"format": container_format, "container_options": _NOTHING_ELSE, "io_open": _refuse}
    with file.open("rb") as opened, av.open(opened, buffer_size=2**18, **arguments) as container:
        if not container.streams.video:
            raise UnreadableError("there is no video stream in it")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(MOST_THREADS, _processors())
        rate = _rate(stream)
        frames = _decoded(container, stream)
        fps = preparation.fps
        counted = paced(_timed(frames, rate or 25.0), fps, 1 / (rate or 25.0)) if fps else zip(frames, repeat(1))
        yield from preparation.batches(_prepared(counted, preparation))
    yield End(fps=fps or rate)


def _refuse(url: str, flags: int, options: object) -> NoReturn:
    raise PermissionError("a video may not open other files")


def _processors() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _rate(stream: Any) -> float | None:
    """Frames a second as the container says, if that makes sense."""
    rate = float(stream.average_rate or stream.guessed_rate or math.nan)
    return rate if _SANE_RATES[0] <= rate <= _SANE_RATES[1] else None


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    for frame in container.decode(stream):
        if not (0 < frame.width <= LARGEST_SIDE and 0 < frame.height <= LARGEST_SIDE):
            raise UnreadableError(f"its pictures are {frame.width:,} × {frame.height:,}, over {LARGEST_SIDE:,} a side")
        yield frame


def _timed(frames: Iterator[Any], rate: float) -> Iterator[tuple[Any, float]]:
    for number, frame in enumerate(frames):
        yield frame, number / rate if frame.time is None else float(frame.time)


def _prepared(counted: Iterator[tuple[Any, int]], preparation: Preparation) -> Iterator[np.ndarray]:
    from av.video.reformatter import VideoReformatter

    scaler = VideoReformatter()  # one for all frames: making its tables costs more than scaling a frame
    for frame, count in counted:
        if count:
            yield from repeat(_prepare(frame, scaler, preparation), count)


def _prepare(frame: Any, scaler: Any, preparation: Preparation) -> np.ndarray:
    turns = round((frame.rotation or 0) / 90) % 4  # a telephone held upright writes lying pictures and a rotation
    height, width = preparation.height, preparation.width
    seen = (frame.width, frame.height) if turns % 2 else (frame.height, frame.width)
    if preparation.crop:
        factor = max(height / seen[0], width / seen[1])
        height, width = max(height, round(seen[0] * factor)), max(width, round(seen[1] * factor))
    lying = (height, width) if turns % 2 else (width, height)
    scaled = scaler.reformat(frame, *lying, "rgb24", interpolation="AREA").to_ndarray()
    picture = np.rot90(scaled, turns)
    top, left = (height - preparation.height) // 2, (width - preparation.width) // 2
    return preparation.colour(picture[top : top + preparation.height, left : left + preparation.width])
