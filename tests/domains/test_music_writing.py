"""What samples become: scores that other programs read, sounds and a picture."""

from __future__ import annotations

import wave
from dataclasses import replace

import numpy as np
import pytest
from music_support import as_array, piece

from rgan_kit.contracts.domains import write_samples
from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.keys import name_of, signature_of
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import DRUMS, Defaults, Note, Piece, settle
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.reading import read_scores
from rgan_kit_plugins.domains.music.sound import RATE, to_wave


def test_what_is_written_is_read_again_with_equal_notes(tmp_path):
    from symusic import Score

    for seed in range(30):
        own = replace(
            piece(seed, tracks=3, programs=(0, 40, DRUMS)), metres=((0, 7, 8), (56, 6, 8)), tempos=((9, 60.0),)
        )
        score = Score.from_midi(to_midi(own))
        assert score.ticks_per_quarter == 480
        signatures = [(each.time, each.numerator, each.denominator) for each in score.time_signatures]
        assert signatures == [(0, 7, 8), (56 * 120, 6, 8)]
        assert [(each.time, round(each.qpm, 2)) for each in score.tempos] == [(0, 96), (9 * 120, 60)]
        assert [(track.program, track.is_drum) for track in score.tracks] == [(0, False), (40, False), (0, True)]
        back = [
            (note.time // 120, note.duration // 120, note.pitch, note.velocity, number)
            for number, track in enumerate(score.tracks)
            for note in track.notes
        ]
        assert sorted(back) == sorted((n.start, n.duration, n.pitch, n.velocity, n.track) for n in own.notes)


def test_generated_events_are_read_again_with_equal_notes():
    from symusic import Score

    names = Events.names(range(30, 90), 40, 4, np.array([50, 99]), np.array([5, 100]), 4)
    form = Events(names, Defaults(12, Metre(), 120.0, 80, (0, 1, 2, 3)))
    rng = np.random.default_rng(0)
    for _ in range(100):
        own = form.decode(rng.integers(3, len(form.vocabulary), 200))
        score = Score.from_midi(to_midi(own))
        back = sorted((n.time // 40, n.duration // 40, n.pitch) for track in score.tracks for n in track.notes)
        assert back == sorted((n.start, n.duration, n.pitch) for n in own.notes)
        assert np.array_equal(settle(as_array(own)).notes, as_array(own))


def test_writing_gives_scores_sounds_and_a_picture(tmp_path):
    decoder = load(MusicOptions(embedded_melodies=10), None, 0).decoder
    extreme = Piece((Note(0, 1, 127, 127), Note(0, 10**6, 0, 1)), 10**6, 4.0, 1)
    files = decoder.write([piece(1), extreme, Piece((), 0, 120.0, 4)], tmp_path)
    assert [file.suffix for file in files] == [".mid", ".wav"] * 3 + [".png"]
    assert files[-1].read_bytes().startswith(b"\x89PNG")
    with wave.open(str(files[1])) as sound:
        assert (sound.getsampwidth(), sound.getnchannels()) == (2, 1)
        assert sound.getnframes() / sound.getframerate() == pytest.approx(32 * 60 / 96, abs=0.2)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert 3000 < np.abs(samples).max() < 32767
    with wave.open(str(files[3])) as sound:
        assert sound.getnframes() / sound.getframerate() < 61


def test_the_wave_holds_the_frequency_of_its_note():
    samples = np.frombuffer(to_wave(Piece((Note(0, 8, 69, 100),), 8, 120.0, 4))[44:], "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * RATE / len(samples) == pytest.approx(440, abs=2)
    high = np.frombuffer(to_wave(Piece((Note(0, 8, 127, 100),), 8, 120.0, 4))[44:], "<i2").astype(float)
    below = np.fft.rfftfreq(len(high), 1 / RATE) < 11_000
    assert np.abs(np.fft.rfft(high))[below].max() < 10 * spectrum.max()


def loudness(piece: Piece) -> np.ndarray:
    return np.frombuffer(to_wave(piece)[44:], "<i2").astype(float)


def spectrum(key: int) -> tuple[np.ndarray, np.ndarray]:
    signal = loudness(Piece((Note(0, 1, key, 100),), 8, 120.0, 4, programs=(DRUMS,)))
    return np.fft.rfftfreq(len(signal), 1 / RATE), np.abs(np.fft.rfft(signal)) ** 2


def test_drums_sound_like_drums():
    """A bass drum lies below 200 Hz, a closed hi-hat above 4 kHz and is short, a snare is broad; none is a tone."""
    frequencies, kick = spectrum(36)
    _, hat = spectrum(42)
    _, snare = spectrum(38)
    below, above = frequencies < 200, frequencies > 4000
    assert kick[below].sum() > 0.8 * kick.sum()
    assert hat[above].sum() > 0.8 * hat.sum()
    assert snare.max() < 0.2 * snare.sum()
    assert 0.2 < snare[frequencies > 1000].sum() / snare.sum() < 0.95
    closed = loudness(Piece((Note(0, 8, 42, 100),), 8, 120.0, 4, programs=(DRUMS,)))
    assert np.abs(closed[RATE // 4 :]).max() < 0.01 * np.abs(closed).max()
    assert to_wave(Piece((Note(0, 8, 36, 100),), 8, 120.0, 4)) != to_wave(
        Piece((Note(0, 8, 36, 100),), 8, 120.0, 4, programs=(DRUMS,))
    )


def test_the_sound_follows_changes_of_tempo():
    slow = Piece((Note(0, 1, 60, 100), Note(16, 1, 60, 100)), 20, 120.0, 4, tempos=((8, 30.0),))
    assert slow.seconds(np.array([8.0, 16.0, 20.0])).tolist() == [1.0, 5.0, 7.0]
    assert len(loudness(slow)) / RATE == pytest.approx(7.06, abs=0.01)
    assert np.abs(loudness(slow)[int(4.9 * RATE) : int(4.99 * RATE)]).max() < np.abs(loudness(slow)).max() / 20


def test_bar_lines_stand_where_bars_begin():
    own = Piece((), 40, 120.0, 4, metres=((0, 1, 4), (4, 3, 4), (28, 6, 8)))
    assert list(own.bar_lines()) == [0, 4, 16, 28]
    drifting = Piece((), 26, 120.0, 4, metres=((0, 13, 32),))
    assert list(drifting.bar_lines()) == [0, 7, 13, 20]


def test_files_carry_the_class_of_their_sample_and_its_key(tmp_path):
    decoder = load(MusicOptions(embedded_melodies=10), None, 0).decoder
    files = write_samples(decoder, [piece(1), piece(2)], tmp_path, ["e-flat-major", "slow & sad"])
    assert [file.name for file in files[:4]] == [
        "sample-0001-e-flat-major.mid", "sample-0001-e-flat-major.wav",
        "sample-0002-slow_sad.mid", "sample-0002-slow_sad.wav",
    ]  # fmt: skip
    first, second = (read_scores(file).scores[0].song for file in files[:4:2])
    assert (first.key, second.key) == ("e-flat-major", "")


def test_every_key_signature_has_a_name_of_its_own():
    names = {name_of(sharps, minor) for sharps in range(-7, 8) for minor in (0, 1)}
    assert len(names) == 30
    assert (name_of(0, 0), name_of(3, 1), name_of(-3, 0)) == ("c-major", "f-sharp-minor", "e-flat-major")
    assert all(name_of(*signature_of(name)) == name for name in names)
    assert (name_of(9, 0), signature_of("folk")) == ("", None)
