"""Options that the domains of pictures share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit.contracts import Options
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.store import FrameStore

SIZE = 32
"""Pixels a side, where the user says none and the pictures are his own."""


class FrameOptions(Options):
    """How pictures become frames of one size, and how much of them is held."""

    height: int = Field(0, ge=0, le=512, description="pixels; 0 for 32, and for 16 where there are no data of yours")
    width: int = Field(0, ge=0, le=512, description="pixels; 0 for 32, and for 16 where there are no data of yours")
    crop: Literal["center", "none"] = Field(
        "center", description="what does not fit the shape is cut off evenly, or the picture is squeezed"
    )
    colour: Literal["colour", "grey"] = Field("colour", description="three channels (red, green, blue) or one")
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the samples held out from training")
    held_out: str = Field(
        "", max_length=4000,
        description="files and folders held out from training, separated by commas; within the data or elsewhere",
    )  # fmt: skip
    leave_out: str = Field("", max_length=4000, description="files and folders that are not read, separated by commas")
    memory_budget: int = Field(
        512, ge=1, le=2**20, description="mebibytes of frames to hold in memory; more go to a temporary file (TMPDIR)"
    )
    disk_budget: int = Field(32, ge=0, le=2**14, description="gibibytes of frames that the temporary file may hold")
    seconds_a_file: int = Field(
        600, ge=1, le=86_400, description="a file that takes longer to decode is left out, and listed"
    )

    @property
    def named_for_validation(self) -> tuple[str, ...]:
        """What ``held_out`` names."""
        return _names(self.held_out)

    @property
    def named_to_leave_out(self) -> tuple[str, ...]:
        """What ``leave_out`` names."""
        return _names(self.leave_out)

    def preparation(self, size: int = SIZE) -> Preparation:
        """What is done to every file; ``size`` is that of sides which the user leaves open."""
        channels = 3 if self.colour == "colour" else 1
        return Preparation(self.height or size, self.width or size, channels, self.crop == "center")

    def store(self, preparation: Preparation) -> FrameStore:
        """A place for frames, within the budgets."""
        return FrameStore(
            preparation.height, preparation.width, preparation.channels,
            memory_budget=self.memory_budget * 2**20, disk_budget=self.disk_budget * 2**30,
        )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
