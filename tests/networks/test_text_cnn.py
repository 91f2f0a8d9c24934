"""Discriminators of symbols that read one way: against loops, symbol by symbol, and what regularises them."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from test_token_networks import EOS, PAD, discriminator, spec
from torch.nn import functional as F

from rgan_kit.contracts import Batch
from rgan_kit_plugins.discriminators import ConvolutionalTokenOptions

LABELLED = spec(labels=("a", "b"))


def cnn(data=LABELLED, **options):
    torch.manual_seed(0)
    small = {"embedding_size": 5, "filters": 3, "widths": (1, 2, 4), "representations": 2, "dropout": 0.0}
    return discriminator_of("cnn", data, small | options)


def discriminator_of(name, data, options):
    from rgan_kit_plugins.discriminators import DISCRIMINATORS

    chosen = next(each for each in DISCRIMINATORS if each.name == name)
    return chosen.build(chosen.options(**options), data)


def one_way(data=LABELLED, **options):
    return discriminator("lstm", data, bidirectional=False, layers=2, **options)


def batch() -> Batch[torch.Tensor]:
    values = torch.tensor([[3, 4, 5, 6, EOS], [6, EOS, PAD, PAD, PAD], [EOS, PAD, PAD, PAD, PAD]])
    return Batch(values, torch.tensor([5, 2, 1]), torch.tensor([0, 1, 1]))


@pytest.mark.parametrize("highway", [True, False])
def test_scores_equal_a_loop_over_windows(highway):
    critic, data = cnn(highway=highway).eval(), batch()
    weight = critic.embedding.weight.view(7, 2, 5)
    for row, length in enumerate(data.lengths.tolist()):
        sequence, steps = 0.0, torch.zeros(length)
        label = critic.from_label.weight[data.labels[row]]
        for reading in range(2):
            embedded = torch.stack([weight[token, reading] for token in data.values[row, :length]])
            answers = torch.zeros(length, 9)
            for step in range(length):
                for kind, layer in enumerate(critic.convolutions):
                    for filtered in range(3):
                        total = layer.bias[filtered]
                        for back in range(layer.kernel_size[0]):
                            if step - back >= 0:
                                total = total + layer.weight[filtered, :, -1 - back] @ embedded[step - back]
                        answers[step, 3 * kind + filtered] = total.clamp(min=0)
            steps += (answers @ critic.step_score.weight[0] + critic.step_score.bias + answers @ label) / 2
            peak = answers.max(dim=0).values
            if highway:
                gate = torch.sigmoid(critic.highway.gate(peak))
                peak = gate * critic.highway.change(peak).clamp(min=0) + (1 - gate) * peak
            sequence += (critic.sequence_score(peak)[0] + peak @ label) / 2
        scores = critic(data)
        torch.testing.assert_close(scores.sequence[row], sequence)
        torch.testing.assert_close(scores.steps[row, :length], steps)


def test_padding_changes_nothing():
    critic, short = cnn().eval(), batch()
    long = Batch(F.pad(short.values, (0, 4), value=5), short.lengths, short.labels)
    torch.testing.assert_close(critic(long).sequence, critic(short).sequence)
    torch.testing.assert_close(critic(long).steps[:, :5], critic(short).steps)
    assert critic(long).steps[:, 5:].abs().sum() == 0


def test_a_one_hot_and_its_token_score_alike():
    critic, data = cnn().eval(), batch()
    one_hot = Batch(F.one_hot(data.values, 7).float(), data.lengths, data.labels)
    torch.testing.assert_close(critic(one_hot).sequence, critic(data).sequence)
    torch.testing.assert_close(critic(one_hot).steps, critic(data).steps)


@pytest.mark.parametrize("options", [{}, {"spectral_norm": True}, {"minibatch_statistics": True}])
def test_every_parameter_receives_a_gradient(options):
    for critic in (cnn(**options), one_way(**options)):
        scores = critic(batch())
        (scores.sequence.square().sum() + scores.steps.square().sum()).backward()
        for name, parameter in critic.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("make", [cnn, one_way])
def test_a_score_of_a_step_depends_on_nothing_after_it(make):
    critic, data = make().eval(), batch()
    other = Batch(data.values.clone(), data.lengths, data.labels)
    other.values[0, 3:] = torch.tensor([3, 3])
    torch.testing.assert_close(critic(other).steps[0, :3], critic(data).steps[0, :3])
    assert critic(other).steps[0, 3] != critic(data).steps[0, 3]
    assert critic.causal and not discriminator("lstm").causal


@pytest.mark.parametrize("make", [cnn, one_way])
def test_reading_symbol_by_symbol_equals_reading_at_once(make):
    critic, data = make(spectral_norm=True).eval(), batch()
    assert critic.incremental and not make(minibatch_statistics=True).incremental
    state = critic.start(data.values)
    for step in range(5):
        state = critic.read(state, data.values[:, step])
        there = Batch(data.values, torch.full((3,), step + 1), data.labels)
        torch.testing.assert_close(critic.judge(state, data.labels), critic(there).sequence)


@pytest.mark.parametrize("make", [cnn, one_way])
def test_spectral_normalisation_bounds_every_layers_gain(make):
    critic = make(spectral_norm=True)
    for _ in range(30):
        critic(batch())
    layers = [layer for layer in critic.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv1d)]
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("make", [cnn, one_way])
def test_minibatch_statistics_show_a_batch_without_variety(make):
    values = torch.tensor([[3, 4, EOS], [4, 5, EOS], [5, 6, EOS]])
    lengths, labels = torch.tensor([3, 3, 3]), torch.tensor([0, 0, 0])
    same = values[:1].expand(3, 3)
    critic = make(minibatch_statistics=True).eval()
    varied = critic(Batch(values, lengths, labels)).sequence[0]
    assert critic(Batch(same, lengths, labels)).sequence[0] != varied
    plain = make().eval()
    torch.testing.assert_close(
        plain(Batch(same, lengths, labels)).sequence[0], plain(Batch(values, lengths, labels)).sequence[0]
    )


def test_widths_are_written_with_commas_and_differ():
    assert ConvolutionalTokenOptions(widths="1, 3,7").widths == (1, 3, 7)
    for wrong in ("3,3", "0,2", "65", ""):
        with pytest.raises(ValidationError):
            ConvolutionalTokenOptions(widths=wrong)
