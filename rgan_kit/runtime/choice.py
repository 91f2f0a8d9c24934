"""How symbols are chosen: at what temperature, among how many, and no sooner than when a sample may end.

A model file that takes these as inputs does it inside; of one step of a model, ``pick`` does it outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.runtime.manifest import Manifest, TensorInfo

_BELOW_ONE: Final = np.float32(1.0 - 2.0**-23)
_COLDEST: Final = np.float32(1e-4)
_IMPOSSIBLE: Final = np.float32(-1e9)


@dataclass(frozen=True)
class Choice:
    """What a user asks of a draw; None leaves it to the model.

    Attributes:
        temperature: below 1 sharpens, above 1 flattens, 0 takes the likeliest.
        top_p: the fewest likeliest symbols whose chances add up to it are drawn from (Holtzman et al. 2020,
            arXiv:1904.09751); above 0, and 1 for all.
        top_k: so many of the likeliest symbols are drawn from (Fan et al. 2018, arXiv:1805.04833); 0 for all.
        min_length: no sample ends before it has so many symbols, those of its beginning among them.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_length: int | None = None

    def asked(self) -> dict[str, float | int]:
        """What is not left to the model, by name."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}

    def inputs(self, manifest: Manifest, source: str) -> dict[str, np.ndarray]:
        """The inputs of a model, those that were not asked for at their defaults.

        Raises:
            UsageError: the model has no such input, or the number makes no sense.
        """
        for name in self.asked():
            if manifest.input(name) is None:
                raise _lacks(name, manifest, source)
        infos = ((each.name, manifest.input(each.name)) for each in fields(self))
        return {name: self._checked(name, info, manifest) for name, info in infos if info is not None}

    def _checked(self, name: str, info: TensorInfo, manifest: Manifest) -> np.ndarray:
        usual = 1.0 if info.default is None else info.default
        value = usual if getattr(self, name) is None else getattr(self, name)
        greedy = value == 0 and "top_k" in manifest.takes
        if name == "temperature":
            return _above_zero(name, value, info.minimum or 0.0, info.maximum, allowed=greedy)
        if name == "top_p":
            return _above_zero(name, value, 0.0, 1.0)
        return _whole(name, value)

    def checked(self) -> Choice:
        """The same, once its numbers make sense for symbols that are picked outside of a graph.

        Raises:
            UsageError: one of them does not.
        """
        if self.temperature is not None:
            _above_zero("temperature", self.temperature, 0.0, None, allowed=self.temperature == 0)
        if self.top_p is not None:
            _above_zero("top_p", self.top_p, 0.0, 1.0)
        for name in ("top_k", "min_length"):
            _whole(name, getattr(self, name) or 0)
        return self

    def pick(self, logits: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """One symbol a row, int64 ``[batch]``, as a model file picks it: from logits float32 ``[batch, vocabulary]``
        and uniform numbers ``[batch]`` in [0, 1)."""
        temperature = np.float32(1.0 if self.temperature is None else self.temperature)
        if temperature == 0:
            return np.asarray(logits.argmax(axis=1), np.int64)
        if (self.top_p or 1) < 1 or self.top_k:
            logits = _restricted(logits, temperature, np.float32(self.top_p or 1), self.top_k or logits.shape[1])
        return pick(logits, uniform, temperature)


def _lacks(name: str, manifest: Manifest, source: str) -> UsageError:
    if manifest.kind != "tokens" or name == "temperature":
        return UsageError(f"{source}: a model of {manifest.kind} has no {name}.")
    return UsageError(
        f"{source}: takes no {name}: it was exported without.",
        "Export it again with: rgankit export. Of its step file, --stream can do it as it is.",
    )


def _above_zero(name: str, value: Any, low: float, high: float | None, *, allowed: bool = False) -> np.ndarray:
    """A float32 scalar above zero and within its bounds, unless ``allowed``."""
    high = np.inf if high is None else high
    with np.errstate(over="ignore", under="ignore"):
        number = np.asarray(value, np.float32)
    if not allowed and (number.ndim or not (np.isfinite(number) and number > 0 and low <= value <= high)):
        bounds = f"above 0 and within {low:g} and {high:g}" if (low, high) != (0.0, np.inf) else "above 0"
        raise UsageError(f"The {name} is {value}; it must be a number {bounds}.")
    return number


def _whole(name: str, value: Any) -> np.ndarray:
    number = np.asarray(value)
    if number.ndim or number.dtype.kind not in "iu" or not 0 <= number < 1 << 31:
        raise UsageError(f"{name} is {value}; it must be a whole number from 0.")
    return number.astype(np.int64)


def _restricted(logits: np.ndarray, temperature: np.float32, top_p: np.float32, top_k: int) -> np.ndarray:
    """Logits with what is not drawn from made impossible, as ``rgan_kit.nn.Restriction`` does."""
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.maximum(temperature, _COLDEST))
    weights /= weights.sum(axis=1, keepdims=True)
    ordered = -np.sort(-weights, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    ranks = np.arange(logits.shape[1])
    kept = ((before < top_p) | (ranks < 1)) & (ranks < top_k)
    least = np.where(kept, ordered, np.float32(2)).min(axis=1, keepdims=True)
    return np.where(weights >= least, logits, _IMPOSSIBLE)


def pick(logits: np.ndarray, uniform: np.ndarray, temperature: np.float32) -> np.ndarray:
    """Draws one symbol a row by inverse cumulative distribution, as a model file does inside: in two levels, and in
    float32.

    Args:
        logits: float32 ``[batch, vocabulary]``.
        uniform: float32 ``[batch]`` in [0, 1).
        temperature: above 0.

    Returns:
        int64 ``[batch]``.
    """
    rows, vocabulary = logits.shape
    block = math.ceil(math.sqrt(vocabulary))
    blocks = math.ceil(vocabulary / block)
    weights = np.zeros((rows, blocks * block), np.float32)
    highest = logits.max(axis=1, keepdims=True)
    weights[:, :vocabulary] = np.exp((logits - highest) / np.maximum(temperature, _COLDEST))
    weights = weights.reshape(rows, blocks, block)
    cumulative = np.cumsum(weights.sum(axis=2), axis=1)  # [batch, blocks]
    target = np.clip(uniform, 0, _BELOW_ONE)[:, None] * cumulative[:, -1:]
    chosen = (cumulative <= target).sum(axis=1, keepdims=True)
    before = np.take_along_axis(np.pad(cumulative, ((0, 0), (1, 0))), chosen, axis=1)
    inside = np.cumsum(np.take_along_axis(weights, chosen[:, :, None], axis=1)[:, 0], axis=1)  # [batch, block]
    share = (target - before) / (np.take_along_axis(cumulative, chosen, axis=1) - before)
    within = (inside <= np.clip(share, 0, _BELOW_ONE) * inside[:, -1:]).sum(axis=1)
    return np.asarray(chosen[:, 0] * block + within, np.int64)
