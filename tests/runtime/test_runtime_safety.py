"""A file from a stranger is either plain, or refused with a reason; it never crashes, hangs or reads another file."""

from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest
from onnx import TensorProto, helper
from runtime_models import (
    FLOAT,
    INT64,
    constant,
    if_model,
    model,
    scan_model,
    series_model,
    token_manifest,
    token_model,
    value,
)
from test_runtime_proto import external, functions, sparse, typed_data

from rgan_kit.contracts import DataError
from rgan_kit.runtime import check
from rgan_kit.runtime.operators import ALLOWED, RANDOM
from rgan_kit.runtime.safety import check_bytes

X, Y = value("x", FLOAT, "n"), value("y", FLOAT, "n")


def one(node, *initializers, **options):
    """A model of one node from x to y."""
    return model([node], [X], [Y], list(initializers), **options)


def node(op_type, *inputs, **attributes):
    return helper.make_node(op_type, list(inputs), ["y"], **attributes)


def refusal(proto) -> str:
    with pytest.raises(DataError) as caught:
        check_bytes(proto.SerializeToString(), "file.onnx")
    assert str(caught.value).startswith("file.onnx: ")
    return str(caught.value)


@pytest.mark.parametrize(
    "make", [token_model, series_model, scan_model, lambda: scan_model(2), lambda: if_model(16), typed_data]
)
def test_plain_models_pass(make):
    check_bytes(make().SerializeToString(), "file.onnx")


def test_facts_say_what_the_file_holds(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(token_model().SerializeToString())
    facts = check(path)
    assert facts.size_bytes == path.stat().st_size
    assert (facts.opset, facts.ir_version, facts.producer) == (18, 8, "tests")
    assert facts.operators["Equal"] == 2 and facts.operators["CumSum"] == 1
    assert [(v.name, v.dtype, v.shape) for v in facts.inputs][0] == ("noise", "float32", ("batch", "time"))
    assert [v.name for v in facts.outputs] == ["tokens", "lengths"]
    assert facts.metadata == token_manifest().to_metadata()
    assert (facts.parameters, facts.parameter_bytes) == (9, 5 * 4 + 4 * 8)


def test_operators_in_subgraphs_are_counted():
    assert check_bytes(scan_model(2).SerializeToString(), "m").operators == {"Identity": 2, "Scan": 2, "Add": 1}


# --- What a file may not hold ---


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
    nodes = [helper.make_node("Concat", [a, a], [b], axis=0) for a, b in zip(names, names[1:], strict=False)]
    return model(nodes, [X], [Y])


def doubling_in_branches(steps=40):
    nodes, name = [], "x"
    for step in range(steps):
        out, inner = f"d{step}", f"i{step}"
        branch = [
            helper.make_graph(
                [helper.make_node("Concat", [name, name], [inner + b], axis=0)], b, [], [value(inner + b, FLOAT)]
            )  # fmt: skip
            for b in ("then", "else")
        ]
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
    "a shape from around a loop": (
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


@pytest.mark.parametrize(("make", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_models_are_refused_with_the_reason(make, reason):
    proto = make()
    started = time.process_time()
    text = refusal(proto)
    assert reason in text
    assert time.process_time() - started < 2


def test_names_from_the_file_cannot_write_to_the_terminal():
    text = refusal(one(node("Evil\x1b[2J\n" + "x" * 5000, "x")))
    assert "\x1b" not in text and len(text) < 700


def test_sizes_that_real_networks_use_pass():
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("Expand", ["x", "shape"], ["wide"]),
        helper.make_node("Reshape", ["wide", "flat"], ["long"]),
        helper.make_node("Concat", ["long", "long", "long"], ["more"], axis=0),
        helper.make_node(
            "ConvTranspose", ["more", "w"], ["big"], pads=[1, 1, 1, 1], strides=[2, 2], kernel_shape=[4, 4]
        ),
        helper.make_node("Resize", ["big", "", "scales"], ["y"]),
    ]
    shapes = [ints("shape", 64, 256), ints("flat", -1, 1, 4, 4), constant("scales", [1, 1, 2, 2])]
    check_bytes(model(nodes, [X], [Y], [*shapes, constant("w", np.ones((1, 1, 4, 4)))]).SerializeToString(), "m")


def test_no_random_operator_is_allowed():
    assert not RANDOM & ALLOWED
    assert "Loop" not in ALLOWED


# --- Damage ---


def test_every_mutation_of_a_model_passes_or_is_refused():
    data = token_model(token_manifest(labels=["x", "y"], latent_size=2)).SerializeToString()
    generator = random.Random(0)
    refused, slowest = 0, 0.0
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 1, 1, 2, 8])):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        started = time.process_time()
        try:
            check_bytes(bytes(damaged), "damaged.onnx")
        except DataError as error:
            assert str(error).startswith("damaged.onnx: ")
            refused += 1
        slowest = max(slowest, time.process_time() - started)
    assert 50 < refused < 300
    assert slowest < 1


def test_a_model_cut_short_is_refused():
    data = scan_model(2).SerializeToString()
    for size in range(0, len(data) - 10, 7):
        with pytest.raises(DataError, match=r"cut\.onnx"):
            check_bytes(data[:size], "cut.onnx")


# --- Files ---


def test_a_link_to_a_model_is_read_and_one_to_anything_else_is_not(tmp_path):
    (tmp_path / "m.onnx").write_bytes(token_model().SerializeToString())
    (tmp_path / "link.onnx").symlink_to("m.onnx")
    (tmp_path / "folder.onnx").symlink_to(tmp_path)
    (tmp_path / "lost.onnx").symlink_to("nowhere")
    (tmp_path / "loop.onnx").symlink_to("loop.onnx")
    os.link(tmp_path / "m.onnx", tmp_path / "hard.onnx")
    assert check(tmp_path / "link.onnx") == check(tmp_path / "m.onnx") == check(tmp_path / "hard.onnx")
    for name, reason in (("folder", "not a regular file"), ("lost", "no such file"), ("loop", "cannot be read")):
        with pytest.raises(DataError, match=rf"{name}\.onnx: {reason}"):
            check(tmp_path / f"{name}.onnx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(DataError, match="not a regular file"):
        check(tmp_path / "pipe.onnx")


def test_a_file_above_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(600 << 20)
    with pytest.raises(DataError, match=r"629,145,600 bytes; at most 536,870,912 are read"):
        check(path)
    with pytest.raises(DataError, match="at most 10 are read"):
        check(path, max_bytes=10)


def test_a_hard_link_beside_a_model_is_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 16)
    folder = tmp_path / "models"
    folder.mkdir()
    os.link(secret, folder / "weights.bin")
    (folder / "m.onnx").write_bytes(located("weights.bin").SerializeToString())
    with pytest.raises(DataError, match=r"lies in another file \('weights\.bin'\)"):
        check(folder / "m.onnx")
