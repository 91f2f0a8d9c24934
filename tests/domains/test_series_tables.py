"""What people's files hold, read, modelled and written back: small tables, and what must come of them."""

import csv
import datetime as dt
import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import DataError, Dataset, TooLittleError, UsageError
from rgan_kit_plugins.domains.series import SPEC, tables
from rgan_kit_plugins.domains.series.columns import HowToRead, Table
from rgan_kit_plugins.domains.series.decoder import SeriesSample
from rgan_kit_plugins.domains.series.encoding import Variable, Variables
from rgan_kit_plugins.domains.series.tables import read_table

LAST = dt.date(2031, 12, 31)


def table(text: str, name: str = "data.csv", **how: object) -> Table:
    return read_table(Path(name), text.encode(), HowToRead(**how))


def load(folder: Path, text: str | bytes, name: str = "data.csv", **options: object) -> Dataset:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return SPEC.load(SPEC.options(pictured=0, **options), folder / name, 0)


def lines(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def counted(dataset: Dataset, fate: str) -> tuple[int, int]:
    (found,) = [each for each in dataset.tallies if each.fate.startswith(fate)]
    return found.count, found.total


def outputs(dataset: Dataset, *indices: int) -> dict[str, np.ndarray]:
    """Training samples as a model's outputs, all of them where none is named."""
    batch = dataset.train.take(np.array(indices) if indices else np.arange(len(dataset.train)))
    drawn = {"series": batch.values, "lengths": batch.lengths}
    return drawn if batch.labels is None else {**drawn, "labels": batch.labels}


def written(dataset: Dataset, folder: Path, *indices: int) -> bytes:
    drawn = outputs(dataset, *indices)
    samples, names = dataset.decoder.decode(drawn), dataset.spec.labels
    labels = [names[label] for label in drawn["labels"].tolist()] if names else None
    return dataset.decoder.write(samples, folder, labels)[0].read_bytes()


def columns_of(content: bytes, encoding: str = "utf-8", delimiter: str = ",") -> dict[str, list[str]]:
    rows = list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))
    return dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))


def months(first: int, count: int) -> list[str]:
    return [f"{first + n // 12}-{n % 12 + 1:02}" for n in range(count)]


def days(step: int, count: int, form: str = "%Y-%m-%d") -> list[str]:
    return [(dt.date(2020, 1, 6) + dt.timedelta(days=step * n)).strftime(form) for n in range(count)]


