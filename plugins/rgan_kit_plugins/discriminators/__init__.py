"""Built-in discriminators: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit.contracts import DataSpec, Discriminator, DiscriminatorSpec, Options

if TYPE_CHECKING:
    from rgan_kit_plugins.recurrence import Cell


class RecurrentDiscriminatorOptions(Options):
    """Options of the recurrent discriminators."""

    hidden_size: int = Field(64, ge=1, le=8192, description="units of each recurrent layer and direction")
    embedding_size: int = Field(64, ge=1, le=8192, description="size of a symbol's vector")
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    dropout: float = Field(
        0.25, ge=0, lt=1, description="share of inputs and outputs of the recurrence dropped in training"
    )


def _build(cell: Cell, options: Any, data: DataSpec) -> Discriminator:
    from rgan_kit_plugins.discriminators.recurrent_tokens import RecurrentTokenDiscriminator

    return RecurrentTokenDiscriminator(cell, options, data)


def _spec(cell: Cell, paper: str) -> DiscriminatorSpec:
    return DiscriminatorSpec(
        name=cell,
        summary=f"bidirectional {cell.upper()} with a score for the sequence and one for every step",
        kinds=frozenset({"tokens"}),
        options=RecurrentDiscriminatorOptions,
        paper=paper,
        build=partial(_build, cell),
    )


DISCRIMINATORS = (
    _spec("rnn", "Schuster & Paliwal 1997; Elman 1990"),
    _spec("lstm", "Schuster & Paliwal 1997; Hochreiter & Schmidhuber 1997"),
    _spec("gru", "Schuster & Paliwal 1997; Cho et al. 2014, arXiv:1406.1078"),
)
