"""Real and generated samples in one plane."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from rgan_kit.contracts import FrameSpec, Sequences, SeriesSpec, TokenSpec
from rgan_kit.training.projection import Plane, features

SERIES = SeriesSpec(2, 5, ("a", "b"), np.array([0, -10], np.float32), np.array([1, 10], np.float32))
TOKENS = TokenSpec(vocab_size=9, bos=0, eos=1, pad=2, max_length=6)


def dataset(spec, source):
    return SimpleNamespace(spec=spec, validation=source)


def test_the_plane_is_that_of_the_principal_components():
    numbers = np.random.default_rng(0)
    real = (numbers.normal(size=(60, 5, 2)) * [0.2, 3]).astype(np.float32)
    plane = Plane(dataset(SERIES, Sequences.of(list(real), fill=0, dtype=np.float32)))
    rows = np.concatenate([real[..., :1] * 2 - 1, real[..., 1:] / 10], -1).reshape(60, -1)
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    expected = (rows - rows.mean(0)) @ vectors[:, ::-1][:, :2]
    assert np.abs(plane.real) == pytest.approx(np.abs(expected), abs=1e-5)
    assert plane.explained == pytest.approx(values[-2:].sum() / values.sum(), abs=1e-6)
    assert plane.places({"series": real[:7]}) == pytest.approx(plane.real[:7])


def test_symbols_lie_at_distances_of_hellinger():
    rows = features(TOKENS, np.array([[3, 4, 1], [3, 4, 1], [5, 1, 2], [4, 3, 1]]), np.array([3, 3, 2, 3]))
    assert (rows**2).sum(1) == pytest.approx([2, 2, 2, 2])  # shares of symbols and of pairs
    squared = ((rows[:, None] - rows) ** 2).sum(-1)
    assert squared[0, 1] == 0
    # half of the symbols differ and one is shared with shares 1/3 and 1/2; no pair is shared
    assert squared[0, 2] == pytest.approx(2 + 2 - 2 * (1 / 6) ** 0.5)
    assert squared[0, 3] == pytest.approx(2)  # the same symbols in another order


def test_padding_and_what_lies_behind_an_end_say_nothing():
    spec = SeriesSpec(1, 4, ("a",), np.zeros(1, np.float32), np.ones(1, np.float32))
    values = np.full((2, 4, 1), 0.75, np.float32)
    values[1, 2:] = 99
    assert features(spec, values, np.array([4, 2])).tolist() == [[0.5] * 4, [0.5, 0.5, 0, 0]]


def test_clips_are_thinned_and_one_held_out_clip_spans_nothing():
    spec = FrameSpec(length=20, height=64, width=48, channels=3, fps=8)
    clips = np.random.default_rng(0).integers(0, 256, (1, 20, 64, 48, 3), np.uint8)
    assert features(spec, clips, np.array([20])).shape == (1, 8 * 16 * 16 * 3)
    plane = Plane(dataset(spec, Sequences.of(list(clips), fill=0, dtype=np.uint8)))
    assert plane.places({"frames": clips}).tolist() == [[0, 0]]
