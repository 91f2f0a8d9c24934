"""Pictures as series of rows: from files, without files, and back."""

import json
import subprocess
import sys

import numpy as np
import pytest
from frames_support import one_decoding_process  # noqa: F401
from PIL import Image

from rgan_kit.contracts import DataError, UsageError
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.images import SPEC
from rgan_kit_plugins.domains.images.decoder import ImagesDecoder
from rgan_kit_plugins.worlds.glyphs import DIGITS, GlyphsTruth, draw

OPTIONS = SPEC.options(height=16, width=16)
TRUTH = GlyphsTruth(16, 16)
PICTURES, SHOWN = draw(300, 16, 16, 1, np.random.default_rng(3))


def everything(dataset) -> np.ndarray:
    parts = [source.take(np.arange(len(source))).values for source in (dataset.train, dataset.validation)]
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    files = SPEC.make(SPEC.options(embedded_pictures=40), folder, 3)
    assert len(files) == 50 and {file.parent.name for file in files} == set(DIGITS)
    return folder


def test_the_embedded_pictures_are_series_of_rows_in_their_own_units():
    dataset = SPEC.load(SPEC.options(embedded_pictures=40), None, 0)
    batch = dataset.train.take(np.array([7, 3]))
    assert batch.values.dtype == np.float32 and batch.values.shape == (2, 16, 16)
    assert batch.lengths.tolist() == [16, 16] == dataset.train.lengths[:2].tolist()
    assert (dataset.spec.length, dataset.spec.features, dataset.spec.labels) == (16, 16, DIGITS)
    assert dataset.spec.minimum.tolist() == [0] * 16 and dataset.spec.maximum.tolist() == [255] * 16
    assert len(dataset.spec.names) == 16
    assert 0 <= batch.values.min() < 20 and batch.values.max() > 150
    again, other = (SPEC.load(SPEC.options(embedded_pictures=40), None, seed) for seed in (0, 1))
    assert again.fingerprint == dataset.fingerprint != other.fingerprint


def test_colour_is_three_numbers_a_pixel_by_name():
    dataset = SPEC.load(SPEC.options(embedded_pictures=10, colour="colour", width=20), None, 0)
    assert dataset.spec.features == 60 and dataset.spec.names[4] == "column 2 green"
    (picture,) = dataset.decoder.decode({"series": dataset.train.take(np.array([0])).values})
    assert picture.shape == (16, 20, 3)


def test_decoding_gives_back_the_pictures_that_were_read(made):
    dataset = SPEC.load(OPTIONS, made, 0)
    drawn = SPEC.load(SPEC.options(embedded_pictures=40), None, 3)
    pictures = dataset.decoder.decode({"series": everything(dataset)})
    originals = drawn.decoder.decode({"series": everything(drawn)})
    assert sorted(map(bytes, pictures)) == sorted(map(bytes, originals))
    assert dataset.spec.labels == DIGITS
    for number in range(5):
        batch = dataset.train.take(np.array([number]))
        (file,) = [
            file for file in made.rglob("*.png") if np.array_equal(np.asarray(Image.open(file)), batch.values[0])
        ]
        assert file.parent.name == DIGITS[batch.labels[0]]
    read = dataset.decoder.read(made / "4")
    assert read.values.shape[1:] == (16, 16) and read.values.dtype == np.float32


