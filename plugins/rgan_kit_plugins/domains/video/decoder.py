"""From frames back to clips and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, get_args

import numpy as np
from pydantic import Field

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import DecoderManifest, numbered, one_of
from rgan_kit_plugins.domains.frames.braille import braille
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import read
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.sources import find_sources
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.frames.writing import (
    MOST_ON_A_SHEET,
    can_write_mp4,
    contact_sheet,
    write_gif,
    write_mp4,
    write_npz,
    write_png,
)
from rgan_kit_plugins.domains.video.options import AxisOrder

VERSION: Final = 1
KINDS: Final[frozenset[Kind]] = frozenset({"video", "animation", "picture", "array", "archive"})

AXES: Final[tuple[str, ...]] = get_args(AxisOrder)

_MOST_SHOWN: Final = 6
_CHARACTERS: Final = 4
_MOST_COLUMNS: Final = 16
_MOST_READ: Final = 2**31
_SECONDS_A_FILE: Final = 600.0


class VideoManifest(DecoderManifest):
    """What a model file says of clips: what was done to the files that they come from, and frames a second."""

    noun: ClassVar[str] = "clips"

    version: Annotated[int, one_of(VERSION)]
    length: int = Field(ge=1, le=1024)
    height: int = Field(ge=1, le=512)
    width: int = Field(ge=1, le=512)
    channels: Annotated[int, one_of(1, 3)]
    fps: float = Field(ge=0.0001, le=1000)
    crop: bool
    take_fps: float = Field(ge=0, le=240)
    axes: Annotated[str, one_of(*AXES)]
    strip: int = Field(0, ge=0, le=1024)
    frame_step: int = Field(1, ge=1, le=1000)

    @property
    def preparation(self) -> Preparation:
        """What was done to every file."""
        return Preparation(
            self.height, self.width, self.channels, self.crop, self.take_fps, self.axes, "", self.strip, self.frame_step
        )


@dataclass(frozen=True, eq=False)
class Clip:
    """A sample: uint8 ``[time, height, width, channels]``, and frames a second."""

    frames: np.ndarray
    fps: float


class VideoDecoder:
    """Decodes frames; samples are clips.

    Args:
        preparation: what was done to the files that the model was trained on.
        length: frames of a clip.
        fps: frames a second of what is written.
    """

    def __init__(self, preparation: Preparation, length: int, fps: float) -> None:
        self.preparation = replace(preparation, labels="")  # what is read later need not hold the array of classes
        self.length = length
        self.fps = fps

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Clip]:
        """Clips of ``frames`` uint8 ``[batch, time, height, width, channels]``, up to ``lengths`` ``[batch]`` where a
        model draws them."""
        frames = np.clip(outputs["frames"], 0, 255).astype(np.uint8)
        lengths = np.clip(outputs.get("lengths", np.full(len(frames), frames.shape[1])), 1, frames.shape[1])
        return [Clip(clip[:length], self.fps) for clip, length in zip(frames, lengths.tolist(), strict=True)]

    def preview(self, sample: Any) -> str:
        """Up to six frames in Braille, and how much changes from frame to frame."""
        frames: np.ndarray = sample.frames
        shown = np.linspace(0, len(frames) - 1, min(len(frames), _MOST_SHOWN)).round().astype(int)
        change = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean() / 255 if len(frames) > 1 else 0.0
        pictures = " ".join(braille(frames[number], _CHARACTERS) for number in shown)
        return f"{pictures}  {len(frames)} frames, {change:.1%} change a frame"

    def write(self, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes a ``.gif`` for each clip, and an ``.mp4`` where PyAV is there, both enlarged by whole pixels until
        they can be seen, with the class in their names; all clips as they are in ``samples.npz``, with ``labels``; and
        ``contact-sheet.png``, a clip a row. Clips of different lengths go into one ``.npz`` each.

        Raises:
            DeviceError: Pillow is not installed.
            OSError: the folder cannot be written to; no file is left half-written.
        """
        if not samples:
            return []
        clips = [sample.frames for sample in samples]
        rows = [clip[np.linspace(0, len(clip) - 1, min(len(clip), _MOST_COLUMNS)).round().astype(int)]
                for clip in clips[:MOST_ON_A_SHEET]]  # fmt: skip
        files = [write_png(folder / "contact-sheet.png", contact_sheet([list(row) for row in rows]))]
        names = numbered(folder, "sample", len(clips), ".gif", labels)
        files += self._arrays(clips, folder, names, labels)
        for clip, gif in zip(clips, names, strict=True):
            files.append(write_gif(gif, clip, self.fps))
            if can_write_mp4():
                files.append(write_mp4(gif.with_suffix(".mp4"), clip, self.fps))
        return files

    def _arrays(
        self, clips: list[np.ndarray], folder: Path, names: list[Path], labels: Sequence[str] | None
    ) -> list[Path]:
        fps = np.array(self.fps)
        if len({len(clip) for clip in clips}) == 1:
            own = {} if labels is None else {"labels": np.array(labels)}
            return [write_npz(folder / "samples.npz", clips=np.stack(clips), fps=fps, **own)]
        return [
            write_npz(name.with_suffix(".npz"), clips=clip[None], fps=fps,
                      **({} if labels is None else {"labels": np.array(labels[place : place + 1])}))
            for place, (name, clip) in enumerate(zip(names, clips, strict=True))
        ]  # fmt: skip

    def read(self, path: Path) -> Batch[np.ndarray]:
        """Clips of a file or folder, side by side in each: uint8 ``[samples, time, height, width, channels]``. What is
        shorter than a clip makes a shorter one; what is left at the end does not count.

        Raises:
            DataError: nothing can be read, or too much to hold in memory.
        """
        p = self.preparation
        store = FrameStore(p.height, p.width, p.channels, memory_budget=_MOST_READ // 2)
        sources = find_sources(path, KINDS, pictures_are_frames=not p.strip)
        recordings = read(sources, p, store, _SECONDS_A_FILE).recordings
        spans = [
            (recording.start + first, min(self.length, recording.count))
            for recording in recordings
            for first in range(0, max(1, recording.count - self.length + 1), self.length)
        ]
        if len(spans) * self.length * p.bytes_a_frame > _MOST_READ:
            raise DataError(
                f"{path}: {len(spans):,} clips are too many to hold in memory.", "Read fewer files at once."
            )
        lengths = np.array([count for _, count in spans], np.int64)
        values = np.zeros((len(spans), int(lengths.max()), *store.shape), np.uint8)
        for row, (start, count) in zip(values, spans, strict=True):
            store.read(start, row[:count])
        return Batch(values, lengths)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs; ``frames`` are pictures already, ``fps`` of them a second."""
        p = self.preparation
        return VideoManifest(
            version=VERSION, length=self.length, height=p.height, width=p.width, channels=p.channels, fps=self.fps,
            crop=p.crop, take_fps=p.fps, axes=p.axes, strip=p.strip, frame_step=p.frame_step,
        ).as_dict()  # fmt: skip

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> VideoDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        checked = VideoManifest.checked(manifest)
        return cls(checked.preparation, checked.length, checked.fps)
