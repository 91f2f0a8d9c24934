"""A search for options: spaces, trials that go on, pruning, and the best configuration."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib

import pytest
from support import call, settings

from rgan_kit.config.space import Choice, Range, read_space
from rgan_kit.contracts import UsageError

SPACE = '"generator.hidden_size" = { low = 4, high = 24 }\n[train]\ngenerator_learning_rate = [0.02, 0.00001]\n'


def written(folder, text: str):
    path = folder / "space.toml"
    path.write_text(text)
    return path


def test_a_space_is_ranges_and_choices(tmp_path):
    space = read_space(written(tmp_path, SPACE + "[generator]\ndropout = { low = 0.1, high = 0.5, step = 0.1 }\n"))
    assert space == {
        "generator.hidden_size": Range(4, 24),
        "train.generator_learning_rate": Choice((0.02, 0.00001)),
        "generator.dropout": Range(0.1, 0.5, step=0.1),
    }


@pytest.mark.parametrize(
    "text",
    ["", "a.b = 3", '"a.b" = []', '"a.b" = {low = 3, high = 2}', '"a.b" = {low = 0, high = 2, log = true}',
     '"a.b" = {low = 1, high = 2, hihg = 3}', '"a.b" = {low = "1", high = 2}', '"a.b" = {low = 1, high = 2, step = 0}',
     '"a.b" = [[1]]'],
)  # fmt: skip
def test_what_is_no_space_is_one_error(tmp_path, text):
    with pytest.raises(UsageError, match=r"space\.toml"):
        read_space(written(tmp_path, text))


def searched(tmp_path, *more: object, trials: int = 3):
    pytest.importorskip("optuna")
    words = ("search", "--plugin", "lstm-gan", "--space", "space.toml", "--steps", 3, "--trials", trials)
    return call(*words, "--run", "study", *settings("train.evaluate_every=1"), *more, folder=tmp_path)


def test_what_does_not_exist_is_named_before_anything_is_trained(tmp_path):
    written(tmp_path, '"generator.hiden_size" = [3, 4]')
    answer = searched(tmp_path)
    assert answer.code == 2 and "hidden_size" in answer.err
    written(tmp_path, '"generator.hidden_size" = {low = 0, high = 4}')
    assert searched(tmp_path).code == 2
    assert not (tmp_path / "study").exists()


def test_a_search_goes_on_and_ends_with_the_best(tmp_path):
    written(tmp_path, SPACE)
    first = searched(tmp_path, "--json", trials=2)
    assert first.code == 0, first.err
    answer = searched(tmp_path, "--json", trials=4)
    assert answer.code == 0, answer.err
    assert sum(line.startswith("trial ") for line in answer.err.splitlines()) == 2
    document = answer.document
    assert [each["trial"] for each in document["trials"]] == [0, 1, 2, 3]
    assert [each["value"] for each in document["trials"][:2]] == [each["value"] for each in first.document["trials"]]
    values = [each["value"] for each in document["trials"] if each["state"] == "complete"]
    assert document["value"] == min(values)
    best = tomllib.loads((tmp_path / "study" / "best.toml").read_text())
    assert best["generator"]["hidden_size"] == document["options"]["generator.hidden_size"]
    again = call(*document["next"][1:], "--run", "again", "--json", folder=tmp_path)
    kept = [row["figures"]["heldout_nll"] for row in again.document["evaluations"]]
    assert kept[-1] == pytest.approx(document["value"])
    shown = searched(tmp_path, trials=4)
    assert f"next: {shlex.join(document['next'])}" in shown.out and "4 trials came to their end" in shown.out
    other = searched(tmp_path, "--set", "train.batch_size=4")
    assert other.code == 2 and "a search for something else" in other.err


def test_a_trial_that_is_stopped_is_tried_again(tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    from rgan_kit.errors import ExitCode
    from rgan_kit.training.trainer import Trainer

    written(tmp_path, SPACE)
    step = Trainer.step

    def stopping(self):
        if self.folder.name == "trial-0001":
            self.request_stop(ExitCode.INTERRUPTED)
        return step(self)

    monkeypatch.setattr(Trainer, "step", stopping)
    assert searched(tmp_path, trials=2).code == 130
    monkeypatch.undo()
    answer = searched(tmp_path, "--json", trials=2)
    rows = answer.document["trials"]
    assert [row["state"] for row in rows] == ["complete", "fail", "complete"]
    assert rows[1]["options"] == rows[2]["options"]


def test_what_is_behind_the_others_is_given_up(tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna")
    written(tmp_path, SPACE)
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda self: self.number == 1)
    answer = searched(tmp_path, "--json", trials=2)
    assert [row["state"] for row in answer.document["trials"]] == ["complete", "pruned"]
    assert "given up" in answer.err


def test_an_unknown_figure_lists_those_that_there_are(tmp_path):
    written(tmp_path, SPACE)
    answer = searched(tmp_path, "--figure", "beauty")
    assert answer.code == 2 and "heldout_nll" in answer.err


@pytest.mark.slow
def test_processes_with_the_same_line_share_a_search(tmp_path):
    optuna = pytest.importorskip("optuna")
    written(tmp_path, SPACE)
    line = [sys.executable, "-m", "rgan_kit", "search", "--plugin", "lstm-gan", "--space", "space.toml", "--steps", "3"]
    line += ["--trials", "5", "--run", "study", *settings()]
    workers = [subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for _ in range(2)]  # fmt: skip
    said = [worker.communicate()[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    study = optuna.load_study(study_name="rgankit", storage=f"sqlite:///{tmp_path / 'study' / 'study.db'}")
    assert 5 <= len(study.trials) <= 6 and len({trial.user_attrs["run"] for trial in study.trials}) == len(study.trials)
    assert all("trial " in each for each in said)  # both trained
