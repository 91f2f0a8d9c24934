"""From a table to a model file and back to a table, by the command line alone."""

import csv
import datetime as dt

import pytest

SMALL = (
    "generator.hidden_size=8", "train.threads=1", "train.batch_size=8", "train.evaluation_samples=20",
    "domain.label=kind", "domain.pictured=0",
)  # fmt: skip


@pytest.mark.export
def test_weeks_words_lengths_and_classes_go_into_a_model_file_and_come_out_of_it(rgankit, tmp_path):
    days = [dt.date(2020, 1, 6) + dt.timedelta(weeks=week) for week in range(6)]
    rows = [
        f"{shop},{day},{'town' if n % 2 else 'none'},{('open', 'shut')[(n + week) % 2]},{10 * n + week}.50"
        for n, shop in enumerate("ABCDEFGHIJKLMNOP")
        for week, day in enumerate(days[: 3 + n % 4])
    ]
    (tmp_path / "shops.csv").write_text("\n".join(["shop,week of,kind,state,sales", *rows]) + "\n")
    small = [word for each in SMALL for word in ("--set", each)]
    trained = rgankit("train", "--plugin", "lstm-gan", "--data", "shops.csv", "--run", "run", "--steps", 2, *small)
    assert trained.code == 0, trained.err
    exported = rgankit("export", "run", "--out", "shops.onnx")
    assert exported.code == 0, exported.err
    drawn = rgankit("sample", "shops.onnx", "-n", 12, "--seed", 1, "--json", "--out", "new").document
    assert set(drawn["labels"]) <= {"none", "town"}
    for sample in drawn["samples"]:
        assert 3 <= len(sample["sales"]) <= 6
        assert set(sample["state"]) <= {"open", "shut"}
        assert all(0.5 <= value <= 155.5 for value in sample["sales"])
    assert len({len(sample["sales"]) for sample in drawn["samples"]}) > 1
    with (tmp_path / "new" / "samples.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    for number, (sample, label) in enumerate(zip(drawn["samples"], drawn["labels"], strict=True), 1):
        rows = [row for row in written if row["shop"] == str(number)]
        assert [row["week of"] for row in rows] == [str(day) for day in days[: len(rows)]]
        assert {row["kind"] for row in rows} == {label}
        assert [row["state"] for row in rows] == sample["state"]
        assert [row["sales"] for row in rows] == [f"{value:.2f}" for value in sample["sales"]]
