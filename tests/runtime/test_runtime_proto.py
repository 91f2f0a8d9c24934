"""The reader sees in a file what the onnx package sees, and nothing but an error in what is no such file."""

from __future__ import annotations

import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from runtime_models import FLOAT, INT64, constant, if_model, model, scan_model, series_model, token_model, value

from rgan_kit.errors import DataError
from rgan_kit.runtime.untrusted import proto
from rgan_kit.runtime.untrusted.graph import DATA_TYPES, Graph, Tensor
from rgan_kit.runtime.untrusted.wire import Kind

WITH_DATA = [number for number in DATA_TYPES if DATA_TYPES[number].bits >= 8]


def typed_data() -> onnx.ModelProto:
    """Every element type, stored raw and stored in its own field."""
    tensors = []
    for number in WITH_DATA:
        numpy_type = helper.tensor_dtype_to_np_dtype(number)
        array = np.array([[0, 1, 1], [1, 0, 1]]).astype(numpy_type)
        tensors.append(numpy_helper.from_array(array, f"raw{number}"))
        tensors.append(helper.make_tensor(f"typed{number}", number, [2, 3], array.ravel()))
    negative = helper.make_tensor("negative", INT64, [3], [-1, 2**62, -(2**63)])
    return model([helper.make_node("Identity", ["x"], ["y"])], [value("x", FLOAT)], [value("y", FLOAT)],
                 [*tensors, negative])  # fmt: skip


def external() -> onnx.ModelProto:
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../secret.bin")
    tensor.external_data.add(key="length", value="16")
    return model([helper.make_node("Identity", ["w"], ["y"])], [], [value("y", FLOAT, 4)], [tensor])


def functions() -> onnx.ModelProto:
    opsets = [helper.make_opsetid("", 18)]
    function = helper.make_function("own", "twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], opsets)
    node = helper.make_node("twice", ["x"], ["y"], domain="own")
    return model([node], [value("x", FLOAT, 2)], [value("y", FLOAT, 2)], functions=[function])


def sparse() -> onnx.ModelProto:
    result = model([helper.make_node("Identity", ["s"], ["y"])], [], [value("y", FLOAT, 100)])
    values, indices = constant("s", [1, 2]), constant("", [3, 50], np.int64)
    result.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [100]))
    return result


def attributes() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Constant", [], ["a"], value=constant("", [1.5, 2.5])),
        helper.make_node("Constant", [], ["b"], value_ints=[3, -4]),
        helper.make_node("Constant", [], ["c"], value_float=0.5),
        helper.make_node("Constant", [], ["d"], value_floats=[0.5, 0.25]),
        helper.make_node("LeakyRelu", ["x"], ["e"], alpha=0.2, name="leaky", doc_string="why"),
        helper.make_node("LSTM", ["x", "w", "r"], ["y"], activations=["Tanh"] * 3, hidden_size=3),
    ]
    return model(nodes, [value("x", FLOAT, "t", 1, None)], [value("y", FLOAT, "t")], doc_string="about",
                 producer_version="7", model_version=9)  # fmt: skip


MODELS = {
    "tokens": token_model,
    "series": series_model,
    "scan": scan_model,
    "nested scan": lambda: scan_model(3),
    "if": lambda: if_model(5),
    "typed data": typed_data,
    "external data": external,
    "functions": functions,
    "sparse": sparse,
    "attributes": attributes,
}


def assert_same_tensor(ours: Tensor, theirs: TensorProto) -> None:
    assert (ours.name, ours.dims, ours.data_type) == (theirs.name, tuple(theirs.dims), theirs.data_type)
    assert (ours.raw is not None) == theirs.HasField("raw_data")
    assert bytes(ours.raw or b"") == theirs.raw_data
    fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
    assert {field: ours.typed_count(field) for field in fields} == {
        field: len(getattr(theirs, field)) for field in fields
    }
    assert ours.external == {entry.key: entry.value for entry in theirs.external_data}


