"""The recurrent networks on series, against independent computations."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import Batch, SeriesSpec
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.verify import SHAPES, check_structure, compare
from rgan_kit.runtime.manifest import TensorInfo
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.encoders import ENCODERS
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.recurrence import reverse_padded

CELLS = ("rnn", "lstm", "gru")
LATENT = 3
LOW, HIGH = np.array([-3, 10], np.float32), np.array([5, 11], np.float32)


def spec(*labels: str) -> SeriesSpec:
    return SeriesSpec(2, 8, ("height", "speed"), LOW, HIGH, labels)


def generator(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == cell)
    small = {"hidden_size": 6, "noise_size": 4, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def discriminator(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in DISCRIMINATORS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def encoder(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in ENCODERS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec(), LATENT)


def batch(labels: bool = False) -> Batch[torch.Tensor]:
    values = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, (3, 5, 2)).astype(np.float32))
    lengths = torch.tensor([5, 2, 1])
    values[torch.arange(5) >= lengths[:, None]] = 0
    return Batch(values, lengths, torch.tensor([0, 1, 1]) if labels else None)


def own_units(values: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(LOW) + (values + 1) / 2 * torch.from_numpy(HIGH - LOW)


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def densities_by_steps(model: Any, data: Batch[torch.Tensor], latent: torch.Tensor | None, sees: bool) -> np.ndarray:
    """Sequence by sequence and step by step, with the formula of the normal density."""
    expected = np.zeros(tuple(data.values.shape[:2]))
    for row, length in enumerate(data.lengths.tolist()):
        condition = [] if latent is None else [latent[row]]
        if data.labels is not None:
            condition.append(F.one_hot(data.labels[row], 2).float())
        previous, state = torch.zeros(3), model.recurrence.initial_state(torch.zeros(1, 1))
        for step in range(length):
            hidden, state = model.recurrence.step(torch.cat([previous, *condition])[None], state)
            raw = (hidden @ model.output.weight.T + model.output.bias)[0].detach().double().numpy()
            x, weights, density = data.values[row, step].double().numpy(), softmax(raw[4 * model.mixture :]), 0.0
            for k in range(model.mixture):
                mean, spread = raw[2 * k : 2 * k + 2], raw[2 * (model.mixture + k) : 2 * (model.mixture + k) + 2]
                deviation = np.log1p(np.exp(spread)) + model.least_deviation
                normal = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
                density += (weights[k] if model.mixture > 1 else 1.0) * normal.prod()
            expected[row, step] = np.log(density)
            if sees:
                previous = torch.cat([data.values[row, step], torch.ones(1)])
    return expected


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("word_dropout", "mixture"), [(0.0, 1), (0.4, 1), (1.0, 1), (0.0, 4), (1.0, 3)])
def test_densities_equal_a_loop_over_steps(cell, word_dropout, mixture):
    options = {"autoregressive": True, "latent_size": LATENT, "layers": 2}
    model = generator(cell, spec("a", "b"), **options, word_dropout=word_dropout, mixture=mixture).eval()
    data, latent = batch(labels=True), torch.randn(3, LATENT)
    expected = densities_by_steps(model, data, latent, sees=word_dropout < 1)
    np.testing.assert_allclose(model.log_probs(data, latent).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mixture", [1, 5])
def test_the_density_of_a_step_integrates_to_one(mixture):
    data = SeriesSpec(1, 8, ("x",), LOW[:1], HIGH[:1])
    model = generator("gru", data, autoregressive=True, mixture=mixture).eval()
    grid = torch.linspace(-30, 30, 6001)
    pairs = torch.stack([torch.full_like(grid, 0.3), grid], dim=1)[:, :, None]  # the second step runs over the grid
    nats = model.log_probs(Batch(pairs, torch.full((6001,), 2)))[:, 1]
    assert nats.exp().sum().item() * 0.01 == pytest.approx(1, abs=1e-4)


def test_samples_of_a_mixture_are_spread_as_its_density_says():
    """Of 20,000 first steps the share below each bound, against the cumulative distribution of the formula."""
    data = SeriesSpec(1, 8, ("x",), LOW[:1], HIGH[:1])
    model = generator("gru", data, autoregressive=True, mixture=3, least_deviation=0.02).eval()
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor([-0.6, 0.1, 0.8, -3.0, -2.0, -4.0, 1.0, 0.0, -1.0]))
        drawn = model(torch.randn(20_000, 1, 2, generator=torch.Generator().manual_seed(0)))[:, 0, 0].numpy()
    weights = softmax(np.array([1.0, 0.0, -1.0]))
    means, deviations = (-0.6, 0.1, 0.8), [math.log1p(math.exp(raw)) + 0.02 for raw in (-3.0, -2.0, -4.0)]
    for bound in np.linspace(-1.2, 1.2, 25):
        below = [0.5 + math.erf((bound - m) / d / math.sqrt(2)) / 2 for m, d in zip(means, deviations, strict=True)]
        assert np.mean(drawn <= bound) == pytest.approx(weights @ below, abs=0.015)  # four standard errors


def test_one_component_needs_no_weights():
    """Files of runs before there were mixtures have parameters of these shapes."""
    assert generator(autoregressive=True).output.weight.shape == (4, 6)
    assert generator(autoregressive=True).noise_size == 2
    assert generator(autoregressive=True, mixture=3).output.weight.shape == (15, 6)
    assert generator(autoregressive=True, mixture=3).noise_size == 3


def test_hidden_values_are_hidden_in_training_alone():
    model, data = generator("gru", autoregressive=True, word_dropout=0.5), batch()
    drawn = torch.stack([model.log_probs(data)[0] for _ in range(20)])
    assert drawn[:, 0].std() == 0  # there is nothing to hide from the first step
    assert (drawn[:, 1:].std(dim=0) > 0).all()
    model.eval()
    assert torch.equal(model.log_probs(data), model.log_probs(data))


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


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("word_dropout", [0.0, 1.0])
def test_the_noise_of_a_sample_is_what_its_density_says(cell, word_dropout):
    """``log p(x) = log N(noise; 0, 1) - log |dx/dnoise|``: what was drawn and what it is worth agree."""
    model = generator(cell, spec("a", "b"), autoregressive=True, latent_size=LATENT, word_dropout=word_dropout).eval()
    noise, latent, labels = torch.randn(3, 6, 2), torch.randn(3, LATENT), torch.tensor([0, 1, 0])
    values = model(noise, latent, labels).detach()
    nats = model.log_probs(Batch(values, torch.full((3,), 6), labels), latent).sum(dim=1)
    for row in range(3):
        place = slice(row, row + 1)
        jacobian = torch.autograd.functional.jacobian(
            lambda each, place=place: model(each.view(1, 6, 2), latent[place], labels[place]).flatten(),
            noise[row].flatten(),
        )
        standard = -0.5 * (noise[row].square() + math.log(2 * math.pi)).sum()
        expected = standard - torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(nats[row], expected, rtol=1e-4, atol=1e-4)


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


@pytest.mark.parametrize("word_dropout", [0.0, 1.0])
def test_only_a_blind_decoder_ignores_what_came_before(word_dropout):
    model = generator("gru", autoregressive=True, word_dropout=word_dropout).eval()
    noise = torch.zeros(2, 5, 2)
    noise[1, 0] = 3.0
    values = model(noise)
    assert torch.equal(values[0, 1:], values[1, 1:]) == (word_dropout == 1)


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


def exported(module: Any, example: dict[str, torch.Tensor], inputs: Any, outputs: Any, path: Path) -> Any:
    model = to_onnx(module, example, inputs, outputs, 18)
    onnx.save(model, str(path))
    check_structure(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [info.name for info in outputs]

    def run(given: Any) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {name: each.numpy() for name, each in given.items()}), strict=True))

    return run


def check_sampler(tmp_path: Path, cell: str, *labels: str, **options: Any) -> None:
    model = generator(cell, spec(*labels), **options)
    inputs, outputs = inputs_of(model.data, model), outputs_of(model.data)
    run = exported(model.sampler(), example_inputs(inputs, 3, 5), inputs, outputs, tmp_path / "model.onnx")
    assert compare(model.sampler(), run, inputs, outputs)["largest_difference"] < 1e-5


def check_encoder(tmp_path: Path, cell: str, **options: Any) -> None:
    module = encoder(cell, **options).exportable()
    inputs = [
        TensorInfo(name="series", dtype="float32", shape=("batch", "time", 2)),
        TensorInfo(name="lengths", dtype="int64", shape=("batch",)),
    ]
    outputs = [TensorInfo(name=name, dtype="float32", shape=("batch", LATENT)) for name in ("mean", "log_variance")]
    example = {"series": torch.randn(3, 5, 2), "lengths": torch.tensor([5, 2, 3])}
    run = exported(module, example, inputs, outputs, tmp_path / "encoder.onnx")
    for size, time in SHAPES:
        lengths = torch.arange(size) % time + 1
        given = {"series": torch.randn(size, time, 2), "lengths": lengths.flip(0)}
        for mine, theirs in zip(module(**given), run(given).values(), strict=True):
            np.testing.assert_allclose(theirs, mine.numpy(), atol=1e-5)


def test_exported_networks_compute_what_torch_computes(tmp_path):
    """One after the other in one process: torch's own export of a second recurrent layer loses its free time."""
    check_sampler(tmp_path, "lstm", autoregressive=True, latent_size=LATENT)
    check_sampler(tmp_path, "gru", autoregressive=True, mixture=4)
    check_encoder(tmp_path, "gru")


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("labels", "options"),
    [
        ((), {}),
        (("a", "b"), {"latent_size": LATENT, "layers": 2}),
        ((), {"autoregressive": True}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "layers": 2, "word_dropout": 0.3}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "word_dropout": 1.0}),
        (("a", "b"), {"autoregressive": True, "latent_size": LATENT, "mixture": 7}),
        ((), {"autoregressive": True, "mixture": 2, "word_dropout": 1.0}),
    ],
)
def test_every_sampler_can_be_exported(tmp_path, cell, labels, options):
    check_sampler(tmp_path, cell, *labels, **options)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_every_encoder_can_be_exported(tmp_path, cell, layers):
    check_encoder(tmp_path, cell, layers=layers)


