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
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import settle
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll


@pytest.mark.parametrize("name", DECODERS)
def test_the_manifest_is_enough(name):
    own = DECODERS[name]
    manifest = json.loads(json.dumps(own.manifest()))
    again = SPEC.decoder(manifest)
    assert again.manifest() == own.manifest()
    rng = np.random.default_rng(8)
    outputs = {"tokens": rng.integers(0, 150, (5, 40)), "lengths": np.full(5, 40)}
    if isinstance(own.form, PianoRoll):
        outputs = {"series": rng.random((5, 8, len(own.form.features)))}
    assert again.decode(outputs) == own.decode(outputs)


WRONG: dict[str, object] = {
    "version": 2, "representation": "song", "steps_per_beat": 5, "ticks_per_beat": True, "tempo": float("nan"),
    "beats_per_bar": "4", "velocity": 0, "lowest_pitch": -1, "programs": [200], "reading": {"window_bars": 4},
    "vocabulary": ["<pad>", "<bos>", "<eos>", "rest", "hold", "pitch_200"], "special": {}, "metre": "4/5",
}  # fmt: skip


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_manifest_is_refused_by_name(key):
    manifest = {**DECODERS["melody"].manifest(), key: WRONG[key]}
    with pytest.raises(DataError, match=key.removesuffix("_pitch")):
        SPEC.decoder(manifest)
    if key != "metre":
        with pytest.raises(DataError):
            SPEC.decoder({k: v for k, v in manifest.items() if k != key})


def test_manifests_of_older_files_still_decode():
    """As release 0.1 wrote them: no ``metre``, and less said about reading."""
    newer = DECODERS["melody"].manifest()
    reading = {"window_bars": 4, "max_length": 512, "track": 0, "tracks": 1, "drums": False, "full_windows": False}
    older = {key: value for key, value in newer.items() if key != "metre"} | {"beats_per_bar": 3.5, "reading": reading}
    own = MusicDecoder.from_manifest(older)
    assert own.form.defaults.metre == Metre(7, 8)
    assert not own.cutting.sustain
    assert own.decode({"tokens": np.array([[5, 4]]), "lengths": np.array([2])})[0].notes[0].duration == 2


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
@pytest.mark.parametrize("name", [name for name, own in DECODERS.items() if not isinstance(own.form, PianoRoll)])
def test_the_javascript_of_the_page_decodes_as_this_package_does(name):
    page = Path(__file__).parents[2] / "docs" / "getting-started" / "music.md"
    source = "\n".join(re.findall(r"```js\n(.*?)```", page.read_text(encoding="utf-8"), re.S))
    own = DECODERS[name]
    form = own.form
    assert not isinstance(form, PianoRoll)
    rng = np.random.default_rng(9)
    tokens = rng.integers(0, len(form.vocabulary) + 3, (20, 60))
    function = {"melody": "decodeMelody", "events": "decodeEvents", "remi": "decodeRemi"}[form.name]
    call = f"{function}(row, 50, m).notes"
    asked = {"manifest": own.manifest(), "rows": tokens.tolist()}
    program = f"{source}\nconst {{ manifest: m, rows }} = {json.dumps(asked)};\n"
    program += f"console.log(JSON.stringify(rows.map((row) => {call})));"
    answer = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True)
    pieces = own.decode({"tokens": tokens, "lengths": np.full(20, 50)})
    for piece, notes in zip(pieces, json.loads(answer.stdout), strict=True):
        rows = [[n["start"], n["duration"], n["pitch"], n["velocity"], n.get("track", 0)] for n in notes]
        settled = settle(np.array(rows, np.int64).reshape(-1, 5)).notes
        if "program" in form.vocabulary:  # this package numbers the tracks of a sample
            settled[:, 4] = np.searchsorted(piece.programs, settled[:, 4])
        assert np.array_equal(settled, as_array(piece))
