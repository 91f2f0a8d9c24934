"""What happens in a training reaches loggers, and TensorBoard shows it."""

from __future__ import annotations

import wave
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rgan_kit.contracts import RunInfo
from rgan_kit.training.events import Events
from rgan_kit.training.reporting import Silent
from rgan_kit_plugins.loggers.tensorboard import TensorBoardLogger


def test_a_warning_reaches_whoever_watches_and_the_hook_with_the_newest_step(tmp_path):
    said, told = [], []
    reporter = Silent()
    reporter.message = said.append
    host = SimpleNamespace(notify=lambda hook, **arguments: told.append((hook, arguments)))
    events = Events(host, reporter)
    train = SimpleNamespace(loggers=("mine",))
    events.open(SimpleNamespace(recipe="lstm-lm", to_dict=dict, train=train), tmp_path, 3)
    events.metrics(7, {"loss": 1.0})
    events.warning("the samples collapse")
    assert said == ["warning: the samples collapse"]
    hook, arguments = told[-1]
    assert (hook, arguments["step"], arguments["text"]) == ("rgankit_warning", 7, "the samples collapse")
    assert arguments["run"].loggers == ("mine",)


OUTPUTS = {"series": np.array([[[1.0, 5.0], [2.0, np.nan]], [[3.0, 7.0], [99.0, 99.0]]]), "lengths": np.array([2, 1])}


@pytest.fixture
def shown(tmp_path):
    """``shown(files, lines)``: what TensorBoard reads after samples, a warning and a table were told."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    tensors = {name: torch.linspace(-2, 2, 8) for name in ("generator.weight", "average_of_generator.weight")}
    save_file(tensors, checkpoint / "model.safetensors")

    def show(files, lines):
        logger = TensorBoardLogger()
        logger.rgankit_train_start(RunInfo("run", tmp_path, "lstm-lm", {}, ("tensorboard",)), 0)
        logger.rgankit_step_end(8, {"loss": 1.0})
        logger.rgankit_samples(8, lines, files, OUTPUTS)
        logger.rgankit_checkpoint_saved(8, checkpoint)
        logger.rgankit_warning(8, "look at the samples")
        logger.rgankit_table([("start", {"valid": 0.125}), ("end", {"valid": 0.5, "length": 3.0})], {"valid": 1.0})
        logger.rgankit_train_end()
        events = EventAccumulator(str(tmp_path / "tensorboard"))
        events.Reload()
        return events

    return show


def text(events, name: str) -> str:
    (event,) = events.Tensors(f"{name}/text_summary")
    assert event.step == 8
    return event.tensor_proto.string_val[0].decode()


def test_tensorboard_shows_samples_warnings_and_the_table_as_text(shown):
    events = shown([], [f"sample {number}" for number in range(40)])
    samples = text(events, "samples")
    assert samples.splitlines()[0] == "    sample 0" and "sample 31" in samples and "sample 32" not in samples
    assert "… and 8 more" in samples
    assert text(events, "warnings") == "look at the samples"
    assert text(events, "table").splitlines() == [
        "|  | start | end | known source |",
        "| --- | --- | --- | --- |",
        "| valid | 0.125 | 0.5 | 1 |",
        "| length |  | 3 |  |",
    ]


def test_tensorboard_shows_the_first_picture_and_two_sounds(shown, tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = tmp_path / "contact-sheet.png"
    image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(picture)
    sounds = []
    for number in range(3):
        sounds.append(tmp_path / f"sample-{number}.wav")
        with wave.open(str(sounds[-1]), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(np.arange(-100, 100, dtype="<i2").tobytes())
    events = shown([tmp_path / "a.mid", *sounds, picture, tmp_path / "another.png"], ["a line"])
    (event,) = events.Images("samples")
    assert (event.step, event.width, event.height) == (8, 5, 4)
    assert list(events.Tags()["audio"]) == ["samples/1", "samples/2"]
    (event,) = events.Audio("samples/1")
    assert (event.sample_rate, event.length_frames) == (8000, 100)


def test_tensorboard_shows_how_samples_and_weights_are_distributed(shown):
    events = shown([], ["a line"])
    found = {}
    for tag in events.Tags()["tensors"]:
        (event,) = events.Tensors(tag)
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "histograms":
            found[tag] = event
    for tag in events.Tags()["histograms"]:
        (event,) = events.Histograms(tag)
        found[tag] = event.histogram_value
    assert set(found) == {"samples/lengths", "samples/feature 1", "samples/feature 2", "weights/generator.weight"}
    ranges = {tag: (value.min, value.max, value.num) for tag, value in found.items()}
    assert ranges == {
        "samples/lengths": (1, 2, 2), "samples/feature 1": (1, 3, 3), "samples/feature 2": (5, 7, 2),
        "weights/generator.weight": (-2, 2, 8),
    }  # fmt: skip
