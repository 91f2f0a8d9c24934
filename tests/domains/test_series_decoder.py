"""From a model's numbers back to tables: in the same columns, in a fresh process, never trusting a manifest."""

import copy
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.series import SPEC, picture
from rgan_kit_plugins.domains.series import decoder as decoder_module
from rgan_kit_plugins.domains.series.decoder import SeriesDecoder, SeriesSample
from rgan_kit_plugins.domains.series.writing import Writer


def write(path: Path, header: str, rows: list[tuple[object, ...]]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("series")


@pytest.fixture(scope="module")
def windows(folder):
    """Hourly measurements: x in quarters, whole n with missing values, and a constant."""
    rows = [
        (f"2024-02-0{1 + i // 24} {i % 24:02}:00:00", (i * i) % 29 / 4, "" if i % 40 == 7 else i % 6, 3)
        for i in range(24 * 9)
    ]
    path = write(folder / "hourly.csv", "when,x,n,three", rows)
    return SPEC.load(SPEC.options(missing="mask", window_length=8, stride=8), path, 0)


@pytest.fixture(scope="module")
def decoder(windows) -> SeriesDecoder:
    return windows.decoder


def outputs(dataset, count: int = 5) -> dict[str, np.ndarray]:
    return {"series": dataset.train.take(np.arange(count)).values}


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_samples_have_the_columns_of_the_data_in_its_units(windows, decoder):
    first = decoder.decode(outputs(windows))[0]
    assert first.names == ("x", "n", "three")
    assert first.values[:, 0].tolist() == [(i * i) % 29 / 4 for i in range(8)]
    assert first.values[:7, 1].tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert np.isnan(first.values[7, 1])


def test_whole_columns_are_rounded_and_others_are_not(decoder):
    series = np.array([[[0.3, 2.6, 1.0], [0.7, 1.4, 0.2]]], np.float32)
    values = decoder.decode({"series": series})[0].values
    assert values[:, 1:].tolist() == [[3, 3], [pytest.approx(np.nan, nan_ok=True), 3]]
    assert values[:, 0].tolist() == pytest.approx([0.3, 0.7])


@settings(deadline=None, max_examples=60)
@given(
    arrays.arrays(np.float32, st.tuples(st.integers(0, 3), st.integers(0, 5), st.just(3)), elements=st.floats(width=32))
)
def test_decoding_and_previewing_never_fail_on_anything_that_a_graph_can_produce(decoder, series):
    with np.errstate(all="ignore"):
        samples = decoder.decode({"series": series})
        assert len(samples) == len(series)
        for sample in samples:
            assert len(decoder.preview(sample).splitlines()) == 1
        about = decoder.about
        table = Writer(about.columns, about.clock, about.dialect, None).table(samples, "sample")
        assert table.count(b"\n") == 1 + series.shape[0] * series.shape[1]


def test_other_channels_than_the_data_has_are_an_error(decoder):
    with pytest.raises(DataError, match="3 features"):
        decoder.decode({"series": np.zeros((1, 4, 7), np.float32)})


def test_a_preview_shows_shape_and_range_and_cannot_steer_a_terminal(decoder):
    values = np.stack([np.linspace(0, 1, 8), np.full(8, np.nan)], 1).astype(np.float32)
    assert decoder.preview(SeriesSample(("up", "bad\x1b[2J"), values)) == "up ▁▂▃▄▅▆▇█ 0…1  bad?[2J ········ ?…?"


def test_one_table_with_an_id_and_a_regular_time_column_is_written(windows, decoder, tmp_path):
    files = decoder.write(decoder.decode(outputs(windows, 2)), tmp_path)
    assert [file.name for file in files] == ["samples.csv", "samples.png"]
    rows = table(files[0])
    assert rows[0] == ["sample", "when", "x", "n", "three"]
    assert rows[1] == ["1", "2024-02-01 00:00:00", "0.0", "0", "3"]
    assert rows[8][1:4] == ["2024-02-01 07:00:00", "5.0", ""]
    assert rows[9][:2] == ["2", "2024-02-01 00:00:00"]
    assert len(rows) == 1 + 16


def test_what_was_written_is_read_as_it_was(windows, decoder, tmp_path):
    series = outputs(windows, 12)["series"]
    files = decoder.write(decoder.decode({"series": series}), tmp_path)
    batch = decoder.read(files[0])
    assert batch.lengths.tolist() == [8] * 12
    missing = series[:, :, 2] == 0
    assert np.array_equal(batch.values[:, :, [0, 2]], series[:, :, [0, 2]])
    assert np.array_equal(batch.values[:, :, 1][~missing], series[:, :, 1][~missing])


def test_files_come_back_one_a_sample_where_they_came_so(tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    target.mkdir()
    for number in range(12):
        write(source / f"{number:02}.csv", "x,y", [(number + step / 8, -step) for step in range(4 + number % 2)])
    dataset = SPEC.load(SPEC.options(pictured=0), source, 0)
    samples = dataset.decoder.decode({"series": dataset.train.take(np.array([0])).values})
    files = dataset.decoder.write(samples * 2, target)
    assert [file.name for file in files] == ["sample-0001.csv", "sample-0002.csv"]
    assert table(files[0])[0] == ["x", "y"]
    batch = dataset.decoder.read(source)
    assert batch.lengths.tolist() == [4, 5] * 6
    assert batch.values[3, :, 0].tolist() == [3, 3.125, 3.25, 3.375, 3.5]
    assert (batch.values[0, 4:] == 0).all()


def test_classes_are_read_as_the_model_numbers_them(tmp_path):
    rows = [(n, ["b", "a", "c"][n % 3], n + step) for n in range(30) for step in range(3)]
    dataset = SPEC.load(SPEC.options(label="kind"), write(tmp_path / "l.csv", "id,kind,x", rows), 0)
    batch = dataset.decoder.read(write(tmp_path / "m.csv", "id,kind,x", rows[:6]))
    assert batch.labels.tolist() == [1, 0]
    with pytest.raises(DataError, match="does not know the class 'd'"):
        dataset.decoder.read(write(tmp_path / "n.csv", "id,kind,x", [(1, "d", 2), (1, "d", 3)]))


def test_reading_names_the_row_of_a_value_that_the_model_cannot_miss(decoder, tmp_path):
    rows = [(i % 5, 1, 3) for i in range(8)]
    rows[4] = ("", 1, 3)
    with pytest.raises(DataError, match=r"column 'x' misses a value \(row 5 "):
        decoder.read(write(tmp_path / "gap.csv", "x,n,three", rows))
    with pytest.raises(DataError, match="no column 'n'"):
        decoder.read(write(tmp_path / "less.csv", "x,three", [(1, 3)] * 8))


def test_names_that_need_quotes_survive(tmp_path):
    rows = [(i % 7, (i * i) % 5) for i in range(100)]
    dataset = SPEC.load(SPEC.options(pictured=0), write(tmp_path / "q.csv", '"load, kW","say ""hi"""', rows), 0)
    files = dataset.decoder.write(dataset.decoder.decode(outputs(dataset)), tmp_path)
    assert table(files[0])[0] == ["sample", "load, kW", 'say "hi"']
    assert np.array_equal(dataset.decoder.read(files[0]).values, outputs(dataset)["series"])


@pytest.mark.parametrize("embedded", ["sines", "autoregressive"])
def test_the_manifest_alone_makes_the_decoder_again_in_another_process(embedded, tmp_path):
    pictured = 8 if embedded == "sines" else 0  # importing matplotlib costs a second
    dataset = SPEC.load(SPEC.options(embedded=embedded, embedded_sequences=20, pictured=pictured), None, 0)
    series = dataset.validation.take(np.arange(3)).values
    np.save(tmp_path / "series.npy", series)
    (tmp_path / "manifest.json").write_text(json.dumps(dataset.decoder.manifest(), allow_nan=False))
    code = (
        "import json, sys, pathlib, numpy as np\n"
        "from rgan_kit_plugins.domains.series import SPEC\n"
        "folder = pathlib.Path(sys.argv[1]); (folder / 'out').mkdir()\n"
        "decoder = SPEC.decoder(json.loads((folder / 'manifest.json').read_text()))\n"
        "decoder.write(decoder.decode({'series': np.load(folder / 'series.npy')}), folder / 'out')\n"
        "assert not {'torch', 'pyarrow', 'onnx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    (tmp_path / "here").mkdir()
    for file in dataset.decoder.write(dataset.decoder.decode({"series": series}), tmp_path / "here"):
        other = tmp_path / "out" / file.name
        assert other.stat().st_size > 0
        assert file.suffix == ".png" or other.read_bytes() == file.read_bytes()


def test_the_manifest_survives_its_own_round_trip(decoder):
    manifest = json.loads(json.dumps(decoder.manifest(), allow_nan=False))
    assert SPEC.decoder(manifest).manifest() == manifest


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["version"], 3, "version is 3 (not 1 or 2)"),
        (["layout"], "pages", "layout is 'pages'"),
        (["columns"], [], "columns is [] "),
        (["columns", 0, "name"], None, "columns.0.name is None"),
        (["columns", 0, "name"], "a\x1b", "a name that cannot be written"),
        (["columns", 0, "name"], "n", "columns hold a name twice"),
        (["columns", 0, "constant"], 1e300, "columns.0.constant"),
        (["columns", 0, "fill"], True, "columns.0.fill is True"),
        (["columns", 0, "decimals"], 40, "columns.0.decimals is 40"),
        (["columns", 0, "levels"], ["a", "b"], "names are not those of the columns"),
        (["names"], ["x"], "names are not those"),
        (["reading"], {}, "reading.window is missing"),
        (["reading", "id"], [5], "reading.id.0 is 5"),
        (["reading", "window"], -1, "reading.window"),
        (["reading", "forward_fill"], None, "reading.forward_fill"),
        (["clock"], {}, "clock.step is missing"),
        (["clock", "start"], 1e300, "clock.start"),
        (["clock", "step"], 0, "clock.step is 0"),
        (["clock", "step"], float("nan"), "clock.step is nan"),
        (["clock", "unit"], "fortnight", "clock.unit is 'fortnight'"),
        (["labels"], [""], "labels.0 is ''"),
        (["dialect", "separator"], "ab", "dialect.separator"),
        (["curves"], None, "curves is None"),
        (["curves", "shape"], [10**9, 1, 1], "curves.shape"),
        (["curves", "lengths"], [1], "lengths are no"),
        (["curves", "minimum"], ["a"], "curves.minimum"),
        (["curves", "levels"], "!!", "no base64"),
        (["curves", "levels"], "AAAA", "holds 3 bytes"),
    ],
)
def test_a_strangers_manifest_is_checked(decoder, path, value, words):
    manifest = copy.deepcopy(decoder.manifest())
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(DataError, match=r".") as caught:
        SPEC.decoder(manifest)
    assert words in caught.value.problem


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(DataError) as caught:
        SPEC.decoder({})
    for word in ("version", "layout", "columns", "reading", "clock", "labels", "curves"):
        assert word in caught.value.problem


