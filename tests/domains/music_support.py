"""What tests of music share."""

from __future__ import annotations

import struct

import numpy as np

from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.encoding import Form
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.metres import Bars, Metre
from rgan_kit_plugins.domains.music.notes import COLUMNS, DRUMS, Defaults, Note, Passage, Piece
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll
from rgan_kit_plugins.domains.music.remi import Remi
from rgan_kit_plugins.domains.music.vocabulary import EventVocabulary, number_of

PIANO = range(21, 109)
LEVELS = np.array([16, 48, 80, 112])
TEMPOS = np.array([60, 90, 120])
METRES = [Metre(3, 4), Metre(6, 8), Metre(4, 4), Metre(1, 4), Metre(13, 32)]
DEFAULTS = Defaults(4, Metre(), 120.0, 80, (0, 40, 32))

MELODY = Melody(Melody.names(PIANO), DEFAULTS)
BARRED = Melody(Melody.names(PIANO, METRES), DEFAULTS)
EVENTS = Events(Events.names(PIANO, 32, 3, TEMPOS, LEVELS, 4), DEFAULTS)
PLAIN = Events(Events.names(range(60, 72), 4, 1, np.array([100]), np.array([80]), 8), Defaults(4, Metre(), 100.0, 80))
REMI = Remi(
    EventVocabulary.of({
        "bar": (0,), "metre": sorted(map(number_of, METRES)), "position": range(16), "tempo": TEMPOS.tolist(),
        "program": (0, 32, 40), "pitch": PIANO, "drum": (36, 38, 42), "duration": range(1, 65),
        "velocity": LEVELS.tolist(),
    }),
    Defaults(4, Metre(), 120.0, 80, (0, 32, 40, DRUMS)),
    by_program=True,
)  # fmt: skip
NUMBERED = Remi(
    EventVocabulary.of({
        "bar": (0,), "position": range(16), "track": range(3), "pitch": PIANO, "duration": range(1, 65),
        "velocity": LEVELS.tolist(),
    }),
    DEFAULTS,
    by_program=False,
)  # fmt: skip
STRUCK = PianoRoll(PIANO, DEFAULTS, onsets=True)
ROLL = PianoRoll(PIANO, DEFAULTS)


def cutting(**changes: object) -> Cutting:
    usual = {"window_bars": 4, "max_length": 512, "track": 0, "tracks": 1, "drums": False, "full_windows": False}
    return Cutting(**{**usual, **changes})


def decoder(form: Form, pitches: range = PIANO, **changes: object) -> MusicDecoder:
    return MusicDecoder(form, cutting=cutting(**changes), pitches=pitches)


DECODERS = {
    "melody": decoder(MELODY),
    "melody in bars": decoder(BARRED),
    "events": decoder(EVENTS, tracks=3),
    "plain events": decoder(PLAIN, range(60, 72)),
    "remi": decoder(REMI, by_program=True, drum_symbols=True),
    "remi in tracks": decoder(NUMBERED, tracks=3),
    "pianoroll": decoder(ROLL),
    "pianoroll with onsets": decoder(STRUCK),
}


def bars(*metres: tuple[int, int], steps_per_beat: int = 4) -> Bars:
    return Bars.of(np.array(metres), steps_per_beat)


def passage(notes: np.ndarray, tempo: float = 90.0, metres: tuple[tuple[int, int], ...] = ((4, 4),) * 4) -> Passage:
    return Passage(notes, bars(*metres), np.array([[0.0, tempo]]))


def piece(seed: int, bars: int = 8, tracks: int = 1, programs: tuple[int, ...] = ()) -> Piece:
    """Music on the grid: a voice a track."""
    rng = np.random.default_rng(seed)
    notes = []
    for track in range(tracks):
        for start in range(0, 16 * bars, 4):
            notes.append(
                Note(start, int(rng.integers(1, 5)), int(rng.integers(55, 80)), int(rng.integers(1, 128)), track)
            )
    ordered = tuple(sorted(notes, key=lambda n: (n.start, n.track, n.pitch)))
    return Piece(ordered, 16 * bars, 96.0, 4, programs=programs)


def as_array(piece: Piece) -> np.ndarray:
    """The notes of a sample: int64 ``[notes, 5]``."""
    rows = [(note.start, note.duration, note.pitch, note.velocity, note.track) for note in piece.notes]
    return np.array(rows, np.int64).reshape(-1, COLUMNS)


END = b"\x00\xff\x2f\x00"


def chunk(content: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(content)) + content


def midi(*tracks: bytes, ticks: int = 480, claimed: int | None = None, form: int = 1) -> bytes:
    """A Standard MIDI File of tracks as they are."""
    count = len(tracks) if claimed is None else claimed
    return b"MThd" + struct.pack(">IHHH", 6, form, count, ticks) + b"".join(map(chunk, tracks))


def delta(ticks: int) -> bytes:
    """A time before a message, of variable length."""
    digits = [ticks & 0x7F]
    while ticks := ticks >> 7:
        digits.append(0x80 | ticks & 0x7F)
    return bytes(reversed(digits))


def note(pitch: int, ticks: int = 480, *, wait: int = 0, velocity: int = 80, channel: int = 0) -> bytes:
    """A note after ``wait`` ticks that lasts ``ticks``."""
    on = delta(wait) + bytes([0x90 | channel, pitch, velocity])
    return on + delta(ticks) + bytes([0x80 | channel, pitch, 0])


def metre(numerator: int, power: int, *, wait: int = 0) -> bytes:
    """A time signature; the denominator as a power of two."""
    return delta(wait) + b"\xff\x58\x04" + bytes([numerator, power, 24, 8])
