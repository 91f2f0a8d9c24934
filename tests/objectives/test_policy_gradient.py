"""Policy gradients against brute force, and against the exact gradient of models small enough to enumerate."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import torch
from test_token_networks import BOS, EOS, PAD, discriminator, generator, spec
from torch.nn import functional as F

from rgan_kit.contracts import Autoregressive, Batch, PluginError, StepContext, Stepwise, UsageError
from rgan_kit.nn import as_they_are, padding_mask
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.generators.inverse_cdf import pick_from
from rgan_kit_plugins.generators.linear_cross_entropy import linear_cross_entropy
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.objectives.policy_gradient.rollouts import roll_out, rollout_rewards
from rgan_kit_plugins.objectives.policy_gradient.sampling import Sample, log_probs, sample
from rgan_kit_plugins.objectives.policy_gradient.scratchgan import discounted
from rgan_kit_plugins.objectives.policy_gradient.seqgan import baseline

UNKNOWN = 3


@pytest.fixture
def double():
    """Everything in float64, so that an order of summation decides nothing."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def critic_named(name: str, data) -> torch.nn.Module:
    if name == "cnn":
        torch.manual_seed(0)
        chosen = next(each for each in DISCRIMINATORS if each.name == "cnn")
        return chosen.build(chosen.options(embedding_size=4, filters=3, widths=(1, 3)), data)
    cell, _, ways = name.partition("-")
    return discriminator(cell, data, bidirectional=bool(ways), dropout=0.3, minibatch_statistics=ways == "statistics")


def objective(name: str, data, critic: str = "lstm", made=None, **options):
    chosen = next(each for each in OBJECTIVES if each.name == name)
    networks = {"generator": made or generator(data=data), "discriminator": critic_named(critic, data)}
    return chosen.build(chosen.options(**options), networks, data)


