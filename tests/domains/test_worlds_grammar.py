"""The grammar's figures, each held against a computation that takes another road."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from rgan_kit_plugins.worlds.grammar import END, Grammar
from rgan_kit_plugins.worlds.sentences import embedded_grammar

SMALL = {
    "sentence": [(3.0, "noun verb tail?"), (1.0, "noun and noun verb")],
    "noun": [(1.0, "dog"), (2.0, "small dog"), (1.0, "cat")],
    "verb": [(0.5, "runs"), (0.5, "sees noun")],
    "tail?": [(0.8, ""), (0.2, "today")],
}
AMBIGUOUS = {"sentence": [(1.0, "left right")], "left": [(1.0, "a"), (3.0, "a a")], "right": [(1.0, "a"), (1.0, "a a")]}


def sentences_of(grammar: Grammar) -> dict[tuple[str, ...], float]:
    probabilities: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for words, probability in grammar.derivations():
        probabilities[words] += probability
    return probabilities


def count_derivations(grammar: Grammar, symbol: str) -> int:
    if symbol not in grammar.rules:
        return 1
    return sum(math.prod(count_derivations(grammar, part) for part in rule.symbols) for rule in grammar.rules[symbol])


def count_sentences(grammar: Grammar) -> int:
    """Sentences counted as paths of the automaton whose states are the sets of stacks that a prefix may leave."""
    known: dict[frozenset[tuple[str, ...]], int] = {}

    def steps(stack: tuple[str, ...]) -> set[tuple[str, tuple[str, ...]]]:
        if not stack:
            return {(END, ())}
        if stack[0] not in grammar.rules:
            return {(stack[0], stack[1:])}
        return set().union(*(steps(rule.symbols + stack[1:]) for rule in grammar.rules[stack[0]]))

    def count(state: frozenset[tuple[str, ...]]) -> int:
        if state not in known:
            after = defaultdict(set)
            for stack in state:
                for word, rest in steps(stack):
                    after[word].add(rest)
            known[state] = sum(1 if word == END else count(frozenset(rests)) for word, rests in after.items())
        return known[state]

    return count(frozenset({(grammar.start,)}))


@pytest.mark.parametrize("rules", [SMALL, AMBIGUOUS])
def test_likelihood_is_the_sum_over_enumerated_derivations(rules):
    grammar = Grammar(rules, "sentence")
    probabilities = sentences_of(grammar)
    assert math.fsum(probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    for words, probability in probabilities.items():
        assert grammar.log_likelihood(words) == pytest.approx(math.log(probability), abs=1e-12)


def test_entropy_and_mean_length_equal_those_of_the_enumeration():
    grammar = Grammar(SMALL, "sentence")
    probabilities = sentences_of(grammar)
    entropy = -math.fsum(p * math.log(p) for p in probabilities.values())
    assert grammar.entropy == pytest.approx(entropy, abs=1e-12)
    assert grammar.mean_length == pytest.approx(math.fsum(p * len(w) for w, p in probabilities.items()), abs=1e-12)
    assert grammar.entropy_rate == pytest.approx(entropy / (grammar.mean_length + 1), abs=1e-12)


def test_two_derivations_of_one_sentence_are_noticed_by_counting():
    ambiguous, small = Grammar(AMBIGUOUS, "sentence"), Grammar(SMALL, "sentence")
    assert (count_sentences(ambiguous), count_derivations(ambiguous, "sentence")) == (3, 4)
    assert count_sentences(small) == count_derivations(small, "sentence") == len(sentences_of(small))


def test_every_sentence_of_the_embedded_language_has_exactly_one_derivation():
    grammar = embedded_grammar()
    assert count_sentences(grammar) == count_derivations(grammar, grammar.start) > 10**9


def test_next_words_multiply_to_the_likelihood():
    grammar, rng = embedded_grammar(), np.random.default_rng(5)
    for _ in range(50):
        sentence = grammar.sample(rng)
        total = 0.0
        for place, word in enumerate([*sentence, END]):
            choices = grammar.next_words(sentence[:place])
            assert math.fsum(choices.values()) == pytest.approx(1.0, abs=1e-9)
            total += math.log(choices[word])
        assert grammar.log_likelihood(sentence) == pytest.approx(total, abs=1e-9)


def test_nothing_follows_what_begins_no_sentence():
    assert embedded_grammar().next_words(["the", "the"]) == {}


def test_entropy_of_the_embedded_language_agrees_with_its_samples():
    grammar, rng = embedded_grammar(), np.random.default_rng(11)
    sentences = [grammar.sample(rng) for _ in range(8000)]
    nats = np.array([-grammar.log_likelihood(sentence) for sentence in sentences])
    lengths = np.array([len(sentence) for sentence in sentences])
    assert abs(nats.mean() - grammar.entropy) < 4 * nats.std() / math.sqrt(len(nats))
    assert abs(lengths.mean() - grammar.mean_length) < 4 * lengths.std() / math.sqrt(len(lengths))


def test_samples_follow_the_probabilities():
    grammar, rng = Grammar(SMALL, "sentence"), np.random.default_rng(2)
    draws = Counter(tuple(grammar.sample(rng)) for _ in range(20_000))
    for words, probability in sentences_of(grammar).items():
        spread = math.sqrt(probability * (1 - probability) * 20_000)
        assert abs(draws[words] - 20_000 * probability) < 5 * spread


def test_equal_seeds_draw_equal_sentences():
    draws = [[embedded_grammar().sample(np.random.default_rng(seed)) for _ in range(3)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"a": [(1.0, "b x")], "b": [(1.0, "y"), (1.0, "a")]}, "a leads back to itself"),
        ({"b": [(1.0, "x")]}, "start symbol a has no rules"),
        ({"a": [(0.0, "x")]}, "positive weight"),
        ({"a": []}, "positive weight"),
    ],
)
def test_a_grammar_that_cannot_be_is_refused(rules, words):
    with pytest.raises(ValueError, match=words):
        Grammar(rules, "a")
