"""Built-in generators: their options and descriptions. The networks lie beside this file and import torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rgan_kit.contracts import KINDS, DataSpec, FrameSpec, Generator, GeneratorSpec, Kind, Options, TokenSpec, meant_for

if TYPE_CHECKING:
    from rgan_kit.nn import Cell

PAPERS = {
    "rnn": "Elman 1990, Finding Structure in Time; Mikolov et al. 2010",
    "lstm": "Hochreiter & Schmidhuber 1997, Long Short-Term Memory",
    "gru": "Cho et al. 2014, arXiv:1406.1078",
}


class RecurrentGeneratorOptions(Options):
    """Options of the recurrent generators; some mean something for one kind of data alone, as they say."""

    hidden_size: int = Field(192, ge=1, le=8192, description="units of each recurrent layer")
    embedding_size: int = Field(
        128, ge=1, le=8192, description="tokens: size of a symbol's vector", json_schema_extra=meant_for(tokens="")
    )
    layers: int = Field(1, ge=1, le=16, description="recurrent layers, one above the other")
    dropout: float = Field(
        0.3, ge=0, lt=1, description="share of inputs and outputs of the recurrence dropped in training"
    )
    locked_dropout: bool = Field(
        False,
        description="tokens, autoregressive series: one dropout mask for all steps of a sequence (Gal & Ghahramani "
        "2016)",
        json_schema_extra=meant_for(tokens="", series="autoregressive"),
    )
    weight_dropout: float = Field(
        0.0, ge=0, lt=1,
        description="tokens, autoregressive series: share of the weights from state to state dropped in training "
        "(Merity et al. 2018)",
        json_schema_extra=meant_for(tokens="", series="autoregressive"),
    )  # fmt: skip
    embedding_dropout: float = Field(
        0.0, ge=0, lt=1,
        description="tokens: share of the symbols whose vectors are hidden in a whole batch (Merity et al. 2018)",
        json_schema_extra=meant_for(tokens=""),
    )  # fmt: skip
    latent_size: int = Field(
        0, ge=0, le=8192, description="size of a latent for the whole sequence; 0 for none (for frames: their content)"
    )
    word_dropout: float = Field(
        0.0,
        ge=0,
        le=1,
        description="tokens, autoregressive series: share of previous symbols or values hidden in training",
        json_schema_extra=meant_for(tokens="", series="autoregressive"),
    )
    input_noise: float = Field(
        0.0, ge=0, le=1,
        description="autoregressive series: deviation of noise on the step before in training, so that samples find "
        "back from their own errors (Jim et al. 1996); the data span -1..1",
        json_schema_extra=meant_for(series="autoregressive"),
    )  # fmt: skip
    tie_weights: bool = Field(
        True,
        description="tokens: one matrix for symbols going in and coming out (Press & Wolf 2017)",
        json_schema_extra=meant_for(tokens=""),
    )
    noise_size: int = Field(
        8,
        ge=1,
        le=8192,
        description="series and frames: random numbers that every step takes",
        json_schema_extra=meant_for(series="not autoregressive", frames=""),
    )
    autoregressive: bool = Field(
        False,
        description="series: every step sees the one before and has a likelihood; else noise becomes the series",
        json_schema_extra=meant_for(series=""),
    )
    emission: str = Field(
        "mixture", min_length=1, max_length=200, examples=["logistic", "joint"],
        description="autoregressive series: how a step is drawn: mixture (features independent within a component), "
        "joint, mixed, bernoulli, bernoulli-nade, logistic (columns one after another), one of a plugin, or auto, by "
        "what the columns are",
        json_schema_extra=meant_for(series="autoregressive"),
    )  # fmt: skip
    emission_size: int = Field(
        64,
        ge=1,
        le=8192,
        description="autoregressive series: hidden units of a column that is drawn after others",
        json_schema_extra=meant_for(series="autoregressive"),
    )
    reading_size: int = Field(
        0, ge=0, le=8192,
        description="autoregressive series: units that read the step before, for the recurrence; 0: it reads all of it",
        json_schema_extra=meant_for(series="autoregressive"),
    )  # fmt: skip
    least_deviation: float = Field(
        1e-3, gt=0, le=1,
        description="autoregressive series: lower limit of a step's deviation; the data span -1..1; columns drawn one "
        "after another count it in deviations of what a linear prediction leaves of them",
        json_schema_extra=meant_for(series="autoregressive"),
    )  # fmt: skip
    mixture: int = Field(
        1, ge=1, le=256,
        description="autoregressive series: normal (or logistic) distributions that a step, or a column of it, is a "
        "mixture of",
        json_schema_extra=meant_for(series="autoregressive"),
    )  # fmt: skip
    channels: int = Field(
        32,
        ge=1,
        le=1024,
        description="frames: feature maps of the decoder's last hidden layer",
        json_schema_extra=meant_for(frames=""),
    )
    motion_size: int = Field(
        0, ge=0, le=8192,
        description="frames: numbers that the motion says of each frame beside the content, from -1 to 1; 0 for all "
        "hidden units, which then may say what is seen, too",
        json_schema_extra=meant_for(frames=""),
    )  # fmt: skip
    likelihood: bool = Field(
        False,
        description="frames: the latent moves them too, and clips have a likelihood (for variational autoencoders)",
        json_schema_extra=meant_for(frames=""),
    )


class ConvolutionalGeneratorOptions(Options):
    """Options of the convolutional generator of pictures."""

    noise_size: int = Field(64, ge=1, le=8192, description="random numbers that a picture is drawn from")
    channels: int = Field(32, ge=1, le=1024, description="feature maps of the last hidden layer; deeper ones have more")


def _clips(data: DataSpec) -> str:
    """Why pictures drawn each for itself are none of these clips."""
    clips = isinstance(data, FrameSpec) and data.length > 1
    return f"it draws pictures each for itself, and these are clips of {data.length} frames" if clips else ""  # type: ignore[union-attr]


def _build_dcgan(options: Any, data: DataSpec) -> Generator:
    from rgan_kit_plugins.generators.convolutional_frames import ConvolutionalFrameGenerator

    return ConvolutionalFrameGenerator(options, data)


def _build(cell: Cell, options: Any, data: DataSpec) -> Generator:
    if isinstance(data, TokenSpec):
        from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenGenerator

        return RecurrentTokenGenerator(cell, options, data)
    if isinstance(data, FrameSpec):
        from rgan_kit_plugins.generators.recurrent_frames import LikelihoodFrameGenerator, RecurrentFrameGenerator

        return (LikelihoodFrameGenerator if options.likelihood else RecurrentFrameGenerator)(cell, options, data)
    if options.autoregressive:
        from rgan_kit_plugins.generators.autoregressive_series import AutoregressiveSeriesGenerator

        return AutoregressiveSeriesGenerator(cell, options, data)
    from rgan_kit_plugins.generators.recurrent_series import RecurrentSeriesGenerator

    return RecurrentSeriesGenerator(cell, options, data)


def _provides(options: RecurrentGeneratorOptions, kind: Kind) -> list[str]:
    likelihood = {"tokens": True, "series": options.autoregressive, "frames": options.likelihood}[kind]
    found = {"steps": True, "likelihood": likelihood, "latent": options.latent_size > 0}
    return [ability for ability, there in found.items() if there]


def _spec(cell: Cell) -> GeneratorSpec:
    return GeneratorSpec(
        name=cell,
        summary=f"{cell.upper()}: symbols one after the other, series from noise or one step after the other, frames "
        "from content and motion",
        kinds=frozenset(KINDS),
        options=RecurrentGeneratorOptions,
        paper=f"{PAPERS[cell]}; series: Esteban et al. 2017, arXiv:1706.02633; frames: Tulyakov et al. 2018, "
        "arXiv:1707.04993",
        build=partial(_build, cell),
        provides=_provides,
    )


GENERATORS = (
    _spec("rnn"),
    _spec("lstm"),
    _spec("gru"),
    GeneratorSpec(
        name="dcgan",
        summary="pictures from noise by transposed convolutions, each for itself",
        kinds=frozenset({"frames"}),
        options=ConvolutionalGeneratorOptions,
        paper="Radford et al. 2016, arXiv:1511.06434",
        build=_build_dcgan,
        refuses=_clips,
        provides=lambda options, kind: [],
    ),
)
