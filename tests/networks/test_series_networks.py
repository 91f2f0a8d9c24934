"""The recurrent networks on series, against independent computations."""

from __future__ import annotations

import pytest
import torch
from series_parts import CELLS, LATENT, batch, discriminator, encoder, generator, own_units, spec
from torch.nn import functional as F

from rgan_kit.contracts import Batch
from rgan_kit.nn import reverse_padded


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("autoregressive", [False, True])
def test_samples_keep_the_contract(cell, autoregressive):
    model = generator(cell, spec("a", "b"), autoregressive=autoregressive, latent_size=LATENT)
    labels = torch.tensor([0, 1] * 5)
    made = model.generate(10, 7, latent=torch.randn(10, LATENT), labels=labels)
    assert made.values.shape == (10, 7, 2)
    assert made.lengths.tolist() == [7] * 10
    assert made.labels is labels
    assert model.noise_size == (2 if autoregressive else 4)
    drawn = model.generate(50, 7).labels  # a conditional model says which labels it drew
    assert set(drawn.tolist()) == {0, 1}
    if not autoregressive:
        assert made.values.abs().max() <= 1


@pytest.mark.parametrize("autoregressive", [False, True])
def test_one_seed_gives_one_sample(autoregressive):
    model = generator(autoregressive=autoregressive, latent_size=LATENT)
    made = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        made.append(model.generate(4, 6).values)
    assert torch.equal(made[0], made[1])
    assert (made[0] != made[2]).all(dim=2).any()


@pytest.mark.parametrize("autoregressive", [False, True])
def test_the_sampler_is_a_frozen_copy_in_the_datas_own_units(autoregressive):
    model = generator("gru", spec("a", "b"), autoregressive=autoregressive, latent_size=LATENT, dropout=0.5)
    sampler = model.sampler()
    noise = torch.randn(3, 6, model.noise_size)
    latent, labels = torch.randn(3, LATENT), torch.tensor([0, 1, 0])
    expected = own_units(model.eval()(noise, latent, labels))
    with torch.no_grad():
        model.output.weight.fill_(1.0)
    torch.testing.assert_close(sampler(noise=noise, latent=latent, labels=labels), expected)
    assert not any(parameter.requires_grad for parameter in sampler.parameters())
    places = [tensor.data_ptr() for tensor in (*sampler.parameters(), *sampler.buffers())]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("network", [generator, discriminator, encoder])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(network, cell):
    options = {"autoregressive": True} if network is generator else {}
    model = network(cell, spec("a", "b"), layers=2, **options).eval()
    short = batch(labels=True)
    long = Batch(F.pad(short.values, (0, 0, 0, 3), value=0.7), short.lengths, short.labels)
    if network is generator:
        torch.testing.assert_close(model.log_probs(long)[:, :5], model.log_probs(short))
        assert model.log_probs(long)[:, 5:].abs().sum() == 0
    elif network is discriminator:
        torch.testing.assert_close(model(long).sequence, model(short).sequence)
        torch.testing.assert_close(model(long).steps[:, :5], model(short).steps)
        assert model(long).steps[:, 5:].abs().sum() == 0
    else:
        torch.testing.assert_close(model(long), model(short))


@pytest.mark.parametrize("network", [discriminator, encoder])
@pytest.mark.parametrize("cell", CELLS)
def test_a_padded_sequence_counts_as_if_it_were_alone(network, cell):
    model, data = network(cell).eval(), batch()
    for row, length in enumerate(data.lengths.tolist()):
        alone = model(Batch(data.values[row : row + 1, :length], data.lengths[row : row + 1]))
        if network is encoder:
            torch.testing.assert_close(alone, tuple(part[row : row + 1] for part in model(data)))
        else:
            torch.testing.assert_close(alone.sequence[0], model(data).sequence[row])
            torch.testing.assert_close(alone.steps[0], model(data).steps[row, :length])


@pytest.mark.parametrize("network", [discriminator, encoder])
def test_both_directions_are_read(network):
    """What a score or posterior says changes with the first step and with the last."""
    model = network("rnn").eval()
    values = torch.randn(1, 6, 2, requires_grad=True)
    answer = model(Batch(values, torch.tensor([6])))
    steps = answer.steps[0] if network is discriminator else answer[0][0, :1]
    for place in (0, -1):  # the score of the first step sees the last step, and the other way round
        (gradient,) = torch.autograd.grad(steps[place], values, retain_graph=True)
        assert (gradient[0].abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("autoregressive", [False, True])
def test_every_parameter_receives_a_gradient_through_the_samples(cell, autoregressive):
    data = spec("a", "b")
    model = generator(cell, data, autoregressive=autoregressive, latent_size=LATENT, layers=2)
    critic = discriminator(cell, data, layers=2, minibatch_statistics=True)
    torch.manual_seed(0)
    scores = critic(model.generate(16, 6))
    (scores.sequence.sum() + scores.steps.sum()).backward()
    for network in (model, critic):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_of_the_autoencoder_receives_a_gradient(cell):
    reader, writer = encoder(cell, layers=2), generator(cell, autoregressive=True, latent_size=LATENT, layers=2)
    data = batch()
    mean, log_variance = reader(data)
    latent = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    writer.log_probs(data, latent).sum().backward()
    for network in (reader, writer):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{}, {"spectral_norm": True, "minibatch_statistics": True}])
