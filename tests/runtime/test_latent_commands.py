"""``reconstruct``, ``transfer`` and ``interpolate`` on a model whose arithmetic is known: a series is its latent plus
ten times its class, at every step, and an encoder gives the mean of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import call

from rgan_kit.runtime import Manifest, TensorInfo, contract
from rgan_kit_plugins.domains.series import SPEC

TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
LEVELS = {"low": [1.25, 2.0, 3.0, 3.75, 2.5, 2.5], "high": [5.0, 7.0, 9.0, 9.0, 7.0, 8.0]}
STEPS = 3


def table(series: dict[str, list[float]], *, named: bool = True) -> str:
    """Series that never change: ``{class: levels}``."""
    lines = ["id,mood,x" if named else "id,x"]
    for mood, levels in series.items():
        for number, level in enumerate(levels):
            lines += [f"{mood}{number},{mood},{level}" if named else f"{mood}{number},{level}"] * STEPS
    return "\n".join(lines) + "\n"


def graph(nodes: list[Any], constants: dict[str, Any], ports: Any, manifest: dict[str, Any], **about: Any) -> Any:
    shapes = {"series": ("batch", "time", 1)}
    taken, made = (
        tuple(TensorInfo(name=p.name, dtype=p.dtype, shape=shapes.get(p.name, p.shape), distribution=kind)
              for p in side for kind in [getattr(p, "distribution", None) if taken else None])
        for taken, side in zip((True, False), ports, strict=True)
    )  # fmt: skip
    noise = {"noise": "normal", "noise_size": 1, "max_length": STEPS, "plugins": {}, "libraries": {}, "parity": {}}
    said = {
        "licence": "CC0-1.0",
        "description": "by hand",
        "hashes": {"configuration": "c", "weights": "w", "data": "d"},
    }
    full = Manifest(kind="series", domain="series", recipe="by-hand", inputs=taken, outputs=made, latent_size=1,
                    decoder=manifest, **noise, **said, **about)  # fmt: skip
    infos = [[helper.make_tensor_value_info(i.name, TYPES[i.dtype], i.shape) for i in side] for side in (taken, made)]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "by-hand", *infos, stored)
    proto = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(proto, full.to_metadata())
    return proto


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The model, and labelled and unlabelled data beside it."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "data.csv").write_text(table(LEVELS))
    options = SPEC.options(id="id", label="mood", unit="sequence", beyond=100.0)
    dataset = SPEC.load(options, folder / "data.csv", 0)
    labels = dataset.spec.labels
    nodes = [
        helper.make_node("Cast", ["labels"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "ten"], ["shift"]),
        helper.make_node("Unsqueeze", ["shift", "one"], ["column"]),
        helper.make_node("Add", ["latent", "column"], ["level"]),
        helper.make_node("Unsqueeze", ["level", "one"], ["steps"]),
        helper.make_node("Mul", ["noise", "nought"], ["still"]),
        helper.make_node("Add", ["still", "steps"], ["series"]),
    ]
    constants = {"ten": np.float32(10), "nought": np.float32(0), "one": np.int64([1])}
    given = contract.inputs("series", noise_size=1, latent_size=1, conditional=True)
    decoder = dataset.decoder.manifest()
    model = graph(nodes, constants, (given, contract.outputs("series")), decoder, labels=labels)
    reading = [
        helper.make_node("ReduceMean", ["series", "steps"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nought"], ["log_variance"]),
        helper.make_node("Identity", ["lengths"], ["unused"]),
    ]
    ports = contract.encoder_inputs("series"), contract.encoder_outputs(1)
    told = {"steps": np.int64([1]), "nought": np.float32(0)}
    encoder = graph(reading, told, ports, decoder, labels=(), role="encoder")
    onnx.save(model, folder / "model.onnx")
    onnx.save(encoder, folder / "model.encoder.onnx")
    (folder / "few.csv").write_text(table({"low": [2.0]}))
    (folder / "many.csv").write_text(table({"low": [6.0, 8.0]}))
    return folder, labels


def levels(answer) -> list[float]:
    assert answer.code == 0, answer.err
    return [each["x"][0] for each in answer.document["samples"]]


def test_a_sample_is_reconstructed_as_of_its_own_class_or_of_another(known):
    folder, labels = known
    own = call("reconstruct", folder / "model.onnx", folder / "few.csv", "--json")
    assert levels(own) == pytest.approx([2 + 10 * labels.index("low")])
    assert own.document["labels"] == ["low"]
    other = call("reconstruct", folder / "model.onnx", folder / "few.csv", "--label", "high", "--json")
    assert levels(other) == pytest.approx([2 + 10 * labels.index("high")])
    assert other.document["labels"] == ["high"]


@pytest.mark.parametrize(("strength", "share"), [((), 1.0), (("--strength", 0.5), 0.5)])
def test_samples_move_by_the_difference_of_the_means_of_two_classes(known, strength, share):
    folder, labels = known
    words = ("--from", "low", "--to", "high", "--examples", folder / "data.csv", *strength)
    answer = call("transfer", folder / "model.onnx", folder / "few.csv", *words, "--json")
    assert levels(answer) == pytest.approx([2 + share * (7.5 - 2.5) + 10 * labels.index("high")])
    assert answer.document["labels"] == ["high"]


def test_samples_move_by_the_difference_of_two_files_and_keep_their_class(known):
    folder, labels = known
    words = ("--from", folder / "few.csv", "--to", folder / "many.csv")
    answer = call("transfer", folder / "model.onnx", folder / "few.csv", *words, "--json")
    assert levels(answer) == pytest.approx([2 + (7 - 2) + 10 * labels.index("low")])
    assert answer.document["labels"] == ["low"]


def test_all_steps_of_an_interpolation_are_of_one_class(known):
    folder, labels = known
    few, many = folder / "few.csv", folder / "many.csv"
    same = call("interpolate", folder / "model.onnx", few, many, "--steps", 3, "--json")
    assert levels(same) == pytest.approx(
        [2 + 10 * labels.index("low"), 4 + 10 * labels.index("low"), 6 + 10 * labels.index("low")]
    )
    other = call("interpolate", folder / "model.onnx", few, many, "--steps", 2, "--label", "high", "--json")
    assert other.document["labels"] == ["high", "high"]
    assert levels(other) == pytest.approx([2 + 10 * labels.index("high"), 6 + 10 * labels.index("high")])


def test_what_cannot_be_known_is_asked_for(known, tmp_path):
    folder, _ = known
    model, few = folder / "model.onnx", folder / "few.csv"
    high = tmp_path / "high.csv"
    high.write_text(table({"high": [5.0]}))
    mixed = call("interpolate", model, few, high)
    assert mixed.code == 2
    assert "A has the class low and B has the class high" in mixed.err
    assert "--label" in mixed.err
    lacking = call("transfer", model, few, "--from", "low", "--to", "high")
    assert lacking.code == 4
    assert "no sample of the class high" in lacking.err
    assert "--examples" in lacking.err
    nobody = call("transfer", model, few, "--from", "low", "--to", "merry")
    assert nobody.code == 2
    assert "merry: neither a class of" in nobody.err
