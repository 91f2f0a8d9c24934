"""Options that the domains of pictures share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit.contracts import Options


class FrameOptions(Options):
    """How pictures become frames of one size, and how much of them is held."""

    height: int = Field(0, ge=0, le=512, description="pixels; 0 for 32, and for 16 where there are no data of yours")
    width: int = Field(0, ge=0, le=512, description="pixels; 0 for 32, and for 16 where there are no data of yours")
    crop: Literal["center", "none"] = Field(
        "center", description="what does not fit the shape is cut off evenly, or the picture is squeezed"
    )
    colour: Literal["colour", "grey"] = Field("colour", description="three channels (red, green, blue) or one")
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the samples held out from training")
    memory_budget: int = Field(
        512, ge=1, le=2**20, description="mebibytes of frames to hold in memory; more go to a temporary file (TMPDIR)"
    )
    disk_budget: int = Field(32, ge=0, le=2**14, description="gibibytes of frames that the temporary file may hold")
    seconds_a_file: int = Field(
        600, ge=1, le=86_400, description="a file that takes longer to decode is left out, and listed"
    )
