"""How large the things are that a graph makes out of constants: shapes written in the file, and repetition.

A few bytes can ask for any amount of memory. What a file states outright is checked here, before anything is allocated.
What only follows from the values of a run (an outer product, squared again and again) is not found this way: the memory
that a stranger's model takes while it runs has to be bounded from outside, by a container or ``ulimit -v``.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from math import isfinite, prod
from typing import TYPE_CHECKING, Final

from rgan_kit.runtime.operators import CONTRACTING

if TYPE_CHECKING:
    from rgan_kit.runtime.graph import Node, Tensor

MAX_ELEMENTS: Final = 1 << 27
"""Elements of any tensor whose shape the file gives: 512 MiB of float32."""

MAX_GROWTH: Final = 1 << 20
"""Copies of one value that concatenations may pile up."""

Numbers = tuple[int | float, ...]
Constants = Mapping[str, Numbers | None]

_SPATIAL: Final = ("kernel_shape", "pads", "strides", "dilations", "output_padding", "output_shape")
_SHAPE_INPUT: Final = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1, "Tile": 1, "OneHot": 1}


def elements(shape: Sequence[int | float]) -> float:
    """Elements of a shape, an axis of 0 counted as 1: a loop over an empty tensor may still be a long one."""
    return prod(max(abs(float(size)), 1.0) for size in shape)


def constant(node: Node) -> Numbers | None:
    """The value of a ``Constant`` node, if it is small enough to be a shape."""
    for attribute in node.attributes:
        if attribute.name == "value" and attribute.tensors:
            return attribute.tensors[0].numbers()
        if attribute.name in ("value_int", "value_ints"):
            return attribute.integers
        if attribute.name == "value_float" and attribute.number is not None:
            return (attribute.number,)
    return None


def constants(initializers: Sequence[Tensor]) -> dict[str, Numbers | None]:
    """The values of those initializers that are small enough to be shapes."""
    return {tensor.name: tensor.numbers() for tensor in initializers}


def excess(node: Node, known: Constants) -> str:
    """What is too large about a node, in words; empty where nothing is."""
    size = _stated_size(node, known)
    if size is None:
        return ""
    if not isfinite(size) or size > MAX_ELEMENTS:
        return f"{node.op_type} '{node.name}' would make {size:,.0f} elements of nothing"
    return ""


def _stated_size(node: Node, known: Constants) -> float | None:
    """Elements that constants alone make this node produce, from an input of one element."""

    def given(index: int) -> Numbers | None:
        return known.get(node.inputs[index]) if index < len(node.inputs) else None

    if node.op_type in _SHAPE_INPUT:
        shape = given(_SHAPE_INPUT[node.op_type])
        return None if shape is None else elements(shape)
    if node.op_type == "Range":
        return _range(given(0), given(1), given(2))
    if node.op_type == "Pad":
        pads = given(1)
        return None if pads is None else elements([1 + abs(pad) for pad in pads])
    if node.op_type == "Resize":
        return elements([*(given(2) or ()), *(given(3) or ())])
    spatial = [attribute.integers for attribute in node.attributes if attribute.name in _SPATIAL]
    return max((elements([1 + abs(size) for size in sizes]) for sizes in spatial), default=None)


def _range(start: Numbers | None, limit: Numbers | None, delta: Numbers | None) -> float | None:
    if not start or not limit or not delta:
        return None
    return abs(limit[0] - start[0]) / abs(delta[0]) if delta[0] else float("inf")


def grow(node: Node, growth: MutableMapping[str, int], inner: int = 1) -> str:
    """Follows how many copies of a value concatenations pile up: a doubling repeated forty times fits in a kilobyte.

    Args:
        node: the next node in order.
        growth: copies by value name; the node's outputs are added.
        inner: copies that the graphs inside the node pile up.

    Returns:
        What is too large, in words; empty where nothing is.
    """
    given = [growth.get(name, 1) for name in node.inputs]
    copies = sum(given) if node.op_type == "Concat" else max(given, default=1) * inner
    if node.op_type in CONTRACTING:
        copies = 1
    growth.update((name, copies) for name in node.outputs)
    return f"Concat '{node.name}' piles up {copies:,} copies of a value" if copies > MAX_GROWTH else ""
