"""The encoder of symbols meets its requirements, as a network and as an exported graph."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import Batch, TokenSpec
from rgan_kit_plugins.encoders import ENCODERS

PAD, BOS, EOS = 0, 1, 2
CELLS = ("rnn", "lstm", "gru")
SPEC = TokenSpec(7, BOS, EOS, PAD, max_length=20)


def encoder(cell: str = "lstm", **options) -> torch.nn.Module:
    torch.manual_seed(0)
    chosen = next(each for each in ENCODERS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), SPEC, 3)


def batch() -> Batch[torch.Tensor]:
    return Batch(torch.tensor([[3, 4, 5, EOS], [6, EOS, PAD, PAD]]), torch.tensor([4, 2]))


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(cell):
    model, short = encoder(cell, layers=2).eval(), batch()
    long = Batch(F.pad(short.values, (0, 3), value=5), short.lengths)
    torch.testing.assert_close(model(long), model(short))
    alone = Batch(short.values[1:, :2], short.lengths[1:])
    torch.testing.assert_close(model(alone), tuple(part[1:] for part in model(short)))


@pytest.mark.parametrize("cell", CELLS)
def test_a_one_hot_and_its_token_are_encoded_alike(cell):
    model, data = encoder(cell).eval(), batch()
    one_hot = F.one_hot(data.values, 7).float()
    one_hot[1, 2:] = 0.0  # as generated ones are after their end token
    torch.testing.assert_close(model(Batch(one_hot, data.lengths)), model(data))


def test_gradients_reach_what_made_a_one_hot():
    values = F.one_hot(batch().values, 7).float().requires_grad_()
    mean, log_variance = encoder()(Batch(values, batch().lengths))
    (mean.sum() + log_variance.sum()).backward()
    assert (values.grad[0].abs().sum(dim=1) > 0).all()
    assert values.grad[1, 2:].abs().sum() == 0


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_receives_a_gradient(cell):
    model = encoder(cell, layers=2)
    mean, log_variance = model(batch())
    assert mean.shape == log_variance.shape == (2, 3)
    (mean.sum() + log_variance.square().sum()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("place", range(4))
def test_the_posterior_depends_on_every_symbol(place):
    model, data = encoder().eval(), batch()
    values = data.values.clone()
    values[0, place] = 6
    assert (model(Batch(values, data.lengths))[0][0] - model(data)[0][0]).abs().max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_the_exported_encoder_equals_the_trained_one_at_any_size(cell, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = encoder(cell)
    frozen = model.exportable()
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    free = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("time", min=1)}
    program = torch.onnx.export(
        frozen,
        (),
        kwargs={"tokens": torch.full((3, 5), 4), "lengths": torch.tensor([5, 2, 4])},
        dynamic_shapes={"tokens": free, "lengths": {0: free[0]}},
        output_names=["mean", "log_variance"],
        opset_version=18,
        dynamo=True,
        verbose=False,
    )
    program.save(tmp_path / "encoder.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "encoder.onnx", providers=["CPUExecutionProvider"])
    model.eval()
    for size, time in ((1, 1), (2, 7), (5, 19)):
        tokens = torch.randint(2, 7, (size, time))
        lengths = torch.arange(size) % time + 1
        expected = model(Batch(tokens, lengths))
        got = session.run(["mean", "log_variance"], {"tokens": tokens.numpy(), "lengths": lengths.numpy()})
        for mine, theirs in zip(expected, got, strict=True):
            torch.testing.assert_close(torch.from_numpy(theirs), mine.detach(), atol=1e-5, rtol=1e-4)
