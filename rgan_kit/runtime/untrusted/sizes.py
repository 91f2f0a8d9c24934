"""How large the things are that a graph makes out of constants: shapes written in the file, and repetition.

A few bytes can ask for any amount of memory. What a file states outright is checked here, before anything is allocated.
What only follows from the values of a run (an outer product, squared again and again) is not found this way: the memory
that a stranger's model takes while it runs has to be bounded from outside, by a container or ``ulimit -v``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Final

from rgan_kit.runtime.untrusted.graph import SMALL
from rgan_kit.runtime.untrusted.operators import CONTRACTING

if TYPE_CHECKING:
    from rgan_kit.runtime.untrusted.graph import Node, Tensor

MAX_ELEMENTS: Final = 1 << 27
"""Elements of any tensor that is stored or reshaped: 512 MiB of float32."""

MAX_MADE: Final = 1 << 24
"""Elements of a tensor that is made of nothing but a shape."""

MAX_FACTOR: Final = 1 << 20
"""How many times larger than its input a constant may make a result: by kernels, pads, strides or scales."""

MAX_GROWTH: Final = 1 << 20
"""Copies of one value that concatenations may pile up."""

Numbers = tuple[int | float, ...]
Constants = Mapping[str, Numbers | None]

_SPATIAL: Final = ("kernel_shape", "pads", "strides", "dilations", "output_padding", "output_shape")
_PASSING: Final = ("Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze")
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


def derived(node: Node, known: Constants) -> Numbers | None:
    """Those numbers of a small result that are known: shapes are often put together from constants and from sizes that
    only a run tells, and the constant part alone may be too large."""
    if node.op_type == "Constant":
        return constant(node)
    if node.op_type == "Concat" or node.op_type in _PASSING:
        sources = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        numbers = tuple(number for name in sources[:SMALL] for number in known.get(name) or ())
        return numbers[:SMALL] or None
    return None


def excess(node: Node, known: Constants) -> str:
    """What is too large about a node, in words; empty where nothing is."""
    for size, limit in _stated_sizes(node, known):
        if not size <= limit:  # refuses what is not a number, too
            return f"{node.op_type} '{node.name}' would make {size:,.0f} elements of nothing; {limit:,} are allowed"
    return ""


def _stated_sizes(node: Node, known: Constants) -> Iterator[tuple[float, int]]:
    """Elements that constants alone make this node produce from an input of one element, and the limit of them."""

    def given(index: int) -> Numbers:
        return (known.get(node.inputs[index]) if index < len(node.inputs) else None) or ()

    if node.op_type in _SHAPE_INPUT:
        limit = MAX_ELEMENTS if node.op_type == "Reshape" else MAX_MADE
        yield elements(given(_SHAPE_INPUT[node.op_type])), limit
    elif node.op_type == "Range":
        yield _range(given(0), given(1), given(2)), MAX_MADE
    elif node.op_type == "Pad":
        yield elements([1 + abs(pad) for pad in given(1)]), MAX_MADE
    elif node.op_type == "Resize":
        yield elements(given(2)), MAX_FACTOR
        yield elements(given(3)), MAX_MADE
    for attribute in node.attributes:
        if attribute.name in _SPATIAL:
            yield elements([1 + abs(size) for size in attribute.integers]), MAX_FACTOR


def _range(start: Numbers, limit: Numbers, delta: Numbers) -> float:
    if not start or not limit or not delta:
        return 1.0
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
