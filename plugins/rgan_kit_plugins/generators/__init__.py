"""Built-in generators: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit.contracts import DataSpec, Generator, GeneratorSpec, Options

if TYPE_CHECKING:
    from rgan_kit_plugins.recurrence import Cell

PAPERS = {
    "rnn": "Elman 1990, Finding Structure in Time; Mikolov et al. 2010",
    "lstm": "Hochreiter & Schmidhuber 1997, Long Short-Term Memory",
    "gru": "Cho et al. 2014, arXiv:1406.1078",
}


class RecurrentGeneratorOptions(Options):
    """Options of the autoregressive recurrent generators."""

    hidden_size: int = Field(192, ge=1, le=8192, description="units of each recurrent layer")
    embedding_size: int = Field(128, ge=1, le=8192, description="size of a symbol's vector")
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    dropout: float = Field(
        0.3, ge=0, lt=1, description="share of inputs and outputs of the recurrence dropped in training"
    )
    latent_size: int = Field(0, ge=0, le=8192, description="size of a latent for the whole sequence; 0 for none")
    tie_weights: bool = Field(True, description="one matrix for symbols going in and coming out (Press & Wolf 2017)")


def _build(cell: Cell, options: Any, data: DataSpec) -> Generator:
    from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenGenerator

    return RecurrentTokenGenerator(cell, options, data)


def _spec(cell: Cell) -> GeneratorSpec:
    return GeneratorSpec(
        name=cell,
        summary=f"autoregressive {cell.upper()}, one symbol after the other, with an optional latent for the sequence",
        kinds=frozenset({"tokens"}),
        options=RecurrentGeneratorOptions,
        paper=PAPERS[cell],
        build=partial(_build, cell),
    )


GENERATORS = (
    _spec("rnn"),
    _spec("lstm"),
    _spec("gru"),
)
