"""Options of the domain ``images``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit_plugins.domains.frames.options import FrameOptions


class ImagesOptions(FrameOptions):
    """How pictures become series of rows."""

    colour: Literal["colour", "grey"] = Field(
        "grey", description="three numbers a pixel (red, green, blue) or one"
    )  # fmt: skip
    labels: Literal["auto", "none", "folder"] = Field(
        "auto", description="where classes come from: folders if the pictures lie in some, none, or always folders"
    )
    form: Literal["rows", "whole"] = Field(
        "rows",
        description="a picture is a series, a row of pixels a step, or whole: frames of one picture (recipe dcgan)",
    )
    embedded_pictures: int = Field(
        2000, ge=10, le=200_000, description="training pictures drawn of digits, without data"
    )  # fmt: skip
