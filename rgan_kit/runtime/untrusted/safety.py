"""Looks a model file over before onnxruntime sees it.

A file of 166 kB can crash onnxruntime, one of 2 kB can keep it busy for ever, and one with a hard link beside it can
read a file from elsewhere. So a file is first read without onnxruntime, and is refused unless it is a plain
feed-forward or scanning graph, whole in itself: no other files, no functions, no foreign or random operators, no
unbounded loops, every tensor exactly as long as its shape says.

The memory and the time that a run takes are not bounded by this; see ``sizes``.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from typing import TYPE_CHECKING, Final, NoReturn

from rgan_kit.errors import DataError
from rgan_kit.runtime.untrusted import proto, sizes
from rgan_kit.runtime.untrusted.files import MAX_BYTES, ModelFacts, describe, read_file
from rgan_kit.runtime.untrusted.graph import DATA_TYPES, UNSUPPORTED, Graph, Model, Node, Tensor, ValueInfo
from rgan_kit.runtime.untrusted.operators import ALLOWED, RANDOM
from rgan_kit.runtime.untrusted.wire import WireError

if TYPE_CHECKING:
    from pathlib import Path

MIN_OPSET: Final = 13
MAX_OPSET: Final = 25
MAX_GRAPH_DEPTH: Final = 16
MAX_SCAN_DEPTH: Final = 2
MAX_NODES: Final = 20_000
MAX_RANK: Final = 16
MAX_DIMENSION: Final = (1 << 31) - 1
DEFAULT_DOMAINS: Final = ("", "ai.onnx")


def check(path: Path, *, max_bytes: int = MAX_BYTES) -> ModelFacts:
    """Reads a model file and looks it over.

    Args:
        path: a regular file, or a link to one.
        max_bytes: the largest file that is read.

    Returns:
        What the file holds.

    Raises:
        DataError: with the file and the reason why it is refused.
    """
    return check_bytes(read_file(path, max_bytes=max_bytes), str(path))


def check_bytes(data: bytes, source: str) -> ModelFacts:
    """Looks over the bytes of a model file; ``source`` names it in messages. Raises as ``check`` does."""
    model = proto.read(data, source)
    try:
        _Walk(source).model(model)
    except WireError as error:
        raise DataError(f"{source}: not a whole ONNX model: {error}.", "Copy or export the file again.") from None
    return describe(model, len(data))


class _Walk:
    """One walk over one model.

    Args:
        source: names the file in messages.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._nodes = 0

    def _refuse(self, reason: str) -> NoReturn:
        printable = "".join(sign if sign.isprintable() else "?" for sign in reason[:400])  # names are the file's own
        raise DataError(
            f"{self._source}: refused, because {printable}.",
            "Get the file again from where it was exported; it may be damaged, or made to do harm.",
        )

    def model(self, model: Model) -> None:
        """The whole of it."""
        for count, what in (
            (model.functions, "model-local functions"),
            (model.training, "training graphs"),
            (model.configurations, "device configurations"),
        ):
            if count:
                self._refuse(f"it has {what} ({count})")
        opsets = [version for domain, version in model.opsets if domain in DEFAULT_DOMAINS]
        if len(opsets) != 1 or not MIN_OPSET <= opsets[0] <= MAX_OPSET:
            found = ", ".join(map(str, opsets)) or "none"
            self._refuse(f"its operator set is {found}, and not one of {MIN_OPSET} to {MAX_OPSET}")
        twice = [key for key, count in Counter(key for key, _ in model.metadata).items() if count > 1]
        if twice:
            self._refuse(f"its metadata has more than one '{twice[0]}'")
        self.graph(model.graph, ChainMap(), ChainMap(), depth=0, scans=0)

    def graph(
        self,
        graph: Graph,
        outer_constants: ChainMap[str, sizes.Numbers | None],
        outer_growth: ChainMap[str, int],
        *,
        depth: int,
        scans: int,
    ) -> int:
        """A graph, with the constants and the growth of values around it; returns the growth of its outputs."""
        if depth > MAX_GRAPH_DEPTH:
            self._refuse(f"its graphs are nested more than {MAX_GRAPH_DEPTH} deep")
        self._nodes += len(graph.nodes)
        if self._nodes > MAX_NODES:
            self._refuse(f"it has more than {MAX_NODES:,} nodes")
        if graph.sparse_initializers:
            self._refuse(f"it has sparse tensors ({len(graph.sparse_initializers)})")
        for tensor in graph.initializers:
            self.tensor(tensor, f"tensor '{tensor.name}'")
        for value in (*graph.inputs, *graph.outputs, *graph.values):
            self.value(value)
        constants = outer_constants.new_child({value.name: None for value in graph.inputs})
        constants.update(sizes.constants(graph.initializers))
        growth = outer_growth.new_child({value.name: 1 for value in graph.inputs})
        growth.update((tensor.name, 1) for tensor in graph.initializers)
        for node in graph.nodes:
            self.node(node, growth)
            loops = scans + (node.op_type == "Scan")
            if loops > MAX_SCAN_DEPTH:
                self._refuse(f"its Scan loops are nested more than {MAX_SCAN_DEPTH} deep")
            inner = [self.graph(each, constants, growth, depth=depth + 1, scans=loops) for each in node.graphs]
            self.sizes(node, constants, growth, max(inner, default=1))
        return max((growth.get(value.name, 1) for value in graph.outputs), default=1)

    def node(self, node: Node, growth: ChainMap[str, int]) -> None:
        """An operation, apart from the graphs inside it."""
        if node.domain not in DEFAULT_DOMAINS:
            self._refuse(f"operator {node.op_type} is of the foreign domain '{node.domain}'")
        if node.op_type in RANDOM:
            self._refuse(f"operator {node.op_type} draws random numbers, which must come in as an input")
        if node.op_type == "Loop":
            self._refuse("operator Loop runs for as long as a number says (Scan, whose input bounds it, is allowed)")
        if node.op_type not in ALLOWED:
            self._refuse(f"operator {node.op_type} is not among the allowed ones")
        if node.overload or node.placed:
            self._refuse(f"operator {node.op_type} '{node.name}' names an overload or a device")
        if unknown := [name for name in node.inputs if name and name not in growth]:
            self._refuse(f"{node.op_type} '{node.name}' uses '{unknown[0]}' before it is there")
        for attribute in node.attributes:
            if attribute.sparse or attribute.reference:
                self._refuse(f"attribute '{attribute.name}' of {node.op_type} is a sparse tensor or a reference")
            for tensor in attribute.tensors:
                self.tensor(tensor, f"attribute '{attribute.name}' of {node.op_type} '{node.name}'")

    def sizes(
        self, node: Node, constants: ChainMap[str, sizes.Numbers | None], growth: ChainMap[str, int], inner: int
    ) -> None:
        """What an operation makes, as far as the file alone says; its outputs are known from here on."""
        if taken := [name for name in node.outputs if name and name in growth.maps[0]]:
            self._refuse(f"'{taken[0]}' is made twice")
        if reason := sizes.excess(node, constants) or sizes.grow(node, growth, inner):
            self._refuse(reason)
        constants.update(dict.fromkeys(node.outputs, sizes.derived(node, constants)))

    def tensor(self, tensor: Tensor, what: str) -> None:
        """A stored tensor: its data here, numbers, and exactly as long as its shape says."""
        if tensor.external:
            self._refuse(f"{what} lies in another file ('{tensor.external.get('location', '')}')")
        self.shape(tensor.dims, what)
        kind = DATA_TYPES.get(tensor.data_type)
        if kind is None or tensor.strings or tensor.segmented:
            self._refuse(f"{what} has an element type that is not supported ({tensor.data_type}), or is in segments")
        if set(tensor.typed) - {kind.field} or (tensor.raw is not None and tensor.typed):
            self._refuse(f"{what} holds its data in more than one place or in the wrong one")
        expected = -(-tensor.elements * kind.bits // 8)
        if tensor.typed:
            found = tensor.typed_count(kind.field) * (expected // max(tensor.elements, 1) if kind.bits >= 8 else 1)
        else:
            found = len(tensor.raw or b"")
        if found != expected:
            self._refuse(f"{what} has {found:,} bytes of data; its shape {list(tensor.dims)} asks for {expected:,}")

    def value(self, value: ValueInfo) -> None:
        """A declared value."""
        if value.dtype == UNSUPPORTED:
            self._refuse(f"value '{value.name}' is not a tensor of numbers")
        self.shape([size for size in value.shape or () if isinstance(size, int)], f"value '{value.name}'")

    def shape(self, shape: list[int] | tuple[int, ...], what: str) -> None:
        """A shape that the file gives."""
        if len(shape) > MAX_RANK:
            self._refuse(f"{what} has {len(shape)} dimensions")
        if any(not 0 <= size <= MAX_DIMENSION for size in shape) or sizes.elements(shape) > sizes.MAX_ELEMENTS:
            self._refuse(f"{what} has the impossible shape {list(shape)}")
