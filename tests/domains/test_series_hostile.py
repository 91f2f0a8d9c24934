"""Files from strangers: an error with file and reason, or a file skipped and listed; never a crash, never a hang."""

import io
import os
import random
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from rgan_kit.contracts import DataError, ExitCode
from rgan_kit_plugins.domains.series import SPEC, reading

TABLE = {
    "time": [float(i) for i in range(60)],
    "a": [(i * i) % 37 / 8 for i in range(60)],
    "b": [i % 9 for i in range(60)],
    "s": ["x", "y", "z"] * 20,
}
TOKENS = (b"nan", b"inf", b'"', b",", b"\n", b";", b"\xff\xff\xff\xff", b"\x00", b"9" * 40, b"1e309", b"\xef\xbb\xbf")


def as_csv() -> bytes:
    rows = zip(*TABLE.values(), strict=True)
    return "\n".join([",".join(TABLE), *(",".join(map(str, row)) for row in rows)]).encode()


def as_parquet(table: dict[str, object] | None = None, **options: object) -> bytes:
    target = io.BytesIO()
    parquet.write_table(pa.table(table or TABLE), target, **options)
    return target.getvalue()


def mutate(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(changed)) if changed else 0
        kind = rng.randrange(5)
        if kind == 0:
            changed[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del changed[place : place + rng.randrange(1, 40)]
        elif kind == 2:
            changed[place:place] = rng.randbytes(rng.randrange(1, 20))
        elif kind == 3:
            changed[place:place] = changed[: rng.randrange(len(changed) + 1)]
        else:
            token = rng.choice(TOKENS)
            changed[place : place + len(token)] = token
    return bytes(changed)


@pytest.mark.parametrize(("name", "content"), [("x.csv", as_csv()), ("x.parquet", as_parquet())])
def test_three_hundred_mutations_load_or_are_refused(tmp_path, name, content):
    rng = random.Random(7)
    path = tmp_path / name
    loaded = refused = 0
    for _ in range(300):
        path.write_bytes(mutate(content, rng))
        started = time.perf_counter()
        try:
            dataset = SPEC.load(SPEC.options(), path, 0)
        except DataError as error:
            assert str(path) in error.problem
            refused += 1
        else:
            for source in (dataset.train, dataset.validation):
                assert np.isfinite(source.take(np.arange(len(source))).values).all()
            loaded += 1
        assert time.perf_counter() - started < 5
    assert loaded > 10
    assert refused > 10


def error_of(path: Path, content: bytes) -> DataError:
    path.write_bytes(content)
    started = time.perf_counter()
    with pytest.raises(DataError) as caught:
        SPEC.load(SPEC.options(), path, 0)
    assert time.perf_counter() - started < 10
    assert caught.value.exit_code is ExitCode.DATA
    assert str(path) in caught.value.problem
    assert len(str(caught.value)) < 1000
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "nothing in it"),
        ("blank.csv", b"\n \n\n", "nothing in it"),
        ("header.csv", b"a,b\n", "no rows"),
        ("comments.csv", b"# a\n# b\n", "only comments"),
        ("ragged.csv", b"a,b\n1,2\n3,4\n1,2,3\n5,6\n", "Row #4: Expected 2 columns, got 3"),
        ("text.csv", b"who,what\nyou,that\n", "no column of numbers"),
        ("field.csv", b"a,b\n1,2\n" + b"9" * 3_000_000 + b",3\n", "longer than 1,048,576 bytes"),
        ("line.csv", b"," * 3_000_000, "first line is longer"),
        ("columns.csv", b",".join(b"c%d" % i for i in range(5000)) + b"\n" + b"1," * 4999 + b"1\n", "5,000 columns"),
        ("wide.csv", "a,b\n1,2\n".encode("utf-16")[:-1], "line 2: byte 0x0a at offset 16 of the file is not UTF-16"),
        ("zero.csv", b"a,b\n1,\x00\n", "zero byte"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00", "zero byte"),
        ("really.csv", as_parquet(), "this is a Parquet file"),
        ("really.parquet", as_csv(), "not a parquet file"),
        ("empty.parquet", b"", "0 bytes"),
        ("cut.parquet", as_parquet()[:-20], "magic bytes"),
        ("rows.parquet", as_parquet({"a": pa.array([], pa.float64())}), "no rows"),
        ("nested.parquet", as_parquet({"a": [[1.0, 2.0]] * 20}), "no column of numbers"),
        ("many.parquet", as_parquet({f"c{i}": [1.0] for i in range(4100)}), "4,100 columns"),
        ("same.csv", b"a\n" + b"5\n" * 200, "one value only"),
        ("steer.csv", b"\x1b[2J,b\x07\nx,y\n", "?[2J, b?"),
    ],
)
def test_unusable_files_are_named_with_the_reason(tmp_path, name, content, words):
    assert words in str(error_of(tmp_path / name, content))


def test_a_claim_of_a_billion_rows_is_refused_before_they_are_read(tmp_path):
    rows = 20_000_000
    content = as_parquet({"a": pa.array(np.zeros(rows, np.int8))}, compression="zstd")
    before = pa.total_allocated_bytes()
    error = error_of(tmp_path / "many.parquet", content)
    assert f"it claims {rows:,} rows" in error.problem
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_a_long_text_that_many_rows_repeat_is_not_multiplied(tmp_path):
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400, np.int32)), pa.array(["x" * 1_000_000]))
    path = tmp_path / "text.parquet"
    path.write_bytes(as_parquet({"id": long, "a": [float((i * i) % 31) for i in range(400)]}, store_schema=False))
    assert path.stat().st_size < 100_000
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    table = SPEC.load(SPEC.options(), path, 0)
    assert "id" in table.summary["columns left out"]
    from rgan_kit_plugins.domains.series.tables import read_table

    read = read_table(path, path.read_bytes())
    assert pool.bytes_allocated() - before < 50_000_000
    assert len(read.columns[0].classes()[1]) == 1


def test_nothing_outside_the_folder_is_read(tmp_path):
    (tmp_path / "outside.csv").write_bytes(as_csv().replace(b"a,b", b"secret,b"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.csv").write_bytes(as_csv())
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "own.csv").write_bytes(as_csv())
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (folder / "deeper").symlink_to(tmp_path / "elsewhere")
    (folder / ".hidden.csv").write_bytes(as_csv())
    os.mkfifo(folder / "pipe.csv")
    dataset = SPEC.load(SPEC.options(), folder, 0)
    assert dataset.refused == {
        ".hidden.csv": "hidden",
        "deeper/": "a symbolic link, which is not followed",
        "gone.csv": "a symbolic link, which is not followed",
        "link.csv": "a symbolic link, which is not followed",
        "pipe.csv": "no regular file",
    }
    assert dataset.summary["data"].startswith("1 file in")
    assert dataset.decoder.names == ("a", "b", "s")


def test_a_folder_of_unusable_files_says_why(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x00")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"(?s)b\.csv: a symbolic link.*a\.csv: a zero byte"):
        SPEC.load(SPEC.options(), tmp_path, 0)


def test_missing_paths_and_other_endings_are_no_tracebacks(tmp_path):
    (tmp_path / "notes.md").write_text("x")
    for path in (tmp_path / "no.csv", tmp_path / "notes.md", tmp_path, tmp_path / ("a" * 5000 + ".csv")):
        with pytest.raises(DataError):
            SPEC.load(SPEC.options(), path, 0)


def test_more_than_memory_should_hold_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    assert "at most" in error_of(tmp_path / "a.csv", as_csv()).problem