def shape_of(theirs: onnx.ValueInfoProto) -> tuple[int | str, ...]:
    dims = theirs.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in dims)


def assert_same_graph(ours: Graph, theirs: onnx.GraphProto) -> None:
    assert ours.name == theirs.name
    for mine, other in zip(ours.initializers, theirs.initializer, strict=True):
        assert_same_tensor(mine, other)
    assert [tensor.dims for tensor in ours.sparse_initializers] == [tuple(t.dims) for t in theirs.sparse_initializer]
    assert [tensor.name for tensor in ours.sparse_initializers] == [t.values.name for t in theirs.sparse_initializer]
    for mine, others in ((ours.inputs, theirs.input), (ours.outputs, theirs.output), (ours.values, theirs.value_info)):
        names = [DATA_TYPES[other.type.tensor_type.elem_type].name for other in others]
        assert [(v.name, v.dtype, v.shape) for v in mine] == [
            (other.name, name, shape_of(other)) for other, name in zip(others, names, strict=True)
        ]
    for mine, other in zip(ours.nodes, theirs.node, strict=True):
        assert (mine.op_type, mine.domain, mine.name) == (other.op_type, other.domain, other.name)
        assert (mine.inputs, mine.outputs) == (tuple(other.input), tuple(other.output))
        for attribute, its in zip(mine.attributes, other.attribute, strict=True):
            assert attribute.name == its.name
            assert attribute.integers == ((its.i,) if its.HasField("i") else tuple(its.ints))
            assert attribute.number == (its.f if its.HasField("f") else None)
            for tensor, it in zip(attribute.tensors, [its.t] if its.HasField("t") else its.tensors, strict=True):
                assert_same_tensor(tensor, it)
            for graph, it in zip(attribute.graphs, [its.g] if its.HasField("g") else its.graphs, strict=True):
                assert_same_graph(graph, it)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_reader_sees_what_onnx_sees(make):
    theirs = make()
    ours = proto.read(theirs.SerializeToString(), "m.onnx")
    assert ours.ir_version == theirs.ir_version
    assert ours.producer == f"{theirs.producer_name} {theirs.producer_version}".strip()
    assert ours.opsets == tuple((opset.domain, opset.version) for opset in theirs.opset_import)
    assert ours.metadata == tuple((entry.key, entry.value) for entry in theirs.metadata_props)
    assert ours.functions == len(theirs.functions)
    assert_same_graph(ours.graph, theirs.graph)


def test_small_tensors_give_their_numbers_however_they_are_stored():
    read = {tensor.name: tensor for tensor in proto.read(typed_data().SerializeToString(), "m").graph.initializers}
    for number in (1, 6, 7, 11):
        assert read[f"raw{number}"].numbers() == read[f"typed{number}"].numbers() == (0, 1, 1, 1, 0, 1)
    assert read["negative"].numbers() == (-1, 2**62, -(2**63))
    assert read["raw2"].numbers() is None


def test_every_field_number_is_that_of_onnx():
    messages = {name: getattr(onnx, name) for name in proto.SCHEMAS if hasattr(onnx, name)}
    messages |= {"Tensor": onnx.TypeProto.Tensor, "Dimension": onnx.TensorShapeProto.Dimension}
    assert messages.keys() == proto.SCHEMAS.keys()
    wire_kinds = {1: Kind.DOUBLES, 2: Kind.FLOAT, 3: Kind.INTEGER, 4: Kind.VARINTS, 5: Kind.INTEGER, 9: Kind.TEXT,
                  11: Kind.MESSAGE, 12: Kind.BYTES, 14: Kind.INTEGER}  # fmt: skip
    for name, message in messages.items():
        theirs = {field.number: field for field in message.DESCRIPTOR.fields}
        for number, field in proto.SCHEMAS[name].fields.items():
            if field.kind is Kind.IGNORED:
                assert theirs[number].type in (9, 11)
                continue
            assert theirs[number].name == field.name
            if field.kind is Kind.MESSAGE:
                assert theirs[number].message_type.name == field.message
            elif field.kind not in (Kind.BYTES, Kind.FLOATS, Kind.VARINTS):
                assert wire_kinds[theirs[number].type] == field.kind