def test_pictured_curves_are_the_held_out_ones_to_a_quarter_per_cent(folder):
    dataset = SPEC.load(SPEC.options(embedded_sequences=20, pictured=4), None, 0)
    curves = list(dataset.decoder.curves)
    assert len(curves) == 4
    span = dataset.spec.maximum - dataset.spec.minimum
    assert (np.abs(curves[0] - dataset.validation[0]) <= 0.003 * span).all()
    assert len(json.dumps(dataset.decoder.manifest()["curves"])) < 1000
    assert SPEC.load(SPEC.options(embedded_sequences=20, pictured=0), None, 0).decoder.curves.levels.size == 0


def test_a_picture_draws_names_that_look_like_formulas(tmp_path):
    curves = picture.Curves.of([np.zeros((4, 1))], np.zeros(1), np.ones(1))
    assert picture.draw(["$\\frac{"], curves, [np.array([[np.inf], [1], [np.nan], [0]])]).startswith(b"\x89PNG")


def test_without_matplotlib_the_table_is_written_alone(windows, decoder, tmp_path, monkeypatch):
    monkeypatch.setattr(decoder_module, "can_draw", lambda: False)
    assert [file.name for file in decoder.write(decoder.decode(outputs(windows)), tmp_path)] == ["samples.csv"]


def test_manifests_of_version_1_still_decode(decoder):
    """One id column by name, whole numbers by a flag, no bounds, no dialect."""
    keys = ("name", "constant", "masked", "fill")
    columns = [{**{key: column[key] for key in keys}, "whole": False} for column in decoder.manifest()["columns"]]
    columns[1]["whole"] = True
    recorded = {"id": "who", "time": "when", "label": None, "window": 8, "forward_fill": False}
    clock = {"name": "when", "moments": True, "start": 1_706_745_600.0, "step": 3600.0}
    old = {**decoder.manifest(), "version": 1, "columns": columns, "reading": recorded, "clock": clock}
    del old["dialect"]
    again = SPEC.decoder(json.loads(json.dumps(old)))
    values = again.decode({"series": np.array([[[1e6, 2.6, 1.0]]], np.float32)})[0].values
    assert values.tolist() == [[1e6, 3.0, 3.0]]
    assert again.about.reading.id == ("who",)
    assert again.about.clock.times(2) == ["2024-02-01 00:00:00", "2024-02-01 01:00:00"]
