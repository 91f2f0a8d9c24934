"""Small classifiers of clips and pictures see what people see."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, SampleSet
from rgan_kit_plugins.domains import images, video
from rgan_kit_plugins.metrics.frame_judges import judged, recognised
from rgan_kit_plugins.worlds import glyphs, shapes


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return images.SPEC.load(images.SPEC.options(form="whole", embedded_pictures=400), None, 0)


@pytest.fixture(scope="module")
def clips() -> Dataset:
    return video.SPEC.load(video.SPEC.options(embedded_clips=300), None, 0)


def of(dataset: Dataset, frames: np.ndarray, labels: np.ndarray | None) -> SampleSet:
    names = None if labels is None else [dataset.spec.labels[label] for label in labels]
    return SampleSet(dataset.decoder.decode({"frames": frames}), {"frames": frames}, dataset, names)


def test_pictures_of_the_source_show_what_was_asked_for(digits):
    pictures, labels = glyphs.draw(300, 16, 16, 1, np.random.default_rng(7))
    figures = recognised(of(digits, pictures[:, None], labels))
    assert figures["label_accuracy"] == figures["heldout_label_accuracy"] == 1.0
    assert figures["class_coverage"] == pytest.approx(1.0)


def test_pictures_of_other_classes_than_asked_for_are_counted(digits):
    pictures, labels = glyphs.draw(300, 16, 16, 1, np.random.default_rng(7))
    asked = np.where(np.arange(300) < 75, (labels + 1) % 10, labels)
    figures = recognised(of(digits, pictures[:, None], asked))
    assert figures["label_accuracy"] == 0.75
    assert figures["label_error"] == 0.25


def test_a_class_that_never_comes_is_missed(digits):
    pictures, labels = glyphs.draw(300, 16, 16, 1, np.random.default_rng(7))
    threes = pictures[labels == 3]
    shown = np.where((labels == 8)[:, None, None, None], threes[np.arange(300) % len(threes)], pictures)
    figures = recognised(of(digits, shown[:, None], labels))
    assert figures["class_coverage"] == pytest.approx(0.9, abs=0.01)


def test_clips_show_the_motion_that_was_asked_for(clips):
    drawn = shapes.draw(200, 12, 16, 16, 3, np.random.default_rng(3))
    assert recognised(of(clips, drawn.clips, drawn.motions))["label_accuracy"] >= 0.98
    assert recognised(of(clips, drawn.clips, (drawn.motions + 1) % 4))["label_accuracy"] <= 0.02


def test_clips_that_change_their_colour_on_the_way_are_further_from_real_ones(clips):
    drawn = shapes.draw(200, 12, 16, 16, 3, np.random.default_rng(3)).clips
    changing = drawn.copy()
    changing[:, 6:] = changing[:, 6:, ..., [1, 2, 0]]
    real, changed = judged(of(clips, drawn, None)), judged(of(clips, changing, None))
    assert real["frames_told_apart"] < 0.65
    assert changed["frames_told_apart"] > 0.85
    assert changed["frames_judge_distance"] > 3 * real["frames_judge_distance"]


def test_data_without_classes_has_no_figures_of_them(clips):
    drawn = shapes.draw(40, 12, 16, 16, 3, np.random.default_rng(3)).clips
    assert recognised(of(clips, drawn, None)) == {}
    assert judged(of(clips, drawn[:4], None)) == {}
