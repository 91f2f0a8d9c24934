"""Options of the trainer, common to all recipes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, create_model, field_validator

from rgan_kit.contracts.options import Options


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
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the second moment")
    weight_decay: float = Field(0.0, ge=0, le=1, description="decoupled weight decay (AdamW)")
    clip_norm: float = Field(5.0, ge=0, le=1e6, description="largest norm of a network's gradient; 0 for no clipping")
    average_decay: float = Field(
        0.99,
        ge=0,
        lt=1,
        description="of the moving average of the generator's weights, which is what is exported; 0 for none",
    )
    select: Literal["best", "last"] = Field(
        "best", description="which weights are exported: those of the best evaluation, or the last"
    )
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
