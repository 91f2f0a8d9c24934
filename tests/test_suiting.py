"""Defaults that go by the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.config.suiting import suited_to
from rgan_kit.contracts import Dataset, UsageError
from rgan_kit.plugins.registry import default_registry
from rgan_kit.training.session import load_dataset

SMALL = ("domain.embedded_sentences=50",)


def resolved(*settings: str, recipe: str = "lstm-lm", config: Path | None = None) -> RunConfig:
    return resolve(Request(recipe, "text", None, (*SMALL, *settings), config=config), default_registry())


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    defaults = {"generator.dropout": 0.1, "train.steps": 7, "encoder.hidden_size": 9, "generator.no_such": 1}
    return replace(load_dataset(resolved()), defaults=defaults)


def test_options_that_nobody_asked_for_go_by_the_data(dataset):
    config = suited_to(resolved(), dataset)
    assert config.parts["generator"].options.dropout == 0.1
    assert resolved().parts["generator"].options.dropout == 0.3
    assert "encoder" not in config.parts


def test_what_the_user_or_the_recipe_asks_for_stays(dataset):
    config = suited_to(resolved("generator.dropout=0.5"), dataset)
    assert config.parts["generator"].options.dropout == 0.5
    assert config.train.steps == resolved().train.steps  # the recipe's own, whatever the data


def test_what_a_run_wrote_down_stays(dataset, tmp_path):
    written = tmp_path / "config.toml"
    written.write_text(tomli_w.dumps(resolved().to_dict()))
    again = resolve(Request(config=written), default_registry())
    assert suited_to(again, dataset).parts["generator"].options.dropout == 0.3


def test_a_default_out_of_range_is_refused(dataset):
    with pytest.raises(UsageError, match="dropout"):
        suited_to(resolved(), replace(dataset, defaults={"generator.dropout": 7.0}))


def test_much_text_of_characters_is_learnt_without_dropout(tmp_path):
    few, many = tmp_path / "few.txt", tmp_path / "many.txt"
    few.write_text("".join(f"{number:04d}\n" for number in range(1000)))
    many.write_text("".join(f"{number:04d}\n" for number in range(8000)))
    found = [
        load_dataset(resolve(Request("lstm-lm", "text", path, ("domain.level=character",)), default_registry()))
        for path in (few, many)
    ]
    assert [dict(each.defaults) for each in found] == [{}, {"generator.dropout": 0.0}]
    assert "dropout" in found[1].summary
