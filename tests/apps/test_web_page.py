"""The page in a real browser: every kind as it deserves, by mouse and keyboard, without a word in the console."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from apps_page import Page
from apps_support import PICTURES, ROOT
from PIL import Image, ImageSequence

from rgan_kit.cli.demo_server import serving
from rgan_kit.runtime import latent, load

pytestmark = pytest.mark.apps

KINDS = ["text", "labelled text", "melody", "events", "bars", "pianoroll", "struck", "series", "images", "video"]
RECURRENT = ["lstm", "gru in int8", "rnn in float16"]
EXAMPLES = sorted((ROOT / "exported" / "models").glob("*.onnx"))
SLOW = 20_000
"""Milliseconds to a first sample that even a busy machine does not need; on an idle one it is well below a second."""


def keep(page: Page, name: str) -> None:
    """A picture for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.tab.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def first_sample(status: str) -> int:
    """Milliseconds from the file's arrival to its first samples."""
    return int(re.search(r"(\d+) ms after the file arrived", status)[1])


@pytest.mark.parametrize("name", KINDS)
def test_shows_a_model_that_is_dropped_on_it(name, shown, crafted, record_property):
    page = shown("text")
    drop(page, crafted[name])
    took = first_sample(page.wait_until("after the file arrived"))
    record_property("first_sample_ms", took)
    print(f"{name}: first sample {took} ms after the file arrived")
    assert took < SLOW
    page.tab.wait_for_timeout(2500)  # text has come in
    keep(page, name.replace(" ", "-"))
    assert page.tab.locator("#samples > *").count() == 1


