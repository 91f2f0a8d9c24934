"""From tables to samples: roles of columns, windows, classes, missing values, scaling."""

import sys
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import DataError, Dataset, DeviceError, ExitCode, SeriesSpec, UsageError
from rgan_kit_plugins.domains.series import SPEC, tables


def load(path: Path | None, seed: int = 0, **options: object) -> Dataset:
    return SPEC.load(SPEC.options(**options), path, seed)


def write(path: Path, header: str, rows: list[tuple[object, ...]], separator: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path


def ramp(rows: int = 200) -> list[tuple[object, ...]]:
    """Row number, its square modulo 101, and a constant."""
    return [(i, (i * i) % 101, 7) for i in range(rows)]


def starts(sequences: np.ndarray) -> set[int]:
    return set(sequences[:, 0, 0].astype(int).tolist())


def every(dataset: Dataset, side: str) -> np.ndarray:
    source = getattr(dataset, side)
    return source.take(np.arange(len(source))).values


def tally(dataset: Dataset, fate: str) -> str:
    """In words; empty where nothing of the kind was counted."""
    (found,) = [each for each in dataset.tallies if fate in each.fate]
    return str(found) if found.count else ""


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    return write(tmp_path / "long.csv", "row,x,same", ramp())


def test_windows_are_stretches_of_the_file_in_its_own_units(long_file):
    dataset = load(long_file, columns=["row", "x"], window_length=10, stride=5, gap=3)
    train, validation = every(dataset, "train"), every(dataset, "validation")
    for window in [*train, *validation]:
        first = int(window[0, 0])
        assert window[:, 0].tolist() == list(range(first, first + 10))
        assert window[:, 1].tolist() == [(i * i) % 101 for i in range(first, first + 10)]
    assert starts(train) == set(range(0, 168, 5))
    assert starts(validation) == set(range(180, 191, 5))


@pytest.mark.parametrize("gap", [-1, 0, 1, 17])
def test_no_row_within_the_gap_of_a_held_out_row_is_trained_on(long_file, gap):
    dataset = load(long_file, columns=["row"], window_length=8, stride=1, gap=gap)
    trained, held_out = every(dataset, "train")[:, :, 0], every(dataset, "validation")[:, :, 0]
    assert held_out.min() - trained.max() == 1 + (8 if gap < 0 else gap)


def test_a_first_column_that_counts_is_time_and_not_data(long_file):
    dataset = load(long_file)
    assert dataset.spec.names == ("x",)
    assert "row" in dataset.summary["time"]
    assert load(long_file, time="none").spec.names == ("row", "x")


def test_sequences_by_id_have_their_own_lengths_and_are_held_out_whole(tmp_path):
    rows = [(f"s{n}", n, step) for n in range(30) for step in range(3 + n % 4)]
    dataset = load(write(tmp_path / "ids.csv", "id,number,step", rows), columns=["number", "step"], time="none")
    assert len(dataset.train) + len(dataset.validation) == 30
    numbers = []
    for source in (dataset.train, dataset.validation):
        for place in range(len(source)):
            number = int(source[place][0, 0])
            assert source[place].tolist() == [[number, step] for step in range(3 + number % 4)]
            numbers.append(number)
    assert sorted(numbers) == list(range(30))
    assert dataset.spec.length == 6


def test_rows_of_interleaved_sequences_are_put_together_in_the_order_of_time(tmp_path):
    rows = [(f"s{n}", step, 100 * n + step) for step in (1, 0, 2, 3) for n in range(12)]
    dataset = load(write(tmp_path / "mixed.csv", "id,time,x", rows), time="time")
    for window in [*every(dataset, "train"), *every(dataset, "validation")]:
        assert (np.diff(window[:, 0]) == 1).all()
    assert "order of their time" in dataset.summary["order"]


def test_a_folder_is_one_sequence_a_file(tmp_path):
    for number in range(12):
        write(tmp_path / f"{number:02}.csv", "x,y", [(number, number + step) for step in range(5)])
    dataset = load(tmp_path)
    assert sorted(starts(every(dataset, "train")) | starts(every(dataset, "validation"))) == list(range(12))
    assert dataset.spec.length == 5


def test_a_file_with_other_columns_is_refused_and_the_rest_is_read(tmp_path):
    for number in range(12):
        write(tmp_path / f"{number:02}.csv", "x", [(number * step,) for step in range(5)])
    write(tmp_path / "odd.csv", "z", [(1,), (2,)])
    write(tmp_path / "text.csv", "x", [(1,), ("broken",)])
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01")
    dataset = load(tmp_path)
    assert set(dataset.refused) == {"odd.csv", "text.csv", "bad.csv"}
    assert "no column 'x'" in dataset.refused["odd.csv"]
    assert "'broken' in row 2" in dataset.refused["text.csv"]
    assert len(dataset.train) + len(dataset.validation) == 12


def test_the_same_seed_splits_alike_and_another_does_not(tmp_path):
    file = write(tmp_path / "ids.csv", "id,x", [(n, n + step) for n in range(40) for step in range(4)])
    assert starts(every(load(file, 1), "train")) == starts(every(load(file, 1), "train"))
    assert starts(every(load(file, 1), "train")) != starts(every(load(file, 2), "train"))


def test_windows_do_not_lie_across_a_jump_of_time(tmp_path):
    rows = [(f"2024-01-01 {i // 60:02}:{i % 60:02}", i) for i in range(300) if not 95 <= i < 100]
    dataset = load(write(tmp_path / "jump.csv", "when,x", rows), window_length=6)
    assert "with 1 jumps" in dataset.summary["step of time"]
    for window in [*every(dataset, "train"), *every(dataset, "validation")]:
        assert (np.diff(window[:, 0]) == 1).all()


def test_a_class_by_column_is_the_most_frequent_one_of_the_window(tmp_path):
    rows = [("b" if i % 5 == 0 else "a", (i * i) % 7) for i in range(100)]
    dataset = load(write(tmp_path / "labels.csv", "kind,x", rows), label="kind", window_length=5)
    assert dataset.spec.labels == ("a",)
    assert dataset.train.labels.tolist() == [0] * len(dataset.train)


def test_classes_of_a_labels_file_go_by_row_or_by_name(tmp_path):
    data = write(tmp_path / "d" / "ids.csv", "id,x", [(n, n + step) for n in range(30) for step in range(4)])
    by_name = write(tmp_path / "names.csv", "id,kind", [(n, "even" if n % 2 == 0 else "odd") for n in range(30)])
    by_row = write(tmp_path / "rows.csv", "kind", [("odd" if n % 2 else "even",) for n in range(30) for _ in range(4)])
    for labels in (by_name, by_row):
        dataset = load(data, label_file=str(labels))
        assert dataset.spec.labels == ("even", "odd")
        for source in (dataset.train, dataset.validation):
            assert source.labels.tolist() == [int(source[i][0, 0]) % 2 for i in range(len(source))]


def test_labels_that_fit_nothing_are_an_error(tmp_path, long_file):
    with pytest.raises(DataError, match="names no sequence"):
        load(long_file, label_file=str(write(tmp_path / "l.csv", "id,kind", [("a", "b")] * 3)))


def test_classes_are_in_natural_order_and_only_those_of_training(tmp_path):
    rows = [(["10", "9", "2"][n // 4 % 3] if n < 190 else "3", (n * n) % 17) for n in range(200)]
    file = write(tmp_path / "c.csv", "kind,x", rows)
    dataset = load(file, label="kind", window_length=4, stride=4, gap=0)
    assert dataset.spec.labels == ("2", "9", "10")
    assert dataset.train.labels[:3].tolist() == [2, 1, 0]
    assert tally(dataset, "training does not know").startswith("2 of 5 held-out samples (40%)")


def test_held_out_samples_of_none_but_unknown_classes_are_an_error(tmp_path):
    rows = [("late" if n >= 180 else "early", (n * n) % 17) for n in range(200)]
    with pytest.raises(DataError, match="is of a class, that training does not know"):
        load(write(tmp_path / "c.csv", "kind,x", rows), label="kind", window_length=4, gap=0)


def gappy(tmp_path: Path) -> Path:
    rows = [((i * i) % 101, "" if i % 50 == 30 else (i * 3) % 17) for i in range(300)]
    return write(tmp_path / "gaps.csv", "x,y", rows)


def test_windows_with_missing_values_are_left_out_and_counted(tmp_path):
    dataset = load(gappy(tmp_path), window_length=5, stride=5, gap=0)
    assert np.isfinite(every(dataset, "train")).all()
    assert tally(dataset, "with missing values").startswith("6 of 60 windows (10%)")
    assert dataset.summary["missing values"].startswith("6 of 600")
    assert len(dataset.train) + len(dataset.validation) == 54


def test_values_are_filled_forward_only_when_asked(tmp_path):
    dataset = load(gappy(tmp_path), missing="forward-fill", window_length=5, stride=5, gap=0)
    assert len(dataset.train) + len(dataset.validation) == 60
    window = every(dataset, "train")[6]
    assert window[:, 1].tolist() == [(29 * 3) % 17, *((i * 3) % 17 for i in range(31, 35))]


def test_a_mask_tells_networks_what_is_there_and_comes_back_as_missing(tmp_path):
    dataset = load(gappy(tmp_path), missing="mask", window_length=5, stride=5, gap=0)
    assert dataset.spec.names == ("x", "y", "y present")
    assert dataset.spec.minimum[2] == 0
    assert dataset.spec.maximum[2] == 1
    window = every(dataset, "train")[6]
    assert window[:, 2].tolist() == [0, 1, 1, 1, 1]
    sample = dataset.decoder.decode({"series": window[None]})[0]
    assert sample.names == ("x", "y")
    assert np.isnan(sample.values[:, 1]).tolist() == [True, False, False, False, False]


def test_scaling_knows_nothing_of_what_is_held_out(tmp_path):
    rows = [((i * i) % 101 if i < 180 else 10_000,) for i in range(200)]
    file = write(tmp_path / "late.csv", "x", rows)
    spec = load(file, window_length=5, gap=0).spec
    assert isinstance(spec, SeriesSpec)
    assert spec.maximum[0] <= 100


def test_robust_scaling_is_not_led_by_an_outlier(tmp_path):
    rows = [(1_000_000 if i == 50 else (i * i) % 101,) for i in range(2000)]
    file = write(tmp_path / "peak.csv", "x", rows)
    assert load(file).spec.maximum[0] == 1_000_000
    assert load(file, scaling="robust").spec.maximum[0] <= 100


def test_constant_and_empty_columns_are_not_modelled_and_constants_come_back(tmp_path):
    rows = [((i * i) % 101, 5, "") for i in range(200)]
    dataset = load(write(tmp_path / "c.csv", "x,five,nothing", rows))
    assert dataset.spec.names == ("x",)
    assert "five = 5" in dataset.summary["constant columns"]
    assert "nothing" in dataset.summary["empty columns"]
    sample = dataset.decoder.decode({"series": every(dataset, "train")[:1]})[0]
    assert sample.names == ("x", "five")
    assert (sample.values[:, 1] == 5).all()


@pytest.mark.parametrize(
    ("separator", "decimal", "mark"), [(",", ".", ""), (";", ",", "\ufeff"), ("\t", ".", ""), (";", ".", "\ufeff")]
)
def test_separators_decimal_commas_and_byte_order_marks_are_found(tmp_path, separator, decimal, mark):
    rows = [(f"{i % 13}.5".replace(".", decimal), f"{-i - 1}.25".replace(".", decimal)) for i in range(100)]
    file = write(tmp_path / "d.csv", f"{mark}x{separator}y", rows, separator)
    dataset = load(file, window_length=5)
    assert dataset.spec.names == ("x", "y")
    assert every(dataset, "train")[0, :3].tolist() == [[0.5, -1.25], [1.5, -2.25], [2.5, -3.25]]


def test_a_file_without_header_loses_no_row(tmp_path):
    dataset = load(write(tmp_path / "n.csv", "", [((i * i) % 11, -i) for i in range(50)]), window_length=4)
    assert dataset.spec.names == ("column_1", "column_2")
    assert every(dataset, "train")[0, :, 1].tolist() == [0, -1, -2, -3]


def test_infinities_and_numbers_beyond_float32_count_as_missing(tmp_path):
    rows = [({20: "inf", 60: "-1e300", 61: "nan"}.get(i, (i * i) % 13),) for i in range(200)]
    dataset = load(write(tmp_path / "inf.csv", "x", rows), window_length=5)
    assert tally(dataset, "infinite").startswith("2 of 200 values (1%)")
    assert dataset.summary["missing values"].startswith("3 of 200")
    assert np.isfinite(every(dataset, "train")).all()


def test_parquet_and_csv_give_the_same_samples(tmp_path):
    import datetime

    import pyarrow
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet as arrow_parquet

    table = pyarrow.table({
        "when": [datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=i) for i in range(120)],
        "x": [(i * i) % 31 / 4 for i in range(120)],
        "flag": [i % 3 == 0 for i in range(120)],
        "note": ["a"] * 120,
    })  # fmt: skip
    arrow_csv.write_csv(table, tmp_path / "t.csv")
    arrow_parquet.write_table(table, tmp_path / "t.parquet")
    csv, parquet = (load(tmp_path / name, window_length=6) for name in ("t.csv", "t.parquet"))
    assert csv.spec.names == parquet.spec.names == ("x", "flag=false", "flag=true")
    assert np.array_equal(every(csv, "train"), every(parquet, "train"))
    clocks = [dataset.decoder.about.clock for dataset in (csv, parquet)]
    assert (clocks[0].start, clocks[0].step) == (clocks[1].start, clocks[1].step) == (1_704_067_200, 3600)
    assert clocks[0].times(1) == ["2024-01-01 00:00:00.000000"]
    assert clocks[1].times(1) == ["2024-01-01 00:00:00"]
    assert csv.fingerprint != parquet.fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["rwo"]}, ["no column 'rwo'", "Did you mean row"]),
        ({"label": "colour"}, ["no column 'colour'"]),
        ({"window_length": 300}, ["the longest stretch has 200 rows", "domain.window_length"]),
        ({"window_length": 90, "stride": 90}, ["at least 10 are needed"]),
        ({"unit": "sequence"}, ["training and", "at least 10 are needed"]),
    ],
)
def test_options_that_do_not_fit_are_answered_with_file_and_mend(long_file, options, words):
    with pytest.raises(DataError) as caught:
        load(long_file, **options)
    assert caught.value.exit_code is ExitCode.DATA
    assert str(long_file) in caught.value.problem
    for word in words:
        assert word in str(caught.value)


def test_without_pyarrow_the_extra_is_named(long_file, monkeypatch):
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r'pip install "rgan-kit\[series\]"'):
        load(long_file)
    assert len(load(None, embedded_sequences=20).train) == 20


def test_embedded_data_refuse_options_that_mean_nothing_to_them():
    with pytest.raises(UsageError):
        load(None, unit="window")


def test_describing_and_loading_need_neither_torch_nor_pyarrow_for_embedded_data():
    import subprocess

    code = (
        "import sys; from rgan_kit_plugins.domains.series import SPEC; "
        "assert 'pyarrow' not in sys.modules; SPEC.load(SPEC.options(embedded_sequences=20), None, 0);"
        "assert not {'torch', 'pyarrow', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
