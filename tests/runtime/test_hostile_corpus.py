"""The corpus of files that are known to crash, hang or mislead onnxruntime, on disk and as their readers meet them."""

from __future__ import annotations

import os
import random
import time

import pytest
from onnx import helper
from runtime_hostile import function_chain, located, one
from runtime_models import scan_model, series_model, token_manifest, token_model

from rgan_kit.errors import DataError
from rgan_kit.runtime import check, load
from rgan_kit.runtime.untrusted.safety import check_bytes

OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]


def chain_of_functions(depth: int, calls: int):
    """Function i calls function i - 1 so many times; with 2 calls, the work doubles with every function."""
    made = [helper.make_function("own", "f0", ["a"], ["b"], [helper.make_node("Abs", ["a"], ["b"])], OPSETS)]
    for level in range(1, depth):
        names = ["a", *(f"m{call}" for call in range(1, calls)), "b"]
        steps = [
            helper.make_node(f"f{level - 1}", [names[call]], [names[call + 1]], domain="own") for call in range(calls)
        ]
        made.append(helper.make_function("own", f"f{level}", ["a"], ["b"], steps, OPSETS))
    return one(helper.make_node(f"f{depth - 1}", ["x"], ["y"], domain="own"), functions=made)


@pytest.mark.parametrize(
    ("make", "count"),
    [(lambda: chain_of_functions(3000, 1), 3000), (lambda: chain_of_functions(30, 2), 30), (function_chain, 40)],
    ids=["3,000 deep", "30 that double", "40 that double, of sums"],
)
def test_chains_of_functions_are_refused_at_once(make, count):
    data = make().SerializeToString()
    began = time.process_time()
    with pytest.raises(DataError, match=rf"model-local functions \({count}\)"):
        check_bytes(data, "m.onnx")
    assert time.process_time() - began < 2


@pytest.mark.parametrize("way", ["above", "absolute", "symbolic link", "hard link", "link of a folder"])
def test_no_other_file_is_read_however_it_is_named(tmp_path, monkeypatch, way):
    secret, folder = tmp_path / "secret.bin", tmp_path / "models"
    secret.write_bytes(b"\0" * 16)
    folder.mkdir()
    location = {"above": "../secret.bin", "absolute": str(secret), "link of a folder": "up/secret.bin"}.get(
        way, "w.bin"
    )
    if way == "symbolic link":
        (folder / "w.bin").symlink_to(secret)
    elif way == "hard link":
        os.link(secret, folder / "w.bin")
    elif way == "link of a folder":
        (folder / "up").symlink_to(tmp_path)
    path = folder / "m.onnx"
    path.write_bytes(located(location).SerializeToString())
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda name, *rest, **more: opened.append(str(name)) or real(name, *rest, **more))
    for read in (check, load):
        with pytest.raises(DataError, match="lies in another file"):
            read(path)
    assert set(opened) == {str(path)}


@pytest.mark.slow
def test_3500_mutations_pass_or_are_refused_and_those_that_pass_neither_crash_nor_hang(tmp_path):
    """What passes is loaded and run, in this process: a crash would end the tests."""
    originals = [
        token_model(token_manifest(labels=["x", "y"], latent_size=2)).SerializeToString(),
        series_model().SerializeToString(),
        scan_model(2).SerializeToString(),
    ]
    generator = random.Random(1)
    counts = {"refused": 0, "failed": 0, "ran": 0}
    slowest = 0.0
    for number in range(3500):
        damaged = bytearray(originals[number % 3])
        for _ in range(generator.choice([1, 1, 1, 2, 8])):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        if generator.random() < 0.1:
            damaged = damaged[: generator.randrange(len(damaged))]
        path = tmp_path / "damaged.onnx"
        path.write_bytes(damaged)
        began = time.monotonic()
        try:
            model = load(path, provider="cpu", timeout=5)
            model.outputs(3, length=4)
            counts["ran"] += 1
        except DataError as error:
            counts["refused" if "damaged.onnx" in str(error) else "failed"] += 1
        slowest = max(slowest, time.monotonic() - began)
    print(counts, f"slowest {slowest:.2f} s")
    assert counts["failed"] == 0 and counts["refused"] > 1000 and slowest < 10
