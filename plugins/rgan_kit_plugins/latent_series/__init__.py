"""Networks around a latent space of series, in which a game is played: those of TimeGAN, whose latent has a vector for
every step, and of RTSGAN, whose latent is one vector. Options and descriptions; the networks lie beside this file and
import torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal

from pydantic import Field

from rgan_kit.contracts import BuildContext, DataSpec, Kind, Network, NetworkSpec, Options

SERIES: Final[frozenset[Kind]] = frozenset({"series"})
TIMEGAN: Final = "Yoon, Jarrett & van der Schaar 2019, Time-series Generative Adversarial Networks (NeurIPS)"
RTSGAN: Final = "Pei et al. 2021, Towards Generating Real-World Time Series Data (ICDM), arXiv:2111.08386"

TIMEGAN_ROLES: Final[Mapping[str, str]] = {
    "embedder": "from a series to vectors in its latent space",
    "recovery": "from the latent space back to the series",
    "generator": "from noise to the latent space",
    "supervisor": "from one latent step to the next",
    "discriminator": "tells real latent steps from made ones",
}
RTSGAN_ROLES: Final[Mapping[str, str]] = {
    "encoder": "from a series to one vector",
    "decoder": "from that vector to the series, step after step",
    "generator": "from noise to such a vector",
    "discriminator": "the critic of such vectors",
}


class LayersOptions(Options):
    """Options of the networks of TimeGAN."""

    cell: Literal["rnn", "lstm", "gru"] = Field("gru", description="of the recurrence")
    layers: int = Field(3, ge=1, le=16, description="recurrent layers, one above the other")


class EmbedderOptions(LayersOptions):
    """Options of the embedder, which decides the size of the latent space."""

    hidden_size: int = Field(24, ge=1, le=8192, description="size of the latent space, and units of all recurrences")


class EncoderOptions(Options):
    """Options of the encoder, which decides the size of the latent space: ``hidden_size * (1 + layers)``."""

    hidden_size: int = Field(24, ge=1, le=8192, description="units of each recurrent layer, here and in the decoder")
    layers: int = Field(3, ge=1, le=16, description="recurrent layers, here and in the decoder")


class DecoderOptions(Options):
    """Options of the decoder."""

    forcing: float = Field(
        0.5, ge=0, le=1, description="share of the steps before that are the real ones in training, and not its own"
    )


class FromNoiseOptions(Options):
    """Options of the generator of latents."""

    noise_size: int = Field(96, ge=1, le=8192, description="random numbers that a series is drawn from")


class CriticOptions(Options):
    """Options of the critic of latents: none; its layers have two thirds and one third of the latent's size."""


def _timegan(role: str, options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgan_kit_plugins.latent_series.timegan import build

    return build(role, options, data, context)


def _rtsgan(role: str, options: Any, data: DataSpec, context: BuildContext) -> Network:
    from rgan_kit_plugins.latent_series.rtsgan import build

    return build(role, options, data, context)


_RTSGAN_OPTIONS: Final[Mapping[str, type[Options]]] = {
    "encoder": EncoderOptions,
    "decoder": DecoderOptions,
    "generator": FromNoiseOptions,
    "discriminator": CriticOptions,
}

LATENT_SERIES = (
    *(
        NetworkSpec(
            name=f"timegan-{role}",
            summary=summary,
            paper=TIMEGAN,
            kinds=SERIES,
            options=EmbedderOptions if role == "embedder" else LayersOptions,
            build=partial(_timegan, role),
            provides=lambda options, kind: ("timegan",),
        )
        for role, summary in TIMEGAN_ROLES.items()
    ),
    *(
        NetworkSpec(
            name=f"rtsgan-{role}",
            summary=summary,
            paper=RTSGAN,
            kinds=SERIES,
            options=_RTSGAN_OPTIONS[role],
            build=partial(_rtsgan, role),
            provides=lambda options, kind: ("rtsgan",),
        )
        for role, summary in RTSGAN_ROLES.items()
    ),
)
