"""How often samples are how long."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.files import length_shares


def test_lengths_that_come_again_and_again_are_as_often_as_in_the_data():
    lengths = np.repeat([3, 5, 6], [10, 20, 70])
    assert np.allclose(length_shares(lengths, 6), [0, 0, 0.1, 0, 0.2, 0.7])
    assert length_shares(np.full(4, 6), 6) is None
    assert length_shares(np.full(4, 5), 6).tolist() == [0, 0, 0, 0, 1, 0]


def test_where_lengths_come_once_unseen_multiples_are_possible_and_nothing_else_is():
    lengths = np.repeat([8, 16, 24, 40], [5, 3, 1, 1])  # bars of four steps
    shares = length_shares(lengths, 48)
    assert shares.sum() == pytest.approx(1)
    places = np.flatnonzero(shares) + 1
    assert places.tolist() == [8, 16, 24, 32, 40, 48]
    new = 2 / 11  # two of ten came once
    assert shares[31] == shares[47] == pytest.approx(new / 2)
    assert shares[7] == pytest.approx(0.5 * (1 - new))
