"""The manifest: enough to decode from, and never trusted."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music_support import DECODERS, as_array

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.music import SPEC
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.notes import settle


@pytest.mark.parametrize("name", DECODERS)
def test_the_manifest_is_enough(name):
    own = DECODERS[name]
    manifest = json.loads(json.dumps(own.manifest()))
    again = SPEC.decoder(manifest)
    assert again.manifest() == own.manifest()
    rng = np.random.default_rng(8)
    outputs = {
        "tokens": rng.integers(0, 150, (5, 40)), "lengths": np.full(5, 40), "series": rng.random((5, 8, 88)),
    }  # fmt: skip
    assert again.decode(outputs) == own.decode(outputs)


WRONG: dict[str, object] = {
    "version": 2, "representation": "song", "steps_per_beat": 5, "ticks_per_beat": True, "tempo": float("nan"),
    "beats_per_bar": "4", "velocity": 0, "lowest_pitch": -1, "programs": [200], "reading": {"window_bars": 4},
    "vocabulary": ["<pad>", "<bos>", "<eos>", "rest", "hold", "pitch_200"], "special": {},
}  # fmt: skip


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_manifest_is_refused_by_name(key):
    manifest = {**DECODERS["melody"].manifest(), key: WRONG[key]}
    with pytest.raises(DataError, match=key.removesuffix("_pitch")):
        SPEC.decoder(manifest)
    with pytest.raises(DataError):
        SPEC.decoder({k: v for k, v in manifest.items() if k != key})


def test_all_faults_of_a_manifest_are_listed_at_once():
    with pytest.raises(DataError) as caught:
        SPEC.decoder({**DECODERS["events"].manifest(), "velocity": None, "tempo": 1e9, "special": 3})
    assert all(name in str(caught.value) for name in ("velocity", "tempo", "special"))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_strangers_manifest_never_ends_in_a_traceback(data):
    manifest = dict(DECODERS[data.draw(st.sampled_from(list(DECODERS)))].manifest())
    values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers() | st.text())
    for key in data.draw(st.lists(st.sampled_from(list(manifest)), min_size=1, max_size=3)):
        manifest[key] = data.draw(values | st.dictionaries(st.text(), values, max_size=3))
    with contextlib.suppress(DataError):
        SPEC.decoder(manifest)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("name", ["melody", "events", "plain events"])
def test_the_javascript_of_the_page_decodes_as_this_package_does(name):
    page = Path(__file__).parents[2] / "docs" / "getting-started" / "music.md"
    source = "\n".join(re.findall(r"```js\n(.*?)```", page.read_text(encoding="utf-8"), re.S))
    own = DECODERS[name]
    form = own.form
    assert isinstance(form, Melody | Events)
    rng = np.random.default_rng(9)
    tokens = rng.integers(0, len(form.vocabulary) + 3, (20, 60))
    call = "decodeMelody(row, 50, m)" if name == "melody" else "decodeEvents(row, 50, m).notes"
    asked = {"manifest": own.manifest(), "rows": tokens.tolist()}
    program = f"{source}\nconst {{ manifest: m, rows }} = {json.dumps(asked)};\n"
    program += f"console.log(JSON.stringify(rows.map((row) => {call})));"
    answer = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True)
    pieces = own.decode({"tokens": tokens, "lengths": np.full(20, 50)})
    for piece, notes in zip(pieces, json.loads(answer.stdout), strict=True):
        rows = [[n["start"], n["duration"], n["pitch"], n.get("velocity", 80), n.get("track", 0)] for n in notes]
        settled, _ = settle(np.array(rows, np.int64).reshape(-1, 5))
        assert np.array_equal(settled[:, :3], as_array(piece)[:, :3])
        assert np.array_equal(settled[:, 4], as_array(piece)[:, 4])
