"""What a user asks of a model, checked, and turned into what its graph is given."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

import numpy as np

from rgan_kit.errors import UsageError
from rgan_kit.runtime import beginnings
from rgan_kit.runtime import noise as random
from rgan_kit.runtime.beginnings import Beginnings, Given
from rgan_kit.runtime.choice import Choice
from rgan_kit.runtime.opened import check_range

if TYPE_CHECKING:
    from rgan_kit.contracts.domains import Decoder
    from rgan_kit.runtime.manifest import Manifest

MAX_LENGTH: Final = 65_536
"""The longest sequence that is drawn."""


class Asked(TypedDict, total=False):
    """What ``Model.outputs`` can be asked for by name; it says what each means."""

    seed: int | None
    temperature: float | None
    label: str | None
    length: int | None
    horizon: int | None
    given: Given | None
    given_each: Sequence[Given] | Path | None
    replace_unknown: str | None
    top_p: float | None
    top_k: int | None
    min_length: int | None
    batch_size: int
    start: int


@dataclass(frozen=True)
class Request:
    """What is asked for; ``Model.outputs`` says what each means."""

    n: int | None = None
    seed: int | None = None
    label: str | None = None
    length: int | None = None
    horizon: int | None = None
    given: Given | None = None
    given_each: Sequence[Given] | Path | None = None
    replace_unknown: str | None = None
    choice: Choice = Choice()  # noqa: RUF009 - frozen
    start: int = 0


@dataclass(frozen=True, eq=False)
class Draw:
    """A request that makes sense.

    Attributes:
        manifest: of the model.
        n, seed, start: which samples.
        length: positions of each.
        label: number of their class; None draws one for each.
        begun: what they begin with.
        choice: of symbols.
    """

    manifest: Manifest
    n: int
    seed: int
    start: int
    length: int
    label: int | None
    begun: Beginnings | None
    choice: Choice

    def inputs(self, first: int, count: int) -> dict[str, Any]:
        """Noise, a latent and labels where the model has them, and beginnings where there are some, of the samples from
        number ``first`` on."""
        told = {}
        if self.begun is not None:
            told = self.begun.inputs(range(first - self.start, first - self.start + count), self.length)
        return {**chance(self.manifest, self.seed, first, count, self.length, self.label), **told}

    def batches(self, size: int) -> Iterator[dict[str, Any]]:
        """The inputs of all samples, so many at a time."""
        for first in range(self.start, self.start + self.n, size):
            yield self.inputs(first, min(size, self.start + self.n - first))


def settle(request: Request, manifest: Manifest, source: str, decoder: Callable[[], Decoder]) -> Draw:
    """Checks a request, reads its beginnings, and draws a seed where there is none.

    Raises:
        UsageError: it makes no sense for the model; says why.
        DataError: a beginning cannot be used.
    """
    begun = beginnings.read(decoder, manifest, source, request.given, request.given_each, request.replace_unknown)
    n = _count(request, begun)
    seed = fresh_seed() if request.seed is None else request.seed
    length = length_of(request, manifest, begun)
    check_range("n", n, 1, random.SEEDS - 1)
    check_range("length", length, 1, MAX_LENGTH)
    check_range("seed", seed, 0, random.SEEDS - 1)
    check_range("start", request.start, 0, random.SEEDS - n)
    label = None if request.label is None else label_number(request.label, manifest, source)
    return Draw(manifest, n, seed, request.start, length, label, begun, request.choice)


def _count(request: Request, begun: Beginnings | None) -> int:
    if request.given_each is None or begun is None:
        return 1 if request.n is None else request.n
    if request.n not in (None, len(begun.values)):
        raise UsageError(
            f"There are {len(begun.values):,} beginnings, and {request.n:,} samples are asked for.",
            "One sample of each is drawn: leave the number out.",
        )
    return len(begun.values)


def length_of(request: Request, manifest: Manifest, begun: Beginnings | None) -> int:
    """Positions to draw, those of the longest beginning among them.

    Raises:
        UsageError: it is said twice, or is less than what is given.
    """
    if request.length is not None and request.horizon is not None:
        raise UsageError("length and horizon both say how long samples are.", "Leave one of them out.")
    longest = 0 if begun is None else begun.longest
    if request.length is None:
        return longest + (manifest.max_length if request.horizon is None else request.horizon)
    if request.length < longest:
        raise UsageError(
            f"length is {request.length}, and the beginning has {longest} positions already.",
            "It counts those of the beginning too; horizon counts what follows.",
        )
    return request.length


def label_number(name: str, manifest: Manifest, source: str) -> int:
    """The number of a class.

    Raises:
        UsageError: there is none of this name.
    """
    labels = manifest.labels
    if not labels:
        raise UsageError(f"{source}: the model is not conditional and has no labels.", "Leave the label out.")
    if name not in labels:
        near = difflib.get_close_matches(name, labels, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(labels)}."
        raise UsageError(f"No label is called '{name}'.", hint)
    return labels.index(name)


def chance(
    manifest: Manifest, seed: int, first: int, count: int, length: int, label: int | None
) -> dict[str, np.ndarray]:
    """Noise, and a latent and labels where the model has them."""
    if manifest.noise == "uniform":
        drawn = {"noise": random.uniform(seed, first, count, length)}
    else:
        drawn = {"noise": random.normal(seed, first, count, length, manifest.noise_size)}
    if manifest.latent_size:
        drawn["latent"] = random.latent(seed, first, count, manifest.latent_size)
    if label is not None:
        drawn["labels"] = np.full(count, label, np.int64)
    elif manifest.labels:
        drawn["labels"] = random.labels(seed, first, count, len(manifest.labels))
    return drawn


def nothing_given(manifest: Manifest, noise: np.ndarray) -> dict[str, np.ndarray]:
    """``given`` and ``known`` of samples without a beginning; none for a model that takes none."""
    info = manifest.input("given")
    if info is None:
        return {}
    sizes = (*noise.shape[:2], *(size for size in info.shape if isinstance(size, int)))
    return {"given": np.zeros(sizes, info.dtype), "known": np.zeros(noise.shape[:2], np.bool_)}


def fresh_seed() -> int:
    """A seed that nobody chose: short enough to be typed."""
    return secrets.randbits(32)
