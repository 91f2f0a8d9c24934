"""The user's SoundFont sounds where it is named, and what is missing is said."""

from __future__ import annotations

import numpy as np
import pytest

from rgan_kit.contracts import DeviceError
from rgan_kit_plugins.domains.music import SPEC


@pytest.fixture
def font(tmp_path, monkeypatch):
    path = tmp_path / "piano.sf2"
    path.write_bytes(b"RIFF")
    monkeypatch.setenv("RGANKIT_SOUNDFONT", str(path))
    return path


def stand_in(folder, monkeypatch, body: str) -> None:
    """A program named fluidsynth: this machine may have none."""
    program = folder / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.fixture(scope="module")
def data():
    return SPEC.load(SPEC.options(embedded_melodies=20), None, 0)


def pieces(data):
    batch = data.train.take(np.array([0]))
    return data.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})


def test_the_named_font_renders_the_preview(data, font, tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, 'echo "$@" > "$5"')  # -n -i -q -F FILE -r 44100 FONT SCORE
    written = data.decoder.write(pieces(data), tmp_path)
    sound = next(path for path in written if path.suffix == ".wav")
    assert sound.read_text().split()[-2:] == [str(font), str(sound.with_suffix(".mid"))]


def test_a_font_or_a_program_that_is_missing_is_said(data, font, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="fluidsynth is not installed"):
        data.decoder.write(pieces(data), tmp_path)
    font.unlink()
    with pytest.raises(DeviceError, match="no such file"):
        data.decoder.write(pieces(data), tmp_path)


def test_a_program_that_fails_is_told_with_its_reason(data, font, tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, 'echo "not a SoundFont" >&2; exit 1')
    with pytest.raises(DeviceError, match="not a SoundFont"):
        data.decoder.write(pieces(data), tmp_path)
