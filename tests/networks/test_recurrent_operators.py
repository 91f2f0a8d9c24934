"""Recurrent layers of model files: ONNX's own operators, against torch's layers and against a loop over steps."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from rgan_kit.export.graph import to_onnx
from rgan_kit.export.smaller import to_float16, to_int8
from rgan_kit.nn import LockedDropout, Recurrence, exportable, gru
from rgan_kit.runtime.manifest import TensorInfo

CELLS = ("rnn", "lstm", "gru")
SHAPES = ((1, 1), (2, 7), (5, 19))


class TwoStacks(torch.nn.Module):
    """Two of a kind, since torch has treated the second one differently."""

    def __init__(self, cell: str, layers: int, width: int = 20) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first = Recurrence(cell, 6, width, layers)
        self.second = Recurrence(cell, width, 9, layers)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(noise))


def exported(cell: str, layers: int, width: int = 20) -> tuple[TwoStacks, onnx.ModelProto]:
    network = exportable(TwoStacks(cell, layers, width))
    made = TensorInfo(name="noise", dtype="float32", shape=("batch", "time", 6))
    came = TensorInfo(name="series", dtype="float32", shape=("batch", "time", 9))
    return network, to_onnx(network, {"noise": torch.randn(3, 5, 6)}, [made], [came], 18)


def answer(model: onnx.ModelProto, noise: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"noise": noise.numpy()})[0]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_is_one_operator_that_computes_what_torch_computes(cell, layers):
    network, model = exported(cell, layers)
    operators = [node.op_type for node in model.graph.node]
    assert operators.count(cell.upper()) == 2 * layers and "Scan" not in operators
    weights = sum(parameter.numel() for parameter in network.parameters())
    stored = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    assert weights <= stored < 1.1 * weights  # torch's own order of the gates does not stand there a second time
    for shape in SHAPES:
        noise = torch.randn(*shape, 6)
        np.testing.assert_allclose(answer(model, noise), network(noise), atol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_whole_sequences_equal_a_loop_over_steps(cell):
    network = Recurrence(cell, 6, 8, 2).eval()
    inputs = torch.randn(3, 7, 6)
    state, outputs = network.initial_state(inputs), []
    for step in range(7):
        output, state = network.step(inputs[:, step], state)
        outputs.append(output)
    torch.testing.assert_close(network(inputs), torch.stack(outputs, 1))


def test_a_frozen_copy_shares_nothing_and_is_not_trained():
    network = Recurrence("gru", 2, 3, 2, dropout=0.5)
    copied = exportable(network)
    memory = {each.data_ptr() for each in network.parameters()}
    assert memory.isdisjoint(each.data_ptr() for each in (*copied.parameters(), *copied.buffers()))
    assert not copied.training and not any(each.requires_grad for each in copied.parameters())
    assert network.training and all(each.requires_grad for each in network.parameters())
    assert set(network.state_dict()) == set(copied.state_dict())


@pytest.mark.parametrize("cell", CELLS)
def test_smaller_weights_of_the_operators(cell):
    network, model = exported(cell, 1, 96)
    noise = torch.randn(4, 11, 6)
    right = network(noise).numpy()
    whole = model.ByteSize()
    for make, allowed, share in ((to_float16, 2e-3, 0.62), (to_int8, 0.05, 0.4)):
        smaller = make(onnx.ModelProto.FromString(model.SerializeToString()))
        onnx.checker.check_model(smaller, full_check=True)
        assert {node.domain for node in smaller.graph.node} == {""}
        apart = float(np.abs(answer(smaller, noise) - right).max())
        assert 0 < apart < allowed
        assert smaller.ByteSize() < share * whole


class Shared(torch.nn.Module):
    """A layer that is applied twice, beside one of torch's own, whose weights are too large to be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.own = exportable(Recurrence("gru", 6, 6)), torch.nn.LSTM(6, 300, batch_first=True)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.own(self.twice(self.twice(noise)))[0]


def test_weights_that_are_shared_or_computed_do_not_stop_the_smaller_file():
    network = Shared().eval().requires_grad_(False)
    made = TensorInfo(name="noise", dtype="float32", shape=("batch", "time", 6))
    came = TensorInfo(name="series", dtype="float32", shape=("batch", "time", 300))
    smaller = to_int8(to_onnx(network, {"noise": torch.randn(3, 5, 6)}, [made], [came], 18))
    onnx.checker.check_model(smaller, full_check=True)
    noise = torch.randn(3, 5, 6)
    assert float(np.abs(answer(smaller, noise) - network(noise).numpy()).max()) < 0.05


def test_a_gated_unit_on_a_processor_has_the_values_and_gradients_of_torch():
    torch.manual_seed(0)
    network, inputs = Recurrence("gru", 7, 5, 2), torch.randn(3, 11, 7, requires_grad=True)
    ours, theirs = network(inputs), network.rnn(inputs)[0]
    torch.testing.assert_close(ours, theirs)
    of = (inputs, *network.parameters())
    weights = torch.randn_like(ours)
    mine, torchs = (torch.autograd.grad((each * weights).sum(), of) for each in (ours, theirs))
    torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-5)


def test_first_and_second_derivatives_of_a_gated_unit_are_those_of_differences():
    torch.manual_seed(0)
    shapes = ((2, 4, 3), (6, 3), (6, 2), (6,), (6,))  # inputs, weights, biases
    parts = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(gru.gru, parts)
    assert torch.autograd.gradgradcheck(gru.gru, parts)


@pytest.mark.parametrize("cell", CELLS)
def test_dropped_weights_are_the_same_at_all_steps_and_none_are_dropped_after_training(cell):
    torch.manual_seed(0)
    deep, inputs = Recurrence(cell, 6, 16, 2, dropout=0.5, weight_dropout=0.5, locked=True), torch.randn(3, 9, 6)
    assert not torch.equal(deep(inputs), deep(inputs))
    torch.testing.assert_close(deep.eval()(inputs), deep.rnn(inputs)[0])
    network = Recurrence(cell, 6, 16, weight_dropout=0.5)
    weight = network.rnn.weight_hh_l0
    torch.manual_seed(1)
    dropped = torch.nn.functional.dropout(weight, 0.5)
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    torch.manual_seed(1)
    found = network(inputs)
    with torch.no_grad():
        weight.copy_(dropped)
    again = network.eval()(inputs)
    torch.testing.assert_close(found, again)


def test_a_locked_mask_drops_the_same_features_at_all_steps_of_a_sequence():
    torch.manual_seed(0)
    dropout = LockedDropout(0.5)
    dropped = dropout(torch.ones(64, 10, 8))
    assert torch.equal(dropped, dropped[:, :1].expand(-1, 10, -1))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    assert not torch.equal(dropped[0], dropped[1])
    assert torch.equal(dropout.eval()(torch.ones(2, 3, 4)), torch.ones(2, 3, 4))
