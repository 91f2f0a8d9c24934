"""The embedded melodies as samples, and as ordinary files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Truth, UsageError
from rgan_kit_plugins.domains.music.metres import Bars
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import COLUMNS, DURATION, PITCH, START, VELOCITY, Note, Passage, Piece
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.worlds.melodies import (
    BAR,
    BARS,
    BEATS_PER_MINUTE,
    HIGHEST,
    KEYS,
    LENGTH,
    LOWEST,
    embedded_process,
)
from rgan_kit_plugins.worlds.melodies_truth import EIGHTHS_A_BEAT, MelodyTruth, tokens_of

TEMPO: Final = BEATS_PER_MINUTE
_VELOCITY: Final = 80
_FEWEST_HELD_OUT: Final = 500


@dataclass(frozen=True, eq=False)
class Melodies:
    """Melodies drawn: as passages, which are held out, and their keys as labels where these are asked for."""

    passages: list[Passage]
    held_out: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...]
    fingerprint: str


def draw(options: MusicOptions, rng: np.random.Generator) -> Melodies:
    """Training melodies as many as the options say, and the held-out ones after them."""
    share, train = options.validation_share, options.embedded_melodies
    count = train + max(_FEWEST_HELD_OUT, round(train * share / (1 - share)))
    drawn = [embedded_process().sample(rng) for _ in range(count)]
    scale = options.steps_per_beat // EIGHTHS_A_BEAT
    bars = Bars(np.arange(BARS + 1) * BAR * scale, np.tile([[4, 4]], (BARS, 1)))
    tempos = np.array([[0.0, TEMPO]])
    passages = []
    for _, notes in drawn:
        array = np.zeros((len(notes), COLUMNS), np.int64)
        array[:, [START, DURATION, PITCH]] = notes
        array[:, [START, DURATION]] *= scale
        array[:, VELOCITY] = _VELOCITY
        passages.append(Passage(array, bars, tempos))
    keys = np.array([key for key, _ in drawn], np.int64) if options.labels != "none" else None
    names = tuple(key.name for key in KEYS) if options.labels != "none" else ()
    digest = hashlib.sha256(b"".join(passage.notes.astype("<i8").tobytes() for passage in passages)).hexdigest()
    return Melodies(passages, np.arange(count) >= train, keys, names, digest)


def truth(options: MusicOptions) -> Truth:
    """The process as a known source."""
    tokens = tokens_of(options.steps_per_beat, bars=options.bars) if options.representation == "melody" else 0
    return MelodyTruth(embedded_process(), options.steps_per_beat, tokens)


def make(options: MusicOptions, folder: Path, seed: int) -> list[Path]:
    """Writes melodies as MIDI files, each into a folder named after its key.

    Raises:
        OSError: the folder cannot be written to.
    """
    rng = np.random.default_rng(seed)
    written = []
    digits = max(4, len(str(options.embedded_melodies)))
    for number in range(1, options.embedded_melodies + 1):
        key, notes = embedded_process().sample(rng)
        own = folder / KEYS[key].name
        own.mkdir(exist_ok=True)
        piece = Piece(tuple(Note(*note, velocity=_VELOCITY) for note in notes), LENGTH, TEMPO, EIGHTHS_A_BEAT)
        file = own / f"melody-{number:0{digits}}.mid"
        file.write_bytes(to_midi(piece))
        written.append(file)
    return written


def suitable(options: MusicOptions) -> MusicOptions:
    """The options with the grid settled.

    Raises:
        UsageError: they do not suit the embedded melodies.
    """
    options = options.model_copy(update={"steps_per_beat": options.steps_per_beat or EIGHTHS_A_BEAT})
    if options.steps_per_beat % EIGHTHS_A_BEAT:
        raise UsageError(
            f"The embedded melodies have eighths, which {options.steps_per_beat} steps a beat cannot hold.",
            "Set domain.steps_per_beat to 2, 4, 8 or 12, or give music with --data.",
        )
    if options.track > 1 or options.drums or options.parts:
        raise UsageError(
            "The embedded melodies have one track.", "Leave domain.track, domain.drums and domain.parts alone."
        )
    if options.most_symbols < tokens_of(options.steps_per_beat) - 1:
        raise UsageError(
            f"The embedded melodies are {tokens_of(options.steps_per_beat) - 1} steps long, and domain.max_length is "
            f"{options.most_symbols}.",
            "Raise domain.max_length, or lower domain.steps_per_beat.",
        )
    low, high = min(key.pitch(LOWEST) for key in KEYS), max(key.pitch(HIGHEST) for key in KEYS)
    if options.lowest_pitch > low or options.highest_pitch < high:
        raise UsageError(
            f"The embedded melodies use the pitches {low} to {high}.",
            "Leave domain.lowest_pitch and domain.highest_pitch alone, or give music with --data.",
        )
    return options
