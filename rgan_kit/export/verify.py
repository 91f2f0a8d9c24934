"""What an exported model has to hold before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from rgan_kit.contracts import ParityError
from rgan_kit.export.interface import example_inputs
from rgan_kit.runtime.manifest import TensorInfo
from rgan_kit.runtime.opened import Opened

SHAPES = ((1, 1), (2, 7), (5, 19))
"""Batch and time of the comparisons; none of them is that of the traced example."""

BOUNDARY = 1e-5
"""Tokens may differ where the uniform number lies this close to a boundary of the cumulative distribution."""

TOLERANCE = 1e-4
"""Largest difference of real values, as a share of the largest value where that is above 1."""

_RESTRICTED = {"temperature": 1.3, "top_p": 0.9, "top_k": 12, "min_length": 3}

Run = Callable[[Mapping[str, Tensor]], dict[str, np.ndarray]]


def running(opened: Opened) -> Run:
    """The graph of a file, on torch's tensors."""
    return lambda given: opened.run({name: tensor.numpy() for name, tensor in given.items()})


def check_structure(model: onnx.ModelProto, path: Path) -> None:
    """The checker passes; there are no random operators and no functions, and everything lies in the file.

    Raises:
        ParityError: what is wrong.
    """
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:
        raise ParityError(f"The exported graph is not valid ONNX: {error}") from error
    faults = [f"{len(model.functions)} model-local functions"] if model.functions else []
    for node in _nodes(model.graph):
        if node.op_type.startswith("Random") or node.op_type in ("Multinomial", "Bernoulli"):
            faults.append(f"the random operator {node.op_type}")
        if node.domain not in ("", "ai.onnx"):
            faults.append(f"{node.domain}.{node.op_type}, which is no standard operator")
    if faults:
        raise ParityError(f"The exported graph has {', '.join(sorted(set(faults)))}; randomness has to be an input.")


def _nodes(graph: onnx.GraphProto) -> Any:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def compare(
    sampler: nn.Module, run: Run, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> dict[str, float]:
    """Torch against the model file at every shape of ``SHAPES``, on the same inputs.

    Args:
        sampler: the torch module.
        run: the model file.
        inputs, outputs: as declared.

    Returns:
        ``tokens_compared`` and ``tokens_at_boundary``, or ``largest_difference``.

    Raises:
        ParityError: where they differ, and by how much.
    """
    tokens = outputs[0].name == "tokens"
    compared, boundary, largest = 0, 0, 0.0
    for batch, time in SHAPES:
        for case, given in cases(sampler, example_inputs(inputs, batch, time, seed=batch), outputs):
            mine, theirs = eager(sampler, given, outputs), run(given)
            where = f"batch {batch}, time {time}{case}"
            for info in outputs:
                if mine[info.name].shape != theirs[info.name].shape or mine[info.name].dtype != theirs[info.name].dtype:
                    raise ParityError(f"At {where}, `{info.name}` differs in shape or type from torch's.")
            if tokens:
                compared += mine["tokens"].size
                boundary += compare_tokens(sampler, given, mine, theirs, outputs, where)
            else:
                largest = max(largest, *(difference(mine[info.name], theirs[info.name]) for info in outputs))
    if largest > (1.0 if outputs[0].dtype == "uint8" else TOLERANCE):
        raise ParityError(f"`{outputs[0].name}` differs from torch's by {largest:g}; allowed is {TOLERANCE:g}.")
    if tokens:
        return {"tokens_compared": compared, "tokens_at_boundary": boundary}
    return {"largest_difference": largest}


def cases(
    sampler: nn.Module, given: dict[str, Tensor], outputs: Sequence[TensorInfo]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Inputs to compare on, each with words for it: as they are; with beginnings of other samples, from none to all of
    it; with what is drawn from restricted."""
    yield "", given
    if "known" in given:
        other = eager(sampler, {**given, "noise": given["noise"].flip(0, 1)}, outputs)[outputs[0].name]
        batch, time = given["known"].shape
        ends = torch.linspace(0, time, batch).round().to(torch.int64) if batch > 1 else torch.tensor([time])
        known = torch.arange(time) < ends[:, None]
        yield " with beginnings", {**given, "given": torch.from_numpy(other), "known": known}
    chosen = {name: torch.tensor(value) for name, value in _RESTRICTED.items() if name in given}
    if "top_k" in given:
        yield " with a choice among few", {**given, **chosen}
        yield " with the likeliest alone", {**given, "temperature": torch.tensor(0.0)}


def difference(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The largest one; of real values above 1 as a share of the largest."""
    scale = 1.0 if mine.dtype == np.uint8 else max(1.0, float(np.abs(mine).max()))
    return float(np.abs(mine.astype(np.float64) - theirs).max()) / scale


def eager(sampler: nn.Module, given: Mapping[str, Tensor], outputs: Sequence[TensorInfo]) -> dict[str, np.ndarray]:
    """What torch computes."""
    with torch.no_grad():
        results = sampler(**given)
    results = results if isinstance(results, tuple) else (results,)
    return {info.name: result.numpy() for info, result in zip(outputs, results, strict=True)}


def compare_tokens(
    sampler: nn.Module,
    given: Mapping[str, Tensor],
    mine: Mapping[str, np.ndarray],
    theirs: Mapping[str, np.ndarray],
    outputs: Sequence[TensorInfo],
    where: str,
) -> int:
    """Number of sequences that part at a boundary; what follows there is another sequence, and is not compared."""
    rows = np.flatnonzero((mine["tokens"] != theirs["tokens"]).any(axis=1))
    for row in rows:
        step = int(np.argmax(mine["tokens"][row] != theirs["tokens"][row]))
        reached = set()
        for changed in _nearby(given, int(row), step):
            reached.add(int(eager(sampler, changed, outputs)["tokens"][row, step]))
        if int(theirs["tokens"][row, step]) not in reached:
            raise ParityError(
                f"At {where}, sequence {row}, step {step}: token {theirs['tokens'][row, step]} instead of torch's "
                f"{mine['tokens'][row, step]}, and the uniform number is not within {BOUNDARY:g} of a boundary."
            )
    same = np.setdiff1d(np.arange(len(mine["tokens"])), rows)
    if (mine["lengths"][same] != theirs["lengths"][same]).any():
        raise ParityError(f"At {where}, `lengths` differ from torch's for the same tokens.")
    return len(rows)


def _nearby(given: Mapping[str, Tensor], row: int, step: int) -> Iterator[dict[str, Tensor]]:
    """The same inputs, with the uniform number of a step, or the share of what is drawn from, a little to each side."""
    for shift in (-BOUNDARY, BOUNDARY):
        noise = given["noise"].clone()
        noise[row, step] = (noise[row, step] + shift).clamp(0, 1 - 2**-24)
        yield {**given, "noise": noise}
        if "top_p" in given and given["top_p"] < 1:
            yield {**given, "top_p": given["top_p"] + shift}
