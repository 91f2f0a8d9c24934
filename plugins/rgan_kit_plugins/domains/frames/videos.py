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

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.frames.containers import missing_bytes
from rgan_kit_plugins.domains.frames.display import Display, aspect_of, display_of
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.preparation import Preparation, paced

LARGEST_SIDE: Final = 8192
MOST_THREADS: Final = 8

_SANE_RATES: Final = (0.1, 1000.0)
_MOST_FAULTS: Final = 100
_NOTHING_ELSE: Final = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}


def decode(file: Path, container_format: str, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The frames of the video stream, scaled by swscale's area averaging. Of a file that is cut off or damaged, those
    that can be read.

    Raises:
        UnreadableError: there is no video stream, no frame can be read, or its pictures are too large.
        av.FFmpegError: FFmpeg cannot read it.
    """
    import av

    av.logging.set_level(av.logging.PANIC)
    absent = missing_bytes(file, container_format)
    arguments: dict[str, Any] = {"format": container_format, "container_options": _NOTHING_ELSE, "io_open": _refuse}
    reader = _Reader(preparation)
    with file.open("rb") as opened:
        try:
            container = av.open(opened, buffer_size=2**18, **arguments)
        except av.FFmpegError as error:
            if absent:
                raise UnreadableError(f"it is cut off, and with its end its index is lost ({_said(error)})") from error
            raise
        with container:
            stream = _chosen(container)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = min(MOST_THREADS, _processors())
            rate = _rate(stream)
            fps = preparation.fps
            frames = reader.frames(container, stream)
            counted = paced(_timed(frames, rate or 25.0), fps, 1 / (rate or 25.0)) if fps else zip(frames, repeat(1))
            yield from preparation.batches(reader.prepared(counted))
            lost, why = reader.lost(stream.frames, absent)
    yield End(preparation.rate(rate), size=reader.size, lost=lost, why_lost=why)


class _Reader:
    """Decodes and prepares the frames of one stream, and knows what it could not read."""

    def __init__(self, preparation: Preparation) -> None:
        self.preparation = preparation
        self.size = (0, 0)
        self.aspect = 1.0
        self.display: Display | None = None
        self._formats: dict[str, bool] = {}
        self.read = self.faults = 0
        self._fault = ""
        self._scaler: Any = None

    def frames(self, container: Any, stream: Any) -> Iterator[Any]:
        """Whatever can be decoded, in order."""
        import av

        context, self.aspect = _with_alpha(stream), aspect_of(stream)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                decoded = stream.decode(packet) if context is None else context.decode(packet if packet.size else None)
            except StopIteration:
                return
            except av.FFmpegError as error:
                self.faults += 1
                self._fault = _said(error)
                if self.faults > _MOST_FAULTS or not self.read:  # what cannot be read from its beginning is refused
                    raise
                continue
            for frame in decoded:
                if not (0 < frame.width <= LARGEST_SIDE and 0 < frame.height <= LARGEST_SIDE):
                    raise UnreadableError(
                        f"its pictures are {frame.width:,} × {frame.height:,}, over {LARGEST_SIDE:,} a side"
                    )
                self.read += 1
                yield frame

    def lost(self, announced: int, absent: int) -> tuple[int, str]:
        """Frames that should be there (at least one, where something is missing), and why they are not."""
        if not absent and not self.faults:
            return 0, ""
        count = max(announced - self.read, self.faults, 1)
        return count, f"it is cut off, {absent:,} bytes are missing" if absent else f"it is damaged ({self._fault})"

    def prepared(self, counted: Iterator[tuple[Any, int]]) -> Iterator[np.ndarray]:
        """Frames of the size asked for, each so often."""
        from av.video.reformatter import VideoReformatter

        self._scaler = VideoReformatter()  # one for all frames: making its tables costs more than scaling a frame
        for frame, count in counted:
            if count:
                yield from repeat(self._prepare(frame), count)

    def _prepare(self, frame: Any) -> np.ndarray:
        if self.display is None:  # it is one for the stream, and asking each frame would cost a tenth of the time
            self.display = display_of(frame, self.aspect)
        display, preparation = self.display, self.preparation
        height, width = preparation.height, preparation.width
        seen = display.seen(frame.height, frame.width)
        self.size = seen
        if preparation.crop:
            factor = max(height / seen[0], width / seen[1])
            height, width = max(height, round(seen[0] * factor)), max(width, round(seen[1] * factor))
        stored = (height, width) if display.transposed else (width, height)
        flat = _on_white(frame) if self._is_transparent(frame.format) else frame
        scaled = self._scaler.reformat(flat, *stored, "rgb24", interpolation="AREA").to_ndarray()
        picture = display.upright(scaled)
        top, left = (height - preparation.height) // 2, (width - preparation.width) // 2
        return preparation.colour(picture[top : top + preparation.height, left : left + preparation.width])

    def _is_transparent(self, pixels: Any) -> bool:
        if pixels.name not in self._formats:
            self._formats[pixels.name] = any(component.is_alpha for component in pixels.components)
        return self._formats[pixels.name]


def _chosen(container: Any) -> Any:
    """The default video stream, else the first that is no picture on a cover."""
    from av.stream import Disposition

    streams = container.streams.video
    moving = [stream for stream in streams if not stream.disposition & Disposition.attached_pic] or list(streams)
    if not moving:
        raise UnreadableError("there is no video stream in it")
    return next((stream for stream in moving if stream.disposition & Disposition.default), moving[0])


def _with_alpha(stream: Any) -> Any:
    """A decoder that knows transparency where FFmpeg's own passes it over (VP8 and VP9); None else."""
    import av

    own = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name, "")
    if stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1" or own not in av.codecs_available:
        return None
    return av.CodecContext.create(own, "r")


def _on_white(frame: Any) -> Any:
    """A frame without its transparency."""
    import av

    rgba = frame.to_ndarray(format="rgba").astype(np.uint16)
    alpha = rgba[..., 3:]
    flat = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(flat.astype(np.uint8)), "rgb24")


def _refuse(url: str, flags: int, options: object) -> NoReturn:
    raise PermissionError("a video may not open other files")


def _processors() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _rate(stream: Any) -> float | None:
    """Frames a second as the container says, if that makes sense."""
    rate = float(stream.average_rate or stream.guessed_rate or math.nan)
    return rate if _SANE_RATES[0] <= rate <= _SANE_RATES[1] else None


def _timed(frames: Iterator[Any], rate: float) -> Iterator[tuple[Any, float]]:
    for number, frame in enumerate(frames):
        yield frame, number / rate if frame.time is None else float(frame.time)


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)[:200]
