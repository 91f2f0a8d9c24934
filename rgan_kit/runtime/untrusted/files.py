"""Reads a model file from disk, and says what is in it."""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rgan_kit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rgan_kit.runtime.untrusted.graph import Graph, Model, ValueInfo

MAX_BYTES: Final = 512 << 20
"""The largest file that is read unless the caller says otherwise."""


@dataclass(frozen=True)
class ModelFacts:
    """What a model file holds.

    Attributes:
        size_bytes: of the file.
        ir_version: of the format.
        opset: version of ONNX's default operator set; 0 where it names none.
        producer: what wrote it.
        operators: how often each operator occurs, subgraphs included, the commonest first.
        parameters: numbers in stored tensors.
        parameter_bytes: bytes of them.
        inputs, outputs: as the graph declares them.
        metadata: ``metadata_props``.
    """

    size_bytes: int
    ir_version: int
    opset: int
    producer: str
    operators: Mapping[str, int]
    parameters: int
    parameter_bytes: int
    inputs: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]
    metadata: Mapping[str, str]


def read_file(path: Path, *, max_bytes: int | None = MAX_BYTES) -> bytes:
    """The bytes of a regular file (or a link to one).

    Raises:
        DataError: there is none, it is something else, it is larger than ``max_bytes``, or it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path}: not a regular file.", "Name an .onnx file, as rgankit export writes it.")
        # What the name means may change after that look: O_NONBLOCK keeps a pipe from blocking, fstat looks again.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: not a regular file.", "Name an .onnx file, as rgankit export writes it.")
            if max_bytes is not None and status.st_size > max_bytes:
                raise DataError(f"{path}: {status.st_size:,} bytes; at most {max_bytes:,} are read.", "")
            return file.read() if max_bytes is None else file.read(max_bytes)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.", "Export a run with: rgankit export RUN.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}).") from None


def describe(model: Model, size_bytes: int) -> ModelFacts:
    """What a model that was read holds."""
    graphs = list(_graphs(model.graph))
    operators = Counter(node.op_type for graph in graphs for node in graph.nodes)
    stored = [tensor for graph in graphs for tensor in graph.initializers]
    stored += [t for graph in graphs for node in graph.nodes for a in node.attributes for t in a.tensors]
    named = {tensor.name for tensor in model.graph.initializers}
    return ModelFacts(
        size_bytes=size_bytes,
        ir_version=model.ir_version,
        opset=max((version for domain, version in model.opsets if domain in ("", "ai.onnx")), default=0),
        producer=model.producer,
        operators=dict(operators.most_common()),
        parameters=sum(tensor.elements for tensor in stored),
        parameter_bytes=sum(tensor.stored_bytes for tensor in stored),
        inputs=tuple(value for value in model.graph.inputs if value.name not in named),
        outputs=model.graph.outputs,
        metadata=dict(model.metadata),
    )


def _graphs(graph: Graph) -> Iterator[Graph]:
    yield graph
    for node in graph.nodes:
        for inner in node.graphs:
            yield from _graphs(inner)
