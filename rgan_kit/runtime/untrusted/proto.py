"""Reads an ONNX file from bytes, without the onnx package and without ever opening another file.

Field numbers are those of ``onnx.proto`` (https://github.com/onnx/onnx), up to IR version 14.
"""

from __future__ import annotations

from typing import Any, Final

from rgan_kit.errors import DataError
from rgan_kit.runtime.untrusted.graph import (
    DATA_TYPES,
    UNSUPPORTED,
    Attribute,
    Graph,
    Model,
    Node,
    SparseTensor,
    Tensor,
    ValueInfo,
)
from rgan_kit.runtime.untrusted.wire import Field, Kind, Reader, Schema, WireError

MAX_IR_VERSION: Final = 14

_TYPED: Final = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")


def read(data: bytes, source: str) -> Model:
    """The model in these bytes.

    Args:
        data: a serialized ``ModelProto``.
        source: names the file in messages.

    Raises:
        DataError: they are no such thing.
    """
    try:
        model = Reader(SCHEMAS).read(memoryview(data), "ModelProto")
    except WireError as error:
        raise DataError(f"{source}: not a whole ONNX model: {error}.", "Copy or export the file again.") from None
    assert isinstance(model, Model)
    return model


def _model(values: dict[str, Any]) -> Model:
    if "graph" not in values:
        raise WireError("it has no graph")
    version = values.get("ir_version", 0)
    if version > MAX_IR_VERSION:
        raise WireError(f"its IR version is {version}; {MAX_IR_VERSION} is the newest known")
    producer = f"{values.get('producer_name', '')} {values.get('producer_version', '')}".strip()
    return Model(
        ir_version=version,
        producer=producer,
        opsets=tuple(values.get("opset_import", ())),
        metadata=tuple(values.get("metadata_props", ())),
        graph=values["graph"],
        functions=len(values.get("functions", ())),
        training=len(values.get("training_info", ())),
        configurations=len(values.get("configuration", ())),
    )


def _graph(values: dict[str, Any]) -> Graph:
    names = ("node", "initializer", "sparse_initializer", "input", "output", "value_info")
    return Graph(values.get("name", ""), *(tuple(values.get(name, ())) for name in names))


def _node(values: dict[str, Any]) -> Node:
    return Node(
        op_type=values.get("op_type", ""),
        domain=values.get("domain", ""),
        name=values.get("name", ""),
        inputs=tuple(values.get("input", ())),
        outputs=tuple(values.get("output", ())),
        attributes=tuple(values.get("attribute", ())),
        overload=values.get("overload", ""),
        placed="device_configurations" in values,
    )


def _attribute(values: dict[str, Any]) -> Attribute:
    single = {name: [values[name]] for name in ("i", "t", "g") if name in values}
    return Attribute(
        name=values.get("name", ""),
        integers=(*single.get("i", ()), *values.get("ints", ())),
        number=values.get("f"),
        tensors=(*single.get("t", ()), *values.get("tensors", ())),
        graphs=(*single.get("g", ()), *values.get("graphs", ())),
        sparse=len(values.get("sparse_tensors", ())) + ("sparse_tensor" in values),
        reference=values.get("ref_attr_name", ""),
    )


def _tensor(values: dict[str, Any]) -> Tensor:
    external = dict(values.get("external_data", ()))
    if values.get("data_location", 0) != 0:
        external.setdefault("location", "")
    return Tensor(
        name=values.get("name", ""),
        dims=tuple(values.get("dims", ())),
        data_type=values.get("data_type", 0),
        raw=values.get("raw_data"),
        typed={name: tuple(values[name]) for name in _TYPED if name in values},
        strings=len(values.get("string_data", ())),
        external=external,
        segmented="segment" in values,
    )


def _sparse(values: dict[str, Any]) -> SparseTensor:
    return SparseTensor(values["values"].name if "values" in values else "", tuple(values.get("dims", ())))


def _value(values: dict[str, Any]) -> ValueInfo:
    dtype, shape = values.get("type", ("", None))
    return ValueInfo(values.get("name", ""), dtype, shape)


def _type(values: dict[str, Any]) -> tuple[str, tuple[int | str, ...] | None]:
    if set(values) - {"tensor_type"}:
        return UNSUPPORTED, None
    element, shape = values.get("tensor_type", (0, None))
    if element == 0:
        return "", shape
    return (DATA_TYPES[element].name if element in DATA_TYPES else UNSUPPORTED), shape


def _dimension(values: dict[str, Any]) -> int | str:
    if len(values) > 1:
        raise WireError("a dimension has both a value and a name")
    value: int | str = values.get("dim_value", values.get("dim_param", ""))
    return value


def _pair(first: str, second: str, default: Any) -> Any:
    return lambda values: (values.get(first, ""), values.get(second, default))


_NAME: Final = Field("name", Kind.TEXT)
_IGNORED: Final = Field("", Kind.IGNORED)


def _many(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, repeated=True, message=message)


def _one(name: str, message: str) -> Field:
    return Field(name, Kind.MESSAGE, message=message)


