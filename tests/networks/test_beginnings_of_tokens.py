"""A beginning is exact: what is known comes back, and the rest is drawn from its conditional distribution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from rgan_kit.contracts import Batch, TokenSpec
from rgan_kit.nn import IMPOSSIBLE, Restriction
from rgan_kit.runtime.choice import Choice
from rgan_kit.testing.drawing import livened
from rgan_kit_plugins.generators import GENERATORS

VOCABULARY, LENGTH, DRAWS = 7, 4, 60_000
SPEC = TokenSpec(VOCABULARY, 1, 2, 0, LENGTH, 3)


def generator(cell="gru", spec=SPEC, **options):
    chosen = next(each for each in GENERATORS if each.name == cell)
    torch.manual_seed(1)
    made = chosen.build(chosen.options(hidden_size=8, embedding_size=5, **options), spec)
    return livened(made).eval()


def drawn(model, given, known, **asked):
    numbers = np.random.default_rng(0).random((DRAWS, LENGTH), dtype=np.float32)
    rows = torch.from_numpy(np.tile(given, (DRAWS, 1)))
    told = torch.from_numpy(np.tile(known, (DRAWS, 1)))
    tokens, _ = model.sampler()(torch.from_numpy(numbers), torch.tensor(1.0), given=rows, known=told, **asked)
    return tokens.numpy()


def shares(tokens):
    rows, counts = np.unique(tokens, axis=0, return_counts=True)
    return {tuple(row): count / len(tokens) for row, count in zip(rows.tolist(), counts.tolist(), strict=True)}


def continuations(beginning):
    """Every whole sequence that begins so: symbols, then the end and padding, or no end within the length."""
    for length in range(len(beginning), LENGTH + 1):
        for rest in itertools.product(range(4, VOCABULARY), repeat=length - len(beginning)):
            yield (*beginning, *rest)


def chances(model, beginning):
    """Of every continuation given the beginning, by the likelihood of whole sequences."""
    found = {}
    for row in continuations(beginning):
        whole = (*row, 2) if len(row) < LENGTH else row
        batch = Batch(torch.tensor([whole]), torch.tensor([len(whole)]))
        with torch.no_grad():
            found[(*row, *[2] * (len(row) < LENGTH), *[0] * (LENGTH - len(row) - 1))] = float(
                model.log_probs(batch).sum().exp()
            )
    total = sum(found.values())
    return {row: chance / total for row, chance in found.items()}


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_what_follows_a_beginning_has_its_conditional_probability(cell):
    """All continuations are listed; unknown symbols are never drawn, so probabilities are of the others."""
    model = generator(cell)
    with torch.no_grad():
        model.output.bias[3] = -30.0  # what is never drawn must not take of the likelihood either
    beginning = (5, 4)
    given = np.array([*beginning, 0, 0])
    found = shares(drawn(model, given, np.array([True, True, False, False])))
    expected = chances(model, beginning)
    assert set(found) <= set(expected)
    for row, chance in expected.items():
        assert abs(found.get(row, 0.0) - chance) < 5 * (chance * (1 - chance) / DRAWS) ** 0.5 + 1e-4, row


def test_nothing_known_changes_no_bit_and_everything_known_comes_back():
    model, noise = generator("lstm"), torch.rand(50, LENGTH)
    plain = model.sampler()(noise, torch.tensor(0.8))
    nothing = torch.zeros(50, LENGTH, dtype=torch.bool)
    off = {"top_p": torch.tensor(1.0), "top_k": torch.tensor(0), "min_length": torch.tensor(0)}
    again = model.sampler()(noise, torch.tensor(0.8), given=torch.full((50, LENGTH), 5), known=nothing, **off)
    assert torch.equal(plain[0], again[0]) and torch.equal(plain[1], again[1])
    given = torch.randint(4, VOCABULARY, (50, LENGTH))
    tokens, lengths = model.sampler()(noise, torch.tensor(0.8), given=given, known=~nothing)
    assert torch.equal(tokens, given) and lengths.tolist() == [LENGTH] * 50


def test_a_beginning_of_one_sequence_says_nothing_to_its_neighbour():
    model, noise = generator(), torch.rand(2, LENGTH)
    plain, _ = model.sampler()(noise, torch.tensor(1.0))
    known = torch.tensor([[True, True, False, False], [False] * 4])
    tokens, _ = model.sampler()(noise, torch.tensor(1.0), given=torch.full((2, LENGTH), 6), known=known)
    assert torch.equal(tokens[1], plain[1]) and tokens[0, :2].tolist() == [6, 6]


# --- What is drawn from ---


def kept_by_sorting(chance, top_p, top_k):
    """The fewest likeliest symbols that add up to ``top_p``, and no more than ``top_k``."""
    order = np.argsort(-chance, kind="stable")
    upto = int(np.searchsorted(np.cumsum(chance[order]), top_p - 1e-9) + 1)
    return set(order[: min(upto, top_k or len(chance))].tolist())


@pytest.mark.parametrize(("top_p", "top_k"), [(0.5, 0), (0.9, 0), (1.0, 3), (0.7, 2), (1e-6, 0), (1.0, 1)])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_restrictions_keep_the_likeliest(top_p, top_k, temperature):
    logits = np.random.default_rng(3).normal(size=(200, 11)).astype(np.float32) * 2
    restrict = Restriction(11, torch.tensor(temperature), torch.tensor(top_p), torch.tensor(top_k))
    found = restrict(torch.from_numpy(logits)).numpy()
    chance = np.exp(logits / temperature)
    chance /= chance.sum(axis=1, keepdims=True)
    for row, own in zip(found, chance, strict=True):
        assert set(np.flatnonzero(row > IMPOSSIBLE / 2).tolist()) == kept_by_sorting(own, top_p, top_k)
    np.testing.assert_array_equal(found[found > IMPOSSIBLE / 2], logits[found > IMPOSSIBLE / 2])


def test_restrictions_outside_of_a_graph_are_those_inside(n=400):
    numbers = np.random.default_rng(5)
    logits = numbers.normal(size=(n, 23)).astype(np.float32)
    uniform = numbers.random(n, dtype=np.float32)
    for asked in ({"top_p": 0.6}, {"top_k": 4}, {"top_p": 0.8, "top_k": 3, "temperature": 1.4}, {"temperature": 0.0}):
        choice = Choice(**asked)
        restrict = Restriction(
            23,
            torch.tensor(asked.get("temperature", 1.0)),
            torch.tensor(asked.get("top_p", 1.0)),
            torch.tensor(asked.get("top_k", 0)),
        )
        from rgan_kit.nn import pick

        inside = pick(
            restrict(torch.from_numpy(logits)), torch.from_numpy(uniform), torch.tensor(asked.get("temperature", 1.0))
        )
        np.testing.assert_array_equal(choice.pick(logits, uniform), inside.numpy())


def test_at_temperature_zero_the_likeliest_is_taken_whatever_the_number():
    model = generator("lstm")
    off = {"top_p": torch.tensor(1.0), "top_k": torch.tensor(0)}
    tokens, _ = model.sampler()(torch.rand(40, 9), torch.tensor(0.0), **off)
    assert len(np.unique(tokens.numpy(), axis=0)) == 1
    condition, state = model.condition(tokens[:1], None, None), model.recurrence.initial_state(tokens[:1].float())
    previous = torch.tensor([1])
    for expected in tokens[0].tolist():
        logits, state = model.step(model.embedding(previous) + condition, previous, state)
        previous = logits.argmax(dim=1)
        assert previous.tolist() == [expected]
        if expected == 2:
            break


def test_no_sample_ends_before_its_least_length_unless_nothing_else_may_follow():
    model = generator("gru")
    with torch.no_grad():
        model.output.bias[2] = 5.0
    noise = torch.rand(500, 12)
    _, free = model.sampler()(noise, torch.tensor(1.0))
    _, later = model.sampler()(noise, torch.tensor(1.0), min_length=torch.tensor(7))
    assert free.min() == 0 and later.min() == 7
    allowed = np.zeros((VOCABULARY, VOCABULARY), bool)
    allowed[:, 4] = True
    allowed[4] = False
    allowed[4, 2] = True
    strict = generator("gru", TokenSpec(VOCABULARY, 1, 2, 0, LENGTH, 3, allowed))
    tokens, lengths = strict.sampler()(noise, torch.tensor(1.0), min_length=torch.tensor(7))
    assert set(lengths.tolist()) == {1} and set(tokens[:, 0].tolist()) == {4}


def test_running_text_has_no_end_to_put_off():
    assert "min_length" not in generator(spec=TokenSpec(VOCABULARY, 1, 2, 0, LENGTH, 3, ends=False)).takes
    assert "min_length" in generator().takes
