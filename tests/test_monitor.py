"""The monitor speaks of each trouble once, when it has lasted, and says what to change."""

from __future__ import annotations

import pytest

from rgan_kit.training.monitor import PATIENCE, Monitor


def warnings_of(*figures: dict[str, float], samples: bool = False) -> list[str]:
    said: list[str] = []
    monitor = Monitor(said.append)
    for step, each in enumerate(figures, 1):
        (monitor.samples if samples else monitor.steps)(step, each)
    return said


@pytest.mark.parametrize(
    ("name", "bad", "good", "advice"),
    [
        ("discriminator/accuracy", 1.0, 0.9, "discriminator.dropout"),
        ("generator/gradient_norm", 5e3, 2.0, "train.clip_norm"),
        ("likelihood/kl", 0.01, 5.0, "free_bits"),
        ("likelihood/active_units", 0.0, 4.0, "word_dropout"),
    ],
)
def test_a_trouble_that_lasts_is_named_once_with_what_to_change(name, bad, good, advice):
    (said,) = warnings_of(*[{name: bad}] * (3 * PATIENCE))
    assert advice in said
    assert f"step {PATIENCE}:" in said
    assert warnings_of(*[{name: good}] * 20) == []


def test_a_trouble_that_passes_is_none():
    assert warnings_of(*[{"discriminator/accuracy": value} for value in [1.0] * (PATIENCE - 1) + [0.6]] * 3) == []


def test_samples_that_repeat_or_hardly_vary_are_a_collapse():
    (said,) = warnings_of({"distinct": 0.3, "heldout_distinct": 0.95}, samples=True)
    assert "30% of them are distinct, of real data 95%" in said
    assert "minibatch_statistics" in said
    (said,) = warnings_of({"spread": 0.1}, samples=True)
    assert "standard deviation is 10%" in said


def test_data_that_repeat_themselves_are_no_collapse():
    assert warnings_of({"distinct": 0.3, "heldout_distinct": 0.35}, {"spread": 0.8}, samples=True) == []
