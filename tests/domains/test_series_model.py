"""From a table to a model file and back to a table, by the command line alone."""

import csv
import datetime as dt

import pytest

SMALL = (
    "generator.hidden_size=8", "train.threads=1", "train.batch_size=8", "train.evaluation_samples=20",
    "domain.label=kind", "domain.pictured=0",
)  # fmt: skip


@pytest.mark.export
def test_weeks_words_and_classes_go_into_a_model_file_and_come_out_of_it(rgankit, tmp_path):
    days = [dt.date(2020, 1, 6) + dt.timedelta(weeks=week) for week in range(6)]
    rows = [
        f"{shop},{day},{'town' if n % 2 else 'none'},{('open', 'shut')[(n + week) % 2]},{10 * n + week}.50"
        for n, shop in enumerate("ABCDEFGHIJKLMNOP")
        for week, day in enumerate(days)
    ]
    (tmp_path / "shops.csv").write_text("\n".join(["shop,week of,kind,state,sales", *rows]) + "\n")
    small = [word for each in SMALL for word in ("--set", each)]
    trained = rgankit("train", "--plugin", "lstm-gan", "--data", "shops.csv", "--run", "run", "--steps", 2, *small)
    assert trained.code == 0, trained.err
    exported = rgankit("export", "run", "--out", "shops.onnx")
    assert exported.code == 0, exported.err
    drawn = rgankit("sample", "shops.onnx", "-n", 3, "--seed", 1, "--json", "--out", "new").document
    assert set(drawn["labels"]) <= {"none", "town"}
    for sample in drawn["samples"]:
        assert set(sample["state"]) <= {"open", "shut"}
        assert all(0.5 <= value <= 155.5 for value in sample["sales"])
    with (tmp_path / "new" / "samples.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["week of"] for row in written[:6]] == [str(day) for day in days]
    assert [row["kind"] for row in written[::6]] == drawn["labels"]
    assert all(row["sales"].rpartition(".")[2].endswith("0") for row in written)
    assert [float(row["sales"]) for row in written[:6]] == drawn["samples"][0]["sales"]
