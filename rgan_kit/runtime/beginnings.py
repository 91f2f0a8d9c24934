"""Beginnings that a model goes on from: read by its domain, checked, and laid out as the graph takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rgan_kit.errors import UsageError
from rgan_kit.plugins.contain import contained

if TYPE_CHECKING:
    from rgan_kit.contracts.domains import Decoder
    from rgan_kit.runtime.manifest import Manifest

Given = str | Path | np.ndarray
"""A beginning: text, a file as the model was trained on, or its values: tokens int64 ``[time]`` without an end token,
or series float32 ``[time, features]`` in the data's own units."""


@dataclass(frozen=True, eq=False)
class Beginnings:
    """One for all samples, or one for each.

    Attributes:
        values: one array each, ``[time]`` or ``[time, features]``.
    """

    values: tuple[np.ndarray, ...]

    @property
    def longest(self) -> int:
        """Positions of the longest."""
        return max(len(each) for each in self.values)

    def inputs(self, numbers: range, length: int) -> dict[str, np.ndarray]:
        """``given`` ``[batch, length, ...]`` and ``known``, bool ``[batch, length]``, of the samples with these
        numbers, counted from the first one drawn."""
        own = [self.values[number if len(self.values) > 1 else 0] for number in numbers]
        given = np.zeros((len(own), length, *own[0].shape[1:]), own[0].dtype)
        known = np.zeros((len(own), length), np.bool_)
        for row, values in enumerate(own):
            given[row, : len(values)] = values
            known[row, : len(values)] = True
        return {"given": given, "known": known}


def read(
    decoder: Callable[[], Decoder],
    manifest: Manifest,
    source: str,
    given: Given | None,
    each: Sequence[Given] | Path | None,
    replace_unknown: str | None = None,
) -> Beginnings | None:
    """The beginnings that a user asks for; None where there are none.

    Args:
        decoder: gives the model's own, for those that are not arrays yet.
        manifest: of the model.
        source: names the model in messages.
        given: one for all samples.
        each: one for each sample; a file or folder with all of them, or a list.
        replace_unknown: text that stands for every symbol that the model does not know; None refuses them.

    Raises:
        UsageError: there are several where one is needed, or they are none of this model's kind.
        DataError: a file cannot be used, or holds what the model does not know.
    """
    if given is not None and each is not None:
        raise UsageError("A beginning of all samples and one of each cannot be given both.", "Leave one of them out.")
    asked: Sequence[Given] = [given] if given is not None else [each] if isinstance(each, Path) else each or ()
    if given is None and each is None:
        return None
    values: list[np.ndarray] = []
    for one in asked:
        read = [one] if isinstance(one, np.ndarray) else _decoded(decoder(), manifest, source, one, replace_unknown)
        if len(read) > 1 and not isinstance(each, Path):
            raise UsageError(
                f"{one}: holds {len(read):,} samples, where one beginning is needed.",
                "Draw one sample of each (--given-each, given_each=), or give a file with one.",
            )
        values += read
    values = [_checked(each, manifest, source) for each in values]
    if not values:
        raise UsageError("There is no beginning to go on from.")
    return Beginnings(tuple(values))


def cannot_go_on(manifest: Manifest, source: str) -> UsageError:
    """Why a model takes no beginning."""
    return UsageError(
        f"{source}: cannot go on from a beginning: a model of {manifest.recipe} does not read its own past, or was "
        "exported by an earlier version.",
        "Train by likelihood (lstm-lm), where every step sees those before it, and export with: rgankit export.",
    )


def _decoded(decoder: Decoder, manifest: Manifest, source: str, given: Any, unknown: str | None) -> list[np.ndarray]:
    begin: Callable[..., list[np.ndarray]] | None = getattr(decoder, "beginnings", None)
    if begin is None:
        raise UsageError(f"{source}: the domain '{manifest.domain}' reads no beginnings.", "Give values as an array.")
    with contained():
        return begin(given, replace_unknown=unknown)


def _checked(values: np.ndarray, manifest: Manifest, source: str) -> np.ndarray:
    output = manifest.outputs[0]
    wanted = output.shape[2:]
    kinds = "iu" if manifest.kind == "tokens" else "iuf"
    if not values.ndim or values.shape[1:] != tuple(wanted) or values.dtype.kind not in kinds or not len(values):
        shape = ", ".join(map(str, ["time", *wanted]))
        raise UsageError(f"{source}: goes on from {output.dtype} [{shape}], not {values.dtype} {list(values.shape)}.")
    return values.astype(output.dtype, copy=False)
