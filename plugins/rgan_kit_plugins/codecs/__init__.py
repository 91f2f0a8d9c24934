"""Frames by way of codes: what makes codes of single frames and frames of codes, and what is likely among sequences of
codes. Options and descriptions; the networks lie beside this file and import torch."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, field_validator

from rgan_kit.contracts import BuildContext, DataSpec, Kind, Network, NetworkSpec, Options

FRAMES: Final[frozenset[Kind]] = frozenset({"frames"})
WORLD_MODELS: Final = "Ha & Schmidhuber 2018, arXiv:1803.10122"


class FrameCodecOptions(Options):
    """Options of the codec of frames."""

    content_size: int = Field(
        8, ge=0, le=1024, description="numbers that say what a clip shows throughout; 0 where every frame is of its own"
    )
    code_size: int = Field(4, ge=1, le=1024, description="further numbers of every frame")
    content_levels: int = Field(
        4, ge=0, le=64,
        description="values that each number of the content takes (finite scalar quantisation: Mentzer et al. 2023); 0 "
        "for a normal distribution, which also says what lies between two kinds of things",
    )  # fmt: skip
    hidden_size: int = Field(128, ge=1, le=8192, description="size of the vector that a frame is read into")
    channels: int = Field(16, ge=1, le=1024, description="feature maps of the layers next to the frame")
    deviation: float = Field(
        0.25, gt=0, le=10,
        description="of a pixel from what its code draws, where the data span -1..1: a larger one is content with "
        "codes that say less, which are easier to foretell",
    )  # fmt: skip

    @field_validator("content_levels")
    @classmethod
    def _two_or_more(cls, levels: int) -> int:
        if levels == 1:
            raise ValueError("has to be 0, or 2 and more: a number that takes one value says nothing")
        return levels


class CodeDensityOptions(Options):
    """Options of the recurrent density of codes."""

    cell: Literal["lstm", "gru", "rnn"] = Field("lstm", description="of the recurrence")
    hidden_size: int = Field(128, ge=1, le=8192, description="units of each recurrent layer")
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of what leaves the recurrence dropped in training")
    emission_size: int = Field(
        48, ge=1, le=8192, description="hidden units of a number, each of which is drawn after others"
    )
    mixture: int = Field(
        8, ge=1, le=256, description="normal distributions that a number is a mixture of, where codes have no levels"
    )
    least_deviation: float = Field(
        0.01, gt=0, le=1, description="lower limit of a number's deviation; codes have a deviation of about 1"
    )


def _codec(options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgan_kit_plugins.codecs.frames import FrameCodec

    return FrameCodec(options, data)


def _density(options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgan_kit_plugins.codecs.coded_frames import density_of

    return density_of(options, data, context)


CODECS: Final = (
    NetworkSpec(
        name="frame-codec",
        summary="convolutional autoencoder of frames: content once a clip, a code each frame",
        kinds=FRAMES,
        options=FrameCodecOptions,
        paper="Li & Mandt 2018, arXiv:1803.02991; Mentzer et al. 2023, arXiv:2309.15505",
        build=_codec,
        provides=lambda options, kind: ["codes"],
    ),
    NetworkSpec(
        name="code-density",
        summary="recurrent density of the codes of frames, one code after the other",
        kinds=FRAMES,
        options=CodeDensityOptions,
        paper=WORLD_MODELS,
        build=_density,
        provides=lambda options, kind: ["code-density"],
    ),
)
