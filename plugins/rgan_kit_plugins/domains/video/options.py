"""Options of the domain ``video``."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from rgan_kit_plugins.domains.frames.options import SIZE, FrameOptions
from rgan_kit_plugins.domains.frames.preparation import Preparation

AxisOrder = Literal["auto", "thw", "nthw", "tnhw", "thwc", "tchw", "nthwc", "tnhwc", "ntchw", "tnchw"]


class VideoOptions(FrameOptions):
    """How videos become clips."""

    fps: float = Field(
        0.0, ge=0, le=240, description="frames a second to take of every file; 0 for every frame as it comes"
    )
    unit: Literal["auto", "window", "recording"] = Field(
        "auto",
        description="what a sample is: a window of a recording, a recording whole, however long, or what suits "
        "(recordings, where there are ten and more that differ in length and none has more than 32 frames)",
    )
    clip_length: int = Field(
        0, ge=0, le=1024,
        description="frames in a clip; 0 for 16, or fewer where most files have fewer; 12 without data "
        "(unit=recording: frames at most; 0 for all)",
    )  # fmt: skip
    stride: int = Field(
        0, ge=0, le=65_536,
        description="frames from one clip's start to the next in a file; 0 for the clip's length, or a quarter of it "
        "where there are fewer than ten files",
    )  # fmt: skip
    frame_step: int = Field(1, ge=1, le=1000, description="of so many frames one is taken, after domain.fps")
    strip: int = Field(
        0, ge=0, le=1024,
        description="frames of a film strip, side by side along a picture's longer side; 0 where pictures are frames",
    )  # fmt: skip
    labels: str = Field(
        "auto", min_length=1, max_length=100,
        description="where classes come from: auto, none, folder, or the name of an array in the .npz files",
    )  # fmt: skip
    axes: AxisOrder = Field(
        "auto", description="order of an array's axes: clip n, time t, height h, width w, channel c"
    )
    embedded_clips: int = Field(
        1000, ge=10, le=100_000, description="training clips drawn of moving shapes, without data"
    )

    def preparation(self, size: int = SIZE) -> Preparation:
        """What is done to every file."""
        array = "" if self.labels in ("auto", "none", "folder") else self.labels
        return replace(
            super().preparation(size),
            fps=self.fps, axes=self.axes, labels=array, strip=self.strip, frame_step=self.frame_step,
        )  # fmt: skip
