"""The page of a run: everything in one file, whatever lies in the folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import zlib
from html.parser import HTMLParser

import pytest

from rgan_kit.reports import media, reading
from rgan_kit.reports.charts import Scale, thinned

HOSTILE = '<script>alert(1)</script><img src="https://example.invalid/x" onerror="alert(2)">&"\''


class Seen(HTMLParser):
    """Tags, addresses and handlers of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags, self.addresses, self.handlers = [], [], []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "poster", "data"):
                self.addresses.append(value)
            if name.startswith("on"):
                self.handlers.append(value)


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a trained run."""
    return shutil.copytree(trained, tmp_path / "mine")


def page(rgankit, *runs, code=0):
    answer = rgankit("report", *runs, "--out", "page.html")
    assert answer.code == code, answer.err
    return answer


def read(tmp_path):
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_has_all_of_a_run_and_asks_nobody(run, tmp_path, rgankit):
    said = page(rgankit, run).out
    content = read(tmp_path)
    assert said.startswith("page.html: 1 run, ")
    for heading in ("Figures", "Samples over time", "Real beside generated", "Curves", "Configuration"):
        assert f">{heading}</h2>" in content
    for text in (
        "likelihood: loss",
        "generator: gradient norm",
        "perplexity",
        "after pretraining",
        "rgan-kit",
        "finished",
    ):
        assert text in content
    sample = (run / "samples" / "step-00000040" / "samples.txt").read_text().splitlines()[0]
    assert f"<li>{sample}</li>" in content
    assert 'class="control r0"' in content  # lines of real data
    seen = Seen(content)
    assert all(address.startswith(("#", "data:")) for address in seen.addresses)
    assert "default-src 'none'" in content and seen.handlers == []
    assert "url(" not in content and "@import" not in content


def test_several_runs_are_side_by_side(run, trained, tmp_path, rgankit):
    page(rgankit, run, trained)
    content = read(tmp_path)
    assert content.count('class="run"') == 2
    assert 'class="line r1"' in content and 'class="beside"' in content


def test_nothing_of_a_run_becomes_markup(run, tmp_path, rgankit):
    clean = Seen((page(rgankit, run), read(tmp_path))[1])
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    for line in history:
        for kind in ("samples", "real"):
            if kind in line:
                line[kind]["lines"] = [HOSTILE] * 8
    history.append({"step": 40, "warning": HOSTILE})
    (run / "history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in history))
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 40, HOSTILE: 1.0, f"evaluation/{HOSTILE}": 2.0, "stage": HOSTILE}) + "\n")
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(f"{config}\n[{json.dumps(HOSTILE)}]\nname = {json.dumps(HOSTILE)}\n")
    data = json.loads((run / "data.json").read_text())
    data["summary"] = {HOSTILE: HOSTILE}
    (run / "data.json").write_text(json.dumps(data))
    state_file = run / "checkpoints" / "step-00000040" / "state.json"
    state = json.loads(state_file.read_text())
    state["evaluations"][0]["moment"] = HOSTILE
    state["computed"] = {HOSTILE: HOSTILE}
    state_file.write_text(json.dumps(state))
    page(rgankit, run)
    content = read(tmp_path)
    seen = Seen(content)
    assert "&lt;script&gt;alert(1)" in content and "<script>alert" not in content and "<img" not in content
    assert seen.tags.count("script") == clean.tags.count("script") == 1
    assert seen.handlers == []
    assert all(address.startswith(("#", "data:")) for address in seen.addresses)


def test_broken_lines_are_left_out_and_counted(run, tmp_path, rgankit):
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 41, "likeli\n[1, 2]\n{"step": "x"}\n{"step": 42, "a/loss": 1' + b"0" * 400 + b"}\n")
        file.write(b'{"step": 43, "big": "' + b"x" * 2**20 + b'"}\n\xff\xfe\n' + b"[" * 100_000 + b"\n")
        file.write(b'{"step": 44, "a/loss": NaN, "b/loss": "1", "c/loss": true, "d/loss": 4.0}\n')
    page(rgankit, run)
    content = read(tmp_path)
    assert "metrics.jsonl: 6 broken lines left out" in content
    assert "d: loss" in content and "a: loss" not in content and "b: loss" not in content and "c: loss" not in content


@pytest.mark.parametrize(
    "history",
    [
        {
            "samples": {"lines": 3, "points": {"a": 1}, "scores": "x", "curves": [[["x"]]]},
            "real": {"points": [[1, "a"], 2]},
        },
        {"samples": [1], "real": None, "warning": {"a": 1}, "status": ["done"], "time": "x"},
        {
            "samples": {"points": [[1e308, -1e308]] * 3, "scores": [None] * 3},
            "real": {"points": [[0, 0]], "explained": "x"},
        },
        {"samples": {"curves": [[[1.0], []], [[]]], "points": []}, "real": {"names": [1], "curves": [[[None]]]}},
    ],
)
def test_a_history_of_any_shape_makes_a_page(run, tmp_path, rgankit, history):
    (run / "history.jsonl").write_text(json.dumps({"step": 7, **history}) + "\n")
    page(rgankit, run)
    assert "nan" not in re.sub(r"<pre>.*?</pre>", "", read(tmp_path)).split("<body>")[1].split("<script>")[0].lower()


@pytest.mark.parametrize("what", ["huge", "link", "fifo", "folder", "toml"])
def test_what_cannot_be_read_is_refused_and_nothing_is_written(run, tmp_path, rgankit, monkeypatch, what):
    if what == "huge":
        monkeypatch.setattr(reading, "MOST_LINES_BYTES", 100)
        file = run / "metrics.jsonl"
    else:
        file = run / ("config.toml" if what in ("link", "toml") else "metrics.jsonl")
        file.unlink()
    if what == "link":
        (tmp_path / "secret").write_text("recipe = 'secret'")
        file.symlink_to(tmp_path / "secret")
    elif what == "fifo":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    elif what == "toml":
        file.write_bytes(b"\xff = [")
    answer = page(rgankit, run, code=4)
    assert file.name in answer.err and "Traceback" not in answer.err
    assert not (tmp_path / "page.html").exists()


def test_links_among_samples_are_not_followed(run, tmp_path, rgankit):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.png").write_bytes(png(4, 4))
    (run / "samples" / "step-00000050").symlink_to(outside, target_is_directory=True)
    (run / "samples" / "step-00000040" / "private.png").symlink_to(outside / "private.png")
    page(rgankit, run)
    assert "data:image/png" not in read(tmp_path)


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 8)) + chunk(b"IEND", b"")


def test_pictures_that_are_none_or_too_large_stay_outside_and_are_counted(run, tmp_path, rgankit, monkeypatch):
    monkeypatch.setattr(media, "MOST_BYTES", 1000)
    folder = run / "samples" / "step-00000040"
    (folder / "a.gif").write_bytes(b"GIF89a\x04\0\x04\0" + b"\0" * 30)
    (folder / "b.gif").write_bytes(b"<svg onload='alert(1)'/>")
    (folder / "c.gif").write_bytes(b"GIF89a" + b"\xff" * 40)  # of 65,535 × 65,535 pixels
    (folder / "d.gif").write_bytes(b"GIF89a\x04\0\x04\0" + b"\0" * 2000)
    page(rgankit, run)
    content = read(tmp_path)
    assert content.count("data:image/gif") == 1
    assert "2 pictures or sounds are not what their names say, or too large: left out" in content
    assert "1 pictures or sounds cannot be read" in content


def test_only_an_earlier_report_is_written_over(run, tmp_path, rgankit):
    page(rgankit, run)
    page(rgankit, run)
    (tmp_path / "page.html").write_text("<!doctype html>mine")
    assert "no report" in page(rgankit, run, code=2).err
    assert read(tmp_path) == "<!doctype html>mine"


def test_too_many_runs_are_refused(run, rgankit):
    assert rgankit("report", *[run] * 9).code == 2


def test_thinning_keeps_the_ends_and_every_peak():
    points = [(step, 0.0) for step in range(10_000)]
    points[1234], points[7777] = (1234, 9.0), (7777, -5.0)
    few = thinned(points)
    assert len(few) <= 310
    assert {points[0], points[-1], points[1234], points[7777]} <= set(few)


@pytest.mark.parametrize(("low", "high", "ticks"), [(0, 150, [0, 50, 100, 150]), (0.02, 0.98, [0.25, 0.5, 0.75])])
def test_ticks_are_round(low, high, ticks):
    assert Scale(low, high, 0, 100).ticks() == pytest.approx(ticks)


def test_a_logarithmic_axis_has_powers_of_ten():
    scale = Scale(0.05, 2000, 0, 100, logarithmic=True)
    assert scale.ticks() == pytest.approx([0.1, 10, 1000])
    assert scale(10) == pytest.approx(100 * (1 + 1.30103) / (3.30103 + 1.30103), rel=1e-4)
