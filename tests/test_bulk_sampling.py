"""Parts of a bulk come out alike however many work on them, and an interrupted shard goes on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import call

from rgan_kit.contracts import DeviceError, UsageError
from rgan_kit.runtime import bulk, load
from rgan_kit.runtime.benchmark import measure_file
from rgan_kit.runtime.bulk import Order, Shard, write_shard

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def model(model_file):
    return load(model_file)


def parts(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*"))}


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_parts_are_equal_to_the_byte_for_any_number_of_shards(model, tmp_path, form):
    order = Order(1050, 7, form, part=300)
    for of in (1, 3):
        for number in range(1, of + 1):
            list(write_shard(model, order, tmp_path / str(of), Shard(number, of)))
    one, three = parts(tmp_path / "1"), parts(tmp_path / "3")
    assert one == three and len(one) == 4
    listed = [
        part for path in sorted((tmp_path / "3").glob("manifest-*")) for part in json.loads(path.read_text())["parts"]
    ]
    assert sorted((part["first"], part["count"]) for part in listed) == [(0, 300), (300, 300), (600, 300), (900, 150)]


def test_the_samples_are_those_of_the_seed(model, tmp_path):
    list(write_shard(model, Order(260, 5, part=100), tmp_path))
    rows = [json.loads(line) for content in parts(tmp_path).values() for line in content.splitlines()]
    assert [row["sample"] for row in rows] == list(range(260))
    assert [row["text"] for row in rows] == model.sample(260, seed=5)
    outputs = model.outputs(260, seed=5)
    assert rows[123]["tokens"] == outputs["tokens"][123, : outputs["lengths"][123]].tolist()


def test_parquet_holds_the_same_as_json_lines(model, tmp_path):
    for form in ("jsonl", "parquet"):
        list(write_shard(model, Order(50, 5, form), tmp_path / form))
    table = pq.read_table(tmp_path / "parquet" / "part-0000000.parquet")
    lines = [json.loads(line) for line in (tmp_path / "jsonl" / "part-0000000.jsonl").read_text().splitlines()]
    assert table.to_pylist() == lines
    assert table.schema.metadata[b"rgan_kit.seed"] == b"5"


def test_a_shard_goes_on_where_it_was_interrupted(model, tmp_path):
    order = Order(500, 1, part=100)
    working = write_shard(model, order, tmp_path)
    for _ in range(2):
        next(working)
    working.close()
    manifest = tmp_path / "manifest-00001-of-00001.json"
    assert json.loads(manifest.read_text())["complete"] is False
    (tmp_path / "part-0000000.jsonl").write_bytes(b"damaged\n")
    (tmp_path / "part-0000002.jsonl").write_bytes(b'{"sample": 200}\n')  # there, but not listed
    again = list(write_shard(model, order, tmp_path))
    assert [part.skipped for part in again] == [False, True, False, False, False]
    assert json.loads(manifest.read_text())["complete"] is True
    list(write_shard(model, order, tmp_path / "anew"))
    assert parts(tmp_path) == parts(tmp_path / "anew")
    assert all(part.skipped for part in write_shard(model, order, tmp_path))


def test_a_folder_holds_one_order(model, tmp_path):
    list(write_shard(model, Order(10, 1), tmp_path, Shard(1, 2)))
    with pytest.raises(UsageError, match="another model, seed or order"):
        next(write_shard(model, Order(10, 2), tmp_path, Shard(2, 2)))


@pytest.mark.parametrize("said", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_refused(said):
    with pytest.raises(UsageError, match="this is no shard"):
        Shard.parse(said)


def test_without_pyarrow_parquet_says_what_to_install(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DeviceError, match="needs pyarrow"):
        list(write_shard(model, Order(5, 0, "parquet"), tmp_path))
    assert parts(tmp_path) == {}


def test_the_command_writes_a_shard(model_file, tmp_path):
    answer = call("sample", model_file, "-n", 60, "--shard", "1/2", "--out", tmp_path / "bulk", "--json")
    assert answer.code == 0, answer.err
    assert [part["file"] for part in answer.document["parts"]] == ["part-0000000.jsonl"]
    assert call("sample", model_file, "-n", 60, "--shard", "2/2", "--out", tmp_path / "bulk").code == 0
    assert call("sample", model_file, "-n", 60, "--shard", "1/2").code == 2


def test_a_killed_process_leaves_nothing_half_written(model_file, tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from rgan_kit.runtime import bulk, load\n"
        "real = os.fsync\n"
        "def dies(descriptor):\n    os._exit(9)\n"
        "order = bulk.Order(200, 1, part=100)\n"
        "working = bulk.write_shard(load(sys.argv[1]), order, Path(sys.argv[2])); next(working)\n"
        "os.fsync = dies\nnext(working)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, model_file, tmp_path], check=False)
    assert done.returncode == 9
    assert list(parts(tmp_path)) == ["part-0000000.jsonl"]
    assert [p.skipped for p in write_shard(load(model_file), Order(200, 1, part=100), tmp_path)] == [True, False]


def test_a_benchmark_has_a_row_for_each_batch(model_file):
    first, rows = measure_file(model_file, provider="cpu", batches=(1, 8), length=5)
    assert [(row.batch, row.length, row.provider) for row in rows] == [(1, 5, "cpu"), (8, 5, "cpu")]
    assert all(0 < row.p50_ms <= row.p95_ms and row.samples_per_s > 0 for row in rows) and first > 0
    assert np.isclose(rows[1].samples_per_s, 8 / rows[1].p50_ms * 1e3, rtol=0.01)
    assert bulk.AT_ONCE == 256


def test_the_command_prints_the_same_rows_with_torch_and_new_processes_beside_them(trained, model_file):
    words = ["benchmark", model_file, "--provider", "cpu", "--batch", "2", "--length", "4", "--cold", "1"]
    document = call(*words, "--run", trained, "--json").document
    runners = {row["runner"]: row for row in document["rows"]}
    assert set(runners) == {"onnxruntime", "torch"}
    assert all((row["batch"], row["length"]) == (2, 4) and row["p50_ms"] > 0 for row in runners.values())
    assert document["cold_process_s"] > 0.05  # no process starts faster
    said = call(*words[:-1], "0")
    assert said.code == 0 and all(column in said.out for column in ("batch", "p95_ms", "samples_per_s"))


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [(["--batch", "0"], 2, "--batch"), (["--batch", "many"], 2, "--batch"), (["--provider", "cuda"], 6, "CUDA")],
)
def test_what_cannot_be_timed_is_said(model_file, words, code, named):
    answer = call("benchmark", model_file, "--cold", "0", *words)
    assert answer.code == code and named in answer.err and "Traceback" not in answer.err


@pytest.mark.slow
def test_the_recipe_for_ray_runs_as_written_and_draws_the_same_samples(model_file, tmp_path):
    ray = pytest.importorskip("ray")
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "bulk-sampling.md").read_text(), re.S)
    for before, after in (
        ("10_000_000, seed=0", "1_050, seed=7, part=300"),
        ("concurrency=16", "concurrency=1"),
        ("/shared/names.onnx", str(model_file)),
        ("/shared/samples", str(tmp_path / "samples")),
    ):
        assert before in program
        program = program.replace(before, after)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        exec(compile(program, "bulk-sampling.md", "exec"), {})
    finally:
        ray.shutdown()
    rows = sorted(pq.read_table(tmp_path / "samples").to_pylist(), key=lambda row: row["sample"])
    assert [row["text"] for row in rows] == load(model_file).sample(1050, seed=7)
