"""The oracle against a network of torch with its weights, and as a data set."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import UsageError
from rgan_kit_plugins.domains.text import SPEC
from rgan_kit_plugins.worlds.oracle import ENTROPY, LENGTH, SYMBOLS, OracleTruth, embedded_oracle

ORDER = (0, 1, 3, 2)  # torch: input, forget, cell, output


def likelihoods(sequences: np.ndarray) -> torch.Tensor:
    oracle = embedded_oracle()
    lstm = torch.nn.LSTM(32, 32, batch_first=True).double()
    with torch.no_grad():
        for name, value in (("weight_ih_l0", oracle.of_input), ("weight_hh_l0", oracle.of_state)):
            gates = np.split(value.T, 4)
            getattr(lstm, name).copy_(torch.from_numpy(np.concatenate([gates[gate] for gate in ORDER])))
        gates = np.split(oracle.bias, 4)
        lstm.bias_ih_l0.copy_(torch.from_numpy(np.concatenate([gates[gate] for gate in ORDER])))
        lstm.bias_hh_l0.zero_()
        before = np.concatenate([np.zeros((len(sequences), 1), np.int64), sequences[:, :-1]], axis=1)
        hidden = lstm(torch.from_numpy(oracle.vectors[before]))[0]
        logits = hidden @ torch.from_numpy(oracle.out) + torch.from_numpy(oracle.out_bias)
        nats = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(sequences).flatten(), reduction="none")
    return -nats.view(sequences.shape)


def test_likelihoods_are_those_of_an_lstm_and_samples_have_the_entropy_that_is_stated():
    oracle = embedded_oracle()
    drawn = oracle.sample(200, np.random.default_rng(3))
    assert drawn.shape == (200, LENGTH)
    assert drawn.min() >= 0
    assert drawn.max() < SYMBOLS
    expected = likelihoods(drawn).sum(dim=1).numpy()
    found = oracle.log_likelihood(drawn)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    error = found.std() / LENGTH / math.sqrt(len(drawn))
    assert -found.mean() / LENGTH == pytest.approx(ENTROPY, abs=4 * error)
    assert oracle.entropies(drawn).mean() == pytest.approx(ENTROPY, abs=0.05)


def test_first_symbols_are_drawn_as_often_as_their_probability_says():
    oracle = embedded_oracle()
    drawn = oracle._draw(np.random.default_rng(0).random((2000, LENGTH)))[:, 0]
    logits = np.empty((1, SYMBOLS))
    oracle._step(np.zeros(1, np.int64), oracle._start(1), logits)
    share = np.exp(logits[0]) / np.exp(logits[0]).sum()
    top = np.argsort(share)[-200:]
    counts = np.bincount(drawn, minlength=SYMBOLS)
    expected = 2000 * share[top]
    assert float((((counts[top] - expected) ** 2) / expected).sum()) < 200 + 4 * math.sqrt(400)  # chi-squared


def test_the_oracle_is_a_data_set_whose_symbols_are_all_known():
    options = SPEC.options(embedded="oracle", embedded_sentences=20)
    dataset, again = (SPEC.load(options, None, 4) for _ in range(2))
    assert dataset.fingerprint == again.fingerprint != SPEC.load(options, None, 5).fingerprint
    assert (dataset.spec.vocab_size, dataset.spec.max_length) == (SYMBOLS + 4, LENGTH)
    assert (len(dataset.train), len(dataset.validation)) == (20, 500)
    batch = dataset.validation.take(np.arange(100))
    lines = dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    figures = dataset.truth.measure(lines)
    assert figures["valid"] == 1
    assert figures["oracle_nll"] == pytest.approx(dataset.truth.reference()["oracle_nll"], abs=0.2)


def test_what_the_oracle_cannot_write_is_not_valid():
    truth = OracleTruth(embedded_oracle())
    good = " ".join(map(str, range(LENGTH)))
    bad = (good + " 1", good.replace("3", "5000", 1), good.replace("3", "x", 1), "")
    figures = truth.measure([good, *bad])
    assert figures["valid"] == pytest.approx(1 / 5)
    assert figures["oracle_nll"] == truth.measure([good])["oracle_nll"] > ENTROPY
    assert math.isnan(truth.measure(["no"])["oracle_nll"])


@pytest.mark.parametrize(("option", "word"), [({"unit": "window"}, "window"), ({"level": "character"}, "character")])
def test_the_oracle_is_neither_cut_nor_spelt(option, word):
    with pytest.raises(UsageError, match=word):
        SPEC.load(SPEC.options(embedded="oracle", **option), None, 0)
