"""Figures of music by pieces that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit_plugins.domains.music.notes import DRUMS, Note, Piece
from rgan_kit_plugins.metrics.music import _overlaps, tally

BAR = 16
"""Steps: four beats of four steps."""


def piece(*notes: tuple[int, int, int], length: int = 2 * BAR, **more) -> Piece:
    return Piece(tuple(Note(start, duration, pitch, 80) for start, duration, pitch in notes), length, 120, 4, **more)


def test_bars_scales_and_voices_are_counted():
    # bar one: C and E together, then F sharp; bar two: nothing but what sounds on; bar three: C and E again
    found = tally([piece((0, 4, 60), (0, 8, 64), (12, 8, 66), (32, 4, 60), (32, 8, 64), length=3 * BAR)])
    assert found is not None
    assert found.figures == pytest.approx(
        {
            "empty_bars": 1 / 3,
            "pitch_classes_a_bar": (3 + 2) / 2,
            "notes_in_scale": 1.0,  # C, E and F sharp lie in G major
            "notes_within_bars": 4 / 5,
            "qualified_notes": 1.0,
            "polyphony": (4 + 4) / (8 + 8 + 8),
            "repeated_bars": 0.0,
        }
    )
    assert found.pitch_classes[[0, 4, 6]] == pytest.approx([2 / 5, 2 / 5, 1 / 5])
    assert found.onsets[[0, 12]] == pytest.approx([4 / 5, 1 / 5])


def test_a_bar_that_comes_again_is_a_repeated_one():
    again = tally([piece((0, 4, 60), (8, 4, 62), (BAR, 4, 60), (BAR + 8, 4, 62))])
    assert again is not None and again.figures["repeated_bars"] == 0.5


def test_drums_have_no_pitch():
    drums = piece((0, 4, 36), programs=(DRUMS,))
    assert tally([drums]) is None
    both = tally([drums, piece((0, 4, 60))])
    assert both is not None and both.pitch_classes[0] == 1.0
    assert both.figures["empty_bars"] == pytest.approx((1 + 1 / 2) / 2)


def test_histograms_overlap_by_what_they_share():
    low, high = tally([piece((0, 4, 60), (4, 4, 62))]), tally([piece((0, 4, 60), (4, 16, 65))])
    assert low is not None and high is not None
    found = _overlaps(low, high)
    assert found == {"pitch_class_overlap": 0.5, "duration_overlap": 0.5, "onset_overlap": 1.0}
    assert set(_overlaps(low, low).values()) == {1.0}


def test_a_bar_of_three_beats_ends_after_three_beats():
    waltz = tally([piece((0, 12, 60), (12, 12, 64), length=24, metres=((0, 3, 4),))])
    assert waltz is not None and waltz.figures["notes_within_bars"] == 1.0
    assert np.count_nonzero(waltz.onsets) == 1