def test_likelihood_finds_a_process_that_it_can_express():
    """``x_t = 0.8 x_{t-1} + 0.1 e_t``: nats close to the process's own, and samples with its spread and memory."""
    rng = np.random.default_rng(0)
    series = np.zeros((400, 12, 1), np.float32)
    series[:, 0, 0] = rng.normal(0, 0.1 / math.sqrt(1 - 0.64), 400)
    for step in range(1, 12):
        series[:, step, 0] = 0.8 * series[:, step - 1, 0] + 0.1 * rng.standard_normal(400)
    data = SeriesSpec(1, 12, ("x",), np.array([-1], np.float32), np.array([1], np.float32))
    model = generator("gru", data, autoregressive=True, hidden_size=12)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    real = Batch(torch.from_numpy(series), torch.full((400,), 12))
    for _ in range(100):
        optimizer.zero_grad()
        loss = -model.log_probs(real).mean()
        loss.backward()
        optimizer.step()
    entropy = 0.5 * math.log(2 * math.pi * math.e * 0.01)  # of a step, but for the first
    assert loss.item() == pytest.approx(entropy, abs=0.1)
    torch.manual_seed(0)
    drawn = model.sampler()(torch.randn(2000, 12, 1))[:, 3:, 0]
    assert drawn.std().item() == pytest.approx(0.1 / 0.6, rel=0.15)
    assert torch.corrcoef(torch.stack([drawn[:, 1:].flatten(), drawn[:, :-1].flatten()]))[0, 1] > 0.7


def test_reversing_twice_changes_nothing():
    data = batch()
    assert torch.equal(reverse_padded(reverse_padded(data.values, data.lengths), data.lengths), data.values)
