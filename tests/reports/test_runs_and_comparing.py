"""Runs are read as their folders tell them, listed, and compared with honest standard errors."""

from __future__ import annotations

import json
import math
import os
import shutil
from statistics import mean, stdev

import pytest

from rgan_kit.errors import DataError
from rgan_kit.reports.comparing import grouped
from rgan_kit.reports.finding import runs_in
from rgan_kit.reports.runs import read_run
from rgan_kit.storage import locked


def made(folder, seed=0, figures=None, recipe="lstm-lm", **train):
    """A run folder by hand."""
    (folder / "checkpoints" / "step-00000010").mkdir(parents=True)
    options = "".join(f"{name} = {value}\n" for name, value in {"steps": 10, **train}.items())
    (folder / "config.toml").write_text(
        f'recipe = "{recipe}"\nseed = {seed}\n[domain]\nname = "text"\n[train]\n{options}'
    )
    (folder / "data.json").write_text(json.dumps({"kind": "tokens", "fingerprint": "f", "summary": {}}))
    (folder / "metrics.jsonl").write_text('{"step": 10, "stage": "likelihood", "likelihood/loss": 2.5}\n')
    state = {"evaluations": [], "best": {"step": 10, "figures": figures or {}}, "seconds": 3.0}
    (folder / "checkpoints" / "step-00000010" / "state.json").write_text(json.dumps(state))
    return folder


def test_a_trained_run_is_read_with_its_history(trained):
    run = read_run(trained)
    assert (run.recipe, run.kind, run.step, run.steps, run.state) == ("lstm-gan", "tokens", 40, 40, "finished")
    assert [status for _, status, _ in run.ends] == ["began", "done"]
    assert [name for _, name in run.stages] == ["pretraining", "adversarial"]
    assert [moment for moment, _ in run.evaluations] == ["start", "after pretraining", "after adversarial"]
    assert run.figures["heldout_nll"] == run.kept[1]["heldout_nll"]
    steps, values = run.curves["likelihood/loss"]
    assert len(steps) == len(values) > 3 and values[-1] < values[0]
    newest = run.moments[40]
    assert len(newest.points) == len(newest.scores) == 64
    assert len(newest.real_scores) == len(run.real.points) > 10
    assert (trained / "samples" / "step-00000040" / "samples.txt").read_text().splitlines()[:8] == list(newest.lines)
    assert run.notes == []


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["began", "interrupted"], "interrupted"),
        (["began", "failed"], "failed"),
        (["began", "interrupted", "began", "done"], "finished"),
        (["began"], "interrupted"),  # killed
    ],
)
def test_the_state_is_how_the_last_session_ended(tmp_path, lines, state):
    run = made(tmp_path / "run")
    (run / "history.jsonl").write_text("".join(f'{{"step": 5, "status": "{each}"}}\n' for each in lines))
    assert read_run(run).state == state


def test_runs_of_earlier_releases_are_finished_when_all_steps_are_done(tmp_path):
    assert read_run(made(tmp_path / "whole")).state == "finished"
    assert read_run(made(tmp_path / "half", steps=20)).state == "interrupted"


@pytest.mark.skipif(os.name == "nt", reason="locks are those of POSIX")
def test_a_run_that_another_process_trains_is_training(tmp_path):
    run = made(tmp_path / "run", steps=20)
    with locked(run):
        assert read_run(run).state == "training"


def test_seeds_of_one_configuration_are_one_group_with_a_standard_error(tmp_path):
    first = [2.0, 2.3, 2.2]
    runs = [read_run(made(tmp_path / f"a-{seed}", seed, {"x": x}, threads=seed)) for seed, x in enumerate(first)]
    second = [1.0, 1.5]
    runs += [read_run(made(tmp_path / f"b-{seed}", seed, {"x": x}, "lstm-gan")) for seed, x in enumerate(second)]
    a, b = grouped(runs)
    assert (a.name, b.name) == ("a (3 runs)", "b (2 runs)")
    assert a.values["x"].mean == pytest.approx(mean(first))
    assert a.values["x"].error == pytest.approx(stdev(first) / 3**0.5)
    apart, errors = b.difference(a, "x")
    assert apart == pytest.approx(mean(second) - mean(first))
    assert errors == pytest.approx(apart / (stdev(first) ** 2 / 3 + stdev(second) ** 2 / 2) ** 0.5)


