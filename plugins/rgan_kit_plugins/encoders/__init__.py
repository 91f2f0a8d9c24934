"""Built-in encoders: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit.contracts import KINDS, DataSpec, Encoder, EncoderSpec, FrameSpec, Options, TokenSpec, meant_for

if TYPE_CHECKING:
    from rgan_kit.nn import Cell


class RecurrentEncoderOptions(Options):
    """Options of the recurrent encoders; some mean something for one kind of data alone, as they say."""

    hidden_size: int = Field(128, ge=1, le=8192, description="units of each recurrent layer and direction")
    embedding_size: int = Field(128, ge=1, le=8192, description="size of the vector of a symbol or a frame")
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of inputs and features dropped in training")
    channels: int = Field(
        32,
        ge=1,
        le=1024,
        description="frames: feature maps of the first convolution",
        json_schema_extra=meant_for(frames=""),
    )


def _build(cell: Cell, options: Any, data: DataSpec, latent_size: int) -> Encoder:
    if isinstance(data, TokenSpec):
        from rgan_kit_plugins.encoders.recurrent_tokens import RecurrentTokenEncoder

        return RecurrentTokenEncoder(cell, options, data, latent_size)
    if isinstance(data, FrameSpec):
        from rgan_kit_plugins.encoders.recurrent_frames import RecurrentFrameEncoder

        return RecurrentFrameEncoder(cell, options, data, latent_size)
    from rgan_kit_plugins.encoders.recurrent_series import RecurrentSeriesEncoder

    return RecurrentSeriesEncoder(cell, options, data, latent_size)


def _spec(cell: Cell) -> EncoderSpec:
    return EncoderSpec(
        name=cell,
        summary=f"bidirectional {cell.upper()} from a sequence to the mean and log-variance of its latent",
        kinds=frozenset(KINDS),
        options=RecurrentEncoderOptions,
        paper="Bowman et al. 2016, arXiv:1511.06349; Schuster & Paliwal 1997",
        build=partial(_build, cell),
    )


ENCODERS = (
    _spec("rnn"),
    _spec("lstm"),
    _spec("gru"),
)
