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


def _wasserstein(cell: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-wgan-gp",
        summary=f"{cell.upper()} generator and critic: likelihood, then the Wasserstein GAN with gradient penalty",
        generator=cell,
        discriminator=cell,
        objective="wasserstein-gp",
        # Dropout would make the penalty bound another critic than the one that is played against.
        defaults={"train.steps": 1400, "train.discriminator_learning_rate": 2e-3, "discriminator.dropout": 0.0},
        paper="Gulrajani et al. 2017, arXiv:1704.00028; Jang et al. 2017, arXiv:1611.01144",
    )


def _language_model(cell: str, paper: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-lm",
        summary=f"{cell.upper()} language model by maximum likelihood alone: the baseline of every GAN",
        generator=cell,
        objective="maximum-likelihood",
        defaults={"train.steps": 1000},
        paper=paper,
    )


RECIPES = (
    _gan("lstm"),
    _gan("gru"),
    _gan("rnn"),
    _wasserstein("lstm"),
    _wasserstein("gru"),
    _language_model("lstm", "Graves 2013, arXiv:1308.0850"),
    _language_model("gru", "Cho et al. 2014, arXiv:1406.1078"),
)
