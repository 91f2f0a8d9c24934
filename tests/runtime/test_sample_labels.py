"""The class of every sample goes where the sample goes: lines, JSON, shards and files; drawn ones too."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from runtime_models import Letters, letters_spec, token_manifest, token_model
from support import call

from rgan_kit.contracts import as_document, as_lines, write_samples
from rgan_kit.runtime import decoding, load, noise

NAMES = ["cold", "warm", "hot"]


class Documented(Letters):
    """A decoder with everything that is optional."""

    def decode(self, outputs):
        return [sample.replace("\n", "") for sample in super().decode(outputs)]

    def document(self, sample):
        return {"words": sample.split(), "share": float("nan")}

    def write(self, samples, folder, labels=None):
        return super().write([f"{label} {sample}" for label, sample in zip(labels, samples, strict=True)], folder)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "find_domain", lambda *_: letters_spec(decoder=Documented))
    path = tmp_path / "moods.onnx"
    path.write_bytes(token_model(token_manifest(labels=NAMES)).SerializeToString())
    return path


def drawn(count: int) -> list[str]:
    return [NAMES[number] for number in noise.labels(4, 0, count, 3)]


def test_lines_and_json_carry_the_class_of_each_sample(model):
    lines = call("sample", model, "-n", 8, "--seed", 4).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == drawn(8)
    document = call("sample", model, "-n", 8, "--seed", 4, "--json").document
    assert document["labels"] == drawn(8)
    assert document["samples"][0] == {"words": lines[0].split("\t")[1].split(), "share": None}
    assert {line.split("\t")[0] for line in call("sample", model, "-n", 3, "--label", "hot").out.splitlines()} == {
        "hot"
    }


def test_files_and_shards_carry_it_too(model, tmp_path):
    call("sample", model, "-n", 5, "--seed", 4, "--out", tmp_path / "out")
    assert [line.split()[0] for line in (tmp_path / "out" / "samples.txt").read_text().splitlines()] == drawn(5)
    for form in ("jsonl", "parquet"):
        out = tmp_path / form
        assert call("sample", model, "-n", 600, "--seed", 4, "--shard", "1/1", "--out", out, "--format", form).code == 0
    rows = [json.loads(line) for line in (tmp_path / "jsonl" / "part-0000000.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "parquet" / "part-0000000.parquet")
    assert [row["label"] for row in rows] == table["label"].to_pylist() == drawn(600)


def test_a_decoder_that_takes_no_classes_and_makes_no_documents_works_as_before(tmp_path):
    decoder = Letters({"vocabulary": []})
    assert write_samples(decoder, ["a", "b"], tmp_path, ["hot", "cold"])[0].read_text() == "a\nb"
    assert as_document(decoder, "a") == "a"
    assert as_lines(decoder, ["a"]) == ["a"] and as_lines(decoder, ["a"], ["hot"]) == ["hot\ta"]


def test_the_class_said_is_the_class_that_the_graph_was_given(model):
    """The model of these tests adds a tenth of the class to the noise, so that the class shows."""
    sampler = load(model)
    for name in NAMES:
        mine = sampler.outputs(40, seed=4, label=name)["tokens"]
        own = [number for number, label in enumerate(sampler.labels(40, seed=4)) if label == name]
        assert own and np.array_equal(sampler.outputs(40, seed=4)["tokens"][own], mine[own])
