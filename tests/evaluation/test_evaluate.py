"""``rgankit evaluate``: samples of any tool and models, every figure with its control, interval and direction."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from support import call

from rgan_kit.contracts import Figure, Measured
from rgan_kit.evaluation.ruler import Row
from rgan_kit.reports.evaluation import page

MODELS = Path(__file__).parent.parent.parent / "exported" / "models"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sentences of the embedded language, and tables of sines."""
    made = tmp_path_factory.mktemp("real")
    assert call("data", "make", "text", "--out", made / "text", "--set", "domain.embedded_sentences=400").code == 0
    assert (
        call("data", "make", "text", "--out", made / "new", "--seed", 5, "--set", "domain.embedded_sentences=200").code
        == 0
    )
    return made


def figures(*words: object) -> dict[str, dict]:
    answer = call("evaluate", *words, "--json")
    assert answer.code == 0, answer.err
    return {each["name"]: each for each in answer.document["figures"]}


def test_other_samples_of_the_same_law_are_as_good_as_real_data(folder):
    found = figures(folder / "new", "--against", folder / "text")
    assert {"distinct", "verbatim", "ngram_nll", "coverage_nll", "bleu_2", "self_bleu_5"} <= set(found)
    for each in found.values():
        assert each["low"] <= each["value"] <= each["high"], each["name"]
        assert each["better"] in ("lower", "higher", "real") and each["title"] and each["metric"]
    for name in ("ngram_nll", "bleu_4", "self_bleu_3", "length"):
        assert found[name]["value"] == pytest.approx(found[name]["real"], rel=0.25)


def test_copies_of_the_training_data_are_seen_beside_the_rate_of_held_out_data(folder, tmp_path):
    lines = (folder / "text" / "sentences.txt").read_text().splitlines()
    (tmp_path / "copies.txt").write_text("\n".join(lines[:150]))
    found = figures(
        tmp_path / "copies.txt", "--against", folder / "new", "--train", folder / "text", "--domain", "text"
    )
    assert found["verbatim"]["value"] == 1.0 and found["verbatim"]["real"] < 0.3


def test_a_model_is_sampled_and_measured_with_the_same_figures(folder):
    words = (MODELS / "sentences.onnx", "--against", folder / "text", "-n", 100, "--quick")
    first, again = figures(*words), figures(*words)
    assert first == again and first["distinct"]["value"] > 0.5
    assert "bleu_2" not in first, "--quick leaves out what a training does not show"


def test_the_table_has_the_control_the_interval_and_the_direction_of_each_figure(folder):
    answer = call("evaluate", folder / "new", "--against", folder / "text", "--quick")
    lines = answer.out.splitlines()
    assert lines[0].split() == ["samples", "95", "%", "real", "data", "better"]
    (nats,) = [line for line in lines if line.startswith("coverage nats ")]
    assert nats.split()[-1] == "lower" and " to " in nats
    assert "coverage nats: nats a token of held-out data under a trigram model of the samples" in lines
    assert "samples: 200 of" in answer.err and "held-out data: 40 of" in answer.err


def test_columns_that_are_wrong_are_named(tmp_path):
    rng = np.random.default_rng(0)

    def write(name: str, count: int, *, wrong: bool = False) -> None:
        level, trend = rng.uniform(0, 1, (2, count, 1))
        first, second = level + np.zeros(12), level + trend * np.arange(12) * (3 if wrong else 1)
        rows = ["id,level,growth"]
        rows += [f"{i},{first[i, t]:.4f},{second[i, t]:.4f}" for i in range(count) for t in range(12)]
        (tmp_path / name).write_text("\n".join(rows) + "\n")

    write("real.csv", 120)
    write("wrong.csv", 60, wrong=True)
    answer = call(
        "evaluate", tmp_path / "wrong.csv", "--against", tmp_path / "real.csv", "--set", "domain.id=id", "--json"
    )
    assert answer.code == 0, answer.err
    (found,) = [each for each in answer.document["figures"] if each["name"] == "marginal_distance"]
    assert found["parts"]["growth"] > 3 * found["parts"]["level"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing.txt", "--against", "{text}"), 4, "nothing.txt"),
        (("{new}", "--against", "nowhere"), 4, "nowhere"),
        (("{new}", "--against", "{text}", "-n", "5"), 2, "--count draws samples from a model"),
        (("{new}", "--against", "{text}", "--domain", "texts"), 2, "Did you mean text"),
    ],
    ids=["no samples", "no data", "a count of files", "no such domain"],
)
def test_what_cannot_be_measured_is_said(folder, words, code, said):
    answer = call("evaluate", *(word.format(text=folder / "text", new=folder / "new") for word in words))
    assert answer.code == code and said in answer.err and "Traceback" not in answer.err


def test_every_line_of_the_page_runs(tmp_path):
    page = (MODELS.parent.parent / "docs" / "evaluating.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.S | re.M)
    for line in "".join(blocks).splitlines():
        words = [str(MODELS / "sentences.onnx") if word.endswith(".onnx") else word for word in shlex.split(line)[1:]]
        answer = call(*words, folder=tmp_path)
        assert answer.code == 0, f"{line}: {answer.err}"


def test_a_report_is_one_page_that_asks_nobody_and_replaces_nothing_else(folder, tmp_path):
    page = tmp_path / "out.html"
    words = ("evaluate", folder / "new", "--against", folder / "text", "--quick", "--report", page)
    answer = call(*words)
    assert answer.code == 0 and str(page) in answer.out, answer.err
    content = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in content and "<script" not in content
    assert not re.search(r"""(src|href)=["']?https?:""", content)
    assert "coverage nats" in content and "lower is better" in content and "real data in their place" in content
    assert content.count('<svg class="r0 strip"') == 5
    assert call(*words).code == 0, "a page of before is written over"
    page.write_text("my own notes")
    refused = call(*words)
    assert refused.code == 2 and "is no report of rgankit" in refused.err and page.read_text() == "my own notes"


def test_what_a_stranger_wrote_is_text_on_the_page():
    figure = Figure(name="x", title="<b>x</b>", meaning="<script>alert(1)</script>")
    rows = [Row(figure, Measured(1.0, 2.0, 0.5, 1.5, {"<u>a": 1.0, "b": 3.0}), "mine:x")]
    content = page("<h1>", {"samples": "<img src=x>"}, rows, {"samples": ["</ol><script>"]})
    assert not re.search(r"<(b|script|img|u)[ >]", content)
    assert content.index("<th>b</th>") < content.index("&lt;u&gt;a"), "the worst part stands first"
