"""Steps keep their contract, and what takes too long is ended."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from onnx import helper
from runtime_models import FLOAT, INT64, constant, model, series_manifest, token_manifest, value, with_manifest

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import Manifest, TensorInfo, load
from rgan_kit.runtime.choice import pick
from rgan_kit.runtime.stream import load_step


def step_manifest(**changes) -> Manifest:
    fields = {
        "role": "step",
        "states": ((1,),),
        "end_token": 2,
        "inputs": [
            TensorInfo(name="previous", dtype="int64", shape=("batch",), distribution="state", default=1),
            TensorInfo(name="state_0", dtype="float32", shape=("batch", 1), distribution="state", default=0),
        ],
        "outputs": [
            TensorInfo(name="logits", dtype="float32", shape=("batch", 5)),
            TensorInfo(name="next_state_0", dtype="float32", shape=("batch", 1)),
        ],
    }
    return token_manifest(**{**fields, **changes})


def step_model(manifest=None, *, first=0.0):
    """The state counts the steps; after the third only the end token is possible, before it only 3 and 4, 4 after 3."""
    table = np.full((5, 5), -50.0)
    table[[0, 1, 2, 4], 3] = 0
    table[3, 4] = 0
    last = np.array([[first, 0, 200, 0, 0]])
    nodes = [
        helper.make_node("Add", ["state_0", "one"], ["next_state_0"]),
        helper.make_node("Greater", ["next_state_0", "three"], ["over"]),
        helper.make_node("Cast", ["over"], ["weight"], to=FLOAT),
        helper.make_node("Mul", ["weight", "last"], ["ending"]),
        helper.make_node("Gather", ["table", "previous"], ["row"]),
        helper.make_node("Add", ["row", "ending"], ["logits"]),
    ]
    graph = model(
        nodes,
        [value("previous", INT64, "batch"), value("state_0", FLOAT, "batch", 1)],
        [value("logits", FLOAT, "batch", 5), value("next_state_0", FLOAT, "batch", 1)],
        [constant("one", [[1]]), constant("three", [[3]]), constant("last", last), constant("table", table)],
    )
    return with_manifest(graph, manifest or step_manifest())


def test_states_go_from_step_to_step_and_the_end_token_ends(save):
    step = load_step(save(step_model()))
    for _ in range(2):  # a second sequence begins with states of zero again
        drawn = list(step.drive(noise=np.full((3, 9), 0.5, np.float32)))
        assert np.stack(drawn, axis=1).tolist() == [[3, 4, 3, 2]] * 3


def test_a_model_streams_by_the_step_beside_it(save):
    save(name="m.onnx")
    save(step_model(), name="m.step.onnx")
    streamed = load(save(name="m.onnx")).stream(seed=1)
    assert list(streamed) == [3, 4, 3]


@pytest.mark.parametrize(
    "given",
    [
        {"noise": np.zeros((2, 3), np.float64)},
        {"noise": np.zeros((2, 3, 1), np.float32)},
        {"noise": np.zeros((2, 3), np.float32), "latent": np.zeros((2, 4), np.float32)},
        {"noise": np.zeros((2, 3), np.float32), "labels": np.zeros(2, np.int64)},
    ],
)
def test_inputs_that_do_not_fit_are_refused(save, given):
    step = load_step(save(step_model()))
    with pytest.raises(UsageError, match="model-file"):
        step.drive(**given)


def test_numbers_that_are_not_finite_are_a_broken_contract(save):
    step = load_step(save(step_model(first=np.nan)))
    with pytest.raises(DataError, match="not finite"):
        list(step.drive(noise=np.zeros((1, 4), np.float32)))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"end_token": None}, "end_token is None"),
        ({"states": ()}, "input state_0 is not in the contract"),
        ({"states": ((1,), (2,))}, "input state_1"),
        ({"role": "generator"}, "states are of no use"),
    ],
)
def test_a_manifest_of_a_step_that_lacks_something_is_refused(changes, fault):
    with pytest.raises(ValueError, match=fault):
        step_manifest(**changes)


@pytest.mark.parametrize("vocabulary", [2, 9, 92, 5000])
def test_picking_follows_the_cumulative_distribution(vocabulary):
    generator = np.random.default_rng(vocabulary)
    logits = generator.normal(size=(400, vocabulary)).astype(np.float32)
    logits[:, 0] = -1e9
    uniform = generator.random(400, dtype=np.float32)
    drawn = pick(logits, uniform, np.float32(0.7))
    exact = np.exp((logits.astype(np.float64) - logits.max(axis=1, keepdims=True)) / 0.7)
    upper = np.cumsum(exact / exact.sum(axis=1, keepdims=True), axis=1)
    rows = np.arange(400)
    below = np.where(drawn > 0, upper[rows, drawn - 1], 0)
    assert (below <= uniform + 1e-5).all() and (uniform <= upper[rows, drawn] + 1e-5).all()
    assert drawn.min() >= 1


# --- What takes too long ---


def slow_scan():
    """Sixty-five thousand steps of a product of matrices: it passes the walk, and would take minutes."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "state"], ["product"]),
            helper.make_node("Tanh", ["product"], ["next"]),
            helper.make_node("Identity", ["x"], ["y"]),
        ],
        "body",
        [value("state", FLOAT, 200, 200), value("x", FLOAT, "b", 3)],
        [value("next", FLOAT, 200, 200), value("y", FLOAT, "b", 3)],
    )
    nodes = [
        helper.make_node("Transpose", ["noise"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("Scan", ["start", "steps"], ["end", "ys"], num_scan_inputs=1, body=body),
        helper.make_node("Transpose", ["ys"], ["back"], perm=[1, 0, 2]),
        helper.make_node("MatMul", ["back", "weights"], ["series"]),
    ]
    return series_with(nodes, constant("start", np.eye(200)), constant("weights", np.ones((3, 2))))


def slow_operation():
    """One convolution of 2**36 products."""
    nodes = [
        helper.make_node("ConstantOfShape", ["long"], ["zeros"]),
        helper.make_node("ReduceMean", ["noise"], ["mean"], keepdims=0),
        helper.make_node("Add", ["zeros", "mean"], ["line"]),
        helper.make_node("Conv", ["line", "kernel"], ["convolved"]),
        helper.make_node("ReduceMean", ["convolved"], ["less"], keepdims=0),
        helper.make_node("MatMul", ["noise", "weights"], ["product"]),
        helper.make_node("Add", ["product", "less"], ["series"]),
    ]
    long, kernel = constant("long", [1, 1, 1 << 21], np.int64), constant("kernel", np.ones((1, 1, 1 << 15)))
    return series_with(nodes, long, kernel, constant("weights", np.ones((3, 2))))


def series_with(nodes, *initializers):
    inputs, outputs = [value("noise", FLOAT, "batch", "time", 3)], [value("series", FLOAT, "batch", "time", 2)]
    return with_manifest(model(nodes, inputs, outputs, list(initializers)), series_manifest())


def test_a_run_that_takes_too_long_is_stopped(save):
    slow = load(save(slow_scan()), timeout=0.5)
    began = time.monotonic()
    with pytest.raises(DataError, match=r"took more than 0\.5 s and was stopped"):
        slow.outputs(1, length=65_536)
    assert time.monotonic() - began < 5
    assert slow.outputs(1, length=3)["series"].shape == (1, 3, 2)


def test_strangers_files_have_a_limit_and_own_ones_have_none(save):
    path = save(series_with([helper.make_node("MatMul", ["noise", "w"], ["series"])], constant("w", np.ones((3, 2)))))
    assert load(path).opened.limit.seconds == 600
    assert load(path, trusted=True).opened.limit.seconds is None
    with pytest.raises(UsageError, match="timeout is 0"):
        load(path, timeout=0)


def test_where_nothing_else_helps_the_process_ends_with_a_reason(save):
    program = (
        "import sys; from rgan_kit.runtime import load, watchdog; watchdog.GRACE = 0.3\n"
        "load(sys.argv[1], timeout=0.3, ends_process=True).outputs(1, length=2)"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, save(slow_operation())], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 4, done.stderr
    assert "took more than 0.3 s and was stopped" in done.stderr
    assert time.monotonic() - began < 20