def drop(page: Page, file: Path) -> None:
    """As if the user let it fall on the page."""
    content = base64.b64encode(file.read_bytes()).decode()
    transfer = page.tab.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
            return transfer;
        }""",
        [file.name, content],
    )
    page.tab.locator("#status").evaluate("element => element.textContent = ''")
    page.tab.dispatch_event("body", "drop", {"dataTransfer": transfer})


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shows_the_example_models_from_rgankit_demo(file, scheme, browser):
    page = Page(browser, color_scheme=scheme)
    with serving(file) as address:
        page.open(address)
        took = first_sample(page.wait_until("after the file arrived"))
        print(f"{file.stem}: first sample {took} ms after the file arrived, onnxruntime's start included")
        page.tab.wait_for_timeout(2500)
        keep(page, f"{file.stem}-{scheme}")
    page.context.close()
    assert took < SLOW
    assert page.complaints == []


def test_works_without_a_network_once_it_is_loaded(shown, crafted):
    page = shown("text")
    page.context.set_offline(True)
    drop(page, crafted["series"])
    page.wait_until("after the file arrived")


def test_text_is_what_python_writes_and_never_markup(shown, crafted):
    page = shown("text")
    page.set("Samples", 40)
    expected = load(crafted["text"], provider="cpu").sample(40, seed=1)
    assert page.saved("Save text").decode().splitlines() == expected
    page.tab.locator(".texts[aria-busy=false]").wait_for()
    assert page.tab.locator(".texts li").all_inner_texts() == expected
    assert any("<b>bold</b>" in line for line in expected)
    assert page.tab.locator(".texts b").count() == 0


@pytest.mark.parametrize("name", ["melody", "events", "bars", "pianoroll", "struck"])
def test_midi_files_are_those_of_python(name, shown, crafted, tmp_path):
    page = shown(name)
    model = load(crafted[name], provider="cpu")
    written = [file for file in model.save(model.sample(3, seed=1), tmp_path) if file.suffix == ".mid"]
    for number, file in enumerate(written, 1):
        assert page.saved(f"Save Sample {number} as MIDI") == file.read_bytes()


def test_music_plays_and_stops(shown):
    page = shown("melody")
    page.tab.get_by_role("button", name="Play Sample 1").click()
    page.tab.get_by_role("button", name="Play Sample 2").click()  # which ends the first
    page.tab.get_by_role("button", name="Play Sample 1").wait_for()
    page.tab.get_by_role("button", name="Stop Sample 2").click()
    page.tab.get_by_role("button", name="Play Sample 2").wait_for()


@pytest.mark.parametrize(
    ("name", "output"),
    [("series", "series"), ("images", "series"), ("video", "frames"), *((name, "series") for name in RECURRENT)],
)
def test_numbers_are_those_of_python(name, output, shown, crafted):
    page = shown(name)
    page.set("Samples", 3)
    saved = json.loads(page.saved("Save numbers"))
    expected = load(crafted[name], provider="cpu").outputs(3, seed=1)[output]
    assert saved["shape"] == list(expected.shape)
    given = np.array(saved[output], np.float64).reshape(expected.shape)
    assert np.abs(given - expected).max() <= (1 if output == "frames" else 1e-4)


def test_a_table_is_that_of_python(shown, crafted, tmp_path):
    page = shown("series")
    drawn = list(csv.reader(io.StringIO(page.saved("Save CSV").decode())))
    model = load(crafted["series"], provider="cpu")
    [table] = [file for file in model.save(model.sample(4, seed=1), tmp_path) if file.suffix == ".csv"]
    written = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert drawn[0] == ["sample", "temperature, °C", "count", "station", "mood", "town", '"gaps"']
    assert len(drawn) == len(written)
    for own, other in zip(drawn[1:], written[1:], strict=True):
        for mine, others in zip(own[1:], other[-6:], strict=True):
            assert mine == others or abs(float(mine) - float(others)) < 1e-4
    words = {row[4] for row in drawn[1:]}
    assert words == {"calm, really", "merry"}
    assert page.tab.locator(".chart").count() == 4  # what never varies needs no chart


def test_labels_and_temperature_are_obeyed(shown, crafted):
    page = shown("labelled text")
    page.tab.get_by_label("Label", exact=True).select_option("merry")
    page.redrawn()
    page.set("Temperature", 0.5)
    tokens = json.loads(page.saved("Save numbers"))["tokens"]
    expected = load(crafted["labelled text"], provider="cpu").outputs(8, seed=1, label="merry", temperature=0.5)
    assert tokens == expected["tokens"].tolist()


def test_moves_in_the_latent_space_are_those_of_python(shown, crafted):
    page = shown("series")
    page.set("Samples", 1)
    page.set("Seed to the right", 9)
    page.set("Right", 0.3)
    page.set("Seed above", 4)
    page.set("Up", 0.5)
    saved = np.array(json.loads(page.saved("Save numbers"))["series"])
    model = load(crafted["series"], provider="cpu")
    start, right, above = (latent.prior(model, seed)[0] for seed in (1, 9, 4))
    at = latent.slerp(latent.slerp(start, right, 11)[3], above, 3)[[1]]
    from rgan_kit.runtime import noise

    given = noise.normal(1, 0, 1, 24, model.manifest.noise_size)
    assert np.abs(saved - model.run(noise=given, latent=at)["series"].ravel()).max() < 1e-4


def test_the_pad_moves_both_sliders_of_the_latent_space(shown):
    page = shown("series")
    box = page.tab.locator(".pad").bounding_box()
    page.tab.locator(".pad").scroll_into_view_if_needed()
    box = page.tab.locator(".pad").bounding_box()
    page.tab.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.2 * box["height"])
    page.redrawn()
    values = [
        float(page.tab.locator("#controls").get_by_label(name, exact=True).input_value()) for name in ("Right", "Up")
    ]
    assert np.allclose(values, (0.25, 0.8), atol=0.051)
    keep(page, "latent-pad")


@pytest.mark.parametrize(
    ("label", "typed", "said"),
    [("Seed", "abc", "Seed: “abc” is no whole number"),
     ("Seed", "18446744073709551616", "from 0 to 18446744073709551615"),
     ("Samples", "99999", "Samples: “99999” is no whole number from 1 to 64"), ("Samples", "0", "from 1 to 64"),
     ("Longest", "2.5", "Longest: “2.5” is no whole number")],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused_and_the_samples_stay(label, typed, said, shown):
    page = shown("text")
    page.see()
    field = page.tab.locator("#controls").get_by_label(label, exact=True)
    field.fill(typed)
    assert said in page.problem()
    assert field.get_attribute("aria-invalid") == "true"
    assert page.tab.locator("#samples > [data-seen]").count() == 1
    page.set(label, 7)
    assert page.tab.locator("#problem").inner_text() == ""


def test_a_link_repeats_the_draw(browser, crafted):
    page = Page(browser)
    with serving(crafted["labelled text"]) as address:
        page.open(address)
        page.tab.get_by_label("Label", exact=True).select_option("merry")
        for label, value in (("Seed", 5), ("Samples", 3), ("Temperature", 0.5), ("Right", 0.25)):
            page.set(label, value)
        drawn = page.saved("Save text")
        page.tab.get_by_role("button", name="Copy link").click()
        page.wait_until("The link is")
        link = page.tab.url
        other = Page(browser)
        other.open(link)
        assert other.saved("Save text") == drawn
        other.tab.goto(f"{address}&seed=5&label=sad&temperature=9")
        assert "label=sad, temperature=9, which this model does not take" in other.problem()
        other.context.close()
    page.context.close()
    assert page.complaints == other.complaints == []


def test_a_draw_that_takes_its_time_says_so_and_can_be_cancelled(browser):
    page = Page(browser)
    with serving(ROOT / "exported" / "models" / "sines.onnx") as address:
        page.open(address)
        page.see()
        page.tab.locator("#controls").get_by_label("Samples", exact=True).fill("64")
        page.tab.locator("#controls").get_by_label("Length", exact=True).fill("4096")
        page.tab.get_by_role("button", name="Cancel").click()
        page.wait_until("Cancelled. What is shown is of before.")
        assert page.tab.locator("#samples > [data-seen]").count() == 1
        page.tab.locator("#controls").get_by_label("Length", exact=True).fill("24")
        page.redrawn()
    page.context.close()
    assert page.complaints == []


def test_a_clip_is_saved_as_a_moving_picture_of_its_own_pixels(shown, crafted):
    page = shown("video")
    saved = page.saved("Save Sample 2 as GIF")
    frames = load(crafted["video"], provider="cpu").outputs(6, seed=1)["frames"][1]
    with Image.open(io.BytesIO(saved)) as clip:
        times = clip.width // frames.shape[2]
        shown_frames = [np.asarray(frame.convert("RGB"))[::times, ::times] for frame in ImageSequence.Iterator(clip)]
    assert len(shown_frames) == len(frames)
    assert np.abs(np.stack(shown_frames).astype(int) - frames.astype(int)).max() <= 1


def test_everything_can_be_done_by_keyboard(page, crafted):
    page.tab.on("filechooser", lambda chooser: None)  # from now on: a dialog that opens before that is not told
    with serving(crafted["video"]) as address:
        page.open(address.split("?")[0])
        page.tab.keyboard.press("Tab")
        page.tab.locator("#file:focus").wait_for(state="attached")
        with page.tab.expect_file_chooser() as chooser:
            page.tab.keyboard.press("Enter")
        chooser.value.set_files(crafted["video"])
        page.wait_until("drawn")
        page.see()
        page.tab.get_by_label("Seed", exact=True).focus()
        page.tab.keyboard.type("23")
        page.redrawn()
        page.tab.get_by_role("button", name="Pause").focus()
        page.tab.keyboard.press("Enter")
        page.tab.get_by_role("button", name="Play", exact=True).wait_for()
        page.tab.get_by_label("Frame", exact=True).focus()
        page.tab.keyboard.press("Home")
        page.tab.keyboard.press("ArrowRight")
        assert page.tab.locator("output[for=frame]").inner_text() == "2 of 24"
        outline = page.tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_who_wants_no_motion_gets_none(browser, crafted):
    page = Page(browser, reduced_motion="reduce")
    with serving(crafted["video"]) as address:
        page.open(address)
        page.tab.wait_for_timeout(600)
        assert page.tab.locator("output[for=frame]").inner_text() == "1 of 24"
    with serving(crafted["text"]) as address:
        page.open(address)
        assert page.tab.locator(".texts").get_attribute("aria-busy") == "false"
    page.context.close()
    assert page.complaints == []


def test_says_what_is_wrong_with_a_file(page, crafted, tmp_path):
    whole = crafted["text"].read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    other = tmp_path / "other.onnx"
    other.write_bytes(whole.replace(b"rgan_kit.manifest", b"rgan_kit.manifesto"[:17].swapcase()))
    words = tmp_path / "words.onnx"
    words.write_text("this is no model at all")
    with serving(crafted["text"]) as address:
        page.open(address.split("?")[0])
        page.choose(words)
        assert "not an ONNX file" in page.problem()
        page.choose(crafted["text"])
        page.wait_until("drawn")
        assert page.tab.locator("#problem").inner_text() == ""
        parts = ((crafted[role], f"holds the {role} of a model") for role in ("encoder", "step"))
        for file, said in ((cut, "cut short"), (other, "not made by rgan-kit"), *parts):
            page.choose(file)
            problem = page.problem()
            assert said in problem
            assert problem.startswith(f"{file.name}: ")
            assert problem.endswith(f"What is shown is still {crafted['text'].name}.")
        page.tab.get_by_role("button", name="New samples").click()
        page.wait_until("drawn")  # with the model of before


def test_a_model_that_cannot_be_fetched_is_said(browser, crafted):
    page = Page(browser)
    with serving(crafted["text"]) as address:
        page.tab.goto(address.split("?")[0] + "?model=model/absent.onnx")
        assert "404" in page.problem()
    page.context.close()


def test_the_page_also_stands_on_a_small_screen(browser, crafted):
    page = Page(browser)
    page.tab.set_viewport_size({"width": 390, "height": 800})
    with serving(crafted["melody"]) as address:
        page.open(address)
        wide = page.tab.evaluate("document.documentElement.scrollWidth")
        keep(page, "melody-small")
        first = page.tab.locator("#samples .card").first.bounding_box()
        settings = page.tab.locator("#controls").bounding_box()
    page.context.close()
    assert wide <= 390
    assert first["y"] + first["height"] <= 800 <= settings["y"]  # seen at once, above the settings
