"""The embedded clips of moving shapes, and the truth that tells them from shuffled, reversed and frozen ones."""

import dataclasses

import numpy as np
import pytest

from rgan_kit.contracts import UsageError
from rgan_kit_plugins.domains.video import SPEC
from rgan_kit_plugins.domains.video.decoder import Clip
from rgan_kit_plugins.worlds.shapes import MOTIONS, draw
from rgan_kit_plugins.worlds.shapes_truth import ShapesTruth
from rgan_kit_plugins.worlds.tracks import classify, look

TRUTH = ShapesTruth(12)
DRAWN = draw(200, 12, 16, 16, 3, np.random.default_rng(5))


def measure(clips: np.ndarray) -> dict[str, float]:
    return TRUTH.measure([Clip(clip, 10.0) for clip in clips])


def test_real_clips_reach_the_reference():
    figures, reference = measure(DRAWN.clips), TRUTH.reference()
    assert figures.keys() == reference.keys()
    assert figures["speed"] == pytest.approx(reference["speed"], rel=0.05)
    for name in figures.keys() - {"speed"}:
        assert figures[name] == pytest.approx(reference[name], abs=1e-9), name


def test_every_motion_is_recognised():
    assert np.array_equal(classify(look(DRAWN.clips).centres, 12), DRAWN.motions)


@pytest.mark.parametrize(("length", "size", "channels"), [(8, 12, 1), (16, 32, 3), (24, 20, 1)])
def test_every_motion_is_recognised_at_other_sizes_and_lengths(length, size, channels):
    drawn = draw(80, length, size, size, channels, np.random.default_rng(0))
    assert np.array_equal(classify(look(drawn.clips).centres, length), drawn.motions)
    assert look(drawn.clips).one_shape.all()


def test_the_first_frames_of_a_clip_are_recognised_too():
    assert (classify(look(DRAWN.clips[:, :9]).centres, 12) == DRAWN.motions).mean() > 0.9


def test_shuffled_clips_show_shapes_that_move_as_none_does():
    order = np.random.default_rng(1).permutation(12)
    figures = measure(DRAWN.clips[:, order])
    assert figures["valid"] == 1.0
    assert figures["known_motion"] == figures["backward"] == figures["frozen"] == 0.0
    assert figures["speed"] > 2 * TRUTH.reference()["speed"]


def test_reversed_clips_are_seen_to_run_backwards():
    figures = measure(DRAWN.clips[:, ::-1])
    assert figures["known_motion"] == 0.0
    assert figures["backward"] == 1.0


def test_frozen_clips_are_seen_to_stand_still():
    figures = measure(DRAWN.clips[:, [4] * 12])
    assert figures["known_motion"] == figures["speed"] == 0.0
    assert figures["frozen"] == 1.0


def test_two_shapes_no_shape_noise_and_specks_are_not_valid():
    two = np.maximum(DRAWN.clips[:100], DRAWN.clips[100:])
    apart = [np.linalg.norm(a - b, axis=-1).max() > 0.4 for a, b in
             zip(*(look(half).centres for half in (DRAWN.clips[:100], DRAWN.clips[100:])), strict=True)]  # fmt: skip
    assert not look(two[apart]).one_shape.all(1).any()
    noise = np.random.default_rng(0).integers(0, 256, DRAWN.clips.shape).astype(np.uint8)
    assert measure(noise)["valid"] == 0.0
    speck = np.zeros_like(DRAWN.clips)
    speck[:, :, 5, 5] = 255
    assert measure(speck)["valid"] == 0.0


def test_dark_and_short_clips_are_measured_without_failure():
    dark = measure(np.zeros((3, 12, 16, 16, 3), np.uint8))
    assert dark["valid"] == dark["known_motion"] == dark["frozen"] == 0.0
    assert np.isnan(dark["speed"])
    assert measure(DRAWN.clips[:, :1])["known_motion"] == 0.0
    assert all(np.isnan(value) for value in TRUTH.measure([]).values())


def test_the_embedded_clips_are_drawn_by_the_seed_and_split():
    options = SPEC.options(embedded_clips=40)
    dataset, again, other = (SPEC.load(options, None, seed) for seed in (0, 0, 1))
    assert dataset.fingerprint == again.fingerprint != other.fingerprint
    assert (len(dataset.train), len(dataset.validation)) == (40, 4)
    batch = dataset.train.take(np.arange(40))
    assert batch.values.shape == (40, 12, 16, 16, 3)
    assert dataset.spec.labels == MOTIONS
    assert np.array_equal(classify(look(batch.values).centres, 12), batch.labels)
    assert dataclasses.asdict(dataset.spec)["fps"] == 10.0
    assert dataset.truth.measure(dataset.decoder.decode({"frames": batch.values}))["valid"] == 1.0


def test_clips_too_short_or_small_to_be_told_apart_are_refused():
    for options in ({"clip_length": 5}, {"height": 8}):
        with pytest.raises(UsageError, match="Moving shapes need"):
            SPEC.load(SPEC.options(**options), None, 0)
