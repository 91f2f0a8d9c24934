"""Small model files for the tests, made node by node with onnx.helper, and a domain that decodes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from rgan_kit.contracts import DomainSpec
from rgan_kit.errors import DataError
from rgan_kit.runtime import Manifest, TensorInfo

VOCABULARY = ["<pad>", "<bos>", "<eos>", "a", "b\nc\\"]
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def constant(name: str, value: Any, dtype: Any = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def value(name: str, dtype: int, *shape: str | int) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    initializers: list[TensorProto] | None = None,
    *,
    opset: int = 18,
    **options: Any,
) -> ModelProto:
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers or [])
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="tests", **options)


def token_manifest(**changes: Any) -> Manifest:
    """The manifest of ``token_model``; changes replace its fields."""
    conditional, latent = bool(changes.get("labels")), changes.get("latent_size", 0)
    inputs = [TensorInfo(name="noise", dtype="float32", shape=("batch", "time"), distribution="uniform")]
    if latent:
        inputs.append(TensorInfo(name="latent", dtype="float32", shape=("batch", latent), distribution="normal"))
    inputs.append(
        TensorInfo(name="temperature", dtype="float32", shape=(), distribution="constant", default=1.0, minimum=0.0)
    )
    if conditional:
        inputs.append(TensorInfo(name="labels", dtype="int64", shape=("batch",), distribution="choice"))
    fields: dict[str, Any] = {
        "kind": "tokens",
        "domain": "letters",
        "recipe": "test",
        "inputs": inputs,
        "outputs": [
            TensorInfo(name="tokens", dtype="int64", shape=("batch", "time")),
            TensorInfo(name="lengths", dtype="int64", shape=("batch",)),
        ],
        "max_length": 12,
        "noise": "uniform",
        "noise_size": 0,
        "latent_size": 0,
        "labels": [],
        "decoder": {"vocabulary": VOCABULARY, "joiner": " "},
        "plugins": {"rgan-letters": "1.2"},
        "libraries": {"onnx": "1"},
        "hashes": {"configuration": "c", "weights": "w", "data": "d"},
        "licence": "CC0-1.0",
        "description": "for tests",
        "parity": {"tokens": 100, "share": 1.0},
    }
    return Manifest(**{**fields, **changes})


def series_manifest(**changes: Any) -> Manifest:
    """The manifest of ``series_model``."""
    fields: dict[str, Any] = {
        "kind": "series",
        "inputs": [TensorInfo(name="noise", dtype="float32", shape=("batch", "time", 3), distribution="normal")],
        "outputs": [TensorInfo(name="series", dtype="float32", shape=("batch", "time", 2), units="mV")],
        "noise": "normal",
        "noise_size": 3,
        "decoder": {"names": ["x", "y"]},
    }
    return token_manifest(**{**fields, **changes})


def token_model(manifest: Manifest | None = None) -> ModelProto:
    """Each number of the noise is a token by itself: ``2 + floor(3 * min(noise / temperature, 0.99))``; labels add
    0.1 to the noise each, and a positive latent 0.05; ``lengths`` count up to the first 2."""
    manifest = manifest or token_manifest()
    nodes, inputs = [], [value("noise", FLOAT, "batch", "time"), value("temperature", FLOAT)]
    u = "noise"
    if manifest.labels:
        inputs.append(value("labels", INT64, "batch"))
        nodes += [
            helper.make_node("Cast", ["labels"], ["label"], to=FLOAT),
            helper.make_node("Mul", ["label", "tenth"], ["shift"]),
            helper.make_node("Unsqueeze", ["shift", "one"], ["shift2"]),
            helper.make_node("Add", [u, "shift2"], ["u1"]),
        ]
        u = "u1"
    if manifest.latent_size:
        inputs.append(value("latent", FLOAT, "batch", manifest.latent_size))
        nodes += [
            helper.make_node("ReduceMean", ["latent", "one"], ["mean"], keepdims=1),
            helper.make_node("Sign", ["mean"], ["sign"]),
            helper.make_node("Mul", ["sign", "twentieth"], ["push"]),
            helper.make_node("Add", [u, "push"], ["u2"]),
            helper.make_node("Abs", ["u2"], ["u3"]),
        ]
        u = "u3"
    nodes += [
        helper.make_node("Div", [u, "temperature"], ["sharp"]),
        helper.make_node("Min", ["sharp", "most"], ["clipped"]),
        helper.make_node("Mul", ["clipped", "three"], ["scaled"]),
        helper.make_node("Floor", ["scaled"], ["whole"]),
        helper.make_node("Add", ["whole", "two"], ["number"]),
        helper.make_node("Cast", ["number"], ["drawn"], to=INT64),
        helper.make_node("Equal", ["drawn", "end"], ["ends"]),
        helper.make_node("Cast", ["ends"], ["ended"], to=INT64),
        helper.make_node("CumSum", ["ended", "one_"], ["over"]),
        helper.make_node("Equal", ["over", "nought"], ["alive"]),
        helper.make_node("Where", ["alive", "drawn", "nought"], ["tokens"]),
        helper.make_node("Cast", ["alive"], ["counted"], to=INT64),
        helper.make_node("ReduceSum", ["counted", "one"], ["lengths"], keepdims=0),
    ]
    initializers = [
        *(constant(n, v) for n, v in [("tenth", 0.1), ("twentieth", 0.05), ("most", 0.99), ("three", 3), ("two", 2)]),
        *(constant(n, v, np.int64) for n, v in [("one", [1]), ("one_", 1), ("end", 2), ("nought", 0)]),
    ]
    outputs = [value("tokens", INT64, "batch", "time"), value("lengths", INT64, "batch")]
    return with_manifest(model(nodes, inputs, outputs, initializers), manifest)


def series_model(manifest: Manifest | None = None, *, weights: Any = ((1, 0), (0, 1), (0, 2))) -> ModelProto:
    """``noise @ weights``, one step like another."""
    graph = model(
        [helper.make_node("MatMul", ["noise", "weights"], ["series"])],
        [value("noise", FLOAT, "batch", "time", 3)],
        [value("series", FLOAT, "batch", "time", 2)],
        [constant("weights", weights)],
    )
    return with_manifest(graph, manifest or series_manifest())


def with_manifest(proto: ModelProto, manifest: Manifest) -> ModelProto:
    helper.set_model_props(proto, manifest.to_metadata())
    return proto


def scan_model(depth: int = 1) -> ModelProto:
    """A running sum by ``Scan``, nested ``depth`` times."""
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "x"], ["next"]), helper.make_node("Identity", ["next"], ["y"])],
        "body",
        [value("state", FLOAT, 1), value("x", FLOAT, 1)],
        [value("next", FLOAT, 1), value("y", FLOAT, 1)],
    )
    for level in range(1, depth):
        body = helper.make_graph(
            [
                helper.make_node(
                    "Scan", [f"s{level}", "xs"], [f"n{level}", f"ys{level}"], num_scan_inputs=1, body=body
                ),
                helper.make_node("Identity", [f"n{level}"], [f"y{level}"]),
            ],
            f"body{level}",
            [value(f"s{level}", FLOAT, 1), value(f"x{level}", FLOAT, 1)],
            [value(f"n{level}", FLOAT, 1), value(f"y{level}", FLOAT, 1)],
        )
    return model(
        [helper.make_node("Scan", ["start", "xs"], ["end", "ys"], num_scan_inputs=1, body=body)],
        [value("xs", FLOAT, "time", 1)],
        [value("end", FLOAT, 1), value("ys", FLOAT, "time", 1)],
        [constant("start", [0])],
    )


def if_model(depth: int) -> ModelProto:
    """``If`` within ``If``, ``depth`` times."""
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["leaf"])], "leaf", [], [value("leaf", FLOAT, 1)])
    for level in range(depth):
        name = f"out{level}"
        other = helper.make_graph(
            [helper.make_node("Identity", ["x"], [f"else{level}"])],
            f"else{level}",
            [],
            [value(f"else{level}", FLOAT, 1)],
        )
        node = helper.make_node("If", ["yes"], [name], then_branch=graph, else_branch=other)
        graph = helper.make_graph([node], f"g{level}", [], [value(name, FLOAT, 1)])
    return model(list(graph.node), [value("x", FLOAT, 1)], list(graph.output), [constant("yes", True, np.bool_)])


class Letters:
    """Decodes tokens to words of a vocabulary."""

    def __init__(self, about):
        self.about = dict(about)

    def decode(self, outputs):
        rows = zip(outputs["tokens"], outputs["lengths"], strict=True)
        return [" ".join(self.about["vocabulary"][token] for token in row[:length]) for row, length in rows]

    def preview(self, sample):
        return sample

    def write(self, samples, folder):
        path = folder / "samples.txt"
        path.write_text("\n".join(samples), encoding="utf-8")
        return [path]

    def manifest(self):
        return self.about


def make_letters(about):
    if "vocabulary" not in about:
        raise DataError("there is no vocabulary", "Export it again.")
    return Letters(about)


def letters_spec(**changes):
    fields = {"name": "letters", "summary": "for tests", "kind": "tokens", "default_data": "none",
              "load": lambda *_: None, "decoder": make_letters}  # fmt: skip
    return DomainSpec(**{**fields, **changes})