def test_the_penalty_on_gradients_has_a_gradient(cell, options):
    """Double backward against finite differences of the first one."""
    model = discriminator(cell, layers=2, **options).double().eval()
    values, lengths = batch().values.double().requires_grad_(), batch().lengths
    weight = model.sequence_score[0].weight if not options else model.sequence_score[0].parametrizations.weight.original

    def penalty() -> torch.Tensor:
        score = model(Batch(values, lengths)).sequence.sum()
        (gradient,) = torch.autograd.grad(score, values, create_graph=True)
        return gradient.square().sum()

    (exact,) = torch.autograd.grad(penalty(), weight)
    direction, step = torch.randn_like(weight), 1e-5
    around = []
    for sign in (1, -1):
        with torch.no_grad():
            weight += sign * step * direction
        around.append(penalty().item())
        with torch.no_grad():
            weight -= sign * step * direction
    assert (exact * direction).sum().item() == pytest.approx((around[0] - around[1]) / (2 * step), rel=1e-4)


def test_spectral_norm_bounds_every_linear_layer():
    model = discriminator("gru", spectral_norm=True, minibatch_statistics=True)
    for layer in (model.embedding[0], model.step_score, *model.sequence_score[::2]):
        with torch.no_grad():
            layer.parametrizations.weight.original.mul_(30)
    for _ in range(30):  # one power iteration a pass
        model(batch())
    model.eval()
    for layer in (model.embedding[0], model.step_score, *model.sequence_score[::2]):
        assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, abs=0.02)


def test_minibatch_statistics_see_a_collapse():
    data = batch()
    for shown in (False, True):
        model = discriminator("gru", minibatch_statistics=shown).eval()
        others = Batch(data.values.flip(0), data.lengths.flip(0))
        alone, among = (
            model(Batch(torch.cat([data.values[:1], more.values]), torch.cat([data.lengths[:1], more.lengths])))
            for more in (data, others.__class__(data.values[:1].expand(3, -1, -1), data.lengths[:1].expand(3)))
        )
        assert torch.allclose(alone.sequence[0], among.sequence[0], atol=1e-7) != shown


def test_a_label_changes_what_conditional_networks_say():
    data = batch()
    given = [Batch(data.values, data.lengths, torch.full((3,), label)) for label in (0, 1)]
    critic, model = discriminator("gru", spec("a", "b")).eval(), generator("gru", spec("a", "b")).eval()
    assert (critic(given[0]).sequence != critic(given[1]).sequence).all()
    assert (critic(given[0]).steps != critic(given[1]).steps)[:, 0].all()
    noise = torch.randn(3, 4, 4)
    first, second = (model(noise, labels=each.labels) for each in given)
    assert (first != second).all()


@pytest.mark.parametrize("cell", CELLS)
def test_the_encoder_reads_the_datas_own_units(cell):
    model, data = encoder(cell, dropout=0.5), batch()
    exportable = model.exportable()
    expected = model.eval()(data)
    torch.testing.assert_close(exportable(own_units(data.values), data.lengths), expected, rtol=1e-4, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in exportable.parameters())


def test_the_encoder_equals_a_loop_over_steps():
    model, data = encoder("gru").eval(), batch()
    found = model(data)
    for row, length in enumerate(data.lengths.tolist()):
        inputs = model.embedding(data.values[row : row + 1, :length])
        ends, means = [], []
        for recurrence, each in ((model.forwards, inputs), (model.backwards, inputs.flip(1))):
            state, outputs = recurrence.initial_state(each), []
            for step in range(length):
                output, state = recurrence.step(each[:, step], state)
                outputs.append(output)
            ends.append(outputs[-1])
            means.append(torch.stack(outputs).mean(dim=0))
        expected = torch.cat([*ends, *means], dim=1) @ model.posterior.weight.T + model.posterior.bias
        torch.testing.assert_close(torch.cat([part[row : row + 1] for part in found], dim=1), expected)


def test_reversing_twice_changes_nothing():
    data = batch()
    assert torch.equal(reverse_padded(reverse_padded(data.values, data.lengths), data.lengths), data.values)
