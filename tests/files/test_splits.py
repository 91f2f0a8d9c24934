"""Held-out samples: disjoint, as many as asked for, whole groups, apart in time, or those that the user names."""

import numpy as np
import pytest

from rgan_kit.contracts import DataError
from rgan_kit.files import Spans, Split, at_random, by_group, by_name, by_time, find


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def check(split: Split, count: int) -> None:
    together = np.concatenate([split.train, split.validation, split.unused])
    assert sorted(together.tolist()) == list(range(count))
    assert len(split.train) and len(split.validation)


@pytest.mark.parametrize(("count", "share", "held"), [(2, 0.1, 1), (2, 0.9, 1), (10, 0.1, 1), (200, 0.25, 50)])
def test_a_random_share_is_held_out_at_least_one_and_never_all(count, share, held):
    split = at_random(count, share, rng())
    check(split, count)
    assert len(split.validation) == held
    assert np.array_equal(split.validation, at_random(count, share, rng()).validation)


@pytest.mark.parametrize("seed", range(20))
def test_groups_stay_together_and_keep_to_the_share(seed):
    groups = np.repeat(np.arange(40), np.random.default_rng(seed).integers(1, 30, 40))
    split = by_group(groups, 0.2, np.random.default_rng(seed))
    check(split, len(groups))
    assert not set(groups[split.train]) & set(groups[split.validation])
    assert 0.1 < len(split.validation) / len(groups) <= 0.202


def test_groups_that_are_all_too_large_give_the_smallest():
    split = by_group(np.array([0, 0, 0, 2, 2]), 0.1, rng())
    assert split.validation.tolist() == [3, 4]
    with pytest.raises(DataError, match="fewer than two pieces"):
        by_group(np.zeros(9, np.int64), 0.1, rng(), "pieces")


def test_time_is_held_out_at_the_end_of_each_stretch_with_a_gap():
    stretches = Spans.side_by_side(np.array([100, 50, 8]))
    windows, owners = stretches.windows(5, 1)
    split = by_time(stretches, windows, owners, 0.2, 10)
    check(split, len(windows))
    trained, held = (windows.where(side).cover(158) for side in (split.train, split.validation))
    assert np.flatnonzero(trained).tolist() == [*range(70), *range(100, 130), *range(150, 158)]
    assert np.flatnonzero(held).tolist() == [*range(80, 100), *range(140, 150)]


def test_stretches_that_are_too_short_to_be_divided_are_held_out_whole():
    stretches = Spans.side_by_side(np.array([6, 6, 6, 6]))
    windows, owners = stretches.windows(5, 1)
    split = by_time(stretches, windows, owners, 0.25, 5)
    assert owners[split.validation].tolist() == [3, 3] and owners[split.train].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_single_short_stretch_is_divided_so_that_no_row_is_on_both_sides():
    stretches = Spans.side_by_side(np.array([12]))
    windows, owners = stretches.windows(5, 1)
    split = by_time(stretches, windows, owners, 0.25, 5)
    check(split, len(windows))
    assert not (windows.where(split.train).cover(12) & windows.where(split.validation).cover(12)).any()
    with pytest.raises(DataError, match="only stretch of 6 rows is too short"):
        by_time(Spans.side_by_side(np.array([6])), *Spans.side_by_side(np.array([6])).windows(5, 1), 0.25, 5)


def test_the_files_that_the_user_names_are_held_out(tmp_path):
    for name in ("train/a.txt", "valid/b.txt", "train/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find(tmp_path, (".txt",), held_out=["valid"])
    split = by_name(found, [0, 0, 1, 2, 2])  # a, c, b
    assert split.train.tolist() == [0, 1, 2] and split.validation.tolist() == [3, 4]
    assert split.words == "1 files are held out, as was asked for"
    with pytest.raises(DataError, match="of the files for validation none makes a sample"):
        by_name(found, [0, 1])
    assert by_name(find(tmp_path, (".txt",)), [0, 1, 2]) is None
