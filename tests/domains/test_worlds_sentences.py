"""The embedded language: what it says, what it never says, and its measure of samples."""

import math

import numpy as np
import pytest

from rgan_kit_plugins.worlds.sentences import GrammarTruth, embedded_grammar


def says(sentence: str) -> bool:
    return embedded_grammar().is_member(sentence.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "this dog sleeps",
        "these dogs sleep",
        "some dogs near the river sleep",
        "a small child that sees some birds sings",
        "every woman that waits follows this king often near the tower",
        "a cat sleeps and many birds see this farmer",
    ],
)
def test_good_sentences_belong_to_the_language(sentence):
    assert says(sentence)


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("this dog sleep", "verb and subject differ in number"),
        ("some dogs near the river sleeps", "the verb agrees with the nearer noun, not with its subject"),
        ("a child that sees some birds sing", "the verb agrees with the object of the clause"),
        ("a child that see some birds sings", "the clause's verb disagrees with its head"),
        ("many dog sleep", "determiner and noun differ in number"),
        ("the dog sleeps", "only places are called 'the'"),
        ("a dogs sleep", "determiner and noun differ in number"),
        ("this dog sleeps a cat", "an intransitive verb has an object"),
        ("this dog sees", "a transitive verb lacks its object"),
        ("this dog", "there is no verb"),
        ("dog sleeps", "there is no determiner"),
        ("this unicorn sleeps", "an unknown word"),
        ("", "no words at all"),
    ],
)
def test_bad_sentences_do_not_belong(sentence, fault):
    assert not says(sentence), fault


def test_agreement_reaches_over_at_least_five_words():
    assert says("these dogs that follow a small child sleep")
    assert not says("these dogs that follow a small child sleeps")


def test_the_language_is_small_and_its_sentences_are_short():
    grammar, rng = embedded_grammar(), np.random.default_rng(0)
    lengths = np.array([len(grammar.sample(rng)) for _ in range(3000)])
    assert 85 <= len(grammar.words) <= 110
    assert lengths.min() >= 3
    assert lengths.max() <= 16
    assert np.mean((lengths >= 4) & (lengths <= 14)) > 0.85
    assert 1.9 < grammar.entropy_rate < 2.1


def test_truth_measures_samples_of_the_language_as_its_reference_says():
    truth = GrammarTruth(embedded_grammar())
    rng = np.random.default_rng(3)
    figures = truth.measure([" ".join(truth.grammar.sample(rng)) for _ in range(4000)])
    assert figures["valid"] == truth.reference()["valid"] == 1.0
    assert figures["grammar_nll"] == pytest.approx(truth.reference()["grammar_nll"], abs=0.03)


def test_truth_counts_only_valid_samples_and_their_end_tokens():
    truth = GrammarTruth(embedded_grammar())
    good = ["this dog sleeps", "some cats sing"]
    figures = truth.measure([*good, "this dog sleep", "this  dog sleeps", ""])
    likelihood = sum(truth.grammar.log_likelihood(sentence.split()) for sentence in good)
    assert figures["valid"] == pytest.approx(2 / 5)
    assert figures["grammar_nll"] == pytest.approx(-likelihood / 8)


def test_truth_of_no_valid_sample_is_not_a_number():
    truth = GrammarTruth(embedded_grammar())
    assert truth.measure(["no"])["valid"] == 0.0
    assert math.isnan(truth.measure(["no"])["grammar_nll"])
    assert all(math.isnan(figure) for figure in truth.measure([]).values())
