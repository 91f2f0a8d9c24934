"""A causal Transformer as a generator of symbols: the part, and recipes that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field, model_validator

from rgan_kit import hookimpl
from rgan_kit.contracts import DataSpec, Generator, GeneratorSpec, Options, RecipeSpec


class TransformerOptions(Options):
    """Options of the Transformer."""

    width: int = Field(128, ge=1, le=8192, description="size of the vectors between the layers")
    heads: int = Field(4, ge=1, le=256, description="attention heads of a layer; they share the width")
    layers: int = Field(2, ge=1, le=64, description="layers, one above the other")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of what each layer adds that is dropped in training")
    latent_size: int = Field(0, ge=0, le=8192, description="size of a latent for the whole sequence; 0 for none")

    @model_validator(mode="after")
    def _divides(self) -> TransformerOptions:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by heads {self.heads}")
        return self


def _build(options: Any, data: DataSpec) -> Generator:
    from rgankit_transformer.network import TransformerGenerator

    return TransformerGenerator(options, data)


TRANSFORMER = GeneratorSpec(
    name="transformer",
    summary="causal Transformer with linear biases for distance, one symbol after the other from a cache",
    paper="Vaswani et al. 2017, arXiv:1706.03762; Press et al. 2022, arXiv:2108.12409",
    kinds=frozenset({"tokens"}),
    options=TransformerOptions,
    build=_build,
)


@hookimpl
def rgankit_generators() -> Iterable[GeneratorSpec]:
    """The Transformer."""
    return [TRANSFORMER]


@hookimpl
def rgankit_recipes() -> Iterable[RecipeSpec]:
    """The language model, and the GAN after it."""
    rates = {"train.generator_learning_rate": 2e-3}
    return [
        RecipeSpec(
            name="transformer-lm",
            summary="Transformer language model by maximum likelihood",
            generator="transformer",
            objective="maximum-likelihood",
            defaults={"train.steps": 1000, **rates},
        ),
        RecipeSpec(
            name="transformer-gan",
            summary="Transformer generator and LSTM discriminator: likelihood first, then the non-saturating GAN",
            generator="transformer",
            discriminator="lstm",
            objective="non-saturating",
            defaults={"train.steps": 1400, **rates},
        ),
    ]
