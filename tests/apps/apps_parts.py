"""Files that `rgankit export` writes beside a model, by hand: an encoder and a step, which make no samples alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rgan_kit.runtime import Manifest, TensorInfo, contract

LATENT, STATE = 3, 2
TYPES = {"float32": onnx.TensorProto.FLOAT, "int64": onnx.TensorProto.INT64}


def make_parts(folder: Path, decoder: dict[str, Any]) -> dict[str, Path]:
    """``encoder`` and ``step`` of a model of text."""
    paths = {}
    for role, make in (("encoder", _encoder), ("step", _step)):
        paths[role] = folder / f"text.{role}.onnx"
        onnx.save(make(decoder), paths[role])
    return paths


def _encoder(decoder: dict[str, Any]) -> onnx.ModelProto:
    """The mean token in each number of the latent, with the length for its variance."""
    nodes = [
        helper.make_node("Cast", ["tokens"], ["numbers"], to=onnx.TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers", "axis"], ["level"], keepdims=1),
        helper.make_node("Concat", ["level"] * LATENT, ["mean"], axis=1),
        helper.make_node("Cast", ["lengths"], ["length"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["length", "axis"], ["column"]),
        helper.make_node("Concat", ["column"] * LATENT, ["log_variance"], axis=1),
    ]
    ports = contract.encoder_inputs("tokens"), contract.encoder_outputs(LATENT)
    return _model(nodes, {"axis": [1]}, ports, decoder, role="encoder", latent_size=LATENT)


def _step(decoder: dict[str, Any]) -> onnx.ModelProto:
    """The symbol before once more."""
    symbols = len(decoder["vocabulary"])
    nodes = [
        helper.make_node("OneHot", ["previous", "symbols", "values"], ["logits"]),
        helper.make_node("Identity", ["state_0"], ["next_state_0"]),
    ]
    given = contract.step_inputs("tokens", noise_size=0, latent_size=0, conditional=False, states=[(STATE,)])
    ports = given, contract.step_outputs("tokens", [(STATE,)])
    about = {"role": "step", "latent_size": 0, "states": ((STATE,),), "end_token": decoder["special"]["eos"]}
    return _model(nodes, {"symbols": symbols, "values": np.float32([0, 9])}, ports, decoder, **about)


def _model(
    nodes: list[Any], constants: dict[str, Any], ports: tuple[Any, Any], decoder: dict[str, Any], **about: Any
) -> onnx.ModelProto:
    shapes = {"logits": ("batch", len(decoder["vocabulary"]))}
    taken = [TensorInfo(name=p.name, dtype=p.dtype, shape=p.shape, distribution=p.distribution) for p in ports[0]]
    made = [TensorInfo(name=p.name, dtype=p.dtype, shape=shapes.get(p.name, p.shape)) for p in ports[1]]
    manifest = Manifest(
        kind="tokens", domain="text", recipe="by-hand", inputs=tuple(taken), outputs=tuple(made), max_length=24,
        noise="uniform", noise_size=0, labels=(), decoder=decoder, plugins={}, libraries={}, licence="CC0-1.0",
        description="Made by hand for a test.", hashes={"configuration": "c", "weights": "w", "data": "d"}, parity={},
        **about,
    )  # fmt: skip
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    infos = [[helper.make_tensor_value_info(i.name, TYPES[i.dtype], i.shape) for i in side] for side in (taken, made)]
    graph = helper.make_graph(nodes, "by-hand", *infos, stored)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(proto, manifest.to_metadata())
    onnx.checker.check_model(proto, full_check=True)
    return proto
