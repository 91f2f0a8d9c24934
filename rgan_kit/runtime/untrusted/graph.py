"""An ONNX model as plain objects. Tensor data stays where it is: a tensor holds views of the file's bytes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Final

import numpy as np

from rgan_kit.runtime.untrusted.wire import count_varints, signed, varint

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL: Final = 64
"""Elements up to which a tensor counts as a shape or a scalar, and its values are read."""


@dataclass(frozen=True)
class DataType:
    """An element type: its name in numpy (or ONNX, where numpy has none), its bits, the field of data not kept raw."""

    name: str
    bits: int
    field: str


DATA_TYPES: Final = {
    1: DataType("float32", 32, "float_data"),
    2: DataType("uint8", 8, "int32_data"),
    3: DataType("int8", 8, "int32_data"),
    4: DataType("uint16", 16, "int32_data"),
    5: DataType("int16", 16, "int32_data"),
    6: DataType("int32", 32, "int32_data"),
    7: DataType("int64", 64, "int64_data"),
    9: DataType("bool", 8, "int32_data"),
    10: DataType("float16", 16, "int32_data"),
    11: DataType("float64", 64, "double_data"),
    12: DataType("uint32", 32, "uint64_data"),
    13: DataType("uint64", 64, "uint64_data"),
    16: DataType("bfloat16", 16, "int32_data"),
    21: DataType("uint4", 4, "int32_data"),
    22: DataType("int4", 4, "int32_data"),
}
"""Element types of numbers; strings and complex numbers are not among them."""

UNSUPPORTED: Final = "unsupported"
"""The element type of a value that is no tensor of numbers."""

_WIDTHS: Final = {"float_data": 4, "double_data": 8}


@dataclass(frozen=True)
class Tensor:
    """A stored tensor.

    Attributes:
        name: of the initializer; empty for an attribute's.
        dims: its shape, unchecked.
        data_type: a key of ``DATA_TYPES``, if it is a type that we read.
        raw: its bytes in little-endian order, or None.
        typed: its data in the fields that ``DATA_TYPES`` names, as packed chunks of the wire.
        strings: how many strings it holds.
        external: where data lies outside the file, by key; empty where it does not.
        segmented: whether it is said to be a part of a larger one.
    """

    name: str
    dims: tuple[int, ...]
    data_type: int
    raw: memoryview | None
    typed: dict[str, tuple[memoryview, ...]]
    strings: int
    external: dict[str, str]
    segmented: bool

    @property
    def elements(self) -> int:
        """How many numbers its shape promises."""
        return prod(self.dims)

    @property
    def stored_bytes(self) -> int:
        """Bytes of data in the file."""
        return len(self.raw or b"") + sum(len(chunk) for chunks in self.typed.values() for chunk in chunks)

    def typed_count(self, field: str) -> int:
        """How many numbers the data field of this name holds."""
        chunks = self.typed.get(field, ())
        if field in _WIDTHS:
            return sum(len(chunk) for chunk in chunks) // _WIDTHS[field]
        return sum(count_varints(chunk) for chunk in chunks)

    def numbers(self) -> tuple[int | float, ...] | None:
        """Its values, if they are at most ``SMALL`` integers or float32 or float64 numbers; asked only of a tensor
        whose data is as long as its shape says."""
        kind = DATA_TYPES.get(self.data_type)
        if kind is None or self.elements > SMALL or self.stored_bytes > SMALL * 10:
            return None
        if kind.name not in ("float32", "float64", "int32", "int64"):
            return None
        if self.raw is None and kind.field not in _WIDTHS:
            return tuple(value for chunk in self.typed.get(kind.field, ()) for value in _varints(chunk))
        data = b"".join(self.typed.get(kind.field, ())) if self.raw is None else self.raw
        return tuple(np.frombuffer(data, np.dtype(kind.name).newbyteorder("<")).tolist())


@dataclass(frozen=True)
class SparseTensor:
    """A stored tensor of which only some elements are given."""

    name: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class ValueInfo:
    """A value's name, element type (numpy's name, ``UNSUPPORTED``, or empty where not given) and shape (None where
    not given; an unnamed free dimension is an empty text)."""

    name: str
    dtype: str
    shape: tuple[int | str, ...] | None


@dataclass(frozen=True)
class Attribute:
    """An attribute of a node, whatever of it matters here."""

    name: str
    integers: tuple[int, ...]
    number: float | None
    tensors: tuple[Tensor, ...]
    graphs: tuple[Graph, ...]
    sparse: int
    reference: str


@dataclass(frozen=True)
class Node:
    """One operation."""

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    overload: str
    placed: bool

    @property
    def graphs(self) -> Iterator[Graph]:
        """The graphs inside the node."""
        return (graph for attribute in self.attributes for graph in attribute.graphs)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of this name, if the node has it."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True)
class Graph:
    """Nodes and the values that they share."""

    name: str
    nodes: tuple[Node, ...]
    initializers: tuple[Tensor, ...]
    sparse_initializers: tuple[SparseTensor, ...]
    inputs: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]
    values: tuple[ValueInfo, ...]


@dataclass(frozen=True)
class Model:
    """A whole file.

    Attributes:
        ir_version: of the file format.
        producer: name and version of what wrote it.
        opsets: ``(domain, version)`` in order.
        metadata: ``(key, value)`` in order.
        graph: the main graph.
        functions, training, configurations: how many of them there are.
    """

    ir_version: int
    producer: str
    opsets: tuple[tuple[str, int], ...]
    metadata: tuple[tuple[str, str], ...]
    graph: Graph
    functions: int
    training: int
    configurations: int


def _varints(view: memoryview) -> Iterator[int]:
    position = 0
    while position < len(view):
        value, position = varint(view, position)
        yield signed(value)
