"""Options of the trainer, common to all recipes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, create_model, field_validator, model_validator

from rgan_kit.contracts.options import Options

OptimizerName = Literal["adamw", "rmsprop", "sgd"]


class TrainOptions(Options):
    """How a training runs; ``rgankit plugins show train`` prints this."""

    steps: int = Field(1500, ge=1, le=10**9, description="steps of the whole training, shared out among its stages")
    planned_steps: int = Field(
        0, ge=0, le=10**9,
        description="steps that the stages share out, where the run was extended since and the last stage has the "
        "others; 0 for all",
    )  # fmt: skip
    batch_size: int = Field(64, ge=1, le=65536, description="sequences a step")
    generator_learning_rate: float = Field(
        3e-3, gt=0, le=1, description="of the generator's Adam, unless a phase sets its own"
    )
    discriminator_learning_rate: float = Field(1e-3, gt=0, le=1, description="of the discriminator's Adam")
    encoder_learning_rate: float = Field(3e-3, gt=0, le=1, description="of the encoder's Adam")
    schedule: Literal["constant", "cosine"] = Field(
        "cosine", description="of the learning rates within each stage; cosine ends at a tenth"
    )
    warmup_steps: int = Field(
        0, ge=0, le=10**9, description="steps at the beginning of each stage in which learning rates rise from nothing"
    )
    phase_learning_rates: dict[str, float] = Field(
        {}, examples=["{likelihood=0.001}"], description="of the networks of a phase while it runs, by its name"
    )
    optimizer: OptimizerName = Field("adamw", description="of all networks: adamw, rmsprop or sgd")
    optimizers: dict[str, OptimizerName] = Field(
        {}, examples=["{discriminator='sgd'}"], description="of single networks, by their names"
    )
    rate_factors: dict[str, float] = Field(
        {}, examples=["{'generator.embedding'=0.1}"],
        description="what learning rates of parameters are multiplied by, by how their names begin",
    )  # fmt: skip
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the second moment, RMSprop's of the squares")
    momentum: float = Field(0.0, ge=0, lt=1, description="of sgd and rmsprop")
    weight_decay: float = Field(
        0.0, ge=0, le=1, description="weight decay: decoupled (adamw), else as a penalty on the squares"
    )
    decayed: Literal["all", "matrices"] = Field(
        "all", description="what is decayed: all parameters, or those with two dimensions or more"
    )
    accumulate: int = Field(
        1, ge=1, le=65536, description="batches a step, whose gradients are averaged before weights move"
    )
    clip_norm: float = Field(5.0, ge=0, le=1e6, description="largest norm of a network's gradient; 0 for no clipping")
    average_decay: float = Field(
        0.99,
        ge=0,
        lt=1,
        description="of the moving average (EMA) of the generator's weights, which is what is exported; 0 for none",
    )
    select: Literal["best", "last"] = Field(
        "best", description="which weights are exported: those of the best evaluation, or the last"
    )
    patience: int = Field(
        0, ge=0, le=10**6,
        description="evaluations of the last stage in a row without better weights, after which a training ends; 0 for "
        "as many as there are",
    )  # fmt: skip
    evaluate_every: int = Field(250, ge=1, le=10**9, description="steps between evaluations")
    evaluation_samples: int = Field(500, ge=2, le=10**6, description="samples drawn for an evaluation")
    log_every: int = Field(20, ge=1, le=10**9, description="steps between lines of metrics")
    sample_every: int = Field(250, ge=1, le=10**9, description="steps between samples shown and written")
    checkpoint_every: int = Field(250, ge=1, le=10**9, description="steps between checkpoints")
    keep_checkpoints: int = Field(
        3, ge=1, le=10**6, description="newest checkpoints, and samples, kept beside the best"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="bfloat16 for autocast")
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0 to choose by a short measurement")
    loggers: tuple[str, ...] = Field((), description="loggers to switch on, e.g. tensorboard")

    @model_validator(mode="after")
    def _patience_for_better_weights(self) -> Self:
        if self.patience and self.select != "best":
            raise ValueError("patience waits for better weights, which select=last knows nothing of")
        return self

    @field_validator("phase_learning_rates")
    @classmethod
    def _rates(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if not 0 < rate <= 1:
                raise ValueError(f"has {rate:g} for {name}, and rates lie above 0 up to 1")
        return rates

    @field_validator("rate_factors")
    @classmethod
    def _factors(cls, factors: dict[str, float]) -> dict[str, float]:
        for name, factor in factors.items():
            if not 0 <= factor <= 1000:
                raise ValueError(f"has {factor:g} for {name}, and factors lie within 0 up to 1000")
        return factors

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
            raise ValueError("has to be auto, cpu, cuda or cuda:N")
        return device

    @field_validator("loggers", mode="before")
    @classmethod
    def _several_by_commas(cls, loggers: object) -> object:
        return tuple(name.strip() for name in loggers.split(",")) if isinstance(loggers, str) else loggers


def train_options(rates: Mapping[str, float]) -> type[TrainOptions]:
    """The trainer's options with a learning rate for each further network, ``<name>_learning_rate``.

    Args:
        rates: defaults by name; those that all recipes have are left as they are.
    """
    fields: dict[str, Any] = {
        f"{name}_learning_rate": (float, Field(rate, gt=0, le=1, description=f"of the {name}'s Adam"))
        for name, rate in rates.items()
        if f"{name}_learning_rate" not in TrainOptions.model_fields
    }
    return create_model("TrainOptions", __base__=TrainOptions, **fields) if fields else TrainOptions
