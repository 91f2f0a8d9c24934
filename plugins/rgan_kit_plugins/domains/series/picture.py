"""Real curves beside generated ones, as a picture; the real ones travel in the manifest as one byte a value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Final

import numpy as np

MAX_CURVES: Final = 32
_MOST_STEPS: Final = 512
_MOST_CHANNELS: Final = 8
_LEVELS: Final = 255


@dataclass(frozen=True, eq=False)
class Curves:
    """Held-out samples, kept coarsely: at most 512 steps of at most 8 channels, in 256 levels.

    Attributes:
        levels: uint8 ``[curves, time, channels]``.
        lengths: int64 ``[curves]``; what follows is padding.
        minimum, maximum: float64 ``[channels]``, what levels 0 and 255 stand for.
    """

    levels: np.ndarray
    lengths: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray

    @classmethod
    def of(cls, samples: Iterable[np.ndarray], minimum: np.ndarray, maximum: np.ndarray) -> Curves:
        """Keeps samples float32 ``[time, channels]``; values beyond minimum and maximum are cut there."""
        low = minimum[:_MOST_CHANNELS].astype(np.float64)
        high = maximum[:_MOST_CHANNELS].astype(np.float64)
        shares = [
            np.clip((each[:_MOST_STEPS, :_MOST_CHANNELS] - low) / np.maximum(high - low, 1e-300), 0, 1)
            for each in samples
        ]
        lengths = np.array([len(share) for share in shares], np.int64)
        levels = np.zeros((len(shares), int(lengths.max(initial=0)), len(low)), np.uint8)
        for place, share in enumerate(shares):
            levels[place, : len(share)] = np.rint(share * _LEVELS)
        return cls(levels, lengths, low, high)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Curves float64 ``[time, channels]`` in their own units."""
        for levels, length in zip(self.levels, self.lengths, strict=True):
            yield self.minimum + levels[:length] / _LEVELS * (self.maximum - self.minimum)

    def manifest(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "shape": list(self.levels.shape),
            "lengths": self.lengths.tolist(),
            "minimum": self.minimum.tolist(),
            "maximum": self.maximum.tolist(),
            "levels": base64.b64encode(self.levels.tobytes()).decode("ascii"),
        }

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Curves:
        """Those of a manifest without ``curve_problems``."""
        levels = np.frombuffer(base64.b64decode(manifest["levels"]), np.uint8).reshape(manifest["shape"])
        bounds = (np.array(manifest[name], np.float64) for name in ("minimum", "maximum"))
        return cls(levels, np.array(manifest["lengths"], np.int64), *bounds)


def curve_problems(manifest: Any, channels: int) -> Iterator[str]:
    """Everything that is wrong with a manifest of curves; it may come from a stranger."""
    if not isinstance(manifest, Mapping):
        yield "curves is no object"
        return
    shape: Any = manifest.get("shape")
    limits = (MAX_CURVES, _MOST_STEPS, _MOST_CHANNELS)
    if not _is_list_of(shape, int, 3) or not all(0 <= n <= most for n, most in zip(shape, limits, strict=True)):
        yield f"curves.shape is no list of three numbers up to {limits}"
        return
    if shape[2] != min(channels, _MOST_CHANNELS):
        yield f"curves.shape is for {shape[2]} channels and not {min(channels, _MOST_CHANNELS)}"
    lengths: Any = manifest.get("lengths")
    if not _is_list_of(lengths, int, shape[0]) or not all(0 <= length <= shape[1] for length in lengths):
        yield f"curves.lengths is no list of {shape[0]} numbers up to {shape[1]}"
    for name in ("minimum", "maximum"):
        values: Any = manifest.get(name)
        if not _is_list_of(values, (int, float), shape[2]) or not all(abs(value) < 1e38 for value in values):
            yield f"curves.{name} is no list of {shape[2]} numbers"
    try:
        size = len(base64.b64decode(manifest.get("levels", ""), validate=True))
    except (TypeError, ValueError, binascii.Error):
        yield "curves.levels is no base64 text"
        return
    if size != shape[0] * shape[1] * shape[2]:
        yield f"curves.levels holds {size:,} bytes and not {shape[0] * shape[1] * shape[2]:,}"


def _is_list_of(values: Any, kinds: Any, size: int) -> bool:
    if not isinstance(values, list | tuple) or len(values) != size:
        return False
    return all(isinstance(value, kinds) and not isinstance(value, bool) for value in values)


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw(names: Sequence[str], real: Curves, generated: Sequence[np.ndarray]) -> bytes:
    """A PNG: one row a channel, real curves on the left, as many generated ones on the right, on the same axes.

    Args:
        names: of the channels.
        real: at most 8 channels are drawn.
        generated: float ``[time, channels]`` each.
    """
    from matplotlib.figure import Figure

    shown = real.levels.shape[2]
    figure = Figure(figsize=(10, 0.6 + 1.7 * shown), layout="constrained")
    axes = figure.subplots(shown, 2, sharex=True, sharey="row", squeeze=False)
    sides = (("real (held out)", list(real), "0.35"), ("generated", list(generated)[: len(real.levels)], "tab:blue"))
    for side, (title, curves, colour) in enumerate(sides):
        axes[0, side].set_title(title)
        for channel in range(shown):
            for curve in curves:
                finite = np.where(np.isfinite(curve[:, channel]), curve[:, channel], np.nan)
                axes[channel, side].plot(finite, color=colour, linewidth=0.9, alpha=0.7)
    for channel in range(shown):
        axes[channel, 0].set_ylabel(names[channel][:30], parse_math=False)
    for side in range(2):
        axes[-1, side].set_xlabel("step")
    target = BytesIO()
    figure.savefig(target, format="png", dpi=100)
    return target.getvalue()
