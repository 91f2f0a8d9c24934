"""BLEU and Self-BLEU: sacrebleu's own numbers, and corpora that can be counted by hand."""

from __future__ import annotations

from math import exp, isnan, log

import numpy as np
import pytest

from rgan_kit.contracts import Sequences
from rgan_kit.evaluation.bleu import bleu, self_bleu

HYPOTHESES = ["the cat sat on the mat", "a dog", "the dog sat on the dog on the mat", "birds sing"]
REFERENCES = ["the cat lay on the mat", "a dog sat on a mat", "the birds sing"]
SACREBLEU = {2: 0.749269, 3: 0.534976, 4: 0.303692, 5: 0.197931}
SACREBLEU_ITSELF = {2: 0.502625, 3: 0.451217, 4: 0.267283, 5: 0.178708}
"""Of ``sacrebleu.metrics.BLEU(tokenize="none", max_ngram_order=n)`` 2.6.0, every reference for every hypothesis, and
all other hypotheses for each."""


def rows(texts: list[str]) -> Sequences:
    numbers: dict[str, int] = {}
    every = " ".join([*HYPOTHESES, *REFERENCES, *texts]).split()
    for word in every:
        numbers.setdefault(word, len(numbers))
    return Sequences.of([[numbers[word] for word in text.split()] for text in texts], fill=0, dtype=np.int64)


def test_bleu_is_that_of_sacrebleu():
    assert bleu(rows(HYPOTHESES), rows(REFERENCES)) == pytest.approx(SACREBLEU, abs=1e-6)


def test_self_bleu_is_that_of_sacrebleu_with_all_other_samples_as_references():
    assert self_bleu(rows(HYPOTHESES)) == pytest.approx(SACREBLEU_ITSELF, abs=1e-6)


def test_bleu_of_one_sentence_is_what_counting_by_hand_gives():
    # unigrams 3 of 4 ("the" counts twice at most), bigrams 1 of 3, and one word less than the reference
    found = bleu(rows(["the the cat mat"]), rows(["the cat on the rug"]), orders=(2,))
    assert found[2] == pytest.approx(exp(1 - 5 / 4) * exp((log(3 / 4) + log(1 / 3)) / 2))


def test_a_sample_is_never_its_own_reference():
    assert self_bleu(rows(["a b c d e", "f g h i j"])) == dict.fromkeys((2, 3, 4, 5), 0.0)
    assert self_bleu(rows(["a b c d e", "a b c d e"])) == pytest.approx(dict.fromkeys((2, 3, 4, 5), 1.0))


def test_what_cannot_be_compared_is_no_number():
    assert all(isnan(value) for value in bleu(rows([]), rows(["a"])).values())
    assert all(isnan(value) for value in self_bleu(rows(["a b"])).values())
    assert bleu(rows(["a", ""]), rows(["a b c"]))[2] == 0.0  # no pair of words in it
