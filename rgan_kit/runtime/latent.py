"""What a latent space is for: encoding samples, reconstructing them, interpolating between them, and moving them from
one class to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rgan_kit.errors import UsageError
from rgan_kit.runtime import noise as random
from rgan_kit.runtime.opened import Opened, open_model

if TYPE_CHECKING:
    from rgan_kit.contracts.data import Batch
    from rgan_kit.runtime.model import Model

CAUTIOUS: Final = 0.01
"""Temperature at which a model of tokens takes the likeliest one."""


@dataclass(frozen=True)
class Posterior:
    """Where samples lie in the latent space: a normal distribution for each.

    Attributes:
        mean, log_variance: float32 ``[samples, latent_size]``.
    """

    mean: np.ndarray
    log_variance: np.ndarray


class Encoder:
    """An encoder file; ``load_encoder`` makes it.

    Args:
        opened: the file.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.source, self.manifest = opened.source, opened.manifest

    def encode(self, batch: Batch[np.ndarray], batch_size: int = 256) -> Posterior:
        """The posterior of each sample.

        Args:
            batch: samples as the domain's decoder reads them from a file (``Decoder.read``).
            batch_size: samples in one call of the graph.

        Raises:
            UsageError: the samples are not of the model's kind and size.
        """
        name = self.manifest.inputs[0].name
        parts = [
            self.opened.run(
                {name: batch.values[first : first + batch_size], "lengths": batch.lengths[first:][:batch_size]}
            )
            for first in range(0, len(batch.lengths), batch_size)
        ]
        means, log_variances = ([part[key] for part in parts] for key in ("mean", "log_variance"))
        return Posterior(np.concatenate(means), np.concatenate(log_variances))


def load_encoder(path: Path | str, **options: Any) -> Encoder:
    """Opens an encoder file; options and errors are those of ``open_model``.

    Raises:
        UsageError: the file holds no encoder.
    """
    opened = open_model(path, **options)
    if opened.manifest.role != "encoder":
        raise UsageError(
            f"{opened.source}: holds no encoder.",
            "`rgankit export --encoder` writes it beside the model, for recipes that have one.",
        )
    return Encoder(opened)


def encoder_beside(model: Path) -> Path:
    """Where the encoder of a model file lies: ``names.encoder.onnx`` beside ``names.onnx``."""
    return model.with_name(f"{model.stem}.encoder.onnx")


def check_pair(model: Model, encoder: Encoder) -> None:
    """Raises ``UsageError`` where an encoder is not of this model's training."""
    if model.manifest.hashes != encoder.manifest.hashes:
        raise UsageError(
            f"{encoder.source} and {model.source} do not come from the same checkpoint of one run.",
            "Export both at once with: rgankit export RUN --encoder",
        )


def decode(
    model: Model, latent: np.ndarray, *, labels: np.ndarray | None = None, length: int | None = None
) -> list[Any]:
    """The likeliest samples of latents: no chance but what the latent says.

    Args:
        model: one with a latent.
        latent: float ``[samples, latent_size]``.
        labels: int64 ``[samples]``, for conditional models.
        length: positions; None takes the manifest's ``max_length``.

    Raises:
        UsageError: the model has no latent, or one of another size; it needs labels.
    """
    about = model.manifest
    if latent.ndim != 2 or latent.shape[1] != about.latent_size or not about.latent_size:
        raise UsageError(f"{model.source}: takes latents of {about.latent_size} numbers, not {list(latent.shape)}.")
    count, time = len(latent), length or about.max_length
    shape = (count, time) if about.noise == "uniform" else (count, time, about.noise_size)
    middle = 0.5 if about.noise == "uniform" else 0.0
    outputs = model.run(
        noise=np.full(shape, middle, np.float32),
        latent=latent.astype(np.float32),
        labels=labels if about.labels else None,
        temperature=CAUTIOUS if about.noise == "uniform" else None,
    )
    return model.decoder.decode(outputs)


def prior(model: Model, seed: int) -> np.ndarray:
    """A latent drawn from the prior, ``[1, latent_size]``: the one of the first sample of this seed."""
    return random.latent(seed, 0, 1, model.manifest.latent_size)


def transfer(latent: np.ndarray, source: np.ndarray, target: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Latents moved by the difference of two sets' means (Larsen et al. 2016, arXiv:1512.09300; for text Shen et al.
    2020, arXiv:1905.12777): ``latent + strength * (mean(target) - mean(source))``.

    Args:
        latent: float32 ``[samples, latent_size]``.
        source, target: latents of examples, ``[n, latent_size]`` and ``[m, latent_size]``.
        strength: 1 for the whole way.
    """
    moved: np.ndarray = latent + np.float32(strength) * (target.mean(0) - source.mean(0))
    return moved.astype(np.float32)


def slerp(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Points on the great circle from one latent ``[latent_size]`` to another, both included (White 2016,
    arXiv:1609.04468): ``[steps, latent_size]``. Straight where the two lie in one direction.

    Raises:
        UsageError: fewer than two steps.
    """
    if steps < 2:
        raise UsageError(f"steps is {steps}; an interpolation has at least its two ends.")
    share = np.linspace(0, 1, steps)[:, None]
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    cosine = float(np.dot(start, end) / max(lengths[0] * lengths[1], 1e-12))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-4:
        mixed = (1 - share) * start + share * end
    else:
        mixed = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)
    return np.asarray(mixed, np.float32)
