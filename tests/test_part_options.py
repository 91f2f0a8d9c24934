"""Options of a recipe's parts on the command line: help, values, and what the shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import call

# --- help and values ---


def test_help_for_a_recipe_has_a_panel_for_every_part(rgankit):
    out = " ".join(rgankit("train", "--plugin", "lstm-gan", "--help").out.split())
    for said in (
        "--plugin <str> Recipe to train",
        "generator lstm: LSTM",
        "--generator.hidden-size <int> units of each recurrent layer [default: 192; 1 up to 8192]",
        "discriminator lstm:",
        "objective non-saturating:",
        "domain text:",
        "train: the trainer",
        "--train.batch-size <int>",
    ):
        assert said in out
    exchanged = rgankit("train", "--help", "--plugin=lstm-gan", "--set", "discriminator=gru", "--domain", "series").out
    assert "discriminator gru:" in exchanged
    assert "domain series:" in exchanged


def test_help_without_a_recipe_lists_the_commands_own_options_alone(rgankit):
    out = rgankit("train", "--help").out
    assert "--generator." not in out
    assert "--plugin NAME --help" in out


def test_an_option_of_a_part_does_what_set_does(rgankit):
    common = ("train", "--plugin", "lstm-gan", "--dry-run", "--json")
    by_set = rgankit(*common, "--set", "generator.hidden_size=33", "--set", "train.loggers=tensorboard")
    by_flag = rgankit("train", "--generator.hidden-size=33", *common[1:], "--train.loggers", "tensorboard")
    assert by_flag.code == 0, by_flag.err
    first, second = by_flag.document, by_set.document
    assert first.pop("expected_seconds") > 0 < second.pop("expected_seconds")  # measured each time
    assert first == second
    assert by_flag.document != rgankit(*common).document


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--generator.hiden-size", "3"], "generator.hiden_size does not exist. Did you mean hidden_size"),
        (["--generater.hidden-size", "3"], "--set generater.hidden_size=3: there is no section 'generater'"),
        (["--generator.hidden-size"], "--generator.hidden-size: the value is missing"),
        (["--generator.hidden-size", "0"], "allowed: 1 up to 8192"),
        (["--generator.dropout", "-1"], "allowed: 0 below 1"),
    ],
)  # fmt: skip
def test_a_wrong_option_of_a_part_is_one_message(rgankit, words, said):
    answer = rgankit("train", "--plugin", "lstm-gan", "--dry-run", *words)
    assert answer.code == 2
    assert said in answer.err


def test_what_another_option_is_given_is_never_taken_for_an_option_of_a_part():
    from rgan_kit.cli.part_options import as_settings

    assert list(as_settings(["--set", "--a.b=c", "--data", "./x", "--train.steps", "--1"])) == [
        "--set", "--a.b=c", "--data", "./x", "--set=train.steps=--1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--plugin", "mocogan", "--domain", "text"],
            "The discriminator mocogan works on frames, but domain text makes",
        ),
        (["--plugin", "mocogn"], "No recipe is called 'mocogn'. Did you mean mocogan?"),
        (["--plugin", "gru-gan", "--domain", "txt"], "Did you mean text?"),
        (["--plugin", "gru-gan", "--set", "generator=lstn"], "Did you mean lstm?"),
        (["--config", "nothing.toml"], "nothing.toml: there is no such file."),
    ],
)
def test_help_for_what_does_not_fit_says_why_and_shows_the_commands_own_options(rgankit, words, said):
    answer = rgankit("train", *words, "--help")
    out = " ".join(answer.out.split())
    assert answer.code == 0, answer.err
    assert f"note: {said}" in out or said in out.partition("note: ")[2]
    assert "--plugin <str>" in out
    assert "--generator." not in out


# --- completion ---


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--plugin lstm-gan --objective.relaxation ", ["straight-through", "soft"]),
        ("--plugin lstm-gan --domain text --domain.level c", ["character"]),
        ("--plugin lstm-gan --generator.tie-weights f", ["false"]),
        ("--domain music --plugin gru-lm --domain.steps-per-beat 1", ["1", "12", "16"]),
        ("--plugin lstm-gan --train.schedule co", ["constant", "cosine"]),
        ("--plugin lstm-gan --generator.layers ", []),
        ("--plugin lstm-nothing --objective.relaxation ", []),
        ("--generator.la", []),
    ],
)
def test_the_shell_completes_the_values_of_options_that_have_a_few(tmp_path, monkeypatch, line, expected):
    assert completed(f"rgankit train {line}", tmp_path, monkeypatch) == expected


def test_the_shell_completes_names_to_show_and_to_check(tmp_path, monkeypatch):
    for command in ("show", "check"):
        assert completed(f"rgankit plugins {command} tens", tmp_path, monkeypatch) == ["tensorboard"]
        assert "lstm-gan" in completed(f"rgankit plugins {command} lstm-", tmp_path, monkeypatch)


def completed(line: str, folder: Path, monkeypatch) -> list[str]:
    """What the shell would offer at the end of a line."""
    asked = {"_RGANKIT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    answer = call(folder=folder)
    assert "error" not in answer.err
    return answer.out.split()


@pytest.mark.parametrize(
    ("line", "expected", "not_expected"),
    [
        ("rgankit train --plugin gru-", "gru-gan", "lstm-gan"),
        ("rgankit train --domain se", "series", "text"),
        ("rgankit train --plugin lstm-gan --generator.h", "--generator.hidden-size", "--generator.layers"),
        ("rgankit train --plugin lstm-nothing --d", "--domain", "--generator.layers"),
    ],
)
def test_the_shell_completes_recipes_domains_and_options(tmp_path, line, expected, not_expected):
    asked = {"_RGANKIT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    answer = subprocess.run(
        [sys.executable, "-m", "rgan_kit"], cwd=tmp_path, env={**os.environ, **asked}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert expected in answer.stdout.split()
    assert not_expected not in answer.stdout.split()
