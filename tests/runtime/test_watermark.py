"""Marked samples are found by their key and by no other, and the test's chances are what it says."""

from __future__ import annotations

import json
import math
import stat

import numpy as np
import pytest

from rgan_kit.contracts import Batch
from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import load, noise, watermark


@pytest.fixture(scope="module")
def model(model_file):
    return load(model_file)


@pytest.fixture(scope="module")
def key(model):
    return watermark.make_key(model)


def drawn(model, count: int, **where) -> Batch:
    """Samples as a decoder reads them: with their end token."""
    outputs = model.outputs(count, **where)
    return Batch(outputs["tokens"], np.minimum(outputs["lengths"] + 1, outputs["tokens"].shape[1]))


def test_marked_samples_are_found_at_their_place(model, key):
    found = watermark.detect(key, drawn(model, 60, seed=key.secret, start=4321))
    assert found.p_value < 1e-6
    assert found.offset == 4321


def test_samples_whose_first_are_missing_are_found_too(model, key):
    whole = drawn(model, 80, seed=key.secret, start=100)
    rest = watermark.detect(key, Batch(whole.values[15:], whole.lengths[15:]))
    assert rest.p_value < 1e-6
    assert rest.offset == 115


def test_another_key_finds_nothing(model, key):
    other = key.model_copy(update={"secret": key.secret ^ 1})
    assert watermark.detect(other, drawn(model, 60, seed=key.secret, start=4321)).p_value > 1e-3


def test_unmarked_samples_are_no_more_suspicious_than_chance_allows(model, key, monkeypatch):
    monkeypatch.setattr(watermark, "OFFSETS", 64)  # without Bonferroni's slack the test is nearly exact
    values = [watermark.detect(key, drawn(model, 4, seed=seed)).p_value for seed in range(300)]
    assert 0.01 < np.mean(np.array(values) < 0.1) < 0.15
    assert min(values) > 1e-5


def test_a_detector_says_of_each_text_what_a_new_one_says(model, key, monkeypatch):
    monkeypatch.setattr(watermark, "OFFSETS", 256)
    monkeypatch.setattr(watermark, "_KEPT", 8)  # so that what it keeps makes room for others
    detector = watermark.Detector(key)
    texts = [drawn(model, 5, seed=key.secret, start=40), drawn(model, 3, seed=1), drawn(model, 9, seed=2)]
    found = [detector.detect(text) for text in texts * 2]
    assert found == [watermark.detect(key, text) for text in texts * 2]
    assert found[0].p_value < 1e-3 < found[1].p_value


def test_a_growing_text_is_tested_as_its_beginnings_are(model, key, monkeypatch):
    monkeypatch.setattr(watermark, "OFFSETS", 256)
    text = drawn(model, 12, seed=key.secret, start=40)
    detector = watermark.Detector(key)
    rows, steps = detector.informative(text)
    growing = list(detector.growing(text))
    assert [each.tokens for each in growing] == list(range(1, len(rows) + 1))
    for number in range(0, len(rows), 7):
        row, step = rows[number], steps[number]
        lengths = np.append(text.lengths[:row], step + 1)
        assert growing[number] == watermark.detect(key, Batch(text.values[: row + 1], lengths))


def test_the_detector_knows_the_numbers_that_mark(key):
    numbers = noise.uniform(key.secret, 0, watermark.OFFSETS, 10)
    blocks = [watermark._numbers_of(key.secret, block) for block in range(3)]
    assert np.array_equal(np.concatenate(blocks)[:10], numbers.T)


def test_samples_beyond_the_places_of_a_key_are_left_out(model, key, monkeypatch):
    monkeypatch.setattr(watermark, "OFFSETS", 4)
    text = drawn(model, 6, seed=3)
    assert watermark.detect(key, text) == watermark.detect(key, Batch(text.values[:4], text.lengths[:4]))


def test_at_every_single_place_the_test_is_exact(model, key):
    texts, below = drawn(model, 12, seed=9), 0
    for number in range(12):
        part = slice(number, number + 1)
        tokens, surprise = list(watermark.Detector(key)._add_up(Batch(texts.values[part], texts.lengths[part])))[-1]
        levels = np.linspace(0, 60, 601)
        rare = levels[np.argmax([watermark.log_gamma_tail(tokens, level) < math.log(0.01) for level in levels])]
        chance = math.exp(watermark.log_gamma_tail(tokens, float(rare)))
        below += np.mean(surprise >= rare) / chance / 12
    assert below == pytest.approx(1, abs=0.05)