class Foreign(torch.nn.Module):
    """A stranger's generator: the next symbol by the latest two, a latent and a label. It has a ``stepper()`` by the
    contract of step files, whose state is what the latest symbols say, and no policy of its own."""

    noise_size = 0

    def __init__(self, data, latent_size: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.data, self.latent_size = data, latent_size
        self.embedding = torch.nn.Embedding(data.vocab_size, 3)
        self.latent = torch.nn.Linear(latent_size, 6) if latent_size else None
        self.labels = torch.nn.Embedding(len(data.labels), 6) if data.labels else None
        self.dropout = torch.nn.Dropout(dropout)
        self.output = torch.nn.Linear(6, data.vocab_size)
        for parameter in self.parameters():
            torch.nn.init.normal_(parameter)

    def logits(self, last, before_last, latent, labels):
        read = torch.cat([last, before_last], dim=-1)
        if self.latent is not None:
            read = read + self.latent(latent)
        if self.labels is not None:
            read = read + self.labels(labels)
        logits = self.output(self.dropout(torch.tanh(read)))
        logits[..., list(self.data.never_in_data)] = -1e9
        return logits

    def log_probs(self, batch, latent=None):
        read = self.embedding(F.pad(batch.values[:, :-1], (1, 0), value=self.data.bos))
        before = F.pad(read[:, :-1], (0, 0, 1, 0))
        time = batch.values.shape[1]
        wide = [None if each is None else each[:, None].expand(-1, time, *each.shape[1:]) for each in
                (latent, batch.labels)]  # fmt: skip
        nats = F.log_softmax(self.logits(read, before, *wide), dim=2).gather(2, batch.values[:, :, None])[:, :, 0]
        return nats * padding_mask(batch.lengths, time)

    def stepper(self) -> torch.nn.Module:
        return ForeignStepper(copy.deepcopy(self).eval().requires_grad_(False))


class ForeignStepper(torch.nn.Module):
    state_shapes = ((3,),)

    def __init__(self, network: Foreign) -> None:
        super().__init__()
        self.network = network

    def forward(self, previous, state_0, latent=None, labels=None):
        network = self.network
        last = network.embedding(previous)
        logits = network.logits(last, state_0, latent, labels)
        logits[:, list(network.data.never_generated)] = -1e9
        return logits, last


# --- drawing ---


@pytest.mark.parametrize("vocabulary", [2, 3, 26, 1000])
def test_a_draw_equals_a_search_in_the_exact_cumulative_distribution(vocabulary):
    rng = np.random.default_rng(vocabulary)
    logits, uniform = rng.normal(0, 3, (500, vocabulary)).astype(np.float32), rng.random(500).astype(np.float32)
    weights = np.exp(logits.astype(np.float64))
    cumulative = np.cumsum(weights, 1) / weights.sum(1, keepdims=True)
    expected = (cumulative <= uniform[:, None]).sum(1)
    block = 7
    blocks = -(-vocabulary // block)
    padded = F.pad(torch.from_numpy(logits), (0, blocks * block - vocabulary), value=-1e9)
    got = pick_from(padded, torch.from_numpy(uniform), (blocks, block)).numpy()
    differing = np.flatnonzero(got != expected)
    assert (np.abs(cumulative[differing] - uniform[differing, None]).min(1, initial=1.0) < 1e-5).all()
    assert len(differing) < 5


@pytest.mark.parametrize("uniform", [0.0, 1e-9, 0.5, 0.999999, 1 - 2**-24, 1.0])
def test_what_is_impossible_is_never_drawn(uniform):
    logits = torch.full((36, 36), -1e9)
    allowed = torch.arange(36)
    logits[torch.arange(36), allowed] = torch.randn(36)
    assert torch.equal(pick_from(logits, torch.full((36,), uniform), (6, 6)), allowed)


@pytest.mark.parametrize("vocabulary", [9, 1030])
def test_a_sample_is_what_the_exported_sampler_makes_of_the_same_numbers(vocabulary):
    allowed = np.ones((vocabulary, vocabulary), dtype=bool)
    allowed[4, 5:] = False
    model = generator("gru", spec(vocabulary, unknown=UNKNOWN, allowed_next=allowed), layers=2)
    uniform = torch.rand(50, 6)
    drawn = sample(model, model.data, 6, 50, uniform=uniform)
    tokens, lengths = model.sampler()(uniform, torch.tensor(1.0))
    assert torch.equal(drawn.batch.values, tokens)
    ended = (drawn.batch.values == EOS).any(dim=1)
    assert torch.equal(drawn.batch.lengths, lengths + ended)


@pytest.mark.parametrize("foreign", [False, True])
def test_log_probs_are_those_of_what_can_be_drawn(foreign):
    """Over all sequences their probabilities sum to one, without those that hold an unknown symbol."""
    data = spec(6, unknown=UNKNOWN)
    model = (Foreign(data, dropout=0.4) if foreign else generator(data=data, dropout=0.4)).train()
    assert everything(model)[1].exp().sum().item() == pytest.approx(1, abs=1e-5)


def everything(model, longest: int = 3) -> tuple[Batch[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Every sequence that the model can draw, its log-probability ``[sequences]``, and that of each symbol."""
    symbols = [s for s in range(model.data.vocab_size) if s not in (PAD, BOS, EOS, model.data.unknown)]
    rows = [[*body, EOS] for size in range(longest) for body in itertools.product(symbols, repeat=size)]
    rows += [list(body) for body in itertools.product(symbols, repeat=longest)]
    values = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    batch = Batch(values, torch.tensor([len(row) for row in rows]))
    nats = log_probs(model, Sample(batch, None, None, (), model.data))
    return batch, nats.sum(dim=1), nats


def test_dropout_is_off_inside_and_back_afterwards():
    model = generator(layers=2, dropout=0.5).train()
    with pytest.raises(RuntimeError, match="inside"), as_they_are(model):
        assert not model.dropout.training and model.recurrence.rnn.training and model.recurrence.rnn.dropout == 0
        raise RuntimeError("inside")
    assert all(module.training for module in model.modules())
    assert model.recurrence.rnn.dropout == 0.5
    assert torch.equal(everything(model)[1], everything(model.eval())[1])


def test_a_generator_without_steps_is_named():
    with pytest.raises(PluginError, match="Linear has no stepper and log_probs"):
        sample(torch.nn.Linear(1, 1), spec(), 3, 2)


def test_any_generator_with_a_stepper_and_a_likelihood_will_do():
    model = Foreign(spec(8, unknown=UNKNOWN, labels=("a", "b")), latent_size=2)
    assert isinstance(model, Stepwise) and isinstance(model, Autoregressive)
    torch.manual_seed(3)
    labels = torch.tensor([0, 1, 1, 0] * 500)
    drawn = sample(model, model.data, 5, 2000, labels)
    shares = torch.bincount(drawn.batch.values[:, 0], minlength=8) / 2000
    first = Batch(torch.arange(8)[:, None], torch.ones(8, dtype=torch.int64))
    latents = torch.randn(4000, 2)
    expected = torch.zeros(8)
    for label in (0, 1):
        for symbol in first.values:
            many = Batch(symbol.expand(4000, 1), torch.ones(4000, dtype=torch.int64), torch.full((4000,), label))
            expected[symbol] += drawn_nats(model, many, latents).exp().mean().detach() / 2
    assert shares[UNKNOWN] == 0
    torch.testing.assert_close(shares, expected.where(torch.arange(8) != UNKNOWN, 0), atol=0.04, rtol=0)


def drawn_nats(model, batch: Batch[torch.Tensor], latent: torch.Tensor) -> torch.Tensor:
    return log_probs(model, Sample(batch, latent, None, (), model.data))


# --- rollouts ---


def one_by_one(model, drawn: Sample, critic, uniform: torch.Tensor) -> tuple[torch.Tensor, dict]:
    """Rewards and completed sequences by four loops, every sequence read from its beginning, alone."""
    batch = drawn.batch
    rewards, completed = torch.zeros(batch.values.shape), {}
    _, rollouts, size, time = uniform.shape
    for b in range(size):
        length, label = int(batch.lengths[b]), batch.labels[b : b + 1]
        alone = drawn.latent[b : b + 1], label
        for t in range(1, length + 1):
            scores = []
            for n in range(rollouts):
                tokens = batch.values[b, :t].tolist()
                while t < length and tokens[-1] != EOS and len(tokens) < time:
                    tokens.append(next_token(model, tokens, *alone, uniform[t - 1, n, b, len(tokens)]))
                completed[t, n, b] = tokens
                single = Batch(torch.tensor([tokens]), torch.tensor([len(tokens)]), label)
                scores.append(torch.sigmoid(critic(single).sequence).item())
            rewards[b, t - 1] = sum(scores) / rollouts
    return rewards, completed


def next_token(model, tokens: list[int], latent: torch.Tensor, label: torch.Tensor, uniform: torch.Tensor) -> int:
    """The probability of every symbol after these, each by the likelihood of a sequence that it ends."""
    rows = torch.tensor([[*tokens, symbol] for symbol in range(model.data.vocab_size)])
    count = len(rows)
    batch = Batch(rows, torch.full((count,), rows.shape[1]), label.expand(count))
    probabilities = model.log_probs(batch, latent.expand(count, -1))[:, -1].exp()
    probabilities[list(model.data.never_generated)] = 0
    return int((probabilities.cumsum(dim=0) / probabilities.sum() <= uniform).sum())


@pytest.mark.parametrize("critic_name", ["lstm", "gru", "lstm-both", "cnn", "lstm foreign", "cnn foreign"])
def test_the_reward_of_every_sequence_and_position_equals_that_of_a_loop(critic_name, double):
    data = spec(8, unknown=UNKNOWN, labels=("a", "b"))
    critic_name, _, foreign = critic_name.partition(" ")
    model = Foreign(data, 2, 0.3) if foreign else generator("lstm", data, latent_size=2, layers=2, dropout=0.3)
    critic = critic_named(critic_name, data)
    with torch.no_grad():
        model.output.bias[EOS] += 0.0 if foreign else 0.5  # some end early, and some never
    torch.manual_seed(1 if foreign else 5)
    drawn = sample(model, model.data, 6, 5, torch.tensor([0, 1, 1, 0, 1]))
    assert {1, 6} < set(drawn.batch.lengths.tolist())  # ended at once, never, and in between
    uniform = torch.rand(5, 3, 5, 6)
    rewards = rollout_rewards(critic.train(), drawn, 3, uniform)
    with torch.no_grad():
        expected, completed = one_by_one(model.eval(), drawn, critic.eval(), uniform)
        rolled = roll_out(critic, drawn, uniform)
    torch.testing.assert_close(rewards, expected, rtol=1e-12, atol=1e-12)
    for (t, n, b), tokens in completed.items():
        if t < 6:
            length = int(rolled.lengths[t - 1, n, b])
            assert rolled.tokens[t - 1, n, b].tolist() == tokens + [PAD] * (6 - len(tokens))
            assert length == len(tokens)


def test_rewards_of_a_critic_that_looks_at_the_batch_are_of_whole_batches(double):
    data = spec(8)
    model, critic = generator(data=data), critic_named("lstm-statistics", data)
    torch.manual_seed(1)
    drawn, uniform = sample(model, model.data, 4, 5), torch.rand(3, 2, 5, 4)
    rewards = rollout_rewards(critic, drawn, 2, uniform)
    critic.eval()
    with torch.no_grad():
        rolled = roll_out(critic, drawn, uniform)
        first = critic(Batch(rolled.tokens[0].flatten(0, 1), rolled.lengths[0].flatten())).sequence
    there = drawn.batch.lengths > 1
    torch.testing.assert_close(rewards[there, 0], torch.sigmoid(first).view(2, 5).mean(dim=0)[there])


def test_sequences_of_one_symbol_are_their_own_rewards():
    data = spec(8)
    model, critic = generator(data=data), critic_named("lstm", data)
    drawn = sample(model, model.data, 1, 4)
    expected = torch.sigmoid(critic.eval()(drawn.batch).sequence)
    torch.testing.assert_close(rollout_rewards(critic, drawn, 2), expected[:, None])


# --- gradients ---


def check_estimate(estimate, exact: torch.Tensor, batches: int = 24) -> None:
    """The mean of independent estimates lies no farther from the exact gradient than three of its standard errors, and
    those are a twentieth of it at most."""
    estimates = torch.stack([estimate() for _ in range(batches)])
    error = (estimates.mean(dim=0) - exact).square().sum()
    allowed = (estimates.var(dim=0) / batches).sum()
    assert allowed.sqrt() < 0.05 * exact.norm(), "too noisy to show anything"
    assert error < 9 * allowed


def gradient(value: torch.Tensor, model) -> torch.Tensor:
    return torch.cat([part.flatten() for part in torch.autograd.grad(value, list(model.parameters()))])


def context_of(size: int) -> StepContext:
    return StepContext(Batch(torch.full((size, 3), 4), torch.full((size,), 3)), 0.0, 3)


def sharp(critic) -> torch.nn.Module:
    """Makes the critic's opinions differ."""
    with torch.no_grad():
        critic.sequence_score[-1].weight.mul_(40)
        critic.step_score.weight.mul_(20)
    return critic


@pytest.mark.parametrize(
    ("subtracted", "foreign"), [("prefix", False), ("mean", False), ("none", False), ("prefix", True)]
)
def test_seqgans_gradient_is_that_of_the_expected_reward(subtracted, foreign):
    data = spec(6, unknown=UNKNOWN)
    made = objective(
        "seqgan", data, made=Foreign(data) if foreign else None, baseline=subtracted, rollouts=2, likelihood_weight=0.0
    )
    model, critic = made.generator, sharp(made.discriminator)
    batch, nats, _ = everything(model)
    with torch.no_grad():
        reward = torch.sigmoid(critic.eval()(batch).sequence)
    exact = gradient(-(nats.exp() * reward).sum(), model)
    torch.manual_seed(7)
    check_estimate(lambda: gradient(made.generator_loss(context_of(1500)).value, model), exact)
    assert all(parameter.grad is None for parameter in critic.parameters())


@pytest.mark.parametrize(
    ("discount", "entropy", "foreign"), [(1.0, 0.0, False), (1.0, 0.1, False), (0.3, 0.0, False), (0.3, 0.0, True)]
)
def test_scratchgans_gradient_is_that_of_the_discounted_returns(discount, entropy, foreign):
    data = spec(6, unknown=UNKNOWN)
    made = objective(
        "scratchgan",
        data,
        made=Foreign(data) if foreign else None,
        discount=discount,
        entropy_weight=entropy,
        likelihood_weight=0.0,
    )
    model, critic = made.networks["generator"], sharp(made.networks["discriminator"])
    batch, nats, each = everything(model)
    counts = torch.arange(3) < batch.lengths[:, None]
    with torch.no_grad():
        rewards = (2 * torch.sigmoid(critic.eval()(batch).steps) - 1) * counts
        returns = torch.zeros_like(rewards)
        for t, s in itertools.combinations_with_replacement(range(3), 2):
            returns[:, t] += discount ** (s - t) * rewards[:, s]
    if discount == 1:  # then it is the gradient of something: of the expected sum of rewards, and the entropy
        exact = gradient(-(nats.exp() * (rewards.sum(dim=1) - entropy * nats)).sum(), model)
    else:
        exact = gradient(-(nats.exp().detach()[:, None] * returns * each).sum(), model)
    torch.manual_seed(7)
    check_estimate(lambda: gradient(made.generator_loss(context_of(1500)).value, model), exact)


def test_a_baseline_is_independent_of_the_symbol():
    rewards = torch.tensor([[0.1, 0.2, 0.3], [0.5, 0.9, 0.0], [0.6, 0.0, 0.0]])
    mask = rewards > 0
    mean = torch.tensor([[0.55, 0.9, 0.0], [0.35, 0.2, 0.3], [0.3, 0.55, 0.3]])
    torch.testing.assert_close(baseline(rewards, mask, "mean")[mask], mean[mask])
    prefix = torch.tensor([[0.55, 0.1, 0.2], [0.35, 0.5, 0.9], [0.3, 0.6, 0.0]])
    torch.testing.assert_close(baseline(rewards, mask, "prefix")[mask], prefix[mask])
    assert baseline(rewards, mask, "none").abs().sum() == 0


def test_returns_equal_two_loops():
    rewards = torch.randn(3, 5)
    expected = [[sum(0.7 ** (s - t) * rewards[b, s] for s in range(t, 5)) for t in range(5)] for b in range(3)]
    torch.testing.assert_close(discounted(rewards, 0.7), torch.tensor(expected))


def test_scratchgans_baseline_is_the_moving_average_of_returns_at_each_position():
    made = objective("scratchgan", spec(), baseline_decay=0.75)
    returns = torch.tensor([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, False], [True, False, False]])
    for _ in range(8):
        made._learn(returns, mask)
    torch.testing.assert_close(made.baseline, torch.tensor([2.0, 2.0, 0, 0, 0, 0, 0]))
    made._learn((returns + 4) * mask, mask)
    torch.testing.assert_close(made.baseline, torch.tensor([3.0, 3.0, 0, 0, 0, 0, 0]))


def test_scratchgans_state_is_its_baseline_alone():
    made = objective("scratchgan", spec())
    assert set(made.state_dict()) == {"baseline", "updates"}
    assert list(made.parameters()) == []


def test_scratchgan_refuses_a_critic_that_reads_ahead():
    with pytest.raises(UsageError, match="depend on what comes later") as caught:
        objective("scratchgan", spec(), critic="lstm-both")
    assert "discriminator.bidirectional=false" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["seqgan", "scratchgan"])
def test_each_player_has_its_own_loss_and_the_likelihood_adds_up(name):
    made = objective(name, spec(), likelihood_weight=0.25)
    data = StepContext(Batch(torch.tensor([[4, 5, EOS], [6, EOS, PAD]]), torch.tensor([3, 2])), 0.0, 4)
    loss = made.generator_loss(data)
    assert loss.value.item() == pytest.approx((loss.metrics["policy"] + 0.25 * loss.metrics["likelihood"]).item())
    model = made.generator if name == "seqgan" else made.networks["generator"]
    made.discriminator_loss(data).value.backward()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_stages_follow_the_papers():
    names = lambda made: [stage.name for stage in made.stages()]  # noqa: E731
    assert names(objective("seqgan", spec())) == ["pretraining", "discriminator", "adversarial"]
    assert names(objective("seqgan", spec(), pretraining_share=1.0, discriminator_share=0.0)) == ["pretraining"]
    assert names(objective("scratchgan", spec(), pretraining_share=0.0)) == ["adversarial"]
    with pytest.raises(ValueError, match="more than 1 together"):
        objective("seqgan", spec(), pretraining_share=0.8, discriminator_share=0.3)


# --- the output layer without whole logits ---


@pytest.mark.parametrize(("rows", "symbols"), [(1, 2100), (700, 2100), (200, 9000), (9, 1500)])
def test_nats_and_their_gradients_equal_those_of_whole_logits(rows, symbols):
    """In one chunk and in several, the last of them shorter; and of so few symbols that they are made whole."""
    torch.manual_seed(0)
    sizes = (rows, 6), (symbols, 6), (symbols,)
    inputs, weight, bias = (torch.randn(size, dtype=torch.float64, requires_grad=True) for size in sizes)
    targets, upstream = torch.randint(symbols, (rows,)), torch.randn(rows, dtype=torch.float64)
    expected = F.cross_entropy(F.linear(inputs, weight, bias), targets, reduction="none")
    got = linear_cross_entropy(inputs, weight, bias, targets)
    torch.testing.assert_close(got, expected)
    theirs = torch.autograd.grad(expected, (inputs, weight, bias), upstream)
    torch.testing.assert_close(torch.autograd.grad(got, (inputs, weight, bias), upstream), theirs)
