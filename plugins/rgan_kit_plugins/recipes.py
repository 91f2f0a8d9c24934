"""Built-in recipes: combinations with defaults that train in minutes on two cores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rgan_kit.contracts import Kind, NetworkUse, RecipeSpec
from rgan_kit_plugins.latent_series import RTSGAN, RTSGAN_ROLES, SERIES, TIMEGAN, TIMEGAN_ROLES

Defaults = Mapping[str, Any]
ByKind = Mapping[Kind, Defaults]

GUMBEL: Final = "Jang et al. 2017, arXiv:1611.01144"
TOKENS: Final[frozenset[Kind]] = frozenset({"tokens"})
FRAMES: Final[frozenset[Kind]] = frozenset({"frames"})
SEQUENCES: Final[frozenset[Kind]] = frozenset({"tokens", "series"})

SERIES_GAN: Final[Defaults] = {
    "generator.hidden_size": 64,
    "generator.dropout": 0.0,
    "generator.latent_size": 4,
    "generator.noise_size": 4,
    "discriminator.channels": 32,
    "discriminator.dropout": 0.0,
    "train.steps": 3000,
    "train.beta1": 0.5,
    "train.discriminator_learning_rate": 2e-3,
    "objective.generator_learning_rate": 2e-3,
    "objective.step_weight": 0.0,  # convolutions reach a step's form from the sequence's score
    "objective.r1_weight": 1.0,
    "objective.r1_interval": 2,
}
SERIES_WASSERSTEIN: Final[Defaults] = {
    **{name: value for name, value in SERIES_GAN.items() if not name.startswith("objective.r1")},
    "train.steps": 1200,
    "objective.critic_steps": 1,
}
SERIES_PARTS: Final[Mapping[Kind, Mapping[str, str]]] = {"series": {"discriminator": "tcn"}}
SERIES_LIKELIHOOD: Final[Defaults] = {
    "generator.autoregressive": True,
    "generator.emission": "auto",
    "generator.least_deviation": 0.01,
    "generator.hidden_size": 96,
    "generator.dropout": 0.0,
    "train.steps": 2500,
}
SERIES_AUTOENCODER: Final[Defaults] = {
    "generator.autoregressive": True,
    "generator.mixture": 4,
    "generator.least_deviation": 0.03,
    "generator.hidden_size": 64,
    "generator.dropout": 0.0,
    "generator.latent_size": 4,
    "generator.word_dropout": 0.8,  # what the steps before say is not learnt into the latent
    "encoder.hidden_size": 64,
    "encoder.embedding_size": 32,
    "encoder.dropout": 0.0,
    "objective.beta": 2.0,
    "objective.free_bits": 0.0,
    "train.steps": 1500,
}
FRAME_GAN: Final[Defaults] = {
    "generator.hidden_size": 64,
    "generator.channels": 24,
    "generator.dropout": 0.0,
    "generator.latent_size": 16,
    "generator.noise_size": 8,
    "discriminator.channels": 24,
    "discriminator.dropout": 0.0,
    "discriminator.minibatch_statistics": True,
    "objective.r1_weight": 0.2,
    "objective.generator_learning_rate": 1e-3,
    "train.steps": 1500,
    "train.batch_size": 16,
    "train.beta1": 0.5,
    "train.discriminator_learning_rate": 1e-3,
}


def _gan(cell: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-gan",
        summary=f"{cell.upper()} generator and discriminator (series: convolutions) by the non-saturating GAN; symbols "
        "by likelihood first",
        generator=cell,
        discriminator=cell,
        objective="non-saturating",
        defaults={"train.steps": 1400, "train.discriminator_learning_rate": 2e-3},
        defaults_by_kind={
            "series": SERIES_GAN,
            "frames": {**FRAME_GAN, "discriminator.embedding_size": 96},
        },
        parts_by_kind=SERIES_PARTS,
        paper=f"Goodfellow et al. 2014, arXiv:1406.2661; {GUMBEL}",
    )


def _wasserstein(cell: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-wgan-gp",
        summary=f"{cell.upper()} generator and critic by the Wasserstein GAN with gradient penalty; symbols by "
        "likelihood first",
        generator=cell,
        discriminator=cell,
        objective="wasserstein-gp",
        kinds=SEQUENCES,
        # Dropout would make the penalty bound another critic than the one that is played against.
        defaults={"train.steps": 1400, "train.discriminator_learning_rate": 2e-3, "discriminator.dropout": 0.0},
        defaults_by_kind={"series": SERIES_WASSERSTEIN},
        parts_by_kind=SERIES_PARTS,
        paper=f"Gulrajani et al. 2017, arXiv:1704.00028; {GUMBEL}",
    )


def _language_model(cell: str, paper: str) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-lm",
        summary=f"{cell.upper()} by maximum likelihood alone, one step after the other: the baseline of every GAN",
        generator=cell,
        objective="maximum-likelihood",
        defaults={"train.steps": 1000, "generator.mixture": 8},
        defaults_by_kind={"series": SERIES_LIKELIHOOD},
        paper=paper,
    )


def _autoencoder(cell: str, steps: int) -> RecipeSpec:
    return RecipeSpec(
        name=f"{cell}-vae",
        summary=f"{cell.upper()} variational autoencoder: encode, reconstruct, interpolate",
        generator=cell,
        encoder=cell,
        objective="evidence-lower-bound",
        kinds=SEQUENCES,
        defaults={"generator.latent_size": 16, "objective.free_bits": 0.3, "train.steps": steps},
        defaults_by_kind={"series": SERIES_AUTOENCODER},
        paper="Bowman et al. 2016, arXiv:1511.06349; Kingma & Welling 2014, arXiv:1312.6114",
    )


RECIPES = (
    _gan("lstm"),
    _gan("gru"),
    _gan("rnn"),
    _wasserstein("lstm"),
    _wasserstein("gru"),
    _language_model("lstm", "Graves 2013, arXiv:1308.0850"),
    _language_model("gru", "Cho et al. 2014, arXiv:1406.1078"),
    _autoencoder("lstm", 1800),
    _autoencoder("gru", 1500),
    RecipeSpec(
        name="dcgan",
        summary="convolutional generator and discriminator of whole pictures by the non-saturating GAN",
        generator="dcgan",
        discriminator="image",
        objective="non-saturating",
        kinds=FRAMES,
        defaults={
            "domain.name": "images",
            "domain.form": "whole",
            "discriminator.channels": 32,
            "discriminator.hidden_size": 128,
            "discriminator.dropout": 0.0,
            "discriminator.minibatch_statistics": True,
            "objective.generator_learning_rate": 5e-4,
            "objective.r1_weight": 0.2,
            "train.discriminator_learning_rate": 5e-4,
            "train.beta1": 0.5,
            "train.batch_size": 64,
            "train.steps": 2000,
        },
        paper="Radford et al. 2016, arXiv:1511.06434",
    ),
    RecipeSpec(
        name="lstm-seqgan",
        summary="LSTM policy rewarded by Monte-Carlo rollouts that an LSTM discriminator judges, after likelihood",
        generator="lstm",
        discriminator="lstm",
        objective="seqgan",
        defaults={
            "discriminator.bidirectional": False,  # so that its states of prefixes serve all rollouts
            "objective.pretraining_share": 0.75,
            "objective.rollouts": 4,
            "objective.generator_learning_rate": 3e-4,
            "train.discriminator_learning_rate": 2e-3,
            "train.steps": 1300,
        },
        paper="Yu et al. 2017, arXiv:1609.05473",
    ),
    RecipeSpec(
        name="lstm-relgan",
        summary="LSTM generator and a convolutional discriminator with several representations, relativistic GAN",
        generator="lstm",
        discriminator="cnn",
        objective="relativistic",
        kinds=TOKENS,
        defaults={
            "discriminator.representations": 8,
            "discriminator.embedding_size": 16,
            "objective.pretraining_share": 0.85,
            "objective.temperature_start": 1.0,
            "objective.temperature_end": 0.1,
            "objective.generator_learning_rate": 3e-4,
            "train.discriminator_learning_rate": 5e-4,
            "train.steps": 1200,
        },
        paper="Nie et al. 2019, RelGAN: Relational Generative Adversarial Networks for Text Generation",
    ),
    RecipeSpec(
        name="lstm-scratchgan",
        summary="LSTM policy with a reward for every symbol from an LSTM discriminator, beside the likelihood",
        generator="lstm",
        discriminator="lstm",
        objective="scratchgan",
        defaults={
            "discriminator.bidirectional": False,  # a symbol's reward must not depend on what comes after it
            "objective.likelihood_weight": 5.0,  # nats are of a symbol, rewards of a whole sequence: long ones need it
            "train.discriminator_learning_rate": 1e-3,
            "train.steps": 1000,
        },
        paper="de Masson d'Autume et al. 2019, arXiv:1905.09922",
    ),
    RecipeSpec(
        name="lstm-vaegan",
        summary="LSTM autoencoder whose decoder also plays a GAN: encode, reconstruct, interpolate",
        generator="lstm",
        encoder="lstm",
        discriminator="lstm",
        objective="vae-gan",
        defaults={
            "generator.latent_size": 16,
            "objective.free_bits": 0.3,
            "objective.pretraining_share": 0.75,
            "train.steps": 1600,
            "train.discriminator_learning_rate": 2e-3,
        },
        kinds=SEQUENCES,
        defaults_by_kind={"series": {**SERIES_AUTOENCODER, "discriminator.hidden_size": 32}},
        paper="Larsen et al. 2016, arXiv:1512.09300",
    ),
    RecipeSpec(
        name="mocogan",
        summary="GRU over motion, content apart, judged by clip (3-D convolutions) and by picture",
        generator="gru",
        discriminator="mocogan",
        objective="non-saturating",
        kinds=FRAMES,
        defaults_by_kind={
            "frames": {**FRAME_GAN, "generator.channels": 16, "discriminator.channels": 16, "train.steps": 1300}
        },
        paper="Tulyakov et al. 2018, arXiv:1707.04993",
    ),
    RecipeSpec(
        name="conv-gru-vae",
        summary="convolutional GRU autoencoder of clips: encode, reconstruct, interpolate",
        generator="gru",
        encoder="gru",
        objective="evidence-lower-bound",
        kinds=FRAMES,
        defaults={
            "generator.likelihood": True,
            "generator.hidden_size": 96,
            "generator.dropout": 0.0,
            "generator.channels": 16,
            "generator.latent_size": 8,
            "generator.noise_size": 1,
            "encoder.hidden_size": 96,
            "encoder.embedding_size": 64,
            "encoder.channels": 16,
            "encoder.dropout": 0.0,
            "objective.annealing_share": 0.6,
            "train.steps": 2400,
            "train.batch_size": 16,
            # With larger steps some seeds let go of the latent early and never come back to it.
            "train.generator_learning_rate": 7e-4,
            "train.encoder_learning_rate": 7e-4,
        },
        paper="Kingma & Welling 2014, arXiv:1312.6114; Donahue et al. 2015, arXiv:1411.4389",
    ),
    RecipeSpec(
        name="timegan",
        summary="TimeGAN: series by way of a latent space that is learnt beside them, with a vector for every step",
        networks={
            role: NetworkUse(part=f"timegan-{role}", averaged=role in ("recovery", "generator", "supervisor"))
            for role in TIMEGAN_ROLES
        },
        objective="timegan",
        kinds=SERIES,
        defaults={
            "train.steps": 2000,
            "train.batch_size": 128,
            "train.schedule": "constant",
            "train.clip_norm": 0.0,
            "train.generator_learning_rate": 1e-3,
            "train.discriminator_learning_rate": 1e-3,
        },
        paper=TIMEGAN,
    ),
    RecipeSpec(
        name="rtsgan",
        summary="RTSGAN: a recurrent autoencoder of series, and a Wasserstein GAN over its latents",
        networks={
            role: NetworkUse(part=f"rtsgan-{role}", averaged=role in ("decoder", "generator")) for role in RTSGAN_ROLES
        },
        objective="rtsgan",
        kinds=SERIES,
        defaults={
            "train.steps": 3000,
            "train.batch_size": 128,
            "train.schedule": "constant",
            "train.encoder_learning_rate": 2e-3,
            "train.decoder_learning_rate": 2e-3,
            "train.generator_learning_rate": 5e-4,
            "train.discriminator_learning_rate": 5e-4,
        },
        paper=RTSGAN,
    ),
    RecipeSpec(
        name="world-model",
        summary="a codec of frames and a recurrent density over its codes",
        networks={
            "codec": NetworkUse(part="frame-codec", averaged=True, learning_rate=2e-3),
            "generator": NetworkUse(part="code-density", averaged=True),
        },
        objective="world-model",
        kinds=FRAMES,
        defaults={
            "train.steps": 7500,
            "train.batch_size": 32,
            "train.generator_learning_rate": 2e-3,
            "train.clip_norm": 1.0,
        },
        paper="Ha & Schmidhuber 2018, arXiv:1803.10122",
    ),
)
