"""Marks samples of token models for whoever holds a key, without touching the graph or the distribution.

Randomness is an input of a model file. Where it comes from a secret seed instead of a public one, samples are drawn as
ever, but the uniform number behind every token is known to the holder of the secret, and a token says roughly where its
number lay: the inverse-transform watermark of Kuditipudi et al. 2023 (arXiv:2307.15593), with the model's own order of
symbols in place of a secret permutation, so that the graph stays as it is.

The test is exact. Let ``c`` be the mean of the numbers that led to a token, learnt from the model when the key was
made. For text that does not depend on the key, a number ``u`` is uniform, so the chance that it lies as near to ``c``
as it does, ``q = |[c - d, c + d] ∩ [0, 1]|`` with ``d = |u - c|``, is uniform too, and ``-Σ log q`` of ``n`` tokens
has a Gamma(n, 1) distribution (Fisher 1932). The offset in the stream of numbers is not known and all ``OFFSETS``
are tried, which the p-value counts (Bonferroni).
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import noise
from rgan_kit.runtime.manifest import Manifest
from rgan_kit.storage import to_json, write_whole

if TYPE_CHECKING:
    from rgan_kit.contracts.data import Batch
    from rgan_kit.runtime.model import Model

OFFSETS: Final = 1 << 16
"""Samples that one key can mark before its numbers come again."""

MOST_TOKENS: Final = 2000
"""Tokens that a test looks at: far more than it needs."""

_KEPT: Final = 256
"""Surprises of tokens that a detector keeps: half a megabyte each. Numbers that it keeps take half as much again."""

_CALIBRATION_SAMPLES, _CALIBRATION_SEED = 2000, 0
_VAGUE: Final = 0.25
"""Standard deviation of the numbers behind a token, from which on it says nothing (that of a uniform one is 0.289)."""

_GRAIN: Final = 2.0**-24
"""Numbers are multiples of it, so that one may lie exactly at ``c``."""


class Key(BaseModel):
    """What marks and finds; keep it as secret as a password.

    Attributes:
        secret: seed of the numbers, below 2**64.
        manifest: of the model that it was made for.
        centres: for each token, the mean of the numbers that lead to it; None where it says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: int = Field(1, ge=1, le=1)
    secret: int = Field(ge=0, lt=noise.SEEDS)
    manifest: Manifest
    centres: tuple[Annotated[float, Field(ge=0, le=1)] | None, ...]

    @field_validator("manifest")
    @classmethod
    def _of_tokens(cls, manifest: Manifest) -> Manifest:
        if manifest.kind != "tokens":
            raise ValueError(f"only models of tokens can be marked, and this one makes {manifest.kind}")
        return manifest

    def start(self, seed: int, count: int) -> int:
        """The offset in the stream where ``count`` samples of a public seed begin: anywhere, so that seeds beside each
        other do not share samples.

        Raises:
            UsageError: there are more samples than offsets.
        """
        if count > OFFSETS:
            raise UsageError(
                f"{count:,} samples are more than one key can mark ({OFFSETS:,}).", "Draw fewer at a time."
            )
        return int(noise.labels(seed, 0, 1, OFFSETS - count + 1)[0])


@dataclass(frozen=True)
class Detection:
    """What a test found.

    Attributes:
        p_value: the chance that text without the mark looks as marked as this, at most.
        tokens: how many of its tokens say anything, and were looked at.
        offset: where in the stream it would have begun.
    """

    p_value: float
    tokens: int
    offset: int


def make_key(model: Model) -> Key:
    """A new key for a model of tokens.

    Raises:
        UsageError: the model is of another kind.
    """
    if model.manifest.kind != "tokens":
        raise UsageError(f"{model.source}: makes {model.manifest.kind}; only models of tokens can be marked.")
    outputs = model.outputs(_CALIBRATION_SAMPLES, seed=_CALIBRATION_SEED)
    tokens, lengths = outputs["tokens"], outputs["lengths"]
    numbers = noise.uniform(_CALIBRATION_SEED, 0, len(tokens), tokens.shape[1])
    drawn = np.arange(tokens.shape[1]) <= lengths[:, None]  # the end token is drawn as the others are
    found, numbers = tokens[drawn], numbers[drawn].astype(np.float64)
    counts = np.bincount(found)
    with np.errstate(invalid="ignore"):
        means = np.bincount(found, numbers) / counts
        spreads = np.sqrt(np.maximum(np.bincount(found, numbers**2) / counts - means**2, 0))
    useful = (counts >= 10) & (spreads < _VAGUE)
    centres = tuple(round(float(mean), 4) if use else None for mean, use in zip(means, useful, strict=True))
    return Key(secret=secrets.randbits(64), manifest=model.manifest, centres=centres)


