"""Arrays that a model file may give: anything within the contract of its kind, likely or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rgan_kit.contracts import DataSpec, FrameSpec, SeriesSpec, TokenSpec

Outputs = dict[str, np.ndarray]


def any_outputs(
    spec: DataSpec, seed: int, shapes: Sequence[tuple[int, int]] | None = None
) -> Iterator[tuple[str, Outputs]]:
    """Outputs of models of this kind, each with words for them.

    Args:
        spec: of the data.
        seed: of what is drawn.
        shapes: batch and time; from 1 up to beyond the longest sample where None.
    """
    rng = np.random.default_rng(seed)
    for size, time in shapes or ((1, 1), (2, 7), (5, spec.max_length + 3)):
        where = f"of (batch, time) {size, time}"
        if isinstance(spec, TokenSpec):
            yield from ((f"{what} {where}", each) for what, each in _tokens(spec, size, time, rng))
        elif isinstance(spec, SeriesSpec):
            yield from ((f"{what} {where}", each) for what, each in _series(spec, size, time, rng))
        else:
            yield from ((f"{what} {where}", each) for what, each in _frames(spec, size, time, rng))


def _tokens(spec: TokenSpec, size: int, time: int, rng: np.random.Generator) -> Iterator[tuple[str, Outputs]]:
    lengths = rng.integers(0, time + 1, size)
    drawn = rng.integers(0, spec.vocab_size, (size, time))
    yield "tokens of every number", {"tokens": drawn, "lengths": lengths}
    yield "whole sequences of tokens", {"tokens": drawn, "lengths": np.full(size, time)}
    yield "sequences of length 0", {"tokens": drawn, "lengths": np.zeros(size, np.int64)}
    special = np.array([spec.eos, *spec.never_generated])
    yield "special tokens alone", {"tokens": rng.choice(special, (size, time)), "lengths": np.full(size, time)}
    for token in rng.choice(spec.vocab_size, min(8, spec.vocab_size), replace=False):
        yield f"nothing but token {token}", {"tokens": np.full((size, time), token), "lengths": np.full(size, time)}


def _series(spec: SeriesSpec, size: int, time: int, rng: np.random.Generator) -> Iterator[tuple[str, Outputs]]:
    shape = (size, time, spec.features)
    middle, reach = (spec.maximum + spec.minimum) / 2, spec.maximum - spec.minimum
    largest = np.finfo(np.float32).max
    drawn = {
        "series in the range of the data": rng.uniform(spec.minimum, spec.maximum, shape),
        "series far beyond the range of the data": middle + 100 * reach * rng.standard_normal(shape),
        "series of zeros": np.zeros(shape),
        "series of the largest numbers": rng.choice([-largest, largest], shape),
        "series of the smallest numbers": rng.choice([-1e-45, 1e-45], shape),
    }
    for what, values in drawn.items():
        yield what, {"series": np.clip(values, -largest, largest).astype(np.float32)}


def _frames(spec: FrameSpec, size: int, time: int, rng: np.random.Generator) -> Iterator[tuple[str, Outputs]]:
    shape = (size, time, spec.height, spec.width, spec.channels)
    yield "frames of noise", {"frames": rng.integers(0, 256, shape, np.uint8)}
    yield "black frames", {"frames": np.zeros(shape, np.uint8)}
    yield "white frames", {"frames": np.full(shape, 255, np.uint8)}
