"""The recurrent networks on symbols, against independent computations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import Batch, Relaxation, TokenSpec
from rgan_kit.nn import Recurrence, pick, relaxed_choice, reverse_padded
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.generators import GENERATORS

PAD, BOS, EOS = 0, 1, 2
CELLS = ("rnn", "lstm", "gru")


def spec(vocabulary: int = 7, **fields) -> TokenSpec:
    return TokenSpec(vocabulary, BOS, EOS, PAD, max_length=6, **fields)


def generator(cell: str = "lstm", data: TokenSpec | None = None, **options):
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def discriminator(cell: str = "lstm", data: TokenSpec | None = None, **options):
    torch.manual_seed(0)
    chosen = next(each for each in DISCRIMINATORS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def batch(labels: bool = False) -> Batch[torch.Tensor]:
    values = torch.tensor([[3, 4, 5, EOS], [6, EOS, PAD, PAD]])
    return Batch(values, torch.tensor([4, 2]), torch.tensor([0, 1]) if labels else None)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_stepping_equals_the_whole_sequence(cell, layers):
    torch.manual_seed(0)
    recurrence = Recurrence(cell, 4, 5, layers)
    inputs = torch.randn(3, 7, 4)
    state, outputs = recurrence.initial_state(inputs), []
    for step in range(7):
        projected = recurrence.step_projected(recurrence.project(inputs[:, step]), state)
        output, state = recurrence.step(inputs[:, step], state)
        torch.testing.assert_close(projected, (output, state))
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs, 1), recurrence(inputs))


def test_reversal_leaves_padding_in_place():
    values = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 0]])
    expected = torch.tensor([[3, 2, 1, 0], [5, 4, 0, 0]])
    assert torch.equal(reverse_padded(values, torch.tensor([3, 2])), expected)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("tied", [True, False])
def test_likelihood_equals_a_loop_over_steps(cell, tied):
    model, data = generator(cell, tie_weights=tied).eval(), batch()
    expected = torch.zeros(2, 4)
    for row, length in enumerate(data.lengths.tolist()):
        previous, state = torch.tensor([BOS]), model.recurrence.initial_state(torch.zeros(1, 1))
        for step in range(length):
            hidden, state = model.recurrence.step(model.embedding(previous), state)
            logits = model.project(hidden) @ model.output.weight.T + model.output.bias
            logits[:, [BOS, PAD]] = -torch.inf
            expected[row, step] = F.log_softmax(logits, 1)[0, data.values[row, step]]
            previous = data.values[row, step : step + 1]
    torch.testing.assert_close(model.log_probs(data), expected)


@pytest.mark.parametrize("cell", CELLS)
def test_the_probabilities_of_all_sequences_sum_to_one(cell):
    model = generator(cell, spec(5)).eval()
    symbols, total = (3, 4), 0.0
    for length in range(4):
        for body in itertools.product(symbols, repeat=length):
            ended = length < 3
            values = torch.tensor([[*body, EOS] if ended else body])
            total += model.log_probs(Batch(values, torch.tensor([values.shape[1]]))).sum().exp().item()
    assert total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("network", [generator, discriminator])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(network, cell):
    model = network(cell, spec(labels=("a", "b"))).eval()
    short = batch(labels=True)
    long = Batch(F.pad(short.values, (0, 3), value=5), short.lengths, short.labels)
    if network is generator:
        torch.testing.assert_close(model.log_probs(long)[:, :4], model.log_probs(short))
        assert model.log_probs(long)[:, 4:].abs().sum() == 0
    else:
        torch.testing.assert_close(model(long).sequence, model(short).sequence)
        torch.testing.assert_close(model(long).steps[:, :4], model(short).steps)
        assert model(long).steps[:, 4:].abs().sum() == 0


@pytest.mark.parametrize("cell", CELLS)
def test_a_one_hot_and_its_token_score_alike(cell):
    model, data = discriminator(cell).eval(), batch()
    one_hot = Batch(F.one_hot(data.values, 7).float(), data.lengths)
    torch.testing.assert_close(model(one_hot).sequence, model(data).sequence)
    torch.testing.assert_close(model(one_hot).steps, model(data).steps)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_generated_sequences_keep_the_contract(cell, labels):
    model = generator(cell, spec(unknown=3, labels=labels), latent_size=3)
    torch.manual_seed(1)
    wanted = torch.tensor([0, 1] * 20) if labels else None
    made = model.generate(40, 6, labels=wanted)
    tokens = made.values.argmax(2)
    counts = torch.arange(made.values.shape[1]) < made.lengths[:, None]
    assert torch.equal(made.values.sum(2), counts.float())  # one-hot while it lasts, then zero
    assert not set(tokens[counts].tolist()) & {PAD, BOS, 3}
    ends = (tokens == EOS) & counts
    assert (ends.sum(1) <= 1).all()
    unfinished = made.lengths[ends.sum(1) == 0]
    assert (unfinished == 6).all()
    assert (ends.nonzero()[:, 1] == made.lengths[ends.any(1)] - 1).all()


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_receives_a_gradient_through_the_samples(cell):
    data = spec(labels=("a", "b"))
    model, critic = generator(cell, data, latent_size=3, layers=2), discriminator(cell, data)
    torch.manual_seed(0)
    scores = critic(model.generate(32, 6, labels=torch.tensor([0, 1] * 16)))
    (scores.sequence.sum() + scores.steps.sum()).backward()
    for network in (model, critic):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_straight_through_is_one_hot_forwards_and_relaxed_backwards():
    torch.manual_seed(0)
    logits, weights = torch.randn(5, 7, requires_grad=True), torch.randn(5, 7)
    torch.manual_seed(1)
    hard = relaxed_choice(logits, Relaxation(0.7))
    (hard * weights).sum().backward()
    torch.manual_seed(1)
    soft = relaxed_choice(logits, Relaxation(0.7, hard=False))
    (expected,) = torch.autograd.grad((soft * weights).sum(), logits)
    torch.testing.assert_close(logits.grad, expected)
    assert torch.equal(hard.detach(), F.one_hot(soft.argmax(1), 7).float())


def test_gumbel_choices_have_the_softmax_distribution():
    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, 2.0]])
    drawn = relaxed_choice(logits.expand(60000, 3), Relaxation(0.3)).mean(0)
    torch.testing.assert_close(drawn, F.softmax(logits, 1)[0], atol=0.01, rtol=0)


@pytest.mark.parametrize("vocabulary", [2, 3, 26, 100, 1000])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_picking_equals_a_search_in_the_exact_cumulative_distribution(vocabulary, temperature):
    rng = np.random.default_rng(vocabulary)
    logits, uniform = rng.normal(0, 2, (500, vocabulary)).astype(np.float32), rng.random(500).astype(np.float32)
    weights = np.exp(logits.astype(np.float64) / temperature)
    cumulative = np.cumsum(weights, 1) / weights.sum(1, keepdims=True)
    expected = (cumulative <= uniform[:, None]).sum(1)
    got = pick(torch.from_numpy(logits), torch.from_numpy(uniform), torch.tensor(temperature)).numpy()
    differing = np.flatnonzero(got != expected)
    distance = np.abs(cumulative[differing] - uniform[differing, None]).min(1, initial=1.0)
    assert (distance < 1e-5).all()
    assert len(differing) < 5


@pytest.mark.parametrize("uniform", [0.0, 1e-9, 0.3, 0.999999, 1 - 2**-24, 1.0, -1.0, 2.0])
def test_what_is_impossible_is_never_picked(uniform):
    logits = torch.full((50, 37), -1e9)
    allowed = torch.arange(50) % 37
    logits[torch.arange(50), allowed] = torch.randn(50)
    picked = pick(logits, torch.full((50,), uniform), torch.tensor(1.0))
    assert torch.equal(picked, allowed)


def test_a_temperature_near_zero_picks_the_likeliest():
    torch.manual_seed(0)
    logits = torch.randn(100, 50)
    assert torch.equal(pick(logits, torch.rand(100), torch.tensor(0.0)), logits.argmax(1))


def test_the_sampler_keeps_the_grammar():
    allowed = np.zeros((8, 8), dtype=bool)
    allowed[BOS, 3] = allowed[3, 4] = allowed[4, 5] = allowed[5, [3, EOS]] = True
    sampler = generator("gru", spec(8, allowed_next=allowed)).sampler()
    tokens, lengths = sampler(torch.rand(200, 9), torch.tensor(1.0))
    for row, length in zip(tokens.tolist(), lengths.tolist(), strict=True):
        steps = [BOS, *row[:length], *([EOS] if length < 9 else [])]
        assert all(allowed[a, b] for a, b in itertools.pairwise(steps))
        assert set(row[length + 1 :]) <= {PAD}


def test_the_sampler_draws_from_the_models_own_distribution():
    model = generator("lstm", spec(5)).eval()
    noise = torch.from_numpy(np.random.default_rng(0).random((40000, 2), dtype=np.float32))
    tokens, _ = model.sampler()(noise, torch.tensor(1.0))
    for pair in itertools.product((3, 4), (EOS, 3, 4)):
        share = (tokens == torch.tensor(pair)).all(1).float().mean().item()
        expected = model.log_probs(Batch(torch.tensor([pair]), torch.tensor([2]))).sum().exp().item()
        assert share == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("vocabulary", [7, 1030])
def test_the_samplers_products_change_nothing(cell, vocabulary):
    data = spec(vocabulary, unknown=3, labels=("a", "b"))
    model = generator(cell, data, latent_size=3, layers=2).eval()
    sampler = model.sampler()
    previous, latent, labels = torch.tensor([4, BOS, 6]), torch.randn(3, 3), torch.tensor([1, 0, 1])
    condition = model.condition(previous, latent, labels)
    state = tuple(torch.randn_like(part) for part in model.recurrence.initial_state(condition))
    expected = model.step(model.embedding(previous) + condition, previous, state)
    assert (sampler.table is None) == (vocabulary > 1024)
    projected = condition if sampler.table is None else model.recurrence.project(condition, bias=False)
    torch.testing.assert_close(sampler.step(previous, projected, state), expected, atol=1e-5, rtol=1e-5)


def test_a_sampler_is_a_copy():
    model = generator()
    sampler = model.sampler()
    with torch.no_grad():
        model.embedding.weight.fill_(1.0)
    assert sampler.network.embedding.weight.std() > 0
    assert not any(parameter.requires_grad for parameter in sampler.parameters())


def test_embedding_dropout_hides_a_symbol_in_the_whole_batch_and_none_after_training():
    network = generator(data=spec(200), embedding_dropout=0.5)
    previous = torch.arange(200).repeat(2, 3)
    vectors = network._embed(previous).view(6, 200, -1)
    assert torch.equal(vectors, vectors[:1].expand(6, -1, -1))
    hidden = (vectors[0] == 0).all(dim=1)
    assert 60 < int(hidden.sum()) < 140
    torch.testing.assert_close(vectors[0][~hidden], 2 * network.embedding.weight[~hidden])
    assert torch.equal(network.eval()._embed(previous), network.embedding(previous))