SCHEMAS: Final = {
    "ModelProto": Schema(
        {
            1: Field("ir_version", Kind.INTEGER),
            2: Field("producer_name", Kind.TEXT),
            3: Field("producer_version", Kind.TEXT),
            4: Field("domain", Kind.TEXT),
            5: Field("model_version", Kind.INTEGER),
            6: _IGNORED,
            7: _one("graph", "GraphProto"),
            8: _many("opset_import", "OperatorSetIdProto"),
            14: _many("metadata_props", "StringStringEntryProto"),
            20: Field("training_info", Kind.BYTES, repeated=True),
            25: Field("functions", Kind.BYTES, repeated=True),
            26: Field("configuration", Kind.BYTES, repeated=True),
        },
        _model,
    ),
    "GraphProto": Schema(
        {
            1: _many("node", "NodeProto"),
            2: _NAME,
            5: _many("initializer", "TensorProto"),
            10: _IGNORED,
            11: _many("input", "ValueInfoProto"),
            12: _many("output", "ValueInfoProto"),
            13: _many("value_info", "ValueInfoProto"),
            14: _IGNORED,
            15: _many("sparse_initializer", "SparseTensorProto"),
            16: _IGNORED,
        },
        _graph,
    ),
    "NodeProto": Schema(
        {
            1: Field("input", Kind.TEXT, repeated=True),
            2: Field("output", Kind.TEXT, repeated=True),
            3: _NAME,
            4: Field("op_type", Kind.TEXT),
            5: _many("attribute", "AttributeProto"),
            6: _IGNORED,
            7: Field("domain", Kind.TEXT),
            8: Field("overload", Kind.TEXT),
            9: _IGNORED,
            10: Field("device_configurations", Kind.BYTES, repeated=True),
        },
        _node,
    ),
    "AttributeProto": Schema(
        {
            1: _NAME,
            2: Field("f", Kind.FLOAT),
            3: Field("i", Kind.INTEGER),
            4: Field("s", Kind.BYTES),
            5: _one("t", "TensorProto"),
            6: _one("g", "GraphProto"),
            7: Field("floats", Kind.FLOATS, repeated=True),
            8: Field("ints", Kind.INTEGER, repeated=True),
            9: Field("strings", Kind.BYTES, repeated=True),
            10: _many("tensors", "TensorProto"),
            11: _many("graphs", "GraphProto"),
            13: _IGNORED,
            14: Field("tp", Kind.BYTES),
            15: Field("type_protos", Kind.BYTES, repeated=True),
            20: Field("type", Kind.INTEGER),
            21: Field("ref_attr_name", Kind.TEXT),
            22: Field("sparse_tensor", Kind.BYTES),
            23: Field("sparse_tensors", Kind.BYTES, repeated=True),
        },
        _attribute,
    ),
    "TensorProto": Schema(
        {
            1: Field("dims", Kind.INTEGER, repeated=True),
            2: Field("data_type", Kind.INTEGER),
            3: Field("segment", Kind.BYTES),
            4: Field("float_data", Kind.FLOATS, repeated=True),
            5: Field("int32_data", Kind.VARINTS, repeated=True),
            6: Field("string_data", Kind.BYTES, repeated=True),
            7: Field("int64_data", Kind.VARINTS, repeated=True),
            8: _NAME,
            9: Field("raw_data", Kind.BYTES),
            10: Field("double_data", Kind.DOUBLES, repeated=True),
            11: Field("uint64_data", Kind.VARINTS, repeated=True),
            12: _IGNORED,
            13: _many("external_data", "StringStringEntryProto"),
            14: Field("data_location", Kind.INTEGER),
            16: _IGNORED,
        },
        _tensor,
    ),
    "SparseTensorProto": Schema(
        {
            1: _one("values", "TensorProto"),
            2: _one("indices", "TensorProto"),
            3: Field("dims", Kind.INTEGER, repeated=True),
        },
        _sparse,
    ),
    "ValueInfoProto": Schema({1: _NAME, 2: _one("type", "TypeProto"), 3: _IGNORED, 4: _IGNORED}, _value),
    "TypeProto": Schema(
        {
            1: _one("tensor_type", "Tensor"),
            4: Field("sequence_type", Kind.BYTES),
            5: Field("map_type", Kind.BYTES),
            6: _IGNORED,
            7: Field("opaque_type", Kind.BYTES),
            8: Field("sparse_tensor_type", Kind.BYTES),
            9: Field("optional_type", Kind.BYTES),
        },
        _type,
    ),
    "Tensor": Schema(
        {1: Field("elem_type", Kind.INTEGER), 2: _one("shape", "TensorShapeProto")},
        lambda values: (values.get("elem_type", 0), values.get("shape")),
    ),
    "TensorShapeProto": Schema({1: _many("dim", "Dimension")}, lambda values: tuple(values.get("dim", ()))),
    "Dimension": Schema(
        {1: Field("dim_value", Kind.INTEGER), 2: Field("dim_param", Kind.TEXT), 3: _IGNORED}, _dimension
    ),
    "OperatorSetIdProto": Schema(
        {1: Field("domain", Kind.TEXT), 2: Field("version", Kind.INTEGER)}, _pair("domain", "version", 0)
    ),
    "StringStringEntryProto": Schema(
        {1: Field("key", Kind.TEXT), 2: Field("value", Kind.TEXT)}, _pair("key", "value", "")
    ),
}
"""Messages by name. Those of which only the presence matters stay bytes."""
