"""Exported graphs are in the form that most runtimes take, and other runtimes draw the same samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from rgan_kit.contracts import FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.portable import make_portable
from rgan_kit.runtime import load
from rgan_kit_plugins.generators import GENERATORS

SERIES = SeriesSpec(3, 12, ("x", "y", "z"), np.array([0.0, -5, 1]), np.array([1.0, 900, 2]), ("a", "b"))
MODELS = {
    "tokens": ("lstm", TokenSpec(60, 1, 2, 0, 12, 3, labels=("a", "b")), {"latent_size": 3}),
    "many symbols": ("gru", TokenSpec(1500, 1, 2, 0, 12, 3), {"layers": 2}),
    "mixture": ("lstm", SERIES, {"autoregressive": True, "mixture": 3}),
    "joint": ("lstm", SERIES, {"autoregressive": True, "emission": "joint", "mixture": 2, "emission_size": 4}),
    "series": ("gru", SERIES, {"latent_size": 2}),
    "frames": ("lstm", FrameSpec(6, 8, 8, 1, 8.0, ("a", "b")), {"channels": 4, "latent_size": 2}),
}


def loops(graph: onnx.GraphProto, stored: frozenset[str] = frozenset()) -> Iterator[tuple[onnx.GraphProto, set[str]]]:
    """Every body of a loop, and the stored tensors around it."""
    around = stored | {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                if node.op_type == "Scan":
                    yield attribute.g, set(around)
                yield from loops(attribute.g, around)


def outer(graph: onnx.GraphProto) -> set[str]:
    """What a graph reads from around itself."""
    own = {value.name for value in graph.input} | {name for node in graph.node for name in node.output}
    read = {name for node in graph.node for name in node.input if name}
    for node in graph.node:
        read |= {name for attribute in node.attribute if attribute.HasField("g") for name in outer(attribute.g)}
    return read - own - {tensor.name for tensor in graph.initializer}


def test_a_loop_reads_nothing_from_around_it_but_stored_tensors(model_file):
    found = list(loops(onnx.load(model_file).graph))
    assert found
    for body, stored in found:
        assert outer(body) <= stored


def test_the_reference_evaluator_draws_the_same_tokens(model_file):
    model = load(model_file, provider="cpu")
    given = {name: np.asarray(value) for name, value in model.inputs(3, seed=4, length=6).items()}
    tokens, lengths = ReferenceEvaluator(str(model_file)).run(None, given)
    outputs = model.run(**given)
    np.testing.assert_array_equal(tokens, outputs["tokens"])
    np.testing.assert_array_equal(lengths, outputs["lengths"])


def test_openvino_draws_the_same_tokens(model_file):
    openvino = pytest.importorskip("openvino", reason="needs: pip install openvino")
    model = load(model_file, provider="cpu")
    given = {name: np.asarray(value) for name, value in model.inputs(8, seed=4, length=12).items()}
    compiled = openvino.Core().compile_model(str(model_file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for asked in ({}, {"top_p": np.array(0.8, np.float32)}, {"temperature": np.array(0, np.float32)}):
        made = compiled({**given, **asked})
        np.testing.assert_array_equal(made["tokens"], model.run(**{**given, **asked})["tokens"])


def nested() -> onnx.ModelProto:
    """A loop within a loop and a branch, all of which read from around: sums of ``x`` times ``scale``, or none."""
    node, number = helper.make_node, TensorProto.FLOAT

    def value(name, *shape, dtype=number):
        return helper.make_tensor_value_info(name, dtype, shape)

    inner = [
        node("Mul", ["y", "doubled"], ["part"]),
        node("Add", ["sum", "part"], ["next"]),
        node("Identity", ["next"], ["so far"]),
    ]
    step = helper.make_graph(inner, "inner", [value("sum"), value("y")], [value("next"), value("so far")])
    same = helper.make_graph([], "as it is", [], [value("total")])
    nothing = helper.make_graph([node("Sub", ["total", "total"], ["none"])], "nothing", [], [value("none")])
    rows = [
        node("Mul", ["scale", "two"], ["doubled"]),
        node("Scan", ["nought", "row"], ["total", "sums"], num_scan_inputs=1, body=step),
        node("If", ["wanted"], ["kept"], then_branch=same, else_branch=nothing),
        node("Add", ["before", "kept"], ["after"]),
        node("Identity", ["after"], ["out"]),
    ]
    body = helper.make_graph(rows, "outer", [value("before"), value("row", "time")], [value("after"), value("out")])
    graph = helper.make_graph(
        [node("Scan", ["nought", "x"], ["end", "outs"], num_scan_inputs=1, body=body)],
        "g",
        [value("x", "rows", "time"), value("scale"), value("wanted", dtype=TensorProto.BOOL)],
        [value("outs", "rows")],
        [helper.make_tensor(name, number, [], [n]) for name, n in (("two", 2.0), ("nought", 0.0))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize("wanted", [True, False])
def test_loops_within_loops_and_branches_compute_the_same_as_before(wanted):
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    given = {"x": x, "scale": np.array(1.5, np.float32), "wanted": np.array(wanted)}
    model = make_portable(nested())
    onnx.checker.check_model(model, full_check=True)
    for body, stored in loops(model.graph):
        assert outer(body) <= stored
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, given)[0], np.cumsum(x.sum(axis=1) * 3) * wanted, rtol=1e-6)


@pytest.mark.export
@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_in_other_runtimes(name, tmp_path: Path):
    """OpenVINO where it is installed; it takes no loop within a loop (columns drawn one after another)."""
    cell, spec, options = MODELS[name]
    chosen = next(each for each in GENERATORS if each.name == cell)
    torch.manual_seed(2)
    network = chosen.build(chosen.options(hidden_size=12, embedding_size=8, **options), spec).eval()
    inputs, outputs = inputs_of(spec, network), outputs_of(spec, network)
    model = to_onnx(network.sampler(), example_inputs(inputs, 3, 5), inputs, outputs, 18)
    for body, stored in loops(model.graph):
        assert outer(body) <= stored
    onnx.save(model, tmp_path / "m.onnx")
    given = {key: value.numpy() for key, value in example_inputs(inputs, 4, 6, seed=3).items()}
    made = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"]).run(None, given)
    again = ReferenceEvaluator(model).run(None, given)
    for one, other in zip(made, again, strict=True):
        assert np.abs(one.astype(float) - other).max() <= (1 if one.dtype == np.uint8 else 1e-2)
    try:
        import openvino
    except ImportError:
        return
    if name == "joint":
        return
    compiled = openvino.Core().compile_model(tmp_path / "m.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(given)
    for place, one in enumerate(made):
        assert np.abs(one.astype(float) - found[place]).max() <= (1 if one.dtype == np.uint8 else 1e-2)
