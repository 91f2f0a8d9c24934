"""What a step sees is a function of seed and step."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.contracts import Phase, Sequences, Stage
from rgan_kit.training.order import Order
from rgan_kit.training.schedule import Schedule, due, learning_rate


def test_every_epoch_sees_every_sample_once_also_across_batches():
    order = Order(samples=10, batch_size=4, seed=3)
    seen = np.concatenate([order.batch(step) for step in range(5)])
    assert sorted(seen[:10]) == sorted(seen[10:20]) == list(range(10))
    assert list(seen[:10]) != list(seen[10:20])


def test_a_batch_larger_than_the_data_spans_epochs():
    assert sorted(Order(3, 7, 0).batch(0)[:6]) == [0, 0, 1, 1, 2, 2]


def test_any_step_can_be_asked_for_first():
    forwards = Order(100, 8, 1)
    expected = [forwards.batch(step) for step in range(60)]
    again = Order(100, 8, 1)
    for step in reversed(range(60)):
        np.testing.assert_array_equal(again.batch(step), expected[step])
    assert any((Order(100, 8, 2).batch(step) != expected[step]).any() for step in range(5))


def phase(interval: int = 1) -> Phase:
    return Phase("p", ("generator",), lambda context: None, interval)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 997])
def test_stages_share_out_all_steps(steps):
    stages = (Stage("a", 0.75, (phase(),)), Stage("b", 0.25, (phase(),)))
    schedule = Schedule(stages, steps)
    places = [schedule.at(step) for step in range(steps)]
    assert places[-1].last
    assert sum(place.last for place in places) == len(schedule.spans)
    assert all(0 <= place.progress < 1 for place in places)
    if steps == 997:
        assert sum(place.stage.name == "a" for place in places) == 748


def test_a_phase_runs_every_interval_within_its_stage():
    schedule = Schedule((Stage("a", 3, (phase(),)), Stage("b", 7, (phase(3),))), 10)
    assert [step for step in range(10) if due(phase(3), schedule.at(step)) and step >= 3] == [5, 8]


def test_cosine_goes_from_the_rate_to_a_tenth_of_it():
    assert learning_rate(2.0, "cosine", 0.0) == 2.0
    assert learning_rate(2.0, "cosine", 0.5) == pytest.approx(1.1)
    assert learning_rate(2.0, "cosine", 1.0) == pytest.approx(0.2)
    assert learning_rate(2.0, "constant", 0.9) == 2.0


def test_a_batch_is_padded_to_its_longest_sample():
    source = Sequences.of([[5, 6], [7], [8, 9, 10]], fill=0, dtype=np.int32, labels=np.array([1, 0, 1]))
    batch = source.take(np.array([1, 0]))
    np.testing.assert_array_equal(batch.values, [[7, 0], [5, 6]])
    np.testing.assert_array_equal(batch.lengths, [1, 2])
    np.testing.assert_array_equal(batch.labels, [0, 1])
    assert batch.values.dtype == np.int64