def write_key(key: Key, path: Path) -> None:
    """Writes a key, readable by its owner alone.

    Raises:
        RganKitError: it cannot be written.
        OSError: its folder cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, to_json(key.model_dump(mode="json")), mode=0o600)


def read_key(path: Path) -> Key:
    """What ``write_key`` wrote.

    Raises:
        DataError: the file is missing, or is no key.
    """
    try:
        return Key.model_validate_json(path.read_bytes(), strict=False)
    except OSError as error:
        raise DataError(f"{path}: the watermark key cannot be read: {error.strerror}.") from error
    except (ValidationError, json.JSONDecodeError) as error:
        raise DataError(
            f"{path}: this is no watermark key.", "`rgankit sample MODEL --watermark-key FILE` makes one."
        ) from error


def detect(key: Key, batch: Batch[Any]) -> Detection:
    """Tests whether samples carry a key's mark; as ``Detector.detect``."""
    return Detector(key).detect(batch)


class Detector:
    """Tests samples for one key; what it worked out for some, it keeps for the next.

    Args:
        key: of the model that may have made them.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._centres = np.array([math.nan if value is None else value for value in key.centres])
        numbers = lru_cache(_KEPT // 4)(partial(_numbers_of, key.secret))
        self._surprise = lru_cache(_KEPT)(partial(_surprise_of, numbers, self._centres))

    def detect(self, batch: Batch[Any]) -> Detection:
        """Tests whether samples carry the mark.

        Args:
            batch: samples in the order in which they were drawn, as the domain's decoder reads them (end token
                counted); the first may be missing, those in between may not.

        Returns:
            ``p_value`` 1 where no token says anything.
        """
        tokens, evidence = 0, np.zeros(1)
        for tokens, evidence in self._add_up(batch):  # noqa: B007 - only the last counts
            pass
        return _test(tokens, evidence)

    def growing(self, batch: Batch[Any]) -> Iterator[Detection]:
        """What ``detect`` says of the text up to each of the tokens that ``informative`` lists."""
        for tokens, evidence in self._add_up(batch):
            yield _test(tokens, evidence)

    def informative(self, batch: Batch[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Rows and steps of the tokens that say anything, in order: int64 ``[tokens]`` each, the first
        ``MOST_TOKENS`` of the first ``OFFSETS`` samples."""
        values, lengths = batch.values[:OFFSETS], batch.lengths[:OFFSETS]
        inside = np.arange(values.shape[1]) < lengths[:, None]
        rows, steps = np.nonzero(inside & (values < len(self._centres)))
        known = np.flatnonzero(~np.isnan(self._centres[values[rows, steps]]))[:MOST_TOKENS]
        return rows[known], steps[known]

    def _add_up(self, batch: Batch[Any]) -> Iterator[tuple[int, np.ndarray]]:
        """After each informative token, how many there were, and their surprise if the text began at each offset."""
        rows, steps = self.informative(batch)
        tokens = batch.values[rows, steps]
        evidence = np.zeros(OFFSETS)
        for count, (row, step, token) in enumerate(zip(rows.tolist(), steps.tolist(), tokens.tolist(), strict=True), 1):
            evidence = evidence[: OFFSETS - row]  # offsets from which on the key has numbers for so many samples
            evidence += self._surprise(step, token)[row:]
            yield count, evidence


def _numbers_of(secret: int, block: int) -> np.ndarray:
    """Numbers behind four steps (a block of ``noise``) of every sample: float32 ``[4, OFFSETS]``."""
    counter = np.zeros((4, OFFSETS), np.uint64)
    counter[0], counter[1], counter[3] = block, np.arange(OFFSETS), noise.NOISE
    words = noise.philox(counter, (secret & 0xFFFFFFFF, secret >> 32))
    return (words >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)


def _surprise_of(numbers: Callable[[int], np.ndarray], centres: np.ndarray, step: int, token: int) -> np.ndarray:
    """Surprise of a token at a step of every sample that a key can mark: ``[OFFSETS]``."""
    return np.asarray(-np.log(_chance(numbers(step // 4)[step % 4], float(centres[token]))))


def _test(tokens: int, evidence: np.ndarray) -> Detection:
    """The chance of the greatest evidence, by the number of offsets where it was looked for."""
    offset = int(evidence.argmax())
    log_p = min(0.0, math.log(len(evidence)) + log_gamma_tail(tokens, float(evidence[offset])))
    return Detection(math.exp(log_p), tokens, offset)


def _chance(numbers: np.ndarray, centre: float) -> np.ndarray:
    """That a uniform number lies as near to ``centre`` as these do."""
    distance = np.abs(numbers.astype(np.float64) - centre)
    near = np.minimum(centre + distance, 1) - np.maximum(centre - distance, 0) + _GRAIN
    return np.asarray(np.minimum(near, 1.0))


def log_gamma_tail(shape: int, value: float) -> float:
    """``log P(X ≥ value)`` of a Gamma(shape, 1) number: that of a Poisson(value) one being below ``shape``."""
    if value <= 0:
        return 0.0
    k = np.arange(shape)
    terms = k * math.log(value) - np.cumsum(np.log(np.maximum(k, 1)))
    highest = float(terms.max())
    return min(0.0, float(highest + math.log(float(np.exp(terms - highest).sum())) - value))
