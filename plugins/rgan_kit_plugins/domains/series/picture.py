"""Real curves beside generated ones, as a picture; the real ones travel in the manifest as one byte a value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, Field, model_validator

from rgan_kit.files import DecoderManifest

MAX_CURVES: Final = 32
_MOST_STEPS: Final = 512
_MOST_FEATURES: Final = 8
_LEVELS: Final = 255

Bound = Annotated[float, Field(gt=-1e38, lt=1e38)]


class KeptCurves(BaseModel):
    """Held-out samples in a manifest: ``levels`` are bytes ``[curves, time, features]`` as base64."""

    model_config = DecoderManifest.model_config

    shape: tuple[
        Annotated[int, Field(ge=0, le=MAX_CURVES)],
        Annotated[int, Field(ge=0, le=_MOST_STEPS)],
        Annotated[int, Field(ge=0, le=_MOST_FEATURES)],
    ]
    lengths: Annotated[tuple[Annotated[int, Field(ge=0, le=_MOST_STEPS)], ...], Field(max_length=MAX_CURVES)]
    minimum: Annotated[tuple[Bound, ...], Field(max_length=_MOST_FEATURES)]
    maximum: Annotated[tuple[Bound, ...], Field(max_length=_MOST_FEATURES)]
    levels: Annotated[str, Field(max_length=2 * MAX_CURVES * _MOST_STEPS * _MOST_FEATURES)]

    @model_validator(mode="after")
    def _fits(self) -> KeptCurves:
        curves, steps, features = self.shape
        if len(self.lengths) != curves or max(self.lengths, default=0) > steps:
            raise ValueError(f"lengths are no {curves} numbers up to {steps}")
        if len(self.minimum) != features or len(self.maximum) != features:
            raise ValueError(f"minimum and maximum are no {features} numbers each")
        try:
            size = len(base64.b64decode(self.levels, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError("levels is no base64 text") from None
        if size != curves * steps * features:
            raise ValueError(f"levels holds {size:,} bytes and not {curves * steps * features:,}")
        return self


@dataclass(frozen=True, eq=False)
class Curves:
    """Held-out samples, kept coarsely: at most 512 steps of at most 8 features, in 256 levels.

    Attributes:
        levels: uint8 ``[curves, time, features]``.
        lengths: int64 ``[curves]``; what follows is padding.
        minimum, maximum: float64 ``[features]``, what levels 0 and 255 stand for.
    """

    levels: np.ndarray
    lengths: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray

    @classmethod
    def of(cls, samples: Iterable[np.ndarray], minimum: np.ndarray, maximum: np.ndarray) -> Curves:
        """Keeps samples float32 ``[time, features]``; values beyond minimum and maximum are cut there."""
        low = minimum[:_MOST_FEATURES].astype(np.float64)
        high = maximum[:_MOST_FEATURES].astype(np.float64)
        shares = [
            np.clip((each[:_MOST_STEPS, :_MOST_FEATURES] - low) / np.maximum(high - low, 1e-300), 0, 1)
            for each in samples
        ]
        lengths = np.array([len(share) for share in shares], np.int64)
        levels = np.zeros((len(shares), int(lengths.max(initial=0)), len(low)), np.uint8)
        for place, share in enumerate(shares):
            levels[place, : len(share)] = np.rint(share * _LEVELS)
        return cls(levels, lengths, low, high)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Curves float64 ``[time, features]`` in their own units."""
        for levels, length in zip(self.levels, self.lengths, strict=True):
            yield self.minimum + levels[:length] / _LEVELS * (self.maximum - self.minimum)

    def kept(self) -> KeptCurves:
        """As a manifest holds them."""
        curves, steps, features = self.levels.shape
        return KeptCurves(
            shape=(curves, steps, features),
            lengths=tuple(self.lengths.tolist()),
            minimum=tuple(self.minimum.tolist()),
            maximum=tuple(self.maximum.tolist()),
            levels=base64.b64encode(self.levels.tobytes()).decode("ascii"),
        )

    @classmethod
    def of_kept(cls, kept: KeptCurves) -> Curves:
        """Those of a manifest."""
        levels = np.frombuffer(base64.b64decode(kept.levels), np.uint8).reshape(kept.shape)
        minimum, maximum = np.array(kept.minimum, np.float64), np.array(kept.maximum, np.float64)
        return cls(levels, np.array(kept.lengths, np.int64), minimum, maximum)


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw(names: Sequence[str], real: Curves, generated: Sequence[np.ndarray]) -> bytes:
    """A PNG: one row a feature, real curves on the left, as many generated ones on the right, on the same axes.

    Args:
        names: of the features.
        real: at most 8 features are drawn.
        generated: float ``[time, features]`` each.
    """
    from matplotlib.figure import Figure

    shown = real.levels.shape[2]
    figure = Figure(figsize=(10, 0.6 + 1.7 * shown), layout="constrained")
    axes = figure.subplots(shown, 2, sharex=True, sharey="row", squeeze=False)
    sides = (("real (held out)", list(real), "0.35"), ("generated", list(generated)[: len(real.levels)], "tab:blue"))
    for side, (title, curves, colour) in enumerate(sides):
        axes[0, side].set_title(title)
        for feature in range(shown):
            for curve in curves:
                finite = np.where(np.isfinite(curve[:, feature]), curve[:, feature], np.nan)
                axes[feature, side].plot(finite, color=colour, linewidth=0.9, alpha=0.7)
    for feature in range(shown):
        axes[feature, 0].set_ylabel(names[feature][:30], parse_math=False)
    for side in range(2):
        axes[-1, side].set_xlabel("step")
    target = BytesIO()
    figure.savefig(target, format="png", dpi=100)
    return target.getvalue()
