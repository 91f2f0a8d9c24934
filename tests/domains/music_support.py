"""What tests of music share."""

from __future__ import annotations

import numpy as np

from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.notes import COLUMNS, Note, Piece
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll

PIANO = range(21, 109)
LEVELS = np.array([16, 48, 80, 112])
TEMPOS = np.array([60, 90, 120])
MELODY = Melody(Melody.names(PIANO), 120.0, 80)
EVENTS = Events(Events.names(PIANO, 32, 3, TEMPOS, LEVELS, 4), 120.0, 80)
PLAIN = Events(Events.names(range(60, 72), 4, 1, np.array([100]), np.array([80]), 8), 100.0, 80)
ROLL = PianoRoll(PIANO, 120.0, 80)


def decoder(form: Melody | Events | PianoRoll, tracks: int = 1, pitches: range = PIANO) -> MusicDecoder:
    cutting = Cutting(4, 512, 0, tracks, False, False)
    return MusicDecoder(
        form, steps_per_beat=4, beats_per_bar=4.0, programs=(0,) * tracks, cutting=cutting, pitches=pitches
    )


DECODERS = {
    "melody": decoder(MELODY),
    "events": decoder(EVENTS, 3),
    "plain events": decoder(PLAIN, 1, range(60, 72)),
    "pianoroll": decoder(ROLL),
}


def piece(seed: int, bars: int = 8, tracks: int = 1) -> Piece:
    """Music on the grid: a voice a track."""
    rng = np.random.default_rng(seed)
    notes = []
    for track in range(tracks):
        for start in range(0, 16 * bars, 4):
            notes.append(
                Note(start, int(rng.integers(1, 5)), int(rng.integers(55, 80)), int(rng.integers(1, 128)), track)
            )
    return Piece(tuple(sorted(notes, key=lambda n: (n.start, n.track, n.pitch))), 16 * bars, 96.0, 4)


def as_array(piece: Piece) -> np.ndarray:
    """The notes of a sample: int64 ``[notes, 5]``."""
    rows = [(note.start, note.duration, note.pitch, note.velocity, note.track) for note in piece.notes]
    return np.array(rows, np.int64).reshape(-1, COLUMNS)
