"""A file from a stranger is either plain, or refused with a reason; it never crashes, hangs or reads another file."""

from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest
from onnx import helper
from runtime_hostile import HOSTILE, X, Y, ints, located, node, one
from runtime_models import constant, if_model, model, scan_model, series_model, token_manifest, token_model
from test_runtime_proto import typed_data

from rgan_kit.errors import DataError
from rgan_kit.runtime import check
from rgan_kit.runtime.untrusted.operators import ALLOWED, RANDOM
from rgan_kit.runtime.untrusted.safety import check_bytes


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
    noise, temperature = facts.inputs
    assert (noise.name, noise.dtype, noise.shape) == ("noise", "float32", ("batch", "time"))
    assert (temperature.name, temperature.shape) == ("temperature", ())
    assert [v.name for v in facts.outputs] == ["tokens", "lengths"]
    assert facts.metadata == token_manifest().to_metadata()
    assert (facts.parameters, facts.parameter_bytes) == (9, 5 * 4 + 4 * 8)


def test_operators_in_subgraphs_are_counted():
    assert check_bytes(scan_model(2).SerializeToString(), "m").operators == {"Identity": 2, "Scan": 2, "Add": 1}


# --- What a file may not hold ---


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
