"""The same training with several seeds: mean and spread, and going on with what is there."""

from __future__ import annotations

import statistics

import pytest
from support import call, settings

from rgan_kit.cli.repeats import parse_seeds, summary
from rgan_kit.contracts import UsageError


def test_seeds_are_ranges_and_lists():
    assert parse_seeds("0-4") == [0, 1, 2, 3, 4]
    assert parse_seeds("7, 2-3") == [7, 2, 3]
    for wrong in ("", "a", "3-1", "1", "1,1", "0-4000", "-1"):
        with pytest.raises(UsageError, match="--seeds"):
            parse_seeds(wrong)


def test_the_summary_is_that_of_the_figures_that_all_runs_have():
    table = summary([{"a": 1.0, "b": 2.0}, {"a": 2.0}, {"a": 6.0, "b": 1.0}])
    assert table == {"a": {"mean": 3.0, "deviation": statistics.stdev([1, 2, 6]), "lowest": 1.0, "highest": 6.0}}


def test_repeats_train_every_seed_and_go_on_with_what_is_there(tmp_path):
    words = ("train", "--plugin", "lstm-gan", "--seeds", "0,2", "--run", "runs/r", "--steps", 3, *settings())
    answer = call(*words, "--json", folder=tmp_path)
    assert answer.code == 0, answer.err
    runs = answer.document["runs"]
    assert [(each["seed"], each["run"]) for each in runs] == [(0, "runs/r-seed-0"), (2, "runs/r-seed-2")]
    values = [each["figures"]["heldout_nll"] for each in runs]
    assert values[0] != values[1]
    assert answer.document["figures"]["heldout_nll"]["mean"] == pytest.approx(statistics.fmean(values))
    single = call("train", "--plugin", "lstm-gan", "--seed", 2, "--steps", 3, "--json", *settings(), folder=tmp_path)
    assert single.document["evaluations"][-1]["figures"]["heldout_nll"] == pytest.approx(values[1])
    again = call(*words, folder=tmp_path)
    assert again.code == 0 and "going on after step 3" in again.err, again.err
    assert "2 runs, of each the weights that it keeps:" in again.out and "held-out nats" in again.out
    other = call(*words, "--set", "train.batch_size=4", folder=tmp_path)
    assert other.code == 2 and "no run of this configuration" in other.err
    assert call(*words, "--seed", 1, folder=tmp_path).code == 2