def test_what_has_no_second_draw_has_no_standard_error(tmp_path):
    alone, same, again = (
        read_run(made(tmp_path / name, seed, {"x": value}, recipe))
        for name, seed, value, recipe in [("a", 1, 1.0, "lstm-gan"), ("b", 1, 2.0, "lstm-lm"), ("c", 1, 3.0, "lstm-lm")]
    )
    a, b = grouped([alone, same, again])
    assert b.values["x"].runs == 2 and math.isnan(b.values["x"].error)
    apart, errors = b.difference(a, "x")
    assert apart == 1.5 and math.isnan(errors)


def test_compare_prints_differences_in_standard_errors(tmp_path, rgankit):
    for seed, (x, y) in enumerate([(0.5, 1.0), (0.7, 1.4)]):
        made(tmp_path / f"a{seed}", seed, {"perplexity": x, "heldout_odd": 9.0, "odd": 1.0})
        made(tmp_path / f"b{seed}", seed, {"perplexity": y}, recipe="gru-lm")
    names = ["a0", "a1", "b0", "b1"]
    answer = rgankit("compare", *names)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert "difference" in lines[0] and lines[0].rstrip().endswith("real data")
    (row,) = [line.split() for line in lines if line.startswith("perplexity")]
    assert row[1:] == ["0.600", "±", "0.100", "1.200", "±", "0.200", "+0.600", "(+2.7", "SE)", "–"]
    assert any(line.startswith("recipe") for line in lines)
    document = rgankit("compare", *names, "--json").document
    figure = document["groups"][1]["figures"]["perplexity"]
    assert figure["difference"] == pytest.approx(0.6)
    assert figure["standard_errors"] == pytest.approx(0.6 / 0.05**0.5)
    assert document["groups"][0]["figures"]["odd"]["real"] == 9.0


def test_other_data_is_said(tmp_path, rgankit):
    made(tmp_path / "a", 0, {"x": 1.0})
    other = made(tmp_path / "b", 0, {"x": 1.0})
    (other / "config.toml").write_text('recipe = "lstm-lm"\ndata = "mine.txt"\n')
    assert "different data" in rgankit("compare", "a", "b").err


def test_runs_lists_what_lies_in_a_folder_and_names_what_is_damaged(tmp_path, rgankit):
    made(tmp_path / "runs" / "one", figures={"perplexity": 3.25, "valid": 0.5})
    made(tmp_path / "runs" / "deeper" / "two", steps=20)
    broken = made(tmp_path / "runs" / "three")
    (broken / "config.toml").write_text("recipe = [")
    answer = rgankit("runs")
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines()}
    assert "finished" in lines["runs/one"] and "perplexity 3.250, valid 50.0%" in lines["runs/one"]
    assert "10/20" in lines["runs/deeper/two"] and "interrupted" in lines["runs/deeper/two"]
    assert "damaged" in lines["runs/three"] and "config.toml" in lines["runs/three"]
    documents = {each["run"]: each for each in rgankit("runs", "--json").document["runs"]}
    assert documents["runs/one"]["figures"] == {"perplexity": 3.25, "valid": 0.5}
    assert documents["runs/three"]["state"] == "damaged"


def test_no_runs_is_no_error_but_no_folder_is(rgankit):
    assert (rgankit("runs").code, rgankit("runs", "--json").document) == (0, {"runs": []})
    assert rgankit("runs", "nowhere").code == 4


def test_neither_links_nor_what_lies_in_a_run_are_runs(tmp_path):
    run = made(tmp_path / "runs" / "one")
    shutil.copytree(run, run / "set-aside" / "1")
    (tmp_path / "runs" / "linked").symlink_to(run, target_is_directory=True)
    assert runs_in(tmp_path / "runs") == [run]


def test_a_run_twice_is_refused(trained, rgankit):
    assert rgankit("compare", trained, trained).code == 2


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(DataError, match="no run"):
        read_run(tmp_path)
