"""What samples become: scores that other programs read, sounds and a picture."""

from __future__ import annotations

import wave

import numpy as np
import pytest
from music_support import piece

from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import Note, Passage, Piece, settle
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.songs import DRUMS
from rgan_kit_plugins.domains.music.sound import RATE, to_wave


def test_what_is_written_is_read_again_with_equal_notes(tmp_path):
    from symusic import Score

    for seed in range(30):
        own = piece(seed, tracks=3)
        score = Score.from_midi(to_midi(own, (0, 40, DRUMS), 3.5))
        assert score.ticks_per_quarter == 480
        assert (score.time_signatures[0].numerator, score.time_signatures[0].denominator) == (7, 8)
        assert round(score.tempos[0].qpm, 2) == 96
        assert [(track.program, track.is_drum) for track in score.tracks] == [(0, False), (40, False), (0, True)]
        back = [
            (note.time // 120, note.duration // 120, note.pitch, note.velocity, number)
            for number, track in enumerate(score.tracks)
            for note in track.notes
        ]
        assert sorted(back) == sorted((n.start, n.duration, n.pitch, n.velocity, n.track) for n in own.notes)


def test_generated_events_are_read_again_with_equal_notes():
    from symusic import Score

    form = Events(Events.names(range(30, 90), 40, 4, np.array([50, 99]), np.array([5, 100]), 4), 120.0, 80)
    rng = np.random.default_rng(0)
    for _ in range(100):
        passage: Passage = form.decode(rng.integers(3, len(form.vocabulary), 200))
        own = passage.to_piece(12)
        score = Score.from_midi(to_midi(own, (0, 1, 2, 3)))
        back = sorted((n.time // 40, n.duration // 40, n.pitch) for track in score.tracks for n in track.notes)
        assert back == sorted((n.start, n.duration, n.pitch) for n in own.notes)
        assert np.array_equal(settle(passage.notes)[0], passage.notes)


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
