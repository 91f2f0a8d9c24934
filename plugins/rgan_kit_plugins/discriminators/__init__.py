"""Built-in discriminators: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from rgan_kit.contracts import (
    KINDS,
    DataSpec,
    Discriminator,
    DiscriminatorSpec,
    FrameSpec,
    Kind,
    Options,
    TokenSpec,
    meant_for,
)

if TYPE_CHECKING:
    from rgan_kit.nn import Cell


class RegularisedOptions(Options):
    """What every discriminator can be regularised by."""

    dropout: float = Field(0.25, ge=0, lt=1, description="share of inputs and features dropped in training")
    spectral_norm: bool = Field(
        False, description="bounds the gain of every linear and convolutional layer (Miyato et al. 2018)"
    )
    minibatch_statistics: bool = Field(
        False, description="shows it how much a batch varies, against mode collapse (Karras et al. 2018)"
    )


class RecurrentDiscriminatorOptions(RegularisedOptions):
    """Options of the recurrent discriminators; some mean something for one kind of data alone, as they say."""

    hidden_size: int = Field(64, ge=1, le=8192, description="units of each recurrent layer and direction")
    embedding_size: int = Field(64, ge=1, le=8192, description="size of the vector of a symbol or a frame")
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    channels: int = Field(
        32,
        ge=1,
        le=1024,
        description="frames: feature maps of the first convolution",
        json_schema_extra=meant_for(frames=""),
    )
    bidirectional: bool = Field(
        True,
        description="tokens: reads back to front too; without, the score of a step depends on nothing after it",
        json_schema_extra=meant_for(tokens=""),
    )


class ConvolutionalTokenOptions(RegularisedOptions):
    """Options of the convolutional discriminator of symbols."""

    embedding_size: int = Field(32, ge=1, le=8192, description="size of a symbol's vector, in each representation")
    widths: tuple[int, ...] = Field(
        (2, 3, 4, 5), min_length=1, max_length=32, description="symbols that a filter sees, one kind of filter each"
    )
    filters: int = Field(64, ge=1, le=8192, description="filters of each width")
    highway: bool = Field(True, description="a highway layer after the maximum over time (Srivastava et al. 2015)")
    representations: int = Field(
        1, ge=1, le=256, description="embeddings that each sequence is read under; their scores are averaged (RelGAN)"
    )

    @field_validator("widths", mode="before")
    @classmethod
    def _several_by_commas(cls, widths: object) -> object:
        return tuple(part.strip() for part in widths.split(",")) if isinstance(widths, str) else widths

    @field_validator("widths")
    @classmethod
    def _distinct(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(widths)) != len(widths) or not all(1 <= width <= 64 for width in widths):
            raise ValueError("have to be different numbers from 1 to 64")
        return widths


class ConvolutionalFrameOptions(RegularisedOptions):
    """Options of the convolutional discriminators of frames."""

    channels: int = Field(32, ge=1, le=1024, description="feature maps of the first convolution; deeper ones have more")
    hidden_size: int = Field(64, ge=1, le=8192, description="size of the vector that a frame is read into")


class ClipOptions(ConvolutionalFrameOptions):
    """Options of those that read frames in the light of their neighbours."""

    whole_clip: bool = Field(
        False,
        description="the clip's score sees all of its frames at once, and how far they vary; else a few neighbours at "
        "a time",
    )


class ConvolutionalSeriesOptions(RegularisedOptions):
    """Options of the convolutional discriminator of series."""

    channels: int = Field(64, ge=1, le=8192, description="features of a step in every layer")
    layers: int = Field(4, ge=1, le=16, description="convolutions; each sees twice as far as the one before")
    width: Literal[3, 5, 7] = Field(3, description="steps that a filter sees")
    differences: bool = Field(True, description="reads the change of every value since the step before too")


def _build(cell: Cell, options: Any, data: DataSpec) -> Discriminator:
    if isinstance(data, TokenSpec):
        from rgan_kit_plugins.discriminators.recurrent_tokens import RecurrentTokenDiscriminator

        return RecurrentTokenDiscriminator(cell, options, data)
    if isinstance(data, FrameSpec):
        from rgan_kit_plugins.discriminators.recurrent_frames import RecurrentFrameDiscriminator

        return RecurrentFrameDiscriminator(cell, options, data)
    from rgan_kit_plugins.discriminators.recurrent_series import RecurrentSeriesDiscriminator

    return RecurrentSeriesDiscriminator(cell, options, data)


def _provides(options: RecurrentDiscriminatorOptions, kind: Kind) -> list[str]:
    return ["causal"] if kind == "tokens" and not options.bidirectional else []


def _build_cnn(options: Any, data: DataSpec) -> Discriminator:
    from rgan_kit_plugins.discriminators.convolutional_tokens import ConvolutionalTokenDiscriminator

    return ConvolutionalTokenDiscriminator(options, data)


def _build_tcn(options: Any, data: DataSpec) -> Discriminator:
    from rgan_kit_plugins.discriminators.convolutional_series import ConvolutionalSeriesDiscriminator

    return ConvolutionalSeriesDiscriminator(options, data)


def _spec(cell: Cell, paper: str) -> DiscriminatorSpec:
    return DiscriminatorSpec(
        name=cell,
        summary=f"bidirectional {cell.upper()} with a score for the sequence and one for every step",
        kinds=frozenset(KINDS),
        options=RecurrentDiscriminatorOptions,
        paper=paper,
        build=partial(_build, cell),
        provides=_provides,
    )


def _build_frames(name: str, options: Any, data: DataSpec) -> Discriminator:
    from rgan_kit_plugins.discriminators import convolutional_frames as networks

    if name == "image":
        return networks.FrameDiscriminator(options, data)
    return (networks.ClipDiscriminator if name == "conv3d" else networks.MocoganDiscriminator)(options, data)


def _frames(
    name: str, summary: str, paper: str, options: type[ConvolutionalFrameOptions] = ClipOptions
) -> DiscriminatorSpec:
    return DiscriminatorSpec(
        name=name,
        summary=summary,
        kinds=frozenset({"frames"}),
        options=options,
        paper=paper,
        build=partial(_build_frames, name),
        provides=lambda options, kind: [],
    )


DISCRIMINATORS = (
    _spec("rnn", "Schuster & Paliwal 1997; Elman 1990"),
    _spec("lstm", "Schuster & Paliwal 1997; Hochreiter & Schmidhuber 1997"),
    _spec("gru", "Schuster & Paliwal 1997; Cho et al. 2014, arXiv:1406.1078"),
    DiscriminatorSpec(
        name="cnn",
        summary="convolutions of several widths over symbols, each filter's maximum over time",
        kinds=frozenset({"tokens"}),
        options=ConvolutionalTokenOptions,
        paper="Kim 2014, arXiv:1408.5882; Yu et al. 2017, arXiv:1609.05473; Nie et al. 2019, RelGAN (ICLR)",
        build=_build_cnn,
        provides=lambda options, kind: ["causal"],
    ),
    DiscriminatorSpec(
        name="tcn",
        summary="dilated convolutions over a series and its changes, with a score for every step",
        kinds=frozenset({"series"}),
        options=ConvolutionalSeriesOptions,
        paper="Bai et al. 2018, arXiv:1803.01271; Wiese et al. 2020, arXiv:1907.06673",
        provides=lambda options, kind: [],
        build=_build_tcn,
    ),
    _frames(
        "image",
        "2-D convolutions score every frame for itself",
        "Radford et al. 2015, arXiv:1511.06434",
        ConvolutionalFrameOptions,
    ),
    _frames("conv3d", "3-D convolutions score the clip and every frame in it", "Tran et al. 2015, arXiv:1412.0767"),
    _frames(
        "mocogan",
        "3-D convolutions score the clip, 2-D convolutions its frames one by one",
        "Tulyakov et al. 2018, arXiv:1707.04993",
    ),
)
