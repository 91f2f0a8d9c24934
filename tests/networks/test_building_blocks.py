"""``rgan_kit.nn``: what authors build networks of does what its descriptions say, and is all described."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from rgan_kit import nn as blocks
from rgan_kit.contracts import SeriesSpec
from rgan_kit.nn import (
    NetworkUnits,
    OwnUnits,
    Recurrence,
    Stepper,
    batch_first,
    exportable,
    layers_first,
    read_own_symbols,
    scan,
    shapes_of,
)


def test_every_name_has_a_description_of_its_own():
    for name in blocks.__all__:
        each = getattr(blocks, name)
        if isinstance(each, type) or (callable(each) and hasattr(each, "__module__") and "rgan_kit" in each.__module__):
            assert each.__doc__, name


def test_importing_them_brings_in_no_plugins_and_no_exporter():
    others = ("onnx", "rgan_kit.plugins", "rgan_kit_plugins")
    code = f"import sys, rgan_kit.nn; print([name for name in {others} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_an_exportable_copy_is_frozen_and_its_parts_prepare_themselves():
    class Part(nn.Module):
        prepared = False

        def __init__(self):
            super().__init__()
            self.weight = nn.Linear(2, 2)

        def make_exportable(self):
            self.prepared = True

    network = nn.Sequential(Part(), nn.Dropout(0.5)).train()
    copied = exportable(network)
    assert copied[0].prepared and not network[0].prepared
    assert not any(part.training for part in copied.modules()) and network.training
    assert not any(weight.requires_grad for weight in copied.parameters())
    assert copied[0].weight.weight.data_ptr() != network[0].weight.weight.data_ptr()


def test_scan_is_the_loop_that_one_would_write():
    inputs = torch.randn(5, 3)
    sums = scan(lambda carry, x: ((carry[0] + x,), (carry[0] + x) * 2), (torch.zeros(3),), inputs)
    torch.testing.assert_close(sums, 2 * inputs.cumsum(0))


@pytest.mark.parametrize(("cell", "states"), [("rnn", 1), ("gru", 1), ("lstm", 2)])
def test_states_of_a_step_file_go_through_a_recurrence_and_back(cell, states):
    recurrence = Recurrence(cell, 4, 3, layers=2)
    stepper = Stepper(nn.Identity(), shapes_of(recurrence))
    assert stepper.state_shapes == ((2, 3),) * states
    inputs, given = torch.randn(5, 4), [torch.zeros(5, *shape) for shape in stepper.state_shapes]
    output, state = recurrence.step(inputs, layers_first(*given, None))
    assert [part.shape for part in batch_first(state)] == [(5, 2, 3)] * states
    torch.testing.assert_close(output, recurrence(inputs[:, None])[:, 0])


def test_units_lead_there_and_back_and_a_constant_feature_stays_finite():
    low, high = np.array([-3, 5, 1], np.float32), np.array([7, 6, 1], np.float32)
    data = SeriesSpec(3, 4, ("a", "b", "c"), low, high)
    own, network = OwnUnits(data), NetworkUnits(data)
    ends = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
    torch.testing.assert_close(own(ends), torch.from_numpy(np.stack([low, high])))
    torch.testing.assert_close(network(own(ends)), torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, -1.0]]))


def test_own_symbols_are_those_that_the_logits_ask_for_and_never_the_begin_or_end_token():
    previous = torch.tensor([[1, 4, 5, 6]]).repeat(200, 1)

    def certain(read):  # after 4 comes 7, after 5 the end token 2
        logits = torch.full((*read.shape, 8), -50.0)
        following = torch.where(read == 4, 7, torch.where(read == 5, 2, 3))
        return logits.scatter(2, following[..., None], 50.0)

    torch.manual_seed(0)
    read = read_own_symbols(certain, previous, 0.5, end=2)
    assert (read[:, 0] == 1).all() and (read[:, 3] == 6).all()  # no end token is read
    assert set(read[:, 1].tolist()) == {3, 4} and set(read[:, 2].tolist()) == {5, 7}
    assert abs((read[:, 2] == 7).float().mean() - 0.5) < 0.15
    assert torch.equal(read_own_symbols(certain, previous, 0.0, end=2), previous)