DATES = {
    "weeks": days(7, 60),
    "years": [f"{1900 + n}-01-01" for n in range(60)],
    "weekdays": [day for day in days(1, 84) if dt.date.fromisoformat(day).weekday() < 5],
    "weekdays with an hour": [f"{d} 17:30" for d in days(1, 84) if dt.date.fromisoformat(d).weekday() < 5],
    "months": months(1949, 60),
    "ends of months": [str(dt.date(2020 + n // 12, n % 12 + 1, 1) - dt.timedelta(days=1)) for n in range(60)],
    "quarters": [f"{1959 + n // 4}Q{n % 4 + 1}" for n in range(60)],
    "days first": days(1, 60, "%d/%m/%Y"),
    "months first": days(1, 60, "%m/%d/%Y"),
    "two digits": days(1, 60, "%d.%m.%y"),
    "no zeros": [f"{n % 12 + 1}/1/{2000 + n // 12}" for n in range(60)],
    "names of months": days(1, 60, "%d-%b-%Y"),
    "compact": days(1, 60, "%Y%m%d"),
    "T and Z": [f"2024-01-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(60)],
    "a zone": [f"2024-01-01 10:{n:02}:00+05:30" for n in range(60)],
    "half days": [f"2024-01-01 {n // 60 + 1}:{n % 60:02} PM" for n in range(60)],
    "fractions": [f"2024-01-01 00:00:{n // 4:02}.{n % 4 * 25:02}0000" for n in range(60)],
    "hours alone": [f"{8 + n // 60:02}:{n % 60:02}" for n in range(60)],
    "weeks of ISO 8601": days(7, 60, "%G-W%V"),
    "days of weeks": days(1, 60, "%G-W%V-%u"),
    "seconds as numbers": [f"{n * 0.5:g}" for n in range(60)],
}


@pytest.mark.parametrize("dates", DATES.values(), ids=DATES)
def test_times_of_every_form_come_back_in_it(tmp_path, dates):
    rows = [f"{date},{n * n % 17}" for n, date in enumerate(dates)]
    dataset = load(tmp_path, lines("date,x", *rows), window_length=5)
    assert dataset.decoder.names == ("x",)
    assert dataset.summary["step of time"].endswith("regular")
    assert columns_of(written(dataset, tmp_path, 0))["date"] == dates[:5]
    assert SPEC.decoder(dataset.decoder.manifest()).manifest() == dataset.decoder.manifest()


def test_dates_that_may_be_read_in_two_ways_say_so_and_an_option_decides(tmp_path):
    rows = [f"0{n % 9 + 1}/0{n % 7 + 1}/2021,{n}" for n in range(12)]
    asked = lines("date,x", *rows)
    months_first = table(asked, date_format="%m/%d/%Y").get("date").numbers()
    days_first = table(asked, date_format="%d/%m/%Y").get("date").numbers()
    assert months_first[1] == dt.datetime(2021, 2, 2, tzinfo=dt.UTC).timestamp()
    assert (days_first[7], months_first[7]) == tuple(
        dt.datetime(2021, *day, tzinfo=dt.UTC).timestamp() for day in ((1, 8), (8, 1))
    )
    assert "domain.date_format decides" in table(asked).notes[0]
    with pytest.raises(UsageError, match="no form of dates"):
        load(tmp_path, asked, date_format="%Q")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_the_encoding_of_a_file_comes_back(tmp_path, encoding):
    content = lines("höhe", *(f"{n % 17}.5" for n in range(60))).encode(encoding)
    dataset = load(tmp_path, content, window_length=5)
    assert columns_of(written(dataset, tmp_path, 0), encoding)["höhe"] == ["0.5", "1.5", "2.5", "3.5", "4.5"]


def test_weeks_follow_iso_8601_across_years(tmp_path):
    """2020 has 53 weeks, 2021 has 52."""
    read = table(lines("week,x", *(f"{week},{n}" for n, week in enumerate(["2020-W53", "2021-W01", "2021-W52"] * 4))))
    assert [dt.date.fromtimestamp(each) for each in read.get("week").numbers()[:3]] == [
        dt.date(2020, 12, 28), dt.date(2021, 1, 4), dt.date(2021, 12, 27)
    ]  # fmt: skip
    assert table(lines("week,x", *(f"2021-W53,{n}" for n in range(12)))).get("week").kind == "text"


def test_holidays_are_no_jumps_and_months_without_a_market_are(tmp_path):
    open_days = [day for day in days(1, 400) if dt.date.fromisoformat(day).weekday() < 5]
    traded = [day for n, day in enumerate(open_days) if n % 23 != 11 and not 100 <= n < 130]
    dataset = load(tmp_path, lines("date,close", *(f"{day},{n % 17}" for n, day in enumerate(traded))))
    assert dataset.summary["step of time"] == "1 weekday, with 1 jumps"


def test_times_far_beyond_any_calendar_are_written_at_its_end_and_never_fail(tmp_path):
    dataset = load(tmp_path, lines("date,x", *(f"{year}-01-01,{year % 7}" for year in range(1900, 1960))))
    assert dataset.decoder.about.clock.times(200_000)[-1] == "201899-01-01"
    clock = dataset.decoder.about.clock.model_copy(update={"step": 1e37, "unit": "second"})
    assert len(clock.times(50)) == 50


LONG = lines(
    "stock,date,close",
    *(
        f"{name},{day},{place * 100 + n}"
        for n, day in enumerate(days(1, 12))
        for place, name in enumerate("ABCDEFGHIJKL")
    ),
)


def test_a_long_table_is_divided_by_the_column_that_makes_its_times_single(tmp_path):
    dataset = load(tmp_path, LONG)
    assert "'stock' tells sequences apart" in dataset.summary["times"]
    assert len(dataset.train) + len(dataset.validation) == 12
    for place in range(len(dataset.train)):
        assert (np.diff(dataset.train[place][:, 0]) == 1).all()


def test_two_columns_may_tell_sequences_apart(tmp_path):
    rows = [f"{s},{i},{d},{n}" for n, d in enumerate(days(1, 5)) for s in ("s1", "s2", "s3") for i in "abcd"]
    dataset = load(tmp_path, lines("store,item,date,sold", *rows))
    assert "columns 'store' and 'item'" in dataset.summary["sequences"]
    assert len(dataset.train) + len(dataset.validation) == 12
    named = load(tmp_path, lines("store,item,date,sold", *rows), id="store,item")
    assert np.array_equal(outputs(named)["series"], outputs(dataset)["series"])
    assert dataset.decoder.read(tmp_path / "data.csv").lengths.tolist() == [5] * 12


def test_times_that_repeat_without_such_a_column_stop_the_reading(tmp_path):
    rows = [f"{day},{n}.5" for day in days(1, 30) for n in range(3)]
    with pytest.raises(DataError, match=r"repeats within a sequence: 60 of 90 rows") as caught:
        load(tmp_path, lines("date,x", *rows))
    assert "domain.id=" in caught.value.hint
    assert len(load(tmp_path, lines("date,x", *rows), time="none", window_length=3).train) > 0


def test_the_same_row_twice_counts_once_and_says_so(tmp_path):
    rows = [f"{day},{n % 13}" for n, day in enumerate(days(1, 60))]
    dataset = load(tmp_path, lines("date,x", *rows, *rows[10:20]), window_length=5, gap=0)
    assert counted(dataset, "left out, the same as the row before") == (10, 70)
    assert dataset.summary["step of time"].endswith("regular")


@pytest.mark.parametrize("words", [("none", "mild"), ("NA", "DE"), ("null", "-"), ("nan", "?")])
def test_classes_and_words_that_look_like_nothing_are_words(tmp_path, words):
    rows = [f"{n},{words[n % 2]},{(words[0], 'some')[n // 2 % 2]},{step}" for n in range(40) for step in range(3)]
    dataset = load(tmp_path, lines("id,kind,state,x", *rows), label="kind")
    assert sorted(dataset.spec.labels) == sorted(words)
    assert {column.name: set(column.levels) for column in dataset.spec.columns}["state"] == {words[0], "some"}
    assert set(columns_of(written(dataset, tmp_path))["kind"]) == set(words)


FACTS = lines(
    "patient,age,sex,plan,smokes,day,pulse,state",
    *(
        f"p{n},{20 + n},{'mf'[n % 2]},{('basic', 'plus, all', 'none')[n % 3]},{('True', 'False')[n % 2]},"
        f"{day},{60 + (n * day) % 40},{('rest', 'walk', 'run')[(n + day) % 3]}".replace("plus, all", '"plus, all"')
        for n in range(30)
        for day in range(2 + n % 9)
    ),
)


def test_words_and_facts_of_whole_sequences_are_modelled_as_what_they_are(tmp_path):
    spec = load(tmp_path, FACTS).spec
    assert {c.name: (c.features, c.constant, c.grid) for c in spec.columns} == {
        "age": (1, True, 1.0),
        "sex": (2, True, 0.0),
        "plan": (3, True, 0.0),
        "smokes": (2, True, 0.0),
        "pulse": (1, False, 1.0),
        "state": (3, False, 0.0),
    }
    assert spec.names[:6] == ("age", "sex=f", "sex=m", "plan=basic", "plan=none", "plan=plus, all")
    assert (spec.minimum[1:8] == 0).all()
    assert (spec.maximum[1:8] == 1).all()


def test_lengths_are_those_of_training(tmp_path):
    dataset = load(tmp_path, FACTS)
    counts = np.bincount(dataset.train.lengths, minlength=11)[1:]
    assert np.array_equal(dataset.spec.length_shares, counts / counts.sum())
    assert dataset.spec.variable
    assert not load(tmp_path, LONG).spec.variable


def test_a_model_of_words_need_not_be_sure_and_facts_are_the_same_all_along():
    variables = Variables((
        Variable(name="age", decimals=0, lasting=True),
        Variable(name="sex", levels=("f", "m"), lasting=True),
        Variable(name="state", levels=("rest", "run")),
    ))  # fmt: skip
    step = [[30.4, 0.3, 0.4, 0.2, 0.9], [32.2, 0.9, 0.2, 0.6, 0.5], [99.0, 0.0, 9.0, 0.5, 0.5]]
    values = variables.decode(np.array([step], np.float32), np.array([2])).values
    assert values[0, :2].tolist() == [[31, 0, 1], [31, 0, 0]]  # the third step does not count


def test_samples_are_as_long_as_the_model_says_and_carry_their_class(tmp_path):
    dataset = load(tmp_path, FACTS, label="plan")
    series = np.zeros((3, 10, dataset.spec.features), np.float32)
    samples = dataset.decoder.decode({"series": series, "lengths": np.array([2, 10, 99])})
    assert [len(sample.values) for sample in samples] == [2, 10, 10]
    content = dataset.decoder.write(samples, tmp_path, ["none", "basic", "plus, all"])[0].read_bytes()
    assert columns_of(content)["plan"] == ["none"] * 2 + ["basic"] * 10 + ["plus, all"] * 10


def test_a_sample_as_a_document_holds_numbers_and_words(tmp_path):
    values = np.array([[1.0, 0.25, 1.0], [2.0, np.nan, np.nan]])
    sample = SeriesSample(("n", "x", "w"), values, ((), (), ("a", "b")))
    document = load(tmp_path, LONG).decoder.document(sample)
    assert document == {"n": [1, 2], "x": [0.25, None], "w": ["b", None]}


@pytest.mark.parametrize(
    ("cells", "numbers", "back"),
    [
        (["3058013", "7"], [3058013, 7], ["3058013", "7"]),
        (["12.50", "7.00"], [12.5, 7], ["12.50", "7.00"]),
        (["19.2", "7.25"], [19.2, 7.25], ["19.2", "7.25"]),
        (["12%", "7%"], [12, 7], ["12%", "7%"]),
        (["$1.5", "$2.5"], [1.5, 2.5], ["$1.5", "$2.5"]),
        (['"1,234.56"', "7.00"], [1234.56, 7], ['"1,234.56"', "7.00"]),
        (["1 234", "7"], [1234, 7], ["1 234", "7"]),
        (["-0.004", "0.001"], [-0.004, 0.001], ["-0.004", "0.001"]),
        (["1234567890123456", "1234567890123459"], [1234567890123456, 1234567890123459], None),
        (["1700000000123", "1700000000124"], [1700000000123, 1700000000124], None),
        (["101325.25", "101325.75"], [101325.25, 101325.75], None),
    ],
)
def test_numbers_are_written_as_they_were(tmp_path, cells, numbers, back):
    rows = [f"{cells[n * n % 5 % 2]},{n % 3}" for n in range(60)]
    dataset = load(tmp_path, lines("x,y", *rows), window_length=5, time="none")
    decoded = dataset.decoder.decode(outputs(dataset, 0))[0]
    assert decoded.values[:, 0].tolist() == [numbers[n * n % 5 % 2] for n in range(5)]
    content = written(dataset, tmp_path, 0).decode()
    assert [line.rpartition(",")[0] for line in content.splitlines()[1:]] == [
        f"1,{(back or cells)[n * n % 5 % 2]}" for n in range(5)
    ]


def test_more_digits_than_a_model_knows_are_said(tmp_path):
    rows = [f"{(n * 7919) ** 4 % 10**15},{n % 7}" for n in range(1, 80)]
    assert "precision" in load(tmp_path, lines("x,y", *rows)).summary
    assert "precision" not in load(tmp_path, lines("x,y", *(f"{n * 0.25},{n % 7}" for n in range(80)))).summary


DIALECTS = {
    "continental": (
        "latin-1",
        ";",
        "\r\n",
        ['"nr";"ort";"preis";"anteil"', *(f'{n};"Köln";1.{100 + n},5{n % 10};"{n},5 %"' for n in range(40))],
    ),
    "tabs": ("utf-8-sig", "\t", "\n", ["nr\tort\tpreis", *(f"{n}\tKöln\t{n}.25" for n in range(40))]),
    "all in quotes": ("utf-8", ",", "\n", ['"nr","ort"', *(f'"{n}","a ""b"" {n % 3}"' for n in range(40))]),
    "where needed": ("utf-8", ",", "\n", ["nr,ort", *(f'{n},"a, {n % 3}"' if n % 2 else f"{n},b" for n in range(40))]),
}


@pytest.mark.parametrize(("encoding", "separator", "end", "rows"), DIALECTS.values(), ids=DIALECTS)
def test_samples_are_written_in_the_dialect_of_the_data(tmp_path, encoding, separator, end, rows):
    content = end.join([*rows, ""]).encode(encoding)
    dataset = load(tmp_path, content, time="none", window_length=4)
    back = written(dataset, tmp_path, 0)
    assert back.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    found = [line.split(separator, 1)[1] for line in back.decode(encoding).split(end)[:-1]]
    assert found == rows[:5]


@pytest.mark.parametrize(
    ("first", "last", "gone"),
    [
        ("", "Total,1234", 1),
        ("", ",\nTotal,1234,5\n(40 rows)", 2),
        ("", "Summe;alles\n# Quelle: mein Zähler", 2),
        ("s,kWh\n", "", 1),
        ("", "", 0),
    ],
)
def test_lines_that_are_no_rows_are_left_out_and_counted(tmp_path, first, last, gone):
    rows = [f"2024-01-{1 + n // 24:02} {n % 24:02}:00,{n % 9}.5" for n in range(60)]
    dataset = load(tmp_path, "when,load\n" + first + "\n".join(rows) + "\n" + last, window_length=4)
    assert dataset.decoder.names == ("load",)
    assert counted(dataset, "left out, as they are no rows of the table") == (gone, 60 + gone + last.startswith(","))
    assert dataset.summary["step of time"] == "3600 s, regular"
    assert ("lines that are no rows" in dataset.summary["data"]) == bool(gone)


def test_numbers_that_only_later_have_thousands_are_numbers(tmp_path):
    rows = [f'{n},"{n * 37:,}"' for n in range(90)]
    dataset = load(tmp_path, lines("n,x", *rows))
    assert dataset.decoder.names == ("x",)
    assert dataset.decoder.about.columns[0].thousands == ","


def test_packed_tables_are_read_up_to_a_bound(tmp_path, monkeypatch):
    text = LONG.encode()
    assert load(tmp_path, gzip.compress(text), "long.csv.gz").spec.names == ("close",)
    assert table(LONG).rows == read_table(Path("a.csv.gz"), gzip.compress(text[:9]) + gzip.compress(text[9:])).rows
    with pytest.raises(DataError, match="ends too early"):
        load(tmp_path, gzip.compress(text)[:-9], "cut.csv.gz")
    with pytest.raises(DataError, match="no gzip file"):
        load(tmp_path, b"a,b\n1,2\n", "plain.csv.gz")
    monkeypatch.setattr(tables, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="it holds more than"):
        load(tmp_path, gzip.compress(b"1,2\n" * 10**6), "bomb.csv.gz")


def test_every_row_begins_a_window_and_none_is_copied(tmp_path):
    dataset = load(tmp_path, lines("x,y", *(f"{n},{n * n % 31}" for n in range(30_000))), time="none")
    assert len(dataset.train) == 30_000 - 3000 - 24 - 23
    assert dataset.train.nbytes < 3 * 30_000 * 2 * 4
    batch = dataset.train.take(np.array([26_900, 0, 17]))
    assert batch.values[:, 0, 0].tolist() == [26_900, 0, 17]
    assert (np.diff(batch.values[:, :, 0]) == 1).all()
    held_out = dataset.validation.take(np.arange(len(dataset.validation))).values[:, :, 0]
    assert set(held_out.ravel().astype(int).tolist()) == set(range(27_000, 30_000))


def test_samples_stay_within_the_data_unless_they_may_go_beyond(tmp_path, caplog):
    text = lines("volume", *(str(1000 + 37 * (n % 30)) for n in range(90)))
    series = np.array([[[-82_883_840.0], [1000], [1500.4], [1e30]]], np.float32)
    sample = load(tmp_path, text).decoder.decode({"series": series})[0]
    assert sample.values[:, 0].tolist() == [1000, 1000, 1500, 2073]
    assert load(tmp_path, text).decoder.preview(sample).endswith("(2 beyond the data, brought back)")
    load(tmp_path, text).decoder.write([sample], tmp_path)
    assert "2 of 4 values lay beyond those of the data" in caplog.text
    free = load(tmp_path, text, beyond=1.0).decoder.decode({"series": series})[0]
    assert free.values[:, 0].tolist() == [-73, 1000, 1500, 3146]
    assert load(tmp_path, text, beyond=1.0).spec.minimum[0] == 1000


def test_words_and_classes_that_only_held_out_rows_have_are_counted(tmp_path):
    rows = [f"{'ab'[n % 2] if n < 190 else 'c'},{n * n % 17}" for n in range(200)]
    dataset = load(tmp_path, lines("state,x", *rows), window_length=4, stride=4, gap=0)
    assert dataset.spec.columns[0].levels == ("a", "b")
    assert counted(dataset, "left out, of a class or a word") == (3, 5)


def test_words_of_many_kinds_are_left_out_and_counted_and_may_be_asked_for(tmp_path):
    text = lines("note,x", *(f"w{n % 60},{n % 7}" for n in range(200)))
    dataset = load(tmp_path, text)
    assert str(dataset.tallies[0]) == "1 of 2 columns (50%): left out"
    assert "note (words of 60 kinds" in dataset.summary["columns left out"]
    assert load(tmp_path, text, max_levels=60).spec.features == 61
    assert load(tmp_path, text, categorical=["x"]).spec.columns[0].levels == tuple("0123456")


def test_files_that_the_user_names_are_held_out(tmp_path):
    for number in range(12):
        load_of = lines("x", *(f"{number}.{step}" for step in range(5)))
        (tmp_path / f"{number}.csv").write_text(load_of)
    dataset = SPEC.load(SPEC.options(pictured=0, held_out=["3.csv", "7.csv"]), tmp_path, 0)
    assert sorted(int(dataset.validation[place][0, 0]) for place in range(2)) == [3, 7]
    assert (len(dataset.train), len(dataset.validation)) == (10, 2)


def test_nothing_is_lost_between_reading_and_reading_again_but_what_was_counted(tmp_path):
    """Read, encode, decode, write, read again; held-out rows beyond the range of training are what is counted."""
    rows = [
        f"2024-03-{1 + n // 24:02} {n % 24:02}:00,{n * n % 97 / 4:.2f},{n % 11 if n % 9 else ''},"
        f"{'none' if n % 5 else 'rain'},{n % 2 == 0},7.5,{1_700_000_000_000 + n}"
        for n in range(24 * 20)
    ]
    dataset = load(tmp_path, lines("when,load,n,sky,open,same,stamp", *rows), missing="mask", window_length=24)
    for source, most in ((dataset.train, 0), (dataset.validation, 24 * len(dataset.validation))):
        batch = source.take(np.arange(0, len(source), 24))
        samples = dataset.decoder.decode({"series": batch.values})
        (tmp_path / "out").mkdir(exist_ok=True)
        (file,) = dataset.decoder.write(samples, tmp_path / "out")
        again = dataset.decoder.read(file)
        off = again.values != batch.values
        off[:, :, 1] &= batch.values[:, :, -1] == 1  # where n is missing, there is only a filling
        assert np.count_nonzero(off) == sum(sample.beyond for sample in samples) <= most


def test_too_little_to_train_on_can_still_be_looked_at(tmp_path):
    with pytest.raises(TooLittleError, match="at least 10 are needed") as caught:
        load(tmp_path, lines("date,x", *(f"{day},{n}" for n, day in enumerate(days(1, 6)))))
    dataset = caught.value.dataset
    assert (len(dataset.train), len(dataset.validation)) == (2, 0)
    assert dataset.decoder.names == ("x",)


def test_what_cannot_be_sampled_is_refused_when_it_is_loaded_and_when_it_is_exported(tmp_path):
    """One model checks the manifest on both sides."""
    decoder = load(tmp_path, LONG).decoder
    manifest = decoder.manifest()
    manifest["clock"]["step"] = -1.0
    with pytest.raises(DataError, match=r"clock\.step is -1\.0"):
        SPEC.decoder(manifest)
    with pytest.raises(ValueError, match="greater than 0"):
        type(decoder.about)(**{**dict(decoder.about), "clock": {**dict(decoder.about.clock), "step": -1.0}})
