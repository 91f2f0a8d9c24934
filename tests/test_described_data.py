"""A run remembers its data as it was described, columns and lengths included."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from rgan_kit.contracts import Column, FrameSpec, SeriesSpec
from rgan_kit.training.described import describe_data, read_described

SHARES = np.array([0.25, 0.0, 0.75])
COLUMNS = (Column("age", grid=1.0, constant=True), Column("plan", levels=("free", "paid")))


def series(**changed):
    numbers = {"minimum": np.zeros(3, np.float32), "maximum": np.array([90, 1, 1], np.float32)}
    fields = {"features": 3, "length": 3, "names": ("age", "plan=free", "plan=paid"), **numbers, "columns": COLUMNS}
    return SeriesSpec(**{**fields, "length_shares": SHARES, **changed})


@pytest.mark.parametrize("spec", [series(), FrameSpec(3, 8, 8, 1, 4.0, length_shares=SHARES)])
def test_columns_and_lengths_come_back(tmp_path, spec):
    decoder = SimpleNamespace(manifest=lambda: {"domain": "none"})
    describe_data(tmp_path, SimpleNamespace(spec=spec, decoder=decoder, fingerprint="0", summary={}))
    back = read_described(tmp_path).spec
    assert type(back) is type(spec)
    assert back.variable and np.array_equal(back.length_shares, SHARES)
    assert getattr(back, "columns", ()) == getattr(spec, "columns", ())


@pytest.mark.parametrize("shares", [np.array([0.5, 0.5]), np.array([0.5, 0.25, 0.0]), np.array([1.5, -0.5, 0.0])])
def test_shares_of_lengths_have_to_be_shares(shares):
    with pytest.raises(ValueError, match="3 shares that add up to 1"):
        series(length_shares=shares)


def test_columns_have_to_cover_the_features():
    with pytest.raises(ValueError, match="columns have 2 features, not 3"):
        series(columns=(COLUMNS[1],))
