"""Recurrent layers of model files: ONNX's own operators, against torch's layers and against a loop over steps."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from rgan_kit.export.graph import to_onnx
from rgan_kit.export.smaller import to_float16, to_int8
from rgan_kit.nn import Recurrence, exportable
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
