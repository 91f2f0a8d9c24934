"""Model files made to do harm, each with the words of its refusal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx import TensorProto, helper
from runtime_models import FLOAT, INT64, constant, if_model, model, scan_model, series_model, token_model, value
from test_runtime_proto import external, functions, sparse

X, Y = value("x", FLOAT, "n"), value("y", FLOAT, "n")


def one(node, *initializers, **options):
    """A model of one node from x to y."""
    return model([node], [X], [Y], list(initializers), **options)


def node(op_type, *inputs, **attributes):
    return helper.make_node(op_type, list(inputs), ["y"], **attributes)


def tensor(dims, raw=None, data_type=FLOAT, **fields):
    made = TensorProto(name="w", data_type=data_type, dims=dims, **fields)
    if raw is not None:
        made.raw_data = raw
    return made


def with_tensor(made):
    return one(node("Identity", "w"), made)


def located(location):
    made = tensor([4], data_location=TensorProto.EXTERNAL)
    made.external_data.add(key="location", value=location)
    return with_tensor(made)


def external_without_flag():
    made = tensor([1], raw=b"\0" * 4)
    made.external_data.add(key="location", value="other.bin")
    return with_tensor(made)


def function_chain():
    """Function i calls function i - 1 twice: 2**40 operations once they are inlined."""
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    made = [helper.make_function("own", "f0", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], opsets)]
    for level in range(1, 40):
        calls = [
            helper.make_node(f"f{level - 1}", ["a"], ["m"], domain="own"),
            helper.make_node(f"f{level - 1}", ["m"], ["b"], domain="own"),
        ]
        made.append(helper.make_function("own", f"f{level}", ["a"], ["b"], calls, opsets))
    return one(node("f39", "x", domain="own"), functions=made)


def endless_loop():
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [value("i", INT64), value("go", TensorProto.BOOL)],
        [value("on", TensorProto.BOOL)],
    )
    count, go = constant("count", 2**62, np.int64), constant("go_", True, np.bool_)
    return one(node("Loop", "count", "go_", body=body), count, go)


def doubling(steps=40):
    names = ["x", *(f"d{step}" for step in range(steps - 1)), "y"]
    nodes = [helper.make_node("Concat", [a, a], [b], axis=0) for a, b in pairwise(names)]
    return model(nodes, [X], [Y])


def doubling_in_branches(steps=40):
    nodes, name = [], "x"
    for step in range(steps):
        out, inner = f"d{step}", f"i{step}"
        branch = []
        for side in ("then", "else"):
            copy = helper.make_node("Concat", [name, name], [inner + side], axis=0)
            branch.append(helper.make_graph([copy], side, [], [value(inner + side, FLOAT)]))
        nodes.append(helper.make_node("If", ["yes"], [out], then_branch=branch[0], else_branch=branch[1]))
        name = out
    return model(nodes, [X], [value(name, FLOAT)], [constant("yes", True, np.bool_)])


def repeated_key():
    made = token_model()
    made.metadata_props.add(key="rgan_kit.kind", value="series")
    return made


def with_training():
    made = token_model()
    made.training_info.add()
    return made


def backwards():
    made = series_model()
    made.graph.node.append(helper.make_node("Identity", ["later"], ["early"]))
    made.graph.node.append(helper.make_node("Identity", ["series"], ["later"]))
    return made


def sequence_input():
    made = one(node("Identity", "x"))
    made.graph.input.append(helper.make_tensor_sequence_value_info("s", FLOAT, None))
    return made


def sparse_attribute():
    values, indices = constant("v", [1, 2]), constant("", [3, 50], np.int64)
    return one(node("Constant", sparse_value=helper.make_sparse_tensor(values, indices, [2**60])))


def ints(name, *numbers):
    return constant(name, list(numbers), np.int64)


def pads(*numbers):
    return node("Conv", "x", "w", pads=list(numbers))


HUGE = 2**40
HOSTILE = {
    "external data above the folder": (lambda: located("../x"), "lies in another file ('../x')"),
    "external data by absolute path": (lambda: located("/etc/passwd"), "lies in another file ('/etc/passwd')"),
    "external data unmarked": (external_without_flag, "lies in another file ('other.bin')"),
    "external data as onnx writes it": (external, "lies in another file ('../secret.bin')"),
    "functions": (functions, "model-local functions (1)"),
    "a chain of functions": (function_chain, "model-local functions (40)"),
    "2**62 rounds": (endless_loop, "Loop runs for as long as a number says"),
    "a foreign domain": (lambda: one(node("Inverse", "x", domain="com.microsoft")), "foreign domain 'com.microsoft'"),
    "a random operator": (lambda: one(node("RandomNormal", shape=[2])), "RandomNormal draws random numbers"),
    "a dropout": (lambda: one(node("Dropout", "x")), "Dropout draws random numbers"),
    "an operator unheard of": (lambda: one(node("Frobnicate", "x")), "Frobnicate is not among the allowed"),
    "strings": (lambda: one(node("StringNormalizer", "x")), "StringNormalizer is not among the allowed"),
    "if, 17 deep": (lambda: if_model(18), "nested more than 16 deep"),
    "scan, 3 deep": (lambda: scan_model(3), "Scan loops are nested more than 2 deep"),
    "doubling": (doubling, "piles up 2,097,152 copies"),
    "doubling in branches": (doubling_in_branches, "piles up 2,097,152 copies"),
    "a dimension of 2**40": (lambda: with_tensor(tensor([HUGE], raw=b"\0" * 4)), "impossible shape"),
    "dimensions that overflow": (lambda: with_tensor(tensor([2**31 - 1] * 3, raw=b"")), "impossible shape"),
    "dimensions that multiply to 0": (lambda: with_tensor(tensor([2**30, 0], raw=b"")), "impossible shape"),
    "a negative dimension": (lambda: with_tensor(tensor([-1, -4], raw=b"\0" * 16)), "impossible shape [-1, -4]"),
    "17 dimensions": (lambda: with_tensor(tensor([1] * 17, raw=b"\0" * 4)), "17 dimensions"),
    "an input of negative size": (lambda: model([], [value("x", FLOAT, -3)], []), "impossible shape [-3]"),
    "too little data": (
        lambda: with_tensor(tensor([4], raw=b"\0" * 15)),
        "15 bytes of data; its shape [4] asks for 16",
    ),
    "too much data": (lambda: with_tensor(tensor([4], raw=b"\0" * 17)), "asks for 16"),
    "no data": (lambda: with_tensor(tensor([4])), "0 bytes of data"),
    "too few numbers": (lambda: with_tensor(tensor([4], float_data=[1, 2, 3])), "12 bytes of data"),
    "too many integers": (lambda: with_tensor(tensor([2], data_type=INT64, int64_data=[-1, 2**40, 3])), "24 bytes"),
    "data in two places": (lambda: with_tensor(tensor([1], raw=b"\0" * 4, float_data=[1])), "more than one place"),
    "data in a field of another type": (lambda: with_tensor(tensor([1], int64_data=[1])), "or in the wrong one"),
    "string data": (lambda: with_tensor(tensor([1], data_type=8, string_data=[b"x"])), "not supported (8)"),
    "complex data": (lambda: with_tensor(tensor([1], raw=b"\0" * 8, data_type=14)), "not supported (14)"),
    "no element type": (lambda: with_tensor(tensor([0], data_type=0)), "not supported (0)"),
    "sparse tensors": (sparse, "sparse tensors"),
    "a sparse attribute": (sparse_attribute, "sparse tensor or a reference"),
    "a bad tensor in an attribute": (
        lambda: one(node("Constant", value=tensor([9], raw=b""))),
        "attribute 'value' of Constant '' has 0 bytes",
    ),
    "a shape of 2**40": (lambda: one(node("ConstantOfShape", "s"), ints("s", 2**20, 2**20)), "elements of nothing"),
    "a shape of 2**4000": (lambda: one(node("ConstantOfShape", "s"), ints("s", *[2**62] * 64)), "elements of nothing"),
    "an empty shape of 2**40": (lambda: one(node("ConstantOfShape", "s"), ints("s", HUGE, 0)), "elements of nothing"),
    "an expansion to 2**40": (lambda: one(node("Expand", "x", "s"), ints("s", HUGE)), "elements of nothing"),
    "a reshape to 2**40 by nothing": (lambda: one(node("Reshape", "x", "s"), ints("s", HUGE, 0)), "of nothing"),
    "2**40 tiles": (lambda: one(node("Tile", "x", "s"), ints("s", HUGE)), "elements of nothing"),
    "a range to 2**40": (
        lambda: one(node("Range", "a", "b", "c"), ints("a", 0), ints("b", HUGE), ints("c", 1)),
        "Range '' would make",
    ),
    "a range by 0": (
        lambda: one(node("Range", "a", "b", "c"), constant("a", 0), constant("b", 5), constant("c", 0)),
        "Range '' would make inf",
    ),
    "padding by 2**40": (lambda: one(node("Pad", "x", "s"), ints("s", 0, HUGE)), "elements of nothing"),
    "a picture of 2**40": (lambda: one(node("Resize", "x", "", "", "s"), ints("s", HUGE)), "elements of nothing"),
    "a scale of 1e12": (lambda: one(node("Resize", "x", "", "s"), constant("s", [1, 1e12])), "elements of nothing"),
    "2**40 classes": (lambda: one(node("OneHot", "x", "s", "x"), ints("s", HUGE)), "elements of nothing"),
    "convolution pads of 2**40": (lambda: one(pads(HUGE, HUGE), constant("w", [[[1]]])), "elements of nothing"),
    "a shape from a Constant node": (
        lambda: model(
            [helper.make_node("Constant", [], ["s"], value_ints=[HUGE]), node("ConstantOfShape", "s")], [], [Y]
        ),
        "elements of nothing",
    ),
    "a shape partly from the input": (
        lambda: model(
            [
                helper.make_node("Shape", ["x"], ["n"]),
                helper.make_node("Concat", ["n", "s"], ["t"], axis=0),
                helper.make_node("Identity", ["t"], ["u"]),
                node("Expand", "x", "u"),
            ],
            [X],
            [Y],
            [ints("s", HUGE, 1)],
        ),
        "elements of nothing",
    ),
    "a shape from around a branch": (
        lambda: model(
            [
                helper.make_node(
                    "If",
                    ["yes"],
                    ["y"],
                    then_branch=helper.make_graph(
                        [helper.make_node("ConstantOfShape", ["s"], ["t"])], "t", [], [value("t", FLOAT)]
                    ),
                    else_branch=helper.make_graph(
                        [helper.make_node("ConstantOfShape", ["s"], ["e"])], "e", [], [value("e", FLOAT)]
                    ),
                )
            ],
            [],
            [Y],
            [ints("s", HUGE), constant("yes", True, np.bool_)],
        ),
        "elements of nothing",
    ),
    "one metadata key twice": (repeated_key, "more than one 'rgan_kit.kind'"),
    "training graphs": (with_training, "training graphs"),
    "opset 12": (lambda: one(node("Identity", "x"), opset=12), "operator set is 12"),
    "opset 26": (lambda: one(node("Identity", "x"), opset=26), "operator set is 26"),
    "no opset": (lambda: helper.make_model(one(node("Identity", "x")).graph, opset_imports=[]), "operator set is none"),
    "nodes out of order": (backwards, "uses 'later' before it is there"),
    "a value made twice": (
        lambda: model([node("Identity", "x"), node("Abs", "x")], [X], [Y]),
        "'y' is made twice",
    ),
    "a sequence": (sequence_input, "'s' is not a tensor of numbers"),
    "20,001 nodes": (
        lambda: model([helper.make_node("Abs", ["x"], [f"y{i}"]) for i in range(20_001)], [X], []),
        "more than 20,000 nodes",
    ),
}
