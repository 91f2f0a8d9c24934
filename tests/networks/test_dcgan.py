"""A convolutional generator draws pictures whole: each by itself, of any size, into a model file, from one command."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support import call

from rgan_kit.cli.data_report import fitting
from rgan_kit.config import Request, resolve
from rgan_kit.contracts import FrameSpec
from rgan_kit.errors import UsageError
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.export.verify import check_structure, compare
from rgan_kit.nn import to_uint8
from rgan_kit.plugins.registry import installed_registry
from rgan_kit_plugins.domains import images, video
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.worlds.glyphs import draw


def generator(height: int = 28, width: int = 28, channels: int = 1, labels: tuple[str, ...] = (), **options):
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == "dcgan")
    data = FrameSpec(1, height, width, channels, 1.0, labels)
    return chosen.build(chosen.options(**{"channels": 4, "noise_size": 5, **options}), data)


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(28, 28, 1), (64, 64, 3), (16, 16, 1), (9, 21, 3), (1, 1, 1)]
)
def test_pictures_of_any_size_are_drawn_in_the_range_of_networks(height, width, channels):
    made = generator(height, width, channels).generate(3, 1)
    assert made.values.shape == (3, 1, channels, height, width)
    assert made.values.abs().max() <= 1
    assert made.lengths.tolist() == [1, 1, 1]


def test_a_picture_depends_on_its_own_noise_and_class_alone():
    model = generator(labels=("a", "b"))
    noise, labels = torch.randn(4, 3, 5), torch.tensor([0, 1, 0, 1])
    whole = model.frames(noise, labels)
    for row in range(4):
        for step in range(3):
            alone = model.frames(noise[row : row + 1, step : step + 1], labels[row : row + 1])
            torch.testing.assert_close(alone[0, 0], whole[row, step])
    assert (model.frames(noise, 1 - labels) - whole).abs().max() > 1e-3


def test_the_sampler_is_a_frozen_copy():
    model = generator()
    sampler, noise = model.sampler(), torch.randn(2, 1, 5)
    expected = to_uint8(model.frames(noise))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    assert torch.equal(sampler(noise), expected)


def test_gradients_reach_every_weight():
    model = generator(labels=("a", "b"))
    model.generate(4, 1).values.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.export
@pytest.mark.parametrize(("size", "channels", "labels"), [(28, 1, ()), (64, 3, ("a", "b"))])
def test_pictures_from_a_model_file_are_those_of_torch(tmp_path, size, channels, labels):
    model = generator(size, size, channels, labels)
    inputs, outputs = inputs_of(model.data, model), outputs_of(model.data)
    sampler, path = model.sampler(), tmp_path / "model.onnx"
    graph = to_onnx(sampler, example_inputs(inputs, 3, 1), inputs, outputs, 18)
    onnx.save(graph, path)
    check_structure(graph, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(given):
        return {"frames": session.run(None, {name: value.numpy() for name, value in given.items()})[0]}

    assert compare(sampler, run, inputs, outputs)["largest_difference"] <= 1


def test_the_recipe_takes_pictures_whole_unless_the_user_says_another_domain(tmp_path):
    registry = installed_registry()
    config = resolve(Request(recipe="dcgan", data=tmp_path), registry)
    assert (config.domain.name, config.domain.options.form) == ("images", "whole")
    assert resolve(Request(recipe="dcgan", domain="video"), registry).domain.name == "video"
    with pytest.raises(UsageError, match="works on frames, but domain images makes series"):
        resolve(Request(recipe="dcgan", settings=["domain.form=rows"]), registry)


def test_clips_are_refused_by_name_and_not_offered(tmp_path):
    words = ("--set", "domain.embedded_clips=20")
    answer = call("train", "--plugin", "dcgan", "--domain", "video", *words, folder=tmp_path)
    assert answer.code == 2
    assert "dcgan does not fit this data: it draws pictures each for itself, and these are clips of 12" in answer.err
    assert not (tmp_path / "runs").exists()
    offered = fitting("frames", installed_registry(), video.SPEC)
    assert "dcgan" not in offered and "mocogan" in offered
    assert "dcgan" in fitting("series", installed_registry(), images.SPEC)


def test_pictures_train_and_the_report_names_the_recipe(tmp_path):
    from rgan_kit_plugins.domains.frames.writing import write_png

    pictures, digits = draw(30, 28, 28, 1, np.random.default_rng(0))
    for number, (pixels, digit) in enumerate(zip(pictures, digits.tolist(), strict=True)):
        (tmp_path / "digits" / str(digit)).mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "digits" / str(digit) / f"{number}.png", pixels)
    report = call("data", "check", "digits", "--json", folder=tmp_path).document
    assert report["kind"] == "series" and "dcgan" in report["recipes"]
    small = (
        "generator.channels=4",
        "discriminator.channels=4",
        "domain.height=28",
        "domain.width=28",
        "train.threads=1",
    )
    few = ("train.batch_size=8", "train.evaluation_samples=8")
    words = [word for each in (*small, *few) for word in ("--set", each)]
    answer = call("train", "--plugin", "dcgan", "--data", "digits", "--steps", 2, "--run", "r", *words, folder=tmp_path)
    assert answer.code == 0, answer.err
    assert "28 × 28 in grey, whole" in answer.err
    names = sorted(file.name for file in (tmp_path / "r" / "samples" / "step-00000002").iterdir())
    assert len(names) == 65 and names[1].startswith("sample-0001-") and names[1][-5] in "0123456789"