def test_marking_does_not_change_the_distribution_of_numbers(key):
    numbers = noise.uniform(key.secret, 0, 2000, 20).ravel()
    shares = np.histogram(numbers, 20, (0, 1))[0] / len(numbers)
    assert np.abs(shares - 0.05).max() < 0.005


def test_the_chance_of_being_as_near_is_that_of_simulation():
    rng = np.random.default_rng(0)
    uniform = rng.random(200_000)
    for centre, number in ((0.1, 0.25), (0.5, 0.5), (0.9, 0.2), (0.0, 1.0)):
        simulated = np.mean(np.abs(uniform - centre) <= abs(number - centre))
        got = watermark._chance(np.array([number]), np.array([centre]))[0]
        assert got == pytest.approx(simulated, abs=0.005)


@pytest.mark.parametrize(("shape", "value"), [(1, 2.0), (5, 3.0), (40, 70.0), (2000, 2400.0)])
def test_the_gamma_tail_is_that_of_numerical_integration(shape, value):
    grid = np.linspace(value, value + 60 * math.sqrt(shape) + 60, 400_001)
    density = (shape - 1) * np.log(grid) - grid - math.lgamma(shape)
    peak = density.max()
    expected = peak + math.log(np.trapezoid(np.exp(density - peak), grid))
    assert watermark.log_gamma_tail(shape, value) == pytest.approx(expected, abs=1e-4)
    assert watermark.log_gamma_tail(shape, 0.0) == 0.0


def test_a_key_survives_the_disk_and_is_its_owners_alone(key, tmp_path):
    path = tmp_path / "keys" / "mine.json"
    watermark.write_key(key, path)
    assert watermark.read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_never_readable_by_others_and_leaves_nothing_where_it_is_interrupted(key, tmp_path, monkeypatch):
    path, modes = tmp_path / "mine.json", []

    def interrupt(temporary, target):
        modes.append(stat.S_IMODE(temporary.stat().st_mode))
        raise KeyboardInterrupt

    monkeypatch.setattr(type(path), "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        watermark.write_key(key, path)
    assert modes == [0o600] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [{"centres": [2.0]}, {"centres": [-0.1]}, {"manifest": {"kind": "series"}}], ids=str)
def test_a_key_that_could_not_have_been_made_is_refused(key, tmp_path, change):
    document = key.model_dump(mode="json")
    document |= {name: {**document[name], **value} if name == "manifest" else value for name, value in change.items()}
    (tmp_path / "key.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="no watermark key"):
        watermark.read_key(tmp_path / "key.json")


def test_what_is_no_key_is_refused(tmp_path):
    path = tmp_path / "key.json"
    with pytest.raises(DataError, match="cannot be read"):
        watermark.read_key(path)
    for text in ("", "{}", "[1]", '{"secret": -1}', "\x00"):
        path.write_text(text)
        with pytest.raises(DataError, match="no watermark key"):
            watermark.read_key(path)


def test_more_samples_than_places_are_refused(key):
    with pytest.raises(UsageError, match="more than one key can mark"):
        key.start(0, watermark.OFFSETS + 1)


def test_samples_are_marked_and_found_on_the_command_line(rgankit, model_file, tmp_path):
    words = ("sample", model_file, "-n", 60, "--seed", 5, "--watermark-key", "key.json", "--out", "marked")
    assert rgankit(*words).code == 0
    found = rgankit("detect", "marked/samples.txt", "--watermark-key", "key.json", "--json").document
    assert found["p_value"] < 1e-6
    assert rgankit("sample", model_file, "-n", 60, "--seed", 5, "--out", "plain").code == 0
    found = rgankit("detect", "plain/samples.txt", "--watermark-key", "key.json")
    assert "no sign of this key" in found.out
    again = tmp_path / "marked" / "samples.txt"
    first = again.read_bytes()
    assert rgankit(*words).code == 0
    assert again.read_bytes() == first, "the same seed and key give the same samples"


def test_seeds_beside_each_other_share_no_samples(key):
    starts = np.array([key.start(seed, 4) for seed in range(40)])
    assert starts.min() >= 0 and starts.max() <= watermark.OFFSETS - 4
    assert np.diff(np.sort(starts)).min() >= 4
    assert [key.start(seed, 4) for seed in range(40)] == starts.tolist()
    assert {key.start(seed, watermark.OFFSETS) for seed in range(9)} == {0}
