"""Built-in discriminators: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit.contracts import KINDS, DataSpec, Discriminator, DiscriminatorSpec, FrameSpec, Options, TokenSpec

if TYPE_CHECKING:
    from rgan_kit_plugins.recurrence import Cell


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
    channels: int = Field(32, ge=1, le=1024, description="frames: feature maps of the first convolution")


def _build(cell: Cell, options: Any, data: DataSpec) -> Discriminator:
    if isinstance(data, TokenSpec):
        from rgan_kit_plugins.discriminators.recurrent_tokens import RecurrentTokenDiscriminator

        return RecurrentTokenDiscriminator(cell, options, data)
    if isinstance(data, FrameSpec):
        from rgan_kit_plugins.discriminators.recurrent_frames import RecurrentFrameDiscriminator

        return RecurrentFrameDiscriminator(cell, options, data)
    from rgan_kit_plugins.discriminators.recurrent_series import RecurrentSeriesDiscriminator

    return RecurrentSeriesDiscriminator(cell, options, data)


def _spec(cell: Cell, paper: str) -> DiscriminatorSpec:
    return DiscriminatorSpec(
        name=cell,
        summary=f"bidirectional {cell.upper()} with a score for the sequence and one for every step",
        kinds=frozenset(KINDS),
        options=RecurrentDiscriminatorOptions,
        paper=paper,
        build=partial(_build, cell),
    )


DISCRIMINATORS = (
    _spec("rnn", "Schuster & Paliwal 1997; Elman 1990"),
    _spec("lstm", "Schuster & Paliwal 1997; Hochreiter & Schmidhuber 1997"),
    _spec("gru", "Schuster & Paliwal 1997; Cho et al. 2014, arXiv:1406.1078"),
)
