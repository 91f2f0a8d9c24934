"""Step files, half precision and eight bits: each keeps the contract of docs/model-file.md."""

from __future__ import annotations

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

from rgan_kit.contracts import DataError, FrameSpec, ParityError, SeriesSpec, TokenSpec, UsageError
from rgan_kit.export import smaller
from rgan_kit.export.exporter import Exported, _step, export
from rgan_kit.export.graph import in_order, to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, step_inputs_of, step_outputs_of
from rgan_kit.export.smaller import export_smaller
from rgan_kit.export.verify import check_structure
from rgan_kit.export.verify_steps import compare_steps
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.runtime import check, load
from rgan_kit.runtime.choice import pick
from rgan_kit.runtime.stream import load_step
from rgan_kit.training.session import load_trained
from rgan_kit_plugins.generators import GENERATORS

ROOT = Path(__file__).parent.parent

ALLOWED = np.random.default_rng(0).random((30, 30)) < 0.4
ALLOWED[:, 2] = True
LABELS = ("minor", "major")
SPECS = {
    "tokens": TokenSpec(30, 1, 2, 0, 12, 3, ALLOWED, LABELS),
    "series": SeriesSpec(2, 12, ("x", "y"), np.array([0.0, -5.0]), np.array([1.0, 900.0]), LABELS),
    "frames": FrameSpec(6, 8, 8, 1, 8.0, LABELS),
}
MODELS = [
    ("tokens", "lstm", {"layers": 2}),
    ("tokens", "gru", {"latent_size": 0}),
    ("tokens", "rnn", {}),
    ("series", "lstm", {"layers": 2}),
    ("series", "gru", {"autoregressive": True}),
    ("series", "lstm", {"autoregressive": True, "word_dropout": 1.0}),
    ("series", "lstm", {"autoregressive": True, "mixture": 3}),
    ("series", "gru", {"autoregressive": True, "mixture": 5, "word_dropout": 1.0}),
    ("frames", "gru", {"channels": 4}),
    ("frames", "lstm", {"channels": 4, "likelihood": True, "latent_size": 3}),
]


def generator_of(kind: str, cell: str, options: dict):
    chosen = next(each for each in GENERATORS if each.name == cell)
    torch.manual_seed(3)
    small = {"hidden_size": 12, "embedding_size": 8, "latent_size": 4, "noise_size": 3, **options}
    return chosen.build(chosen.options(**small), SPECS[kind]).eval()


@pytest.fixture(scope="module")
def variants(trained: Path, tmp_path_factory: pytest.TempPathFactory):
    """The model of ``trained`` with its step, in half precision and in eight bits; and what the command said."""
    folder = tmp_path_factory.mktemp("variants")
    words = ("--step", "--dtype", "float16", "--quantize", "int8", "--json")
    answer = call("export", trained, "--out", folder / "m.onnx", *words)
    assert answer.code == 0, answer.err
    return folder, answer.document


# --- Steps ---


@pytest.mark.parametrize(("kind", "cell", "options"), MODELS)
def test_steps_in_a_row_make_the_sequence_of_the_whole_model(kind, cell, options):
    generator = generator_of(kind, cell, options)
    sampler, stepper = generator.sampler(), generator.stepper()
    given = example_inputs(inputs_of(SPECS[kind], generator), 3, 6, seed=1)
    whole = {name: given[name] for name in ("latent", "labels") if name in given}
    states = {f"state_{i}": torch.zeros(3, *shape) for i, shape in enumerate(stepper.state_shapes)}
    with torch.no_grad():
        expected = sampler(**given)
        expected = expected[0] if kind == "tokens" else expected
        previous, alive = torch.full((3,), 1), torch.ones(3, dtype=torch.bool)
        for time in range(6):
            fresh = {"previous": previous} if kind == "tokens" else {"noise": given["noise"][:, time]}
            made, *after = stepper(**fresh, **states, **whole)
            states = {name: value.clone() for name, value in zip(states, after, strict=True)}
            if kind != "tokens":
                torch.testing.assert_close(made.float(), expected[:, time].float(), atol=1e-4, rtol=1e-5)
                continue
            drawn = pick(made.numpy(), given["noise"][:, time].numpy(), np.float32(1))
            previous = torch.where(alive, torch.from_numpy(drawn), 0)
            assert previous.tolist() == expected[:, time].tolist()
            alive = alive & (previous != 2)


