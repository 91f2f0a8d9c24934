"""The embedded clips of moving shapes, and the truth that tells them from shuffled, reversed and frozen ones."""

import dataclasses

import numpy as np
import pytest

from rgan_kit.contracts import UsageError
from rgan_kit_plugins.domains.video import SPEC
from rgan_kit_plugins.domains.video.decoder import Clip
from rgan_kit_plugins.worlds.looks import colour_throughout, shape_throughout
from rgan_kit_plugins.worlds.shapes import COLOURS, MOTIONS, RADII, SHAPES, _cover, draw, track
from rgan_kit_plugins.worlds.shapes_truth import ShapesTruth
from rgan_kit_plugins.worlds.tracks import classify, look

TRUTH = ShapesTruth(12)
DRAWN = draw(200, 12, 16, 16, 3, np.random.default_rng(5))
HALF = 100


def measure(clips: np.ndarray, motions: np.ndarray | None = None) -> dict[str, float]:
    labels = None if motions is None else [MOTIONS[motion] for motion in motions]
    return TRUTH.measure([Clip(clip, 10.0) for clip in clips], labels)


def test_real_clips_reach_the_reference():
    figures, reference = measure(DRAWN.clips, DRAWN.motions), TRUTH.reference()
    assert figures.keys() == reference.keys()
    assert figures["speed"] == pytest.approx(reference["speed"], rel=0.05)
    for name in figures.keys() - {"speed", "combinations"}:
        assert figures[name] == pytest.approx(reference[name], abs=1e-9), name


def test_combinations_are_those_that_occur():
    once = 1 - (1 - 1 / 96) ** 200  # of 96, how many are drawn at least once
    assert measure(DRAWN.clips)["combinations"] == pytest.approx(once, abs=0.08)
    assert measure(DRAWN.clips[[0] * 7])["combinations"] == pytest.approx(1 / 96)
    assert measure(DRAWN.clips[..., :1])["combinations"] == pytest.approx(1.0)  # 16 of them in grey


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", range(len(COLOURS)))
def test_every_shape_and_colour_is_told_from_the_others(shape, colour, size):
    clips = _clips(shape, colour, size)
    assert set(shape_throughout(clips, look(clips).centres)) == {SHAPES.index(shape)}
    assert set(colour_throughout(clips)) == {colour}


def _clips(shape: str, colour: int, size: int) -> np.ndarray:
    """Two clips of each motion."""
    rng = np.random.default_rng(colour)
    tracks = [(motion, track(motion, 12, rng)) for motion in MOTIONS * 2]
    covers = [_cover(shape, rng.uniform(*RADII), each, size, size) for _, each in tracks]
    return np.rint(np.stack(covers)[..., None] * COLOURS[colour]).astype(np.uint8)


def test_clips_that_change_their_shape_on_the_way_are_not_valid():
    disc, cross = (_clips(shape, 2, 32) for shape in ("disc", "cross"))
    changing = np.concatenate([disc[:, :6], cross[:, 6:]], axis=1)
    figures = measure(changing)
    assert look(changing).one_shape.all(), "each frame by itself is that of a shape"
    assert figures["valid"] == figures["one_shape"] == figures["combinations"] == 0.0
    assert figures["one_colour"] == 1.0


def test_clips_that_change_their_colour_on_the_way_are_not_valid():
    changing = DRAWN.clips.copy()
    changing[:, 6:] = changing[:, 6:, ..., [1, 2, 0]]
    assert look(changing).one_shape.all()
    figures = measure(changing)
    assert figures["valid"] == figures["one_colour"] == 0.0
    assert figures["one_shape"] == figures["known_motion"] == 1.0


def test_motions_other_than_those_that_were_asked_for_are_counted():
    assert measure(DRAWN.clips, (DRAWN.motions + 1) % len(MOTIONS))["label_motion"] == 0.0
    half = np.where(np.arange(200) < HALF, DRAWN.motions, (DRAWN.motions + 1) % len(MOTIONS))
    assert measure(DRAWN.clips, half)["label_motion"] == 0.5
    assert "label_motion" not in measure(DRAWN.clips)


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
