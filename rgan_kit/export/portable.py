"""A graph in the form that most runtimes take.

The standard lets the body of a ``Scan`` read values of the graph around it. OpenVINO (2026.4) takes such a body only
where these values are stored tensors; handed over as states that never change, they are read everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

Types = dict[str, onnx.ValueInfoProto]


def make_portable(model: onnx.ModelProto) -> onnx.ModelProto:
    """Changes a model in place, so that it computes the same and

    - the body of a ``Scan`` reads nothing from around it but stored tensors;
    - a branch of an ``If`` gives values of its own alone;
    - ``ConstantOfShape`` says what it fills with;
    - shapes inside of loops have no names that nothing else explains.
    """
    names = {dim.dim_param for value in (*model.graph.input, *model.graph.output) for dim in _dims(value)}
    _tidy(model.graph, names)
    inferred = onnx.shape_inference.infer_shapes(model)
    _hand_over(model.graph, inferred.graph, {}, frozenset())
    return model


def _dims(value: onnx.ValueInfoProto) -> Iterator[onnx.TensorShapeProto.Dimension]:
    yield from value.type.tensor_type.shape.dim


def _tidy(graph: onnx.GraphProto, names: set[str]) -> None:
    for node in graph.node:
        if node.op_type == "ConstantOfShape" and not node.attribute:
            node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.zeros(1, np.float32))))
        for inner in _graphs(node):
            for value in (*inner.input, *inner.output):
                _forget(value, names)
            own = _defined(inner)
            for value in inner.output:
                if value.name not in own:
                    inner.node.append(helper.make_node("Identity", [value.name], [f"{value.name}_same"]))
                    value.name += "_same"
            _tidy(inner, names)


def _forget(value: onnx.ValueInfoProto, names: set[str]) -> None:
    """Takes the names of dimensions away that are no inputs' and no outputs'."""
    for dim in _dims(value):
        if dim.HasField("dim_param") and dim.dim_param not in names:
            dim.ClearField("dim_param")


def _hand_over(graph: onnx.GraphProto, inferred: onnx.GraphProto, around: Types, stored: frozenset[str]) -> None:
    """Makes states of what bodies of loops read from around them, from the outermost loop inwards."""
    stored |= {tensor.name for tensor in graph.initializer}
    types = {**around, **{value.name: value for value in (*inferred.value_info, *inferred.input, *inferred.output)}}
    for node, like in zip(graph.node, inferred.node, strict=True):
        for inner, inner_like in zip(_graphs(node), _graphs(like), strict=True):
            renamed = _as_states(node, inner, types, stored) if node.op_type == "Scan" else {}
            within = {new: types[old] for old, new in renamed.items()}
            _hand_over(inner, _renamed(inner_like, inner), {**types, **within}, stored)


def _renamed(inferred: onnx.GraphProto, graph: onnx.GraphProto) -> onnx.GraphProto:
    """The types of a body as they were inferred, beside the nodes that it has now."""
    known = onnx.GraphProto(node=graph.node, input=graph.input, output=graph.output)
    known.value_info.extend(inferred.value_info)
    return known


def _as_states(
    node: onnx.NodeProto, body: onnx.GraphProto, types: Mapping[str, onnx.ValueInfoProto], stored: frozenset[str]
) -> dict[str, str]:
    """Gives a loop a state for each value that its body reads from around it; their names there, by those outside."""
    own = _defined(body)
    outer = [name for name in dict.fromkeys(_read(body)) if name and name not in own and name not in stored]
    scanned = next(attribute.i for attribute in node.attribute if attribute.name == "num_scan_inputs")
    place = len(node.input) - scanned
    renamed: dict[str, str] = {}
    for name in outer:
        if name not in types:
            continue
        inside, onwards = f"{name}_in_{body.name}", f"{name}_of_{body.name}"
        for new, values in ((inside, body.input), (onwards, body.output)):
            value = onnx.ValueInfoProto.FromString(types[name].SerializeToString())
            value.name = new
            _forget(value, set())
            values.insert(place, value)
        _rename(body, name, inside)
        body.node.append(helper.make_node("Identity", [inside], [onwards]))
        node.input.insert(place, name)
        node.output.insert(place, f"{name}_after_{body.name}")
        renamed[name] = inside
        place += 1
    return renamed


def _graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


def _defined(graph: onnx.GraphProto) -> set[str]:
    made = {name for node in graph.node for name in node.output}
    return made | {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}


def _read(graph: onnx.GraphProto) -> Iterator[str]:
    """What a graph's nodes read, and what graphs within them read from around themselves."""
    for node in graph.node:
        yield from node.input
        for inner in _graphs(node):
            own = _defined(inner)
            yield from (name for name in _read(inner) if name not in own)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new
        for inner in _graphs(node):
            if old not in _defined(inner):
                _rename(inner, old, new)
