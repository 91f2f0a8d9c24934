"""What a network needs so that a sampler of any length becomes one graph: a copy that can be exported, and a loop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

Carry = tuple[Tensor, ...]
ScanStep = Callable[[Carry, Any], tuple[Carry, Tensor]]
"""From what is carried on and one element, to what is carried on and one output."""

Network = TypeVar("Network", bound=nn.Module)


def exportable(network: Network) -> Network:
    """A copy for a model file: in evaluation mode and without gradients.

    A part of it that has a method ``make_exportable``, such as ``Recurrence``, prepares itself there.
    """
    copied = copy.deepcopy(network).eval().requires_grad_(False)
    for part in copied.modules():
        prepare = getattr(part, "make_exportable", None)
        if callable(prepare):
            prepare()
    return copied


def scan(step: ScanStep, start: Carry, inputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Runs ``step`` over the first dimension of ``inputs`` and stacks what it puts out.

    A plain loop, but one ``Scan`` operator while exporting: a loop would bake its length into the graph. For that, no
    parameter may require a gradient (``exportable`` sees to it), what is carried on keeps its shapes and types, and
    what is both carried on and put out is put out as a ``clone()``.

    Args:
        step: from what is carried on and ``inputs[t]`` to what is carried on and the output of step ``t``.
        start: what the first step gets.
        inputs: ``[time, ...]``, time first; of several, ``step`` gets a tuple.

    Returns:
        The outputs, ``[time, ...]``.
    """
    return scan_carrying(step, start, inputs)[1]


def scan_carrying(step: ScanStep, start: Carry, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Carry, Tensor]:
    """``scan`` that gives what is carried on after the last step too; one may stand inside a step of another."""
    if torch.compiler.is_exporting():
        from torch._higher_order_ops.scan import scan as higher_order_scan

        return cast("tuple[Carry, Tensor]", higher_order_scan(step, start, inputs))
    carry, outputs = start, []
    for element in inputs if isinstance(inputs, Tensor) else zip(*inputs, strict=True):
        carry, output = step(carry, element)
        outputs.append(output)
    return carry, torch.stack(outputs)
