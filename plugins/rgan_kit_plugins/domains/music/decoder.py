"""From a model's outputs back to music, and from music to what a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Batch, DataError, Sequences
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.fluidsynth import render, soundfont
from rgan_kit_plugins.domains.music.manifest import VERSION, problems
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.midi import TICKS_PER_BEAT, to_midi
from rgan_kit_plugins.domains.music.notes import Passage, Piece
from rgan_kit_plugins.domains.music.options import RepresentationName
from rgan_kit_plugins.domains.music.pianoroll import THRESHOLD, PianoRoll
from rgan_kit_plugins.domains.music.picture import can_draw, to_png
from rgan_kit_plugins.domains.music.sound import to_wave
from rgan_kit_plugins.domains.music.vocabulary import EOS, PAD, SPECIAL_TOKENS, Vocabulary, name

Form = Melody | Events | PianoRoll

_NOTES_SHOWN: Final = 24
_AT_ONCE: Final = 1024
_PITCH_CLASSES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class MusicDecoder:
    """Decodes tokens or piano rolls; samples are ``Piece``s.

    Args:
        form: the representation.
        steps_per_beat: steps of its grid in a beat.
        beats_per_bar: for the files written.
        programs: General MIDI instrument of each track, 128 for drums.
        cutting: how files become samples.
        pitches: from the lowest to the highest.
    """

    def __init__(
        self,
        form: Form,
        *,
        steps_per_beat: int,
        beats_per_bar: float,
        programs: Sequence[int],
        cutting: Cutting,
        pitches: range,
    ) -> None:
        self.form = form
        self.steps_per_beat = steps_per_beat
        self.beats_per_bar = beats_per_bar
        self.programs = tuple(programs)
        self.cutting = cutting
        self.pitches = pitches

    @property
    def representation(self) -> RepresentationName:
        """Its name among the options."""
        if isinstance(self.form, PianoRoll):
            return "pianoroll"
        return "melody" if isinstance(self.form, Melody) else "events"

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Piece]:
        """Pieces from ``tokens`` ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token not counted), or from
        ``series`` ``[batch, time, keys]``. What makes no note is passed over."""
        if isinstance(self.form, PianoRoll):
            return [self.form.decode(roll).to_piece(self.steps_per_beat) for roll in outputs["series"]]
        tokens, form = outputs["tokens"], self.form
        lengths = np.clip(outputs["lengths"], 0, tokens.shape[1])
        return [
            form.decode(row[:length]).to_piece(self.steps_per_beat) for row, length in zip(tokens, lengths, strict=True)
        ]

    def preview(self, sample: Any) -> str:
        """Tempo, length and the first notes, in one line: notes that begin together are joined by ``+``."""
        piece: Piece = sample
        chords: dict[int, list[str]] = {}
        for note in piece.notes[: 4 * _NOTES_SHOWN]:
            chords.setdefault(note.start, []).append(f"{_PITCH_CLASSES[note.pitch % 12]}{note.pitch // 12 - 1}")
        shown = ["+".join(chord) for chord in list(chords.values())[:_NOTES_SHOWN]]
        more = " ..." if len({note.start for note in piece.notes}) > len(shown) else ""
        beats = piece.length / piece.steps_per_beat
        return f"{piece.tempo:.0f}/min, {beats:g} beats, {len(piece.notes)} notes: {' '.join(shown)}{more}"

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes a .mid and a .wav for every sample and, where matplotlib is installed, ``pianorolls.png`` of the first
        dozen. The sound is FluidSynth's where ``RGANKIT_SOUNDFONT`` names a SoundFont.

        Raises:
            RganKitError: the folder cannot be written to.
            DeviceError: FluidSynth is asked for and not there, or fails.
        """
        font = soundfont()
        digits = max(4, len(str(len(samples))))
        written = []
        for number, piece in enumerate(samples, 1):
            score = folder / f"sample-{number:0{digits}}.mid"
            write_whole(score, to_midi(piece, self.programs, self.beats_per_bar), force=False)
            sound = score.with_suffix(".wav")
            if font is None:
                write_whole(sound, to_wave(piece), force=False)
            else:
                render(font, score, sound)
            written += [score, sound]
        if samples and can_draw():
            picture = folder / "pianorolls.png"
            write_whole(picture, to_png(samples), force=False)
            written.append(picture)
        return written

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of a file or folder as the model was trained on them, in the order of their names; tokens with
        their end token, or piano rolls of 0 and 1.

        Raises:
            DataError: nothing can be used, or a file cannot; says why.
            DeviceError: the parser is not installed.
        """
        from rgan_kit_plugins.domains.music.files import read_scores

        found = read_scores(path, repeats=True)  # every sample has its place, also where two are equal
        refused = dict(found.refused)
        passages: list[Passage] = []
        songs = [score.song for score in found.scores]
        cut = self.cutting.passages(songs, self.steps_per_beat, self.pitches)
        for score, own in zip(found.scores, cut, strict=True):
            if isinstance(own, str):
                refused[score.name] = own
            else:
                passages += own
        if refused:
            reasons = "; ".join(f"{file}: {reason}" for file, reason in list(refused.items())[:3])
            raise DataError(f"{path}: {len(refused):,} scores cannot be used ({reasons}).", "Leave them out.")
        return self.join(self.encode(passages)).take(np.arange(len(passages)))

    def encode(self, passages: Sequence[Passage]) -> list[np.ndarray]:
        """Each sample: tokens with their end token, or a piano roll."""
        rows: list[np.ndarray] = []
        for first in range(0, len(passages), _AT_ONCE):
            rows += self.form.encode(passages[first : first + _AT_ONCE], self.cutting.max_length)
        return rows if isinstance(self.form, PianoRoll) else [np.append(row, EOS) for row in rows]

    def join(self, rows: list[np.ndarray], labels: np.ndarray | None = None) -> Sequences:
        """Samples as one source."""
        if isinstance(self.form, PianoRoll):
            return Sequences.of(rows, fill=0, dtype=np.float32, labels=labels)
        return Sequences.of(rows, fill=PAD, dtype=np.int32, labels=labels)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs, and an app in another language to decode by itself; the page
        ``docs/getting-started/music.md`` explains it."""
        common = {
            "version": VERSION,
            "steps_per_beat": self.steps_per_beat,
            "ticks_per_beat": TICKS_PER_BEAT,
            "beats_per_bar": self.beats_per_bar,
            "tempo": self.form.tempo,
            "velocity": self.form.velocity,
            "lowest_pitch": self.pitches[0],
            "highest_pitch": self.pitches[-1],
            "programs": list(self.programs),
            "reading": self.cutting.to_dict(),
        }
        if isinstance(self.form, PianoRoll):
            keys = [name("pitch", pitch) for pitch in self.pitches]
            return {"representation": self.representation, "features": keys, "threshold": THRESHOLD, **common}
        names = list(self.form.vocabulary.names)
        return {"representation": self.representation, "special": dict(SPECIAL_TOKENS), "vocabulary": names, **common}

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> MusicDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        if faults := list(problems(manifest)):
            raise DataError(
                f"This model's description of its music cannot be used: {'; '.join(faults)}.",
                "Export the model again, or get it again from where it came.",
            )
        pitches = range(manifest["lowest_pitch"], manifest["highest_pitch"] + 1)
        tempo, velocity = float(manifest["tempo"]), manifest["velocity"]
        form: Form
        if manifest["representation"] == "pianoroll":
            form = PianoRoll(pitches, tempo, velocity)
        elif manifest["representation"] == "melody":
            form = Melody(Vocabulary(manifest["vocabulary"]), tempo, velocity)
        else:
            form = Events(Vocabulary(manifest["vocabulary"]), tempo, velocity)
        return cls(
            form,
            steps_per_beat=manifest["steps_per_beat"],
            beats_per_bar=float(manifest["beats_per_bar"]),
            programs=manifest["programs"],
            cutting=Cutting(**manifest["reading"]),
            pitches=pitches,
        )
