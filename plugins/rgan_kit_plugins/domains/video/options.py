"""Options of the domain ``video``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit_plugins.domains.frames.options import FrameOptions


class VideoOptions(FrameOptions):
    """How videos become clips."""

    fps: float = Field(
        0.0, ge=0, le=240, description="frames a second to take of every file; 0 for every frame as it comes"
    )
    clip_length: int = Field(
        0, ge=0, le=1024,
        description="frames in a clip; 0 for 16, or fewer where most files have fewer; 12 without data",
    )  # fmt: skip
    stride: int = Field(
        0, ge=0, le=65_536,
        description="frames from one clip's start to the next in a file; 0 for the clip's length, or a quarter of it "
        "where there are fewer than ten files",
    )  # fmt: skip
    labels: str = Field(
        "auto", min_length=1, max_length=100,
        description="where classes come from: auto, none, folder, or the name of an array in the .npz files",
    )  # fmt: skip
    axes: Literal["auto", "thw", "nthw", "tnhw", "thwc", "tchw", "nthwc", "tnhwc", "ntchw", "tnchw"] = Field(
        "auto", description="order of an array's axes: clip n, time t, height h, width w, channel c"
    )
    embedded_clips: int = Field(
        1000, ge=10, le=100_000, description="training clips drawn of moving shapes, without data"
    )
