"""From a sampler (a torch module) to an ONNX model without exporter's debris."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from rgan_kit.contracts import RganKitError
from rgan_kit.export.portable import make_portable
from rgan_kit.runtime.manifest import TensorInfo

logger = logging.getLogger(__name__)

LOWEST_OPSET = 18
_IR_OF_OPSET_18 = 8
EXAMPLE_BATCH, EXAMPLE_TIME = 3, 5
"""Shape of the example that is traced; neither size may occur again in the graph."""


def to_onnx(
    sampler: nn.Module,
    example: Mapping[str, Tensor],
    inputs: Sequence[TensorInfo],
    outputs: Sequence[TensorInfo],
    opset: int,
) -> onnx.ModelProto:
    """Traces a sampler with symbolic ``batch`` and ``time``.

    Args:
        sampler: takes the inputs by name.
        example: one tensor for each input, of ``EXAMPLE_BATCH`` and ``EXAMPLE_TIME``.
        inputs, outputs: as the manifest declares them, in order.
        opset: of the default ONNX domain.

    Raises:
        RganKitError: torch cannot export the module; says why.
    """
    symbols = {name: torch.export.Dim(name, min=1) for name in ("batch", "time")}
    dynamic = {
        info.name: {axis: symbols[size] for axis, size in enumerate(info.shape) if isinstance(size, str)} or None
        for info in inputs
    }
    try:
        with _quiet():
            program = torch.onnx.export(
                sampler,
                (),
                kwargs={info.name: example[info.name] for info in inputs},
                dynamic_shapes=dynamic,
                output_names=[info.name for info in outputs],
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        logger.debug("torch.onnx.export failed", exc_info=True)
        raise RganKitError(
            f"torch cannot export this generator: {_reason(error)}",
            "Its sampler has to be free of data-dependent Python, loops over time go through a scan, and no two of its "
            "tensors may share memory. RGANKIT_DEBUG=1 shows everything.",
        ) from error
    assert program is not None
    model = program.model_proto
    model.ir_version = _IR_OF_OPSET_18 if opset == LOWEST_OPSET else model.ir_version
    _declare_shapes(model.graph, inputs, outputs)
    _strip(model.graph)
    _drop_unused(model.graph)
    return make_portable(model)


def _reason(error: BaseException) -> str:
    """The innermost cause in one line: what torch wraps around it says only in which step it happened."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"[:300]


@contextlib.contextmanager
def _quiet() -> Any:
    """Keeps the exporter's talk out of the terminal, also what it prints to stdout."""
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def _declare_shapes(graph: onnx.GraphProto, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> None:
    """Declared shapes can carry the example's sizes; these are the true ones. Inputs come in the declared order."""
    found = {value.name: onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in graph.input}
    if set(found) != {info.name for info in inputs}:
        raise RganKitError(
            f"The sampler takes {', '.join(found)}, but its data needs {', '.join(info.name for info in inputs)}.",
            "Name the arguments of its forward method as docs/model-file.md names the inputs, and use all of them.",
        )
    del graph.input[:]
    graph.input.extend(found[info.name] for info in inputs)
    for values, infos in ((graph.input, inputs), (graph.output, outputs)):
        for value, info in zip(values, infos, strict=True):
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            for size in info.shape:
                dimension = shape.dim.add()
                if isinstance(size, str):
                    dimension.dim_param = size
                else:
                    dimension.dim_value = size


def _strip(graph: onnx.GraphProto) -> None:
    """Takes out the trace's source lines and scopes, which are larger than a small model."""
    graph.doc_string = ""
    del graph.metadata_props[:]
    del graph.value_info[:]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.doc_string = ""
        if hasattr(value, "metadata_props"):
            del value.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            attribute.doc_string = ""
            if attribute.HasField("g"):
                _strip(attribute.g)


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Takes out stored tensors that no node reads: the trace of a scan leaves some."""
    read = {*_read(graph), *(value.name for value in graph.output)}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _read(graph: onnx.GraphProto) -> Iterator[str]:
    """Names that a graph's nodes read, those of graphs within them too."""
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from (value.name for value in attribute.g.output)
                yield from _read(attribute.g)


def in_order(model: onnx.ModelProto) -> onnx.ModelProto:
    """Puts every node behind those that it reads from, also where only a graph within it does: onnxruntime's quantiser
    sorts nodes by what they read themselves."""
    waiting = list(model.graph.node)
    unmade = {name for node in waiting for name in node.output if name}
    del model.graph.node[:]
    while waiting:
        ready = [node for node in waiting if not unmade & _needs(node)]
        if not ready:
            raise RganKitError("The nodes of this graph read from each other in a circle.")
        model.graph.node.extend(ready)
        unmade -= {name for node in ready for name in node.output}
        waiting = [node for node in waiting if unmade & set(node.output)]
    return model


def _needs(node: onnx.NodeProto) -> set[str]:
    return set(_read(onnx.GraphProto(node=[node])))
