"""The built-in metrics, from a data set and arrays of tokens to named figures beside their controls."""

import gc
import weakref
from math import isnan

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, SampleSet, Sequences, SeriesSpec, TokenSpec
from rgan_kit.evaluation import NGramModel
from rgan_kit_plugins.metrics import METRICS, token_metrics

BOS, EOS, PAD, UNKNOWN = 1, 2, 0, 3
TRAIN = [[4, 5, 6], [4, 5], [6], [UNKNOWN, 5]]
VALIDATION = [[4, 5], [5, 4], [6], [UNKNOWN, 5], [6, 6, 6, 6]]
TOKEN_METRICS = [metric for metric in METRICS if "tokens" in metric.kinds]
COMPUTE = {metric.name: metric.compute for metric in TOKEN_METRICS}


def sequences(samples: list[list[int]]) -> Sequences:
    return Sequences.of([[*sample, EOS] for sample in samples], fill=PAD, dtype=np.int32)


class Rhyme:
    name = "rhyme"

    def measure(self, samples):
        return {"valid": float(len(samples))}

    def reference(self):
        return {"valid": 1.0}


def make_dataset(**changes) -> Dataset:
    spec = TokenSpec(7, BOS, EOS, PAD, 4, UNKNOWN)
    return Dataset(**{"spec": spec, "train": sequences(TRAIN), "validation": sequences(VALIDATION), "decoder": None,
                      "fingerprint": "", **changes})  # fmt: skip


def sample_set(dataset: Dataset) -> SampleSet:
    """[4 5], [4 5], [6 6 (cut off)], [5] and an empty sample."""
    tokens = np.array([[4, 5, EOS], [4, 5, EOS], [6, 6, 6], [5, EOS, PAD], [EOS, PAD, PAD]])
    return SampleSet(list("abcde"), {"tokens": tokens, "lengths": np.array([2, 2, 3, 1, 0])}, dataset)


def test_distinct_is_the_share_of_different_samples():
    assert COMPUTE["distinct"](sample_set(make_dataset())) == {"distinct": 4 / 5, "heldout_distinct": 1.0}


def test_verbatim_stands_beside_its_control_on_held_out_samples_that_a_model_could_write():
    figures = COMPUTE["verbatim"](sample_set(make_dataset()))
    assert figures == {"verbatim": 2 / 5, "heldout_verbatim": 2 / 4}


def test_verbatim_of_held_out_data_that_no_model_could_write_is_not_a_number():
    figures = COMPUTE["verbatim"](sample_set(make_dataset(validation=sequences([[UNKNOWN]]))))
    assert isnan(figures["heldout_verbatim"])


def test_ngram_nll_judges_samples_and_held_out_data_by_the_training_data():
    figures = COMPUTE["ngram_nll"](sample_set(make_dataset()))
    model = NGramModel(sequences(TRAIN), vocab_size=7, bos=BOS)
    rows = Sequences.of([[4, 5, EOS], [4, 5, EOS], [6, 6, 6], [5, EOS], [EOS]], fill=PAD, dtype=np.int64)
    assert figures["ngram_nll"] == pytest.approx(model.nats_per_token(rows))
    known = [(row, place) for row in VALIDATION for place in range(len(row) + 1) if [*row, EOS][place] != UNKNOWN]
    contexts = np.array([[BOS, BOS, *row][place : place + 2] for row, place in known])
    nats = -np.log(model.probabilities(contexts, np.array([[*row, EOS][place] for row, place in known])))
    assert figures["heldout_ngram_nll"] == pytest.approx(np.mean(nats))


def test_held_out_data_is_judged_by_the_samples_too():
    figures = COMPUTE["ngram_nll"](sample_set(make_dataset()))
    rows = Sequences.of([[4, 5, EOS], [4, 5, EOS], [6, 6, 6], [5, EOS], [EOS]], fill=PAD, dtype=np.int64)
    for name, model in (
        ("coverage_nll", NGramModel(rows, vocab_size=7, bos=BOS)),
        ("heldout_coverage_nll", NGramModel(sequences(TRAIN), vocab_size=7, bos=BOS)),
    ):
        known = [(row, place) for row in VALIDATION for place in range(len(row) + 1) if [*row, EOS][place] != UNKNOWN]
        contexts = np.array([[BOS, BOS, *row][place : place + 2] for row, place in known])
        nats = -np.log(model.probabilities(contexts, np.array([[*row, EOS][place] for row, place in known])))
        assert figures[name] == pytest.approx(np.mean(nats)), name


def test_length_is_the_mean_without_end_tokens():
    figures = COMPUTE["length"](sample_set(make_dataset()))
    assert figures == {"length": 8 / 5, "heldout_length": 11 / 5}


def test_truth_speaks_where_there_is_one():
    assert COMPUTE["truth"](sample_set(make_dataset(truth=Rhyme()))) == {"valid": 5.0}
    assert COMPUTE["truth"](sample_set(make_dataset())) == {}


def test_truth_speaks_for_every_kind_of_data():
    series = SeriesSpec(1, 2, ("x",), np.zeros(1), np.ones(1))
    dataset = make_dataset(spec=series, truth=Rhyme())
    (truth,) = [metric for metric in METRICS if metric.name == "truth"]
    assert truth.kinds == {"tokens", "series", "frames"}
    assert truth.compute(SampleSet([1, 2], {}, dataset)) == {"valid": 2.0}


def test_what_depends_on_the_data_alone_is_computed_once(monkeypatch):
    dataset, fits = make_dataset(), []
    monkeypatch.setattr(token_metrics, "NGramModel", lambda *a, **k: fits.append(1) or NGramModel(*a, **k))
    for _ in range(3):
        COMPUTE["ngram_nll"](sample_set(dataset))
    assert len(fits) == 1 + 1 + 3  # of the training data, of as much of it as there are samples, of each sample set
    COMPUTE["ngram_nll"](sample_set(make_dataset()))
    assert len(fits) == 5 + 3


def test_a_data_set_is_forgotten_when_nobody_else_holds_it():
    dataset = make_dataset()
    for metric in TOKEN_METRICS:
        metric.compute(sample_set(dataset))
    gone = weakref.ref(dataset)
    del dataset
    gc.collect()
    assert gone() is None


def test_no_samples_give_no_numbers_and_no_failure():
    dataset = make_dataset()
    empty = SampleSet([], {"tokens": np.zeros((0, 3), np.int64), "lengths": np.zeros(0, np.int64)}, dataset)
    figures = {name: value for metric in TOKEN_METRICS for name, value in metric.compute(empty).items()}
    own = [figures[name] for name in ("distinct", "verbatim", "ngram_nll", "length")]
    assert all(isnan(figure) for figure in own)
    controls = {name for name in figures if name.startswith("heldout")} - {"heldout_distinct"}  # of as many rows: none
    assert not any(isnan(figures[name]) for name in controls)
