"""A manifest travels through metadata unchanged, and everything wrong with one is said at once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from runtime_models import VOCABULARY, series_manifest, token_manifest

from rgan_kit.errors import DataError
from rgan_kit.runtime import Manifest, TensorInfo
from rgan_kit.runtime.manifest import KEY, join_lines, split_lines


def changed(metadata: dict[str, str], **changes) -> dict[str, str]:
    document = json.loads(metadata[KEY])
    document.update(changes)
    return {**metadata, KEY: json.dumps({name: value for name, value in document.items() if value is not ...})}


@pytest.mark.parametrize(
    "manifest",
    [token_manifest(), token_manifest(labels=["x", "y"], latent_size=4), series_manifest(extra={"a:b": {"c": [1]}})],
)
def test_a_manifest_survives_its_metadata(manifest):
    assert Manifest.from_metadata(manifest.to_metadata(), "m.onnx") == manifest


def test_flat_copies_are_there_for_readers_without_json():
    metadata = token_manifest(labels=["x", "two words"], latent_size=4).to_metadata()
    assert metadata["rgan_kit.contract"] == "1"
    assert metadata["rgan_kit.kind"] == "tokens"
    assert metadata["rgan_kit.latent_size"] == "4"
    assert metadata["rgan_kit.labels"] == "x\ntwo words"
    assert metadata["rgan_kit.vocabulary"] == "<pad>\n<bos>\n<eos>\na\nb\\nc\\\\"
    assert split_lines(metadata["rgan_kit.vocabulary"]) == VOCABULARY
    assert metadata["rgan_kit.vocabulary_joiner"] == " "
    assert "rgan_kit.vocabulary" not in series_manifest().to_metadata()


@given(st.lists(st.text(), min_size=1).filter(lambda items: items != [""]))
def test_any_vocabulary_can_be_read_back_from_its_lines(items):
    assert split_lines(join_lines(items)) == items


def test_all_missing_and_wrong_keys_are_reported_at_once():
    metadata = changed(token_manifest().to_metadata(), recipe=..., licence=..., max_length="12", noise="gaussian")
    with pytest.raises(DataError) as caught:
        Manifest.from_metadata(metadata, "m.onnx")
    text = str(caught.value)
    assert "m.onnx" in text and "4 place(s)" in text
    for part in ("recipe is missing", "licence is missing", "max_length: ", "noise: "):
        assert part in text


def test_flat_copies_that_are_missing_or_differ_are_all_reported():
    metadata = token_manifest().to_metadata()
    del metadata["rgan_kit.kind"]
    metadata["rgan_kit.max_length"] = "13"
    with pytest.raises(DataError, match=r"rgan_kit\.kind is missing[^$]*rgan_kit\.max_length differs"):
        Manifest.from_metadata(metadata, "m.onnx")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"latent_size": 4}, "input latent (float32 [batch, 4]) is missing"),
        ({"labels": ["x"]}, "input labels (int64 [batch]) is missing"),
        ({"noise": "normal"}, "tokens take uniform noise"),
        ({"noise_size": 2}, "noise_size is 2"),
        ({"kind": "series"}, "output series"),
        ({"hashes": {"data": "d"}}, "hashes lacks configuration, weights"),
        ({"outputs": []}, "output tokens (int64 [batch, time]) is missing"),
        ({"inputs": []}, "input temperature (float32 []) is missing"),
        ({"contract": 0}, "contract is 0"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(changes, reason):
    fields = token_manifest().model_dump()
    with pytest.raises(ValidationError) as caught:
        Manifest(**{**fields, **changes})
    assert reason in str(caught.value)
    with pytest.raises(DataError) as caught:
        Manifest.from_metadata(changed(token_manifest().to_metadata(), **changes), "m.onnx")
    assert reason in str(caught.value)


def test_inputs_outside_the_contract_twice_or_of_another_shape_are_refused():
    noise, temperature = token_manifest().inputs
    other = TensorInfo(name="mood", dtype="float32", shape=("batch",), distribution="normal")
    fixed = TensorInfo(name="noise", dtype="float32", shape=(3, "time"), distribution="uniform")
    normal = noise.model_copy(update={"distribution": "normal"})
    for inputs, reason in (
        ([noise, temperature, other], "mood is not in the contract"),
        ([noise, noise, temperature], "noise is listed twice"),
        ([fixed, temperature], "must be float32 \\[batch, time\\], not float32 \\[3, time\\]"),
        ([normal, temperature], "distribution normal, not uniform"),
    ):
        with pytest.raises(ValidationError, match=reason):
            token_manifest(inputs=inputs)


def test_a_newer_contract_says_what_to_upgrade():
    metadata = changed(token_manifest().to_metadata(), contract=3, kind="holograms")
    with pytest.raises(DataError, match=r"version 3 of the model contract; this rgan-kit reads 2") as caught:
        Manifest.from_metadata(metadata, "m.onnx")
    assert "pip install --upgrade" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "[" * 100_000, '{"contract": "1"}'])
def test_what_is_no_manifest_is_a_data_error(text):
    with pytest.raises(DataError, match=r"m\.onnx"):
        Manifest.from_metadata({KEY: text}, "m.onnx")


def test_a_file_without_a_manifest_is_named_as_such():
    with pytest.raises(DataError, match=r"has no 'rgan_kit.manifest'"):
        Manifest.from_metadata({"author": "x"}, "m.onnx")


def test_keys_of_later_minor_versions_are_no_obstacle():
    metadata = changed(token_manifest().to_metadata(), later="thing")
    assert Manifest.from_metadata(metadata, "m.onnx") == token_manifest()