def test_a_model_cut_short_anywhere_is_a_data_error():
    data = token_model().SerializeToString()
    whole = 0
    for size in range(len(data)):
        try:
            proto.read(data[:size], "m.onnx")
            whole += 1  # cut between two fields of the outermost message, with the graph inside
        except DataError as error:
            assert "m.onnx: not a whole ONNX model" in str(error)
    assert whole < 20


def varint(number: int) -> bytes:
    result = b""
    while number > 127:
        result, number = result + bytes([number & 127 | 128]), number >> 7
    return result + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


GRAPH = field(7, b"")
MALFORMED = {
    "nothing": (b"", "no graph"),
    "text": (b"<!DOCTYPE html>", "not a whole ONNX model"),
    "a length beyond the end": (b"\x3a\x7f", "beyond its end"),
    "a length of 2**63": (b"\x3a" + varint(2**63), "beyond its end"),
    "an endless number": (b"\x08" + b"\xff" * 20, "longer than 64 bits"),
    "a number of 70 bits": (b"\x08" + b"\xff" * 9 + b"\x7f", "longer than 64 bits"),
    "a number cut short": (b"\x08\xff", "within a number"),
    "field 0": (b"\x02\x00", "no field 0"),
    "a group": (b"\x3b", "wire type 3"),
    "an unknown field": (GRAPH + field(99, b""), "field 99"),
    "another wire type": (b"\x38\x01", "wire type"),
    "two graphs": (GRAPH + GRAPH, "two values of graph"),
    "two versions": (GRAPH + b"\x08\x08\x08\x08", "two values of ir_version"),
    "a newer format": (GRAPH + b"\x08\x63", "IR version is 99"),
    "a name that is not UTF-8": (field(7, field(2, b"\xff\xfe")), "not UTF-8"),
    "a dimension with value and name": (
        field(7, field(11, field(2, field(1, field(2, field(1, b"\x08\x01" + field(2, b"n"))))))),
        "both a value and a name",
    ),
    "packed floats cut short": (field(7, field(5, field(4, b"\x00" * 7))), "within a number"),
    "packed integers cut short": (field(7, field(5, field(7, b"\x01\x80"))), "within a number"),
}


@pytest.mark.parametrize(("data", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_bytes_are_named(data, reason):
    with pytest.raises(DataError, match=r"bad\.onnx") as caught:
        proto.read(data, "bad.onnx")
    assert reason in str(caught.value)


def test_messages_nested_without_end_are_refused():
    graph = b""
    for _ in range(200):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(DataError, match="nested more than 100 deep"):
        proto.read(field(7, graph), "deep.onnx")


@pytest.mark.parametrize(
    "graph",
    [b"\x0a\x00" * 1_000_000, field(1, field(5, field(8, b"\x01" * 1_000_000))), field(5, b"\x08\x01" * 500_000)],
)
def test_work_is_bounded_however_many_fields_there_are(graph):
    started = time.process_time()
    with pytest.raises(DataError, match="more than 200,000 fields"):
        proto.read(field(7, graph), "bomb.onnx")
    assert time.process_time() - started < 5


def test_tensor_data_is_not_copied():
    weights = np.arange(1_300_000, dtype=np.float32)
    data = model([], [], [], [numpy_helper.from_array(weights, "w")]).SerializeToString()
    started = time.process_time()
    (tensor,) = proto.read(data, "m.onnx").graph.initializers
    assert time.process_time() - started < 0.2
    assert tensor.raw is not None and tensor.raw.obj is data
    assert (np.frombuffer(tensor.raw, np.float32) == weights).all()
