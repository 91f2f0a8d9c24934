"""What a step file has to hold: each step is torch's, and many of them are the sequence of the whole model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rgan_kit.contracts import ParityError
from rgan_kit.export.interface import example_inputs
from rgan_kit.export.verify import TOLERANCE, Run, cases, compare_tokens, difference, eager
from rgan_kit.runtime.manifest import TensorInfo
from rgan_kit.runtime.opened import Opened
from rgan_kit.runtime.stream import Step

BATCHES, STEPS = (1, 2, 5), 7
DRIVEN = (5, 19)
"""Batch and time of the sequences that are compared with the whole model's."""

_POSSIBLE = -1e8
"""Logits below it say no more than that a symbol must not come."""


def compare_steps(
    stepper: nn.Module, run: Run, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> dict[str, float]:
    """Torch against the file over several steps, each going on from its own states.

    Args:
        stepper: the torch module.
        run: the step file.
        inputs, outputs: as declared.

    Returns:
        ``steps_compared`` and ``largest_difference`` of what they make and of their states.

    Raises:
        ParityError: where they differ, and by how much.
    """
    largest, allowed = 0.0, 1.0 if outputs[0].dtype == "uint8" else TOLERANCE
    for batch in BATCHES:
        ours: dict[str, Tensor] = {}
        theirs: dict[str, Tensor] = {}
        for step in range(STEPS):
            given = example_inputs(inputs, batch, 1, seed=100 * batch + step)
            made, found = eager(stepper, {**given, **ours}, outputs), run({**given, **theirs})
            for info in outputs:
                gap = _gap(made[info.name], found[info.name], info.name)
                if gap > (allowed if info is outputs[0] else TOLERANCE):
                    raise ParityError(f"At batch {batch}, step {step}, `{info.name}` differs from torch's by {gap:g}.")
                largest = max(largest, gap)
            ours, theirs = _next(made), _next(found)
    return {"steps_compared": len(BATCHES) * STEPS, "largest_difference": largest}


def _gap(mine: np.ndarray, theirs: np.ndarray, name: str) -> float:
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return float("inf")
    if name != "logits":
        return difference(mine, theirs)
    possible = mine > _POSSIBLE
    if (possible != (theirs > _POSSIBLE)).any():
        return float("inf")
    return difference(mine[possible], theirs[possible]) if possible.any() else 0.0


def _next(made: dict[str, np.ndarray]) -> dict[str, Tensor]:
    return {
        name.removeprefix("next_"): torch.from_numpy(value.copy())
        for name, value in made.items()
        if name.startswith("next_state_")
    }


def compare_driven(
    sampler: nn.Module, opened: Opened, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> dict[str, float]:
    """The whole model in torch against the step file, driven with the same noise.

    Args:
        sampler: the whole model in torch.
        opened: the step file.
        inputs, outputs: of the whole model.

    Returns:
        ``tokens_compared`` and ``tokens_at_boundary``, or ``largest_difference_of_sequences``.

    Raises:
        ParityError: where they differ.
    """
    batch, time = DRIVEN
    figures: dict[str, float] = {}
    for case, given in cases(sampler, example_inputs(inputs, batch, time, seed=batch), outputs):
        mine = eager(sampler, given, outputs)
        steps = list(Step(opened).drive(**{name: tensor.numpy() for name, tensor in given.items()}))
        name, where = outputs[0].name, f"a sequence of steps{case}"
        if name != "tokens":
            made = np.zeros_like(mine[name])  # after the longest sample nothing is driven
            made[:, : len(steps)] = np.stack(steps, axis=1)
            gap = difference(mine[name], made)
            if gap > (1.0 if outputs[0].dtype == "uint8" else TOLERANCE):
                raise ParityError(f"`{name}` of {where} differs from the whole model's by {gap:g}.")
            key = "largest_difference_of_sequences"
            figures[key] = max(gap, figures.get(key, 0.0))
            continue
        theirs, counted = _as_whole(np.stack(steps, axis=1), mine, opened.manifest.end_token)
        boundary = compare_tokens(sampler, given, mine, theirs, outputs, where)
        figures["tokens_compared"] = figures.get("tokens_compared", 0) + counted
        figures["tokens_at_boundary"] = figures.get("tokens_at_boundary", 0) + boundary
    return figures


def _as_whole(steps: np.ndarray, mine: dict[str, np.ndarray], end: int | None) -> tuple[dict[str, np.ndarray], int]:
    """What was driven, ``[batch, steps]``, as the whole model gives it, and how many of its symbols count."""
    batch, time = mine["tokens"].shape
    tokens = np.full((batch, time), end, np.int64)
    tokens[:, : steps.shape[1]] = steps
    lengths = np.where((tokens == end).any(axis=1), (tokens == end).argmax(axis=1), time)
    after = np.arange(time) > lengths[:, None]  # there the whole model puts padding
    return {"tokens": np.where(after, mine["tokens"], tokens), "lengths": lengths}, int((~after).sum())