def test_pictures_of_any_size_colour_and_position_are_made_alike(tmp_path):
    white = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    white.save(tmp_path / "transparent.png")
    lying = Image.new("RGB", (60, 40), "black")
    lying.paste("white", (0, 0, 30, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise to see it upright
    lying.save(tmp_path / "upright.jpg", exif=exif)
    for number in range(9):
        Image.new("P", (30, 90), number).convert("RGB").save(tmp_path / f"other{number}.webp")
    dataset = SPEC.load(SPEC.options(height=8, width=8), tmp_path, 0)
    pictures = dataset.decoder.decode({"series": everything(dataset)})
    assert len(pictures) == 11 and dataset.spec.labels == ()
    assert any((picture == 255).all() for picture in pictures)
    assert any(picture[:3].mean() > 245 and picture[5:].mean() < 10 for picture in pictures)


def test_files_that_cannot_be_read_are_listed(tmp_path, made):
    for number, file in enumerate(sorted(made.rglob("*.png"))[:12]):
        (tmp_path / f"{number}.png").write_bytes(file.read_bytes())
    (tmp_path / "cut.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    (tmp_path / "text.jpg").write_text("hello")
    dataset = SPEC.load(OPTIONS, tmp_path, 0)
    assert dataset.refused.keys() == {"cut.png", "text.jpg"}
    assert "this is no picture" in dataset.refused["text.jpg"]
    for file in list(tmp_path.glob("[0-9].png"))[:5]:
        file.unlink()
    with pytest.raises(DataError, match="7 pictures can be read; at least 10"):
        SPEC.load(OPTIONS, tmp_path, 0)


def test_real_digits_are_recognised():
    correlations, digits = TRUTH.recognise(PICTURES[..., 0].astype(np.float32))
    assert np.array_equal(digits, SHOWN)
    assert correlations.min() > 0.99
    figures = TRUTH.measure(list(PICTURES))
    assert figures.keys() == TRUTH.reference().keys()
    assert figures == pytest.approx(TRUTH.reference(), abs=1e-3)


@pytest.mark.parametrize(
    ("broken", "most"),
    [
        (lambda p: p[:, np.random.default_rng(0).permutation(16)], 0.02),
        (lambda p: np.concatenate([p[:-1, :8], p[1:, 8:]], axis=1), 0.25),
        (lambda p: np.random.default_rng(0).integers(0, 256, p.shape).astype(np.uint8), 0.0),
        (lambda p: np.repeat(p.mean(0, keepdims=True), 5, 0).astype(np.uint8), 0.0),
        (np.zeros_like, 0.0),
        (lambda p: 255 - p, 0.0),
        (lambda p: np.full_like(p, 255), 0.0),
    ],
    ids=["rows shuffled", "halves exchanged", "noise", "mean", "black", "negative", "white"],
)
def test_what_is_no_digit_is_not_recognised(broken, most):
    assert TRUTH.measure(list(broken(PICTURES)))["valid"] <= most


def test_the_balance_of_digits_falls_when_some_are_missing():
    assert TRUTH.measure(list(PICTURES[SHOWN == 3]))["digit_balance"] == pytest.approx(0)
    assert TRUTH.measure(list(PICTURES[SHOWN < 5]))["digit_balance"] == pytest.approx(4 / 9, abs=1e-6)
    assert np.isnan(TRUTH.measure([])["valid"])


def test_digits_too_small_to_be_told_apart_are_refused():
    with pytest.raises(UsageError, match="Digits need 12 pixels"):
        SPEC.load(SPEC.options(height=8), None, 0)


def test_anything_that_a_graph_can_produce_is_decoded_shown_and_written(tmp_path):
    decoder = ImagesDecoder(Preparation(16, 16, 1))
    strange = np.array([np.nan, np.inf, -np.inf, -3, 300, 127.5] * 16, np.float32).reshape(1, 6, 16)
    (picture,) = decoder.decode({"series": strange})
    assert picture.dtype == np.uint8 and picture.shape == (6, 16, 1)
    assert picture.ravel()[:6].tolist() == [0, 255, 0, 0, 255, 128]
    assert "\n" not in decoder.preview(picture)
    assert decoder.decode({"series": np.zeros((0, 16, 16), np.float32)}) == []
    files = decoder.write([picture] * 70, tmp_path)
    assert len(files) == 71 == len(list(tmp_path.iterdir()))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "sample-0070.png")), picture[..., 0])
    assert decoder.write([], tmp_path) == []


def test_a_fresh_process_decodes_from_the_manifest_alone_without_torch():
    manifest = ImagesDecoder(Preparation(16, 16, 1)).manifest()
    code = (
        "import json, sys, numpy as np\n"
        "from rgan_kit_plugins.domains.images import SPEC\n"
        "decoder = SPEC.decoder(json.loads(sys.argv[1]))\n"
        "print(decoder.decode({'series': np.full((1, 16, 16), 9.4)})[0].sum(), 'torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, json.dumps(manifest)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["2304", "False"]


def test_a_manifest_from_a_stranger_is_refused_with_all_its_faults():
    good = ImagesDecoder(Preparation(16, 16, 1)).manifest()
    with pytest.raises(DataError) as caught:
        SPEC.decoder({**good, "height": -1, "channels": True, "version": 2})
    for words in ("height is -1", "channels is True", "version is 2"):
        assert words in caught.value.problem