@pytest.mark.export
@pytest.mark.parametrize(("kind", "cell", "options"), MODELS)
def test_a_step_of_every_kind_exports_and_is_torchs(kind, cell, options, tmp_path):
    spec, generator = SPECS[kind], generator_of(kind, cell, options)
    stepper = generator.stepper()
    inputs, outputs = (each(spec, *more) for each, more in (
        (step_inputs_of, (generator, stepper.state_shapes)), (step_outputs_of, (stepper.state_shapes,))
    ))  # fmt: skip
    model = to_onnx(stepper, example_inputs(inputs, 3, 5), inputs, outputs, 18)
    onnx.save(model, tmp_path / "step.onnx")
    check_structure(model, tmp_path / "step.onnx")
    check(tmp_path / "step.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "step.onnx"), providers=["CPUExecutionProvider"])
    names = [info.name for info in outputs]

    def run(given):
        return dict(zip(names, session.run(None, {k: v.numpy() for k, v in given.items()}), strict=True))

    assert compare_steps(stepper, run, inputs, outputs)["largest_difference"] <= (1 if kind == "frames" else 1e-4)


def test_a_stream_is_the_sample_of_its_seed(variants):
    folder, _ = variants
    model = load(folder / "m.onnx")
    outputs = model.outputs(40, seed=3, temperature=0.8, length=9)
    for number in range(40):
        streamed = list(model.stream(seed=3, start=number, temperature=0.8, length=9))
        assert streamed == outputs["tokens"][number, : outputs["lengths"][number]].tolist()
    both = list(model.step.drive(noise=model.inputs(40, seed=3, length=9)["noise"], temperature=0.8))
    lengths = outputs["lengths"]
    for time, made in enumerate(both):
        assert made[lengths > time].tolist() == outputs["tokens"][lengths > time, time].tolist()
        assert set(made[lengths <= time].tolist()) <= {model.step.manifest.end_token}


def test_a_step_file_says_what_its_states_are(variants):
    folder, document = variants
    manifest = load_step(folder / "m.step.onnx").manifest
    assert (manifest.role, manifest.states, manifest.end_token) == ("step", ((1, 16), (1, 16)), 2)
    assert [info.name for info in manifest.inputs] == ["previous", "state_0", "state_1"]
    assert [info.name for info in manifest.outputs] == ["logits", "next_state_0", "next_state_1"]
    assert manifest.inputs[0].default == 1 and manifest.inputs[1].shape == ("batch", 1, 16)
    flat = check(folder / "m.step.onnx").metadata
    assert (flat["rgan_kit.states"], flat["rgan_kit.end_token"]) == ("1 16\n1 16", "2")
    assert document["step_model"]["parity"]["steps_compared"] == 21
    with pytest.raises(UsageError, match="holds the step of a model"):
        load(folder / "m.step.onnx")
    with pytest.raises(UsageError, match="holds no step"):
        load_step(folder / "m.onnx")


def test_the_program_for_steps_in_the_description_runs_as_written(variants, tmp_path):
    folder, _ = variants
    (program,) = re.findall(r"```py\n(.*?)```", (ROOT / "docs" / "model-file.md").read_text(), re.S)
    (tmp_path / "names.step.onnx").write_bytes((folder / "m.step.onnx").read_bytes())
    (tmp_path / "program.py").write_text(program)
    answer = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    step = load_step(folder / "m.step.onnx")
    noise = np.random.default_rng(1).random(step.manifest.max_length)[None].astype(np.float32)
    drawn = [int(made[0]) for made in step.drive(noise=noise)]
    vocabulary = step.manifest.decoder["vocabulary"]
    assert answer.split() == [vocabulary[token] for token in drawn if token != step.manifest.end_token]


def test_a_step_of_another_model_is_refused(variants, model_file, tmp_path):
    folder, _ = variants
    (tmp_path / "n.onnx").write_bytes(model_file.read_bytes())
    with pytest.raises(DataError, match="no step file beside the model"):
        next(load(tmp_path / "n.onnx").stream())
    step = onnx.load(folder / "m.step.onnx")
    manifest = load_step(folder / "m.step.onnx").manifest
    other = manifest.model_copy(update={"hashes": {**manifest.hashes, "weights": "other"}})
    onnx.helper.set_model_props(step, other.to_metadata())
    onnx.save(step, tmp_path / "n.step.onnx")
    with pytest.raises(UsageError, match="do not come from the same checkpoint"):
        next(load(tmp_path / "n.onnx").stream())


def test_a_generator_without_steps_says_so(trained):
    run = load_trained(trained, None, installed_registry())
    generator = run.generator
    stepless = type("Stepless", (torch.nn.Module,), {"latent_size": 0})()
    run.networks["generator"] = stepless
    with pytest.raises(UsageError, match="has no steps to export"):
        _step(run)
    run.networks["generator"] = generator


def test_the_command_prints_a_sample_as_it_draws_it(variants):
    folder, _ = variants
    whole = call("sample", folder / "m.onnx", "-n", 5, "--seed", 9)
    streamed = call("sample", folder / "m.onnx", "-n", 5, "--seed", 9, "--stream")
    assert streamed.code == 0, streamed.err
    assert streamed.out == whole.out
    assert call("sample", folder / "m.onnx", "--stream", "--out", folder / "x").code == 2


# --- Smaller files ---


def test_half_precision_halves_the_weights_and_keeps_the_tokens(variants):
    folder, document = variants
    half, full = load(folder / "m.float16.onnx"), load(folder / "m.onnx")
    assert half.manifest.precision == "float16" and full.manifest.precision == "float32"
    assert half.facts.parameter_bytes < 0.55 * full.facts.parameter_bytes
    parity = document["float16"]["parity"]
    assert parity["share_of_other_tokens"] <= parity["allowed"] == 0.01
    same = half.outputs(200, seed=0)["tokens"] == full.outputs(200, seed=0)["tokens"]
    assert same.all(axis=1).mean() > 0.9


def test_eight_bits_reach_into_the_sampling_loop_with_standard_operators(variants):
    folder, document = variants
    facts = check(folder / "m.int8.onnx")
    assert facts.operators["MatMulInteger"] == 2 and facts.operators["DynamicQuantizeLinear"] == 2
    model = onnx.load(folder / "m.int8.onnx")
    (scan,) = [node for node in model.graph.node if node.op_type == "Scan"]
    body = next(attribute.g for attribute in scan.attribute if attribute.name == "body")
    assert [node.op_type for node in body.node].count("MatMulInteger") == 2
    assert {node.domain for node in (*model.graph.node, *body.node)} == {""}
    parity = document["int8"]["parity"]
    assert 0 < parity["share_of_other_tokens"] <= parity["allowed"]
    assert 0.1 < parity["share_of_weights"] < 1


def test_nodes_come_behind_those_that_only_a_loop_within_them_reads(variants):
    folder, _ = variants
    model = onnx.load(folder / "m.int8.onnx")
    names = [node.output[0] for node in model.graph.node]
    backwards = onnx.ModelProto.FromString(model.SerializeToString())
    del backwards.graph.node[:]
    backwards.graph.node.extend(reversed(model.graph.node))
    with pytest.raises(onnx.checker.ValidationError, match="topologically sorted"):
        onnx.checker.check_model(backwards)
    onnx.checker.check_model(in_order(backwards), full_check=True)
    assert sorted(node.output[0] for node in backwards.graph.node) == sorted(names)


def test_figures_of_samples_stand_side_by_side(variants, trained):
    _, document = variants
    figures = document["figures"]
    assert set(figures) == {"model", "float16", "int8"}
    assert {"distinct", "valid"} <= set(figures["model"]) == set(figures["int8"])
    assert abs(figures["model"]["distinct"] - figures["float16"]["distinct"]) < 0.1


def test_a_smaller_file_too_far_from_torch_is_refused_and_leaves_nothing(variants, trained, tmp_path, monkeypatch):
    folder, _ = variants
    path = tmp_path / "m.onnx"
    path.write_bytes((folder / "m.onnx").read_bytes())
    full = Exported(path, path.stat().st_size, load(path).manifest)
    monkeypatch.setitem(smaller.LIMITS, "int8", 0.0)
    with pytest.raises(ParityError, match="As int8, `tokens` is too far"):
        export_smaller(load_trained(trained, None, installed_registry()), full, "int8")
    assert [each.name for each in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.export
@pytest.mark.parametrize("opset", [19, 20, 21])
def test_later_opsets_have_the_same_structure(trained, tmp_path, opset):
    done = export(
        load_trained(trained, None, installed_registry()), tmp_path / "m.onnx", installed_registry(), opset=opset
    )
    facts = check(done.path)
    assert facts.opset == opset and facts.operators["Scan"] == 1
    assert done.manifest.parity["tokens_compared"] == 4 * 110
    shapes = {value.name: value.shape for value in (*facts.inputs, *facts.outputs)}
    assert shapes["noise"] == shapes["tokens"] == ("batch", "time") and shapes["lengths"] == ("batch",)
    assert json.dumps(done.manifest.model_dump(mode="json"))


@pytest.mark.export
def test_the_gpu_benchmark_measures_the_cpu_everywhere_and_says_what_it_did_not_measure():
    words = [sys.executable, ROOT / "benchmarks" / "gpu.py", "--batch", "2", "--seconds", "0.05", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert len(document["rows"]) == 12
    for row in document["rows"]:
        measured = row["way"].endswith("cpu") or document["device"] is not None
        assert (row["samples/s"] == "not measured") != measured
        if row["way"] == "step cpu":
            assert row["agreement with the CPU"] in ("100.00% of sequences", "within 0.0e+00") or "e-0" in str(row)
