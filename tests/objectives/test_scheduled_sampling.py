"""Scheduled sampling and word dropout: what a generator of symbols reads in training."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import Batch, PluginError, StepContext, TokenSpec
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.objectives import OBJECTIVES
from rgan_kit_plugins.objectives.likelihood import LikelihoodOptions
from rgan_kit_plugins.objectives.likelihood.scheduled_sampling import own_share

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3
MODULE = "rgan_kit.nn.scheduled_sampling"


def generator(data: TokenSpec | None = None, **options):
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == "lstm")
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or TokenSpec(8, BOS, EOS, PAD, max_length=6, unknown=UNKNOWN))


def batch() -> Batch[torch.Tensor]:
    return Batch(torch.tensor([[4, 5, 6, 7, EOS], [7, 6, EOS, PAD, PAD]]), torch.tensor([5, 3]))


def objective(model, **options):
    spec = next(each for each in OBJECTIVES if each.name == "maximum-likelihood")
    return spec.build(spec.options(**options), {"generator": model}, model)


def reading(model, read: torch.Tensor) -> torch.Tensor:
    """Nats of the batch where ``read`` stands before each of its symbols, one step at a time."""
    data = batch()
    nats = torch.zeros(data.values.shape)
    for row, length in enumerate(data.lengths.tolist()):
        state = model.recurrence.initial_state(torch.zeros(1, 1))
        for step in range(length):
            hidden, state = model.recurrence.step(model.embedding(read[row, step : step + 1]), state)
            logits = model.logits(hidden, read[row, step : step + 1])
            nats[row, step] = F.log_softmax(logits, 1)[0, data.values[row, step]]
    return nats


@pytest.mark.parametrize("decay", ["linear", "exponential", "inverse-sigmoid"])
def test_the_share_rises_from_start_to_the_end(decay):
    options = LikelihoodOptions(scheduled_sampling=0.4, decay=decay, start=0.25)
    assert own_share(options, 0.1) == own_share(options, 0.25) == 0
    assert own_share(options, 1.0) == pytest.approx(0.4)
    shares = [own_share(options, 0.25 + 0.75 * step / 50) for step in range(51)]
    assert shares == sorted(shares)
    middle = {"linear": 0.2, "inverse-sigmoid": 0.2}
    if decay in middle:
        assert shares[25] == pytest.approx(middle[decay])
    else:
        ratios = [(0.4 - b) / (0.4 - a) for a, b in itertools.pairwise(shares[:10])]
        assert max(ratios) - min(ratios) < 0.01  # what is true falls by the same factor in every step


def test_no_share_is_teacher_forcing():
    model = generator()
    context = StepContext(batch(), 0.9, 7)
    plain = objective(model).loss(context).value
    assert torch.equal(plain, -model.log_probs(batch()).sum() / 8)
    assert torch.equal(objective(model, scheduled_sampling=1.0, start=0.95).loss(context).value, plain)
    torch.testing.assert_close(model.scheduled_log_probs(batch(), 0.0), model.log_probs(batch()))


def test_what_is_drawn_is_read_in_place_of_the_truth(monkeypatch):
    model = generator()
    drawn = torch.tensor([[5, EOS, 4, 6], [6, 4, 5, 7]])
    monkeypatch.setattr(f"{MODULE}.pick", lambda *_: drawn.flatten())
    # The drawn end token is not read: the true symbol stays.
    read = torch.tensor([[BOS, 5, 5, 4, 6], [BOS, 6, 4, 5, 7]])
    torch.testing.assert_close(model.scheduled_log_probs(batch(), 1.0), reading(model, read))


def test_draws_follow_the_model_and_nothing_that_is_never_generated(monkeypatch):
    model, seen = generator(), []

    def spy(logits, uniform, temperature):
        seen.append(logits)
        return logits.argmax(1)

    monkeypatch.setattr(f"{MODULE}.pick", spy)
    model.scheduled_log_probs(batch(), 1.0)
    (logits,) = seen
    probabilities = F.softmax(logits, 1).view(2, 4, 8)
    assert probabilities[:, :, [PAD, BOS, UNKNOWN]].sum() == 0
    own = F.softmax(model.logits(*_first_step(model)) + model.generated, 1)
    torch.testing.assert_close(probabilities[:, 0], own)


def _first_step(model):
    previous = torch.tensor([BOS, BOS])
    hidden, _ = model.recurrence.step(
        model.embedding(previous), model.recurrence.initial_state(previous[:, None] * 0.0)
    )
    return hidden, previous


def test_a_share_is_the_share_of_symbols_swapped(monkeypatch):
    model = generator()
    long = Batch(torch.full((50, 41), 4), torch.full((50,), 41))
    monkeypatch.setattr(f"{MODULE}.pick", lambda logits, *_: torch.full((len(logits),), 5))
    reads = []
    embed = model._embed
    monkeypatch.setattr(model, "_embed", lambda read: (reads.append(read), embed(read))[1])
    model.scheduled_log_probs(long, 0.3)
    assert (reads[1][:, 1:] == 5).float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_the_latent_of_both_passes_is_one():
    model = generator(latent_size=3).eval()
    torch.manual_seed(5)
    latent = torch.randn(2, 3)
    torch.manual_seed(5)
    drawn = model.scheduled_log_probs(batch(), 0.0)
    torch.testing.assert_close(drawn, model.log_probs(batch(), latent))


def test_a_generator_that_cannot_is_named():
    with pytest.raises(PluginError, match="Linear has no scheduled_log_probs"):
        objective(torch.nn.Linear(1, 1), scheduled_sampling=0.5)


def test_scheduled_sampling_trains_every_parameter():
    model = generator()
    torch.manual_seed(0)
    loss = objective(model, scheduled_sampling=0.5).loss(StepContext(batch(), 0.99, 7))
    loss.value.backward()
    assert loss.metrics["own_share"] == pytest.approx(0.5, abs=0.01)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_word_dropout_hides_previous_symbols_in_training_alone():
    model = generator(word_dropout=1.0)
    hidden = torch.full((2, 5), UNKNOWN)
    hidden[:, 0] = BOS
    torch.testing.assert_close(model.log_probs(batch()), reading(model, hidden))
    model.eval()
    read = F.pad(batch().values[:, :-1], (1, 0), value=BOS)
    torch.testing.assert_close(model.log_probs(batch()), reading(model, read))


def test_without_an_unknown_symbol_word_dropout_shows_nothing():
    model = generator(TokenSpec(8, BOS, EOS, PAD, max_length=6), word_dropout=1.0)
    shown = model._embed(torch.tensor([[BOS, 4, 5, 6]]))
    torch.testing.assert_close(shown[0, 0], model.embedding.weight[BOS])
    assert shown[0, 1:].abs().sum() == 0


def test_word_dropout_hides_the_given_share():
    model = generator(word_dropout=0.3)
    torch.manual_seed(0)
    shown = model._embed(torch.full((50, 40), 4))
    hidden = (shown == model.embedding.weight[UNKNOWN]).all(dim=2)
    assert hidden.float().mean().item() == pytest.approx(0.3, abs=0.04)
