"""Networks on running text: what stands before a window is read and not scored, and nothing ever ends."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from support import call

from rgan_kit.contracts import Batch, Dataset, Sequences, TokenSpec, Windows
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.assessment import Assessor
from rgan_kit.training.engine import Engine
from rgan_kit.training.likelihood import HeldOut
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import negative_log_likelihood

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3
RUNNING = TokenSpec(9, BOS, EOS, PAD, 6, UNKNOWN, ends=False)
ENDING = TokenSpec(9, BOS, EOS, PAD, 6, UNKNOWN)


def generator(spec: TokenSpec = RUNNING):
    torch.manual_seed(0)
    (chosen,) = [each for each in GENERATORS if each.name == "lstm"]
    options = chosen.options(embedding_size=8, hidden_size=12, dropout=0.0)
    return chosen.build(options, spec).eval()


def batch(context: list[int] | None = None) -> Batch[torch.Tensor]:
    values = torch.tensor([[4, 5, 6, 7, 8, 4], [8, 8, 7, 6, 5, 5]])
    return Batch(values, torch.tensor([6, 6]), context=None if context is None else torch.tensor(context))


def test_context_is_read_and_not_scored():
    model = generator()
    nats = -model.log_probs(batch())
    expected = (nats[0, 2:].sum() + nats[1].sum()) / 10
    assert negative_log_likelihood(model, batch([2, 0])).item() == pytest.approx(expected.item())


def test_no_likelihood_is_spent_on_an_end_that_never_comes():
    model = generator()
    tokens = torch.arange(9)[:, None]
    nats = model.log_probs(Batch(tokens, torch.ones(9, dtype=torch.int64)))[:, 0]
    assert nats[3:].exp().sum().item() == pytest.approx(1.0)
    assert nats[[PAD, BOS, EOS]].max() < -1e6


def test_samples_are_as_long_as_they_are_asked_to_be():
    model = generator()
    tokens, lengths = model.sampler()(torch.rand(3, 500), torch.tensor(1.0))
    assert lengths.tolist() == [500] * 3
    assert tokens.min() > UNKNOWN
    drawn = model.generate(4, 50)
    assert drawn.lengths.tolist() == [50] * 4


def held_out_nll(assessor: Assessor, model) -> float:
    return HeldOut.of_generator(model).nll(assessor.dataset, assessor.engine)


def assess(spec: TokenSpec, validation, decoder=None) -> tuple[Assessor, object]:
    dataset = Dataset(spec, validation, validation, decoder, "")
    return Assessor(dataset, installed_registry(), Engine("cpu", "float32", 0), 4), generator(spec)


def nats_of(model, tokens: list[int]) -> torch.Tensor:
    return -model.log_probs(Batch(torch.tensor([tokens]), torch.tensor([len(tokens)])))[0]


def test_held_out_nats_leave_out_context_and_unknown_symbols():
    row = [4, 5, UNKNOWN, 7, 8, 4]
    assessor, model = assess(RUNNING, Windows(np.array(row, np.uint8), np.array([0]), 6, np.array([1])))
    assert held_out_nll(assessor, model) == pytest.approx(nats_of(model, row)[[1, 3, 4, 5]].mean().item())


def test_held_out_nats_of_samples_with_an_end_count_it_and_no_unknown_symbol():
    source = Sequences.of([[4, UNKNOWN, EOS], [5, EOS]], fill=PAD, dtype=np.int32)
    assessor, model = assess(ENDING, source)
    expected = (nats_of(model, [4, UNKNOWN, EOS])[[0, 2]].sum() + nats_of(model, [5, EOS]).sum()).item() / 4
    assert held_out_nll(assessor, model) == pytest.approx(expected)


class Pairs:
    """Every symbol is two letters."""

    def decode(self, outputs):
        return ["ab" * int(length) for length in outputs["lengths"]]


def test_perplexity_and_bits_a_character_stand_beside_nats():
    source = Sequences.of([[4, 5, EOS], [6, EOS]], fill=PAD, dtype=np.int32)
    assessor, model = assess(ENDING, source, Pairs())
    figures = assessor.evaluate(model, HeldOut.of_generator(model))
    nats = figures["heldout_nll"]
    assert figures["perplexity"] == pytest.approx(math.exp(nats))
    assert figures["bits_a_character"] == pytest.approx(nats * 5 / math.log(2) / 8)  # 3 symbols, 6 letters, 2 ends


@pytest.mark.slow
def test_two_thousand_characters_are_two_thousand_characters(tmp_path):
    """From a novel to a file, by the command line."""
    rng = np.random.default_rng(0)
    lines = [" ".join("".join(rng.choice(list("aeioubdkst"), 5)) for _ in range(7)) for _ in range(400)]
    novel = tmp_path / "novel.txt"
    novel.write_text("\n\n".join("\n".join(lines[first : first + 5]) for first in range(0, 400, 5)))
    small = ("generator.hidden_size=8", "generator.embedding_size=8", "train.evaluation_samples=4", "train.threads=1")
    settings = [word for setting in small for word in ("--set", setting)]
    trained = call("train", "--plugin", "lstm-lm", "--data", novel, "--run", tmp_path / "run", "--steps", 3, *settings)
    assert trained.code == 0, trained.err
    assert call("export", tmp_path / "run", "--out", tmp_path / "novel.onnx", "--step").code == 0
    drawn = ("sample", tmp_path / "novel.onnx", "--length", 2000, "--seed", 1)
    (sample,) = json.loads(call(*drawn, "-n", 1, "--json").out)["samples"]
    assert (len(sample), "\n" in sample) == (2000, True)
    assert call(*drawn, "-n", 1, "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "sample-0001.txt").read_text() == f"{sample}\n"
    assert call(*drawn, "-n", 1, "--stream").out == f"{sample}\n"
