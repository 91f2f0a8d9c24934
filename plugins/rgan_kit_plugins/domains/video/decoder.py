"""From frames back to clips and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from rgan_kit.contracts import Batch, DataError
from rgan_kit_plugins.domains.frames import manifests
from rgan_kit_plugins.domains.frames.braille import braille
from rgan_kit_plugins.domains.frames.finding import find
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.reading import read
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.frames.writing import (
    MOST_ON_A_SHEET,
    can_write_mp4,
    contact_sheet,
    numbered,
    write_gif,
    write_mp4,
    write_npz,
    write_png,
)

VERSION: Final = 1
KINDS: Final[frozenset[Kind]] = frozenset({"video", "animation", "picture", "array", "archive"})

_MOST_SHOWN: Final = 6
_CHARACTERS: Final = 4
_MOST_COLUMNS: Final = 16
_MOST_READ: Final = 2**31
_SECONDS_A_FILE: Final = 600.0
_CHECKS: Final = {
    "version": manifests.one_of(VERSION),
    "length": manifests.whole(1, 1024),
    "height": manifests.whole(1, 512),
    "width": manifests.whole(1, 512),
    "channels": manifests.one_of(1, 3),
    "fps": manifests.real(0.1, 1000),
    "crop": manifests.one_of(True, False),
    "take_fps": manifests.real(0, 240),
    "axes": manifests.one_of("auto", "thw", "nthw", "tnhw", "thwc", "tchw", "nthwc", "tnhwc", "ntchw", "tnchw"),
}


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
        self.preparation = preparation
        self.length = length
        self.fps = fps

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Clip]:
        """Clips of ``frames`` uint8 ``[batch, time, height, width, channels]``."""
        return [Clip(frames, self.fps) for frames in np.clip(outputs["frames"], 0, 255).astype(np.uint8)]

    def preview(self, sample: Any) -> str:
        """Up to six frames in Braille, and how much changes from frame to frame."""
        frames: np.ndarray = sample.frames
        shown = np.linspace(0, len(frames) - 1, min(len(frames), _MOST_SHOWN)).round().astype(int)
        change = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean() / 255 if len(frames) > 1 else 0.0
        pictures = " ".join(braille(frames[number], _CHARACTERS) for number in shown)
        return f"{pictures}  {len(frames)} frames, {change:.1%} change a frame"

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes a ``.gif`` for each clip, and an ``.mp4`` where PyAV is there, both enlarged by whole pixels until
        they can be seen; all clips as they are in ``samples.npz``; and ``contact-sheet.png``, a clip a row.

        Raises:
            DeviceError: Pillow is not installed.
            OSError: the folder cannot be written to; no file is left half-written.
        """
        if not samples:
            return []
        clips = [sample.frames for sample in samples]
        columns = np.linspace(0, len(clips[0]) - 1, min(len(clips[0]), _MOST_COLUMNS)).round().astype(int)
        sheet = contact_sheet([list(clip[columns]) for clip in clips[:MOST_ON_A_SHEET]])
        files = [write_png(folder / "contact-sheet.png", sheet)]
        files.append(write_npz(folder / "samples.npz", clips=np.stack(clips), fps=np.array(self.fps)))
        for clip, gif in zip(clips, numbered(folder, "sample", len(clips), ".gif"), strict=True):
            files.append(write_gif(gif, clip, self.fps))
            if can_write_mp4():
                files.append(write_mp4(gif.with_suffix(".mp4"), clip, self.fps))
        return files

    def read(self, path: Path) -> Batch[np.ndarray]:
        """Clips of a file or folder, side by side in each: uint8 ``[samples, time, height, width, channels]``. What is
        shorter than a clip makes a shorter one; what is left at the end does not count.

        Raises:
            DataError: nothing can be read, or too much to hold in memory.
        """
        p = self.preparation
        store = FrameStore(p.height, p.width, p.channels, memory_budget=_MOST_READ // 2)
        found = find(path, KINDS, pictures_are_frames=True)
        recordings = read(path, found, p, store, _SECONDS_A_FILE).recordings
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
        return {
            "version": VERSION, "length": self.length, "height": p.height, "width": p.width, "channels": p.channels,
            "fps": self.fps, "crop": p.crop, "take_fps": p.fps, "axes": p.axes,
        }  # fmt: skip

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> VideoDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        manifests.check(manifest, _CHECKS, "clips")
        height, width, channels = (cast("int", manifest[key]) for key in ("height", "width", "channels"))
        preparation = Preparation(
            height, width, channels, manifest["crop"], float(manifest["take_fps"]), manifest["axes"]
        )
        return cls(preparation, manifest["length"], float(manifest["fps"]))
