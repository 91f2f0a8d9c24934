"""The exported file keeps the contract of docs/model-file.md."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support import call

import rgan_kit.export.exporter as exporter_module
from rgan_kit.contracts import ParityError, TokenSpec
from rgan_kit.export.exporter import export
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.verify import check_structure, compare
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.runtime import load
from rgan_kit.training.session import load_trained
from rgan_kit_plugins.generators import GENERATORS

ROOT = Path(__file__).parent.parent
CASES = 4
"""Ways in which a model of tokens is compared with torch at each shape: ``rgan_kit.export.verify.cases``."""


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def nodes(graph: onnx.GraphProto):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from nodes(attribute.g)


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (1, 64), (3, 2), (257, 14), (16, 40)])
def test_any_batch_and_length_gives_the_tokens_of_torch(trained, model_file, batch, time):
    noise = np.random.default_rng(batch).random((batch, time), dtype=np.float32)
    nothing = {
        "given": np.zeros((batch, time), np.int64), "known": np.zeros((batch, time), bool),
        "top_p": np.array(1, np.float32), "top_k": np.array(0), "min_length": np.array(0),
    }  # fmt: skip
    given = {"noise": noise, "temperature": np.array(0.9, np.float32), **nothing}
    tokens, lengths = session(model_file).run(None, given)
    sampler = load_trained(trained, None, installed_registry()).generator.sampler()
    with torch.no_grad():
        expected, expected_lengths = sampler(torch.from_numpy(noise), torch.tensor(0.9))
    np.testing.assert_array_equal(tokens, expected.numpy())
    np.testing.assert_array_equal(lengths, expected_lengths.numpy())
    assert tokens.dtype == lengths.dtype == np.int64


def test_the_file_is_standard_small_and_whole(model_file):
    model = onnx.load(str(model_file), load_external_data=False)
    onnx.checker.check_model(str(model_file), full_check=True)
    assert model_file.stat().st_size < 5_000_000
    assert not model.functions
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {node.domain for node in nodes(model.graph)} == {""}
    assert not [
        node.op_type for node in nodes(model.graph) if "Random" in node.op_type or node.op_type == "Multinomial"
    ]
    assert not [tensor.name for tensor in model.graph.initializer if tensor.external_data]
    assert [op for op in nodes(model.graph) if op.op_type == "Scan"]
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "noise": ["batch", "time"], "temperature": [], "given": ["batch", "time"], "known": ["batch", "time"],
        "top_p": [], "top_k": [], "min_length": [], "tokens": ["batch", "time"], "lengths": ["batch"],
    }  # fmt: skip
    assert b"site-packages" not in model_file.read_bytes()


def test_every_manifest_key_is_there(model_file):
    metadata = session(model_file).get_modelmeta().custom_metadata_map
    manifest = json.loads(metadata["rgan_kit.manifest"])
    assert manifest.keys() >= {
        "contract", "kind", "domain", "recipe", "inputs", "outputs", "max_length", "noise", "latent_size", "labels",
        "decoder", "plugins", "libraries", "hashes", "licence", "description", "parity",
    }  # fmt: skip
    assert manifest["licence"] == "CC0-1.0"
    assert set(manifest["hashes"]) == {"configuration", "weights", "data"}
    assert manifest["parity"]["tokens_compared"] == CASES * (1 * 1 + 2 * 7 + 5 * 19)
    assert {"rgan_kit.contract", "rgan_kit.kind", "rgan_kit.domain", "rgan_kit.vocabulary"} <= metadata.keys()


def test_the_same_run_exports_to_the_same_bytes(trained, model_file, tmp_path):
    run = load_trained(trained, None, installed_registry())
    again = export(
        run, tmp_path / "again.onnx", installed_registry(), licence="CC0-1.0", description="a small test model"
    )
    assert again.path.read_bytes() == model_file.read_bytes()


@pytest.mark.parametrize(
    ("cell", "vocabulary", "options"),
    [
        ("rnn", 30, {"layers": 2}),
        ("lstm", 30, {"layers": 2}),
        ("gru", 30, {"tie_weights": False}),
        ("lstm", 1100, {}),  # too many symbols for a table
        ("gru", 1100, {"embedding_size": 12}),  # nothing between the recurrence and the logits
        ("lstm", 9, {"hidden_size": 32}),  # so few that the last two matrices become one
    ],
)
def test_latent_labels_grammar_and_layers_export_alike(cell, vocabulary, options, tmp_path):
    allowed = np.random.default_rng(0).random((vocabulary, vocabulary)) < 0.4
    allowed[:, 2] = True
    data = TokenSpec(vocabulary, 1, 2, 0, 12, 3, allowed, ("major", "minor"))
    chosen = next(each for each in GENERATORS if each.name == cell)
    small = {"hidden_size": 12, "embedding_size": 8, "latent_size": 5, **options}
    generator = chosen.build(chosen.options(**small), data)
    inputs, outputs = inputs_of(data, generator), outputs_of(data)
    told = ["given", "known", "top_p", "top_k", "min_length"]
    assert [info.name for info in inputs] == ["noise", "latent", "temperature", "labels", *told]
    sampler = generator.sampler()
    model = to_onnx(sampler, example_inputs(inputs, 3, 5), inputs, outputs, 18)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    check_structure(model, path)
    running = session(path)

    def run(given):
        return dict(
            zip(("tokens", "lengths"), running.run(None, {k: v.numpy() for k, v in given.items()}), strict=True)
        )

    assert compare(sampler, run, inputs, outputs)["tokens_compared"] == CASES * 110
    latent = inputs_of(data, generator)[1]
    assert list(latent.shape) == ["batch", 5]


def test_a_graph_that_computes_something_else_is_refused_and_leaves_no_file(trained, tmp_path, monkeypatch):
    original = exporter_module.to_onnx

    def tampered(*arguments):
        model = original(*arguments)
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.ndim == 2 and values.shape[0] > 40:
                tensor.CopyFrom(onnx.numpy_helper.from_array(values * 1.5, tensor.name))
        return model

    monkeypatch.setattr(exporter_module, "to_onnx", tampered)
    run = load_trained(trained, None, installed_registry())
    with pytest.raises(ParityError, match="instead of torch's"):
        export(run, tmp_path / "out" / "bad.onnx", installed_registry())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_random_operator_is_refused(tmp_path):
    node = onnx.helper.make_node("RandomNormal", [], ["y"], shape=[2])
    value = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2])
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "g", [], [value]), opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8
    )
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(ParityError, match="RandomNormal"):
        check_structure(model, tmp_path / "m.onnx")


def test_an_earlier_file_stands_until_a_verified_one_replaces_it(trained, tmp_path, monkeypatch):
    target = tmp_path / "model.onnx"
    target.write_bytes(b"precious")
    monkeypatch.setattr(exporter_module, "check_structure", lambda *_: (_ for _ in ()).throw(ParityError("no")))
    with pytest.raises(ParityError):
        export(load_trained(trained, None, installed_registry()), target, installed_registry())
    assert target.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_what_is_exported_is_the_best_checkpoint_unless_another_is_named(trained, tmp_path):
    state = json.loads((trained / "checkpoints" / "step-00000040" / "state.json").read_text())
    assert load_trained(trained, None, installed_registry()).step == state["best"]["step"]
    assert load_trained(trained, "step-00000040", installed_registry()).step == 40


def test_the_program_in_the_readme_of_exported_runs_as_written(model_file, tmp_path):
    program = re.search(r"```python\n(.*?)```", (ROOT / "exported" / "README.md").read_text(), re.S)[1]
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module)])
    }
    assert imported <= {"json", "sys", "numpy", "onnxruntime"}
    (tmp_path / "program.py").write_text(program)
    answer = subprocess.run(
        [sys.executable, "program.py", model_file, "4", "7"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = load(model_file).sample(4, seed=7)
    assert answer.stdout.splitlines() == expected


def test_export_says_where_it_went_and_what_comes_next(trained, tmp_path):
    answer = call("export", trained, "--json", folder=tmp_path)
    assert answer.code == 0, answer.err
    assert answer.document["path"] == "exported/small.onnx"
    assert (tmp_path / "exported" / "small.onnx").stat().st_size == answer.document["bytes"]
