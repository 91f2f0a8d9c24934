"""The embedded melodies: their likelihood, entropy and checks are exact, and they come as samples and as files."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, SeriesSpec, TokenSpec, UsageError
from rgan_kit_plugins.domains.music import SPEC
from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.embedded import make
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.worlds import melodies as process
from rgan_kit_plugins.worlds.melodies import KEYS, embedded_process

PROCESS = embedded_process()
FEW = MusicOptions(embedded_melodies=300)


@pytest.fixture(scope="module")
def melodies() -> Dataset:
    return load(FEW, None, 0)


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [PROCESS.sample(rng) for _ in range(2000)]


def outputs_of(data: Dataset) -> dict[str, np.ndarray]:
    batch = data.train.take(np.arange(len(data.train)))
    if isinstance(data.spec, SeriesSpec):
        return {"series": batch.values}
    return {"tokens": batch.values, "lengths": batch.lengths - 1}


def test_the_entropy_is_the_mean_surprise_of_what_is_drawn(drawn):
    surprises = np.array([-PROCESS.log_likelihood(notes) for _, notes in drawn])
    error = surprises.std() / math.sqrt(len(surprises))
    assert abs(surprises.mean() - PROCESS.entropy) < 4 * error


def test_every_choice_has_probabilities_that_sum_to_one():
    for durations in process._DURATIONS.values():
        assert sum(durations.values()) == pytest.approx(1)
    for rows in PROCESS._transitions.values():
        assert np.allclose(rows.sum(axis=1), 1)
        assert np.allclose(np.diag(rows), 0)


def test_durations_are_drawn_as_often_as_their_likelihood_says(drawn):
    for duration, share in process._DURATIONS[0].items():
        seen = np.mean([notes[0][1] == duration for _, notes in drawn])
        assert seen == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / len(drawn)))


def test_what_the_process_never_makes_has_no_likelihood(drawn):
    key, notes = drawn[0]
    first, second, last = notes[0], notes[1], notes[-1]
    outside = next(pitch for pitch in range(60, 72) if KEYS[key].degree(pitch) is None)
    assert PROCESS.log_likelihood(notes) > -math.inf
    wrong = {
        "out of key": [first, (*second[:2], outside), *notes[2:]],
        "a repeated pitch": [first, (*second[:2], first[2]), *notes[2:]],
        "no last bar": notes[:-1],
        "no first note": notes[1:],
        "another last note": [*notes[:-1], (*last[:2], last[2] + 12)],
        "another tonic": [(*first[:2], first[2] + 1), *notes[1:]],
        "nothing": [],
        "one note": [(0, 32, 60)],
    }
    for name, melody in wrong.items():
        assert PROCESS.log_likelihood(melody) == -math.inf, name


@pytest.mark.parametrize("representation", ["melody", "events", "remi", "pianoroll"])
def test_embedded_melodies_pass_their_own_checks_in_every_representation(representation):
    data = load(replace_options(representation=representation), None, 0)
    assert data.truth is not None
    figures = data.truth.measure(data.decoder.decode(outputs_of(data)))
    shares = {name: value for name, value in figures.items() if name != "melody_nll"}
    assert shares == {"valid": 1.0, "in_key": 1.0, "in_range": 1.0, "in_metre": 1.0}
    reference = data.truth.reference()
    assert set(reference) >= set(figures)
    if representation == "melody":
        assert figures["melody_nll"] == pytest.approx(reference["melody_nll"], rel=0.05)
        assert reference["melody_nll"] == pytest.approx(PROCESS.entropy / 33)


def test_bars_are_told_where_asked_for_and_samples_keep_them_whatever_stands_inside(melodies):
    barred = load(FEW.model_copy(update={"bars": True}), None, 0)
    names = barred.decoder.form.vocabulary
    assert (barred.train.lengths == 32 + 4 + 1 + 1).all()  # bars, their metre, the end
    plain, told = (set(data.decoder.decode(outputs_of(data))) for data in (melodies, barred))
    assert {piece.notes for piece in plain} == {piece.notes for piece in told}
    figures = barred.truth.measure(sorted(told, key=str))
    assert figures["valid"] == 1
    assert figures["melody_nll"] == pytest.approx(barred.truth.reference()["melody_nll"], rel=0.05)
    bar, metre, hold = names.tokens["bar"][0], next(iter(names.tokens["metre"].values())), names.tokens["hold"][0]
    pitch = names.tokens["pitch"][60]
    short = np.array([[metre, bar, pitch, hold, bar, *[pitch] * 11]])
    piece = barred.decoder.decode({"tokens": short, "lengths": np.array([16])})[0]
    assert piece.length == 16
    assert [note.start for note in piece.notes] == [0, *range(8, 16)]


def replace_options(**changes: object) -> MusicOptions:
    return MusicOptions.model_validate({**FEW.model_dump(), **changes})


def test_checks_tell_what_is_wrong_with_a_sample(melodies):
    (piece,) = melodies.decoder.decode({name: own[:1] for name, own in outputs_of(melodies).items()})
    measure = melodies.truth.measure

    def changed(**changes: int):
        middle = piece.notes[2]
        new = replace(middle, **{name: getattr(middle, name) + by for name, by in changes.items()})
        return replace(piece, notes=(*piece.notes[:2], new, *piece.notes[3:]))

    late = measure([changed(start=1)])
    assert (late["in_metre"], late["valid"], late["in_key"]) == (0, 0, 1)
    low = measure([changed(pitch=-24)])
    assert (low["in_range"], low["in_key"], low["valid"]) == (0, 1, 0)
    chromatic = replace(piece, notes=tuple(replace(n, pitch=60 + i) for i, n in enumerate(piece.notes)))
    assert measure([chromatic])["in_key"] == 0
    half = measure([piece, chromatic])
    assert half["valid"] == 0.5
    assert half["melody_nll"] == measure([piece])["melody_nll"]
    assert math.isnan(measure([])["valid"])
    assert measure([replace(piece, notes=())])["valid"] == 0


def test_the_same_seed_gives_the_same_melodies_and_keys_are_labels(melodies):
    again = load(FEW, None, 0)
    assert again.fingerprint == melodies.fingerprint
    assert np.array_equal(again.train.values, melodies.train.values)
    assert load(FEW, None, 1).fingerprint != melodies.fingerprint
    labelled = load(replace_options(labels="folder"), None, 0)
    assert labelled.spec.labels == tuple(key.name for key in KEYS)
    first = labelled.train.take(np.arange(20))
    pitches = [labelled.decoder.form.vocabulary.numbers[row[0]] for row in first.values]
    assert pitches == [KEYS[label].tonic for label in first.labels]


def test_files_that_are_made_are_read_as_the_same_kind_of_samples(tmp_path, melodies):
    options = replace_options(embedded_melodies=40, transpose=0)
    files = make(options, tmp_path, 3)
    assert len(files) == 40
    assert all(file.parent.parent == tmp_path and file.suffix == ".mid" for file in files)
    data = load(options, tmp_path, 0)
    assert isinstance(data.spec, TokenSpec)
    assert len(data.train) + len(data.validation) == 40
    assert not data.refused
    figures = melodies.truth.measure(data.decoder.decode(outputs_of(data)))
    assert figures["valid"] == 1
    assert data.decoder.form.defaults.tempo == melodies.decoder.form.defaults.tempo


def test_options_that_do_not_suit_the_embedded_melodies_are_refused():
    for wrong in ({"steps_per_beat": 3}, {"max_length": 31}, {"lowest_pitch": 60}, {"track": 2}):
        with pytest.raises(UsageError):
            load(replace_options(**wrong), None, 0)
    for wrong in ({"tracks": 2}, {"drums": True}, {"lowest_pitch": 80, "highest_pitch": 70}):
        with pytest.raises(ValueError, match=r"tracks|lowest_pitch"):
            replace_options(**wrong)


def test_the_domain_needs_no_torch_and_no_parser():
    program = """
import sys, numpy as np
from rgan_kit_plugins.domains.music import SPEC
data = SPEC.load(SPEC.options(embedded_melodies=10), None, 0)
decoder = SPEC.decoder(data.decoder.manifest())
batch = data.train.take(np.arange(3))
assert len(decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})) == 3
assert not {"torch", "symusic", "matplotlib"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert SPEC.kind_with(MusicOptions()) == "tokens"
    assert SPEC.kind_with(MusicOptions(representation="pianoroll")) == "series"
