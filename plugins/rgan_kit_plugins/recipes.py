"""Built-in recipes: combinations with defaults that train in minutes on two cores."""

from __future__ import annotations

from rgan_kit.contracts import RecipeSpec


def _gan(cell: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-gan",
        summary=f"{cell.upper()} generator and discriminator: likelihood first, then the non-saturating GAN",
        generator=cell,
        discriminator=cell,
        objective="non-saturating",
        defaults={"train.steps": 1400, "train.discriminator_learning_rate": 2e-3},
        paper="Goodfellow et al. 2014, arXiv:1406.2661; Jang et al. 2017, arXiv:1611.01144",
    )


RECIPES = (
    _gan("lstm"),
    _gan("gru"),
    RecipeSpec(
        name="lstm-lm",
        summary="LSTM language model by maximum likelihood alone: the baseline of every GAN",
        generator="lstm",
        objective="maximum-likelihood",
        defaults={"train.steps": 1000},
        paper="Graves 2013, arXiv:1308.0850",
    ),
)
