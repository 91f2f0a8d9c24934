"""The watermark's benchmark counts what the detector says, and would show a mark or a test that does not work."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import Batch
from rgan_kit.runtime import load, watermark
from rgan_kit.runtime.decoding import find_domain

PATH = Path(__file__).parent.parent / "benchmarks" / "watermark.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_watermark", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def few(benchmark, monkeypatch):
    """Everything in little: a key marks 1,024 samples, and the detector tries as many places."""
    monkeypatch.setattr(watermark, "OFFSETS", 1024)
    monkeypatch.setattr(benchmark, "KEYS_OF_UNMARKED", 4)
    monkeypatch.setattr(benchmark, "REFERENCE", 400)
    monkeypatch.setattr(benchmark, "PICKED", 40)


@pytest.fixture
def draws(benchmark, model_file):
    return benchmark.Draws(load(model_file), 0)


class Thirds:
    """Three symbols, as likely as each other whatever came before."""

    def inputs(self, count, *, seed):
        return {"noise": np.random.default_rng(seed).random((count, 6), np.float32), "temperature": np.float32(1)}

    def run(self, *, noise, temperature):
        return {"tokens": np.floor(noise * 3).astype(np.int64), "lengths": np.full(len(noise), 6)}


def test_what_is_needed_is_the_first_count_from_which_on_the_power_holds(benchmark):
    shares = np.array([[0.2, 0.96, 0.9, 0.95, 1.0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0.9]])
    assert benchmark.needed(shares).tolist() == [4, 1, 6]
    assert benchmark.needed(shares, 0.5).tolist() == [2, 1, 1]


def test_the_entropy_is_that_of_the_choice(benchmark):
    nats, error = benchmark.entropy(Thirds(), 0, 300)
    assert nats == pytest.approx(math.log(3), abs=1e-4)
    assert error < 1e-4


def test_each_count_of_a_text_says_what_detecting_so_much_of_it_says(benchmark, draws):
    key = draws.new_key()
    batch = benchmark.batch_of(draws.marked(key, 40))
    found = benchmark.detected(watermark.Detector(key), batch)
    assert not found["samples"][0]
    assert found["samples"][-1]
    for count in range(1, 41):
        some = Batch(batch.values[:count], batch.lengths[:count])
        assert (watermark.detect(key, some).p_value < 1e-6) == found["samples"][count - 1]
    assert len(found["tokens"]) == batch.lengths.sum()
    assert found["tokens"][np.cumsum(batch.lengths) - 1].tolist() == found["samples"].tolist()


def test_power_grows_with_the_text(benchmark, draws):
    need = benchmark.power(draws, 12)
    for unit in ("informative", "tokens", "samples"):
        assert need[unit]["half"] <= need[unit]["needed"] <= need["looked_at"][unit]
    low, high = need["tokens"]["interval"]
    assert low <= need["tokens"]["needed"] <= high
    assert need["informative"]["half"] < need["informative"]["needed"] <= need["tokens"]["needed"]
    assert 3 < need["samples"]["needed"] < 60


def test_a_mark_that_is_not_there_is_not_found_in_any_length(benchmark, draws, monkeypatch):
    monkeypatch.setattr(draws, "marked", lambda key, count: draws.unmarked(count))
    monkeypatch.setattr(watermark, "MOST_TOKENS", 300)
    need = benchmark.power(draws, 4)
    assert [need[unit]["needed"] for unit in ("informative", "tokens", "samples")] == [None, None, None]


def test_false_positives_are_at_most_as_many_as_expected(benchmark, draws):
    alone, documents = benchmark.false_positives(draws, 400, 10)
    assert (alone["tests"], documents["tests"]) == (400, 40)
    for each in (alone, documents):
        for level, count in each["below"].items():
            expected = level * each["tests"]
            assert count <= expected + 4 * math.sqrt(expected) + 0.5
    assert alone["below"][0.05] > 0, "the test is exact, so that some are below"


def test_text_that_is_marked_after_all_shows_in_the_counts(benchmark, draws, monkeypatch):
    key = draws.new_key()
    monkeypatch.setattr(draws, "unmarked", lambda count: draws.marked(key, count))
    monkeypatch.setattr(draws, "new_key", lambda: key)
    _, documents = benchmark.false_positives(draws, 160, 40)
    assert documents["tests"] == 4
    assert documents["below"][1e-6] >= 3


def test_models_of_embedded_data_are_measured_by_its_source(benchmark, draws):
    assert "valid" not in benchmark.quality(draws, 2, 20), "its data are others than those of the default options"
    domain = find_domain(draws.model.manifest, "")
    mark = domain.load(domain.options(), None, 3).fingerprint
    hashes = {**draws.model.manifest.hashes, "data": mark}
    draws.model.manifest = draws.model.manifest.model_copy(update={"hashes": hashes})
    shares = benchmark.quality(draws, 2, 20)["valid"]
    assert {len(values) for values in shares.values()} == {2}
    assert all(0 <= value <= 1 for values in shares.values() for value in values)


def test_quality_is_as_good_with_the_mark_and_harm_would_show(benchmark, draws, monkeypatch):
    figures = benchmark.quality(draws, 3, 150)
    for name, tolerance in (("length", 0.7), ("distinct", 0.1), ("trigram_nats", 0.3)):
        assert np.mean(figures[name]["marked"]) == pytest.approx(np.mean(figures[name]["unmarked"]), abs=tolerance)
    same = {name: np.repeat(value, 150, axis=0) for name, value in draws.unmarked(1).items()}
    monkeypatch.setattr(draws, "marked", lambda key, count: same)
    harmed = benchmark.quality(draws, 2, 150)
    assert max(harmed["distinct"]["marked"]) < 0.1 < min(harmed["distinct"]["unmarked"])
    assert min(harmed["bigram_distance"]["marked"]) > max(harmed["bigram_distance"]["unmarked"])


def test_the_program_prints_three_tables_or_one_document(benchmark, model_file, monkeypatch, capsys):
    words = ["watermark.py", str(model_file), "--keys", "3", "--unmarked", "60", "--repeats", "2", "--samples", "40"]
    monkeypatch.setattr(sys, "argv", words)
    benchmark.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines if line.startswith("| model")] == [
        "nats a token",
        "tested",
        "figure",
    ]
    assert sum(line.startswith("| small |") for line in lines) == 1 + 2 + 4
    assert len({line.count("|") for line in lines[:3]}) == 1
    monkeypatch.setattr(sys, "argv", [*words, "--json"])
    benchmark.main()
    assert set(json.loads(capsys.readouterr().out)["small"]) >= {"power", "false_positives", "quality"}
