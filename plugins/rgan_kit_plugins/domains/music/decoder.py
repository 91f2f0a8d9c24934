"""From a model's outputs back to music, and from music to what a model was trained on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import DecoderManifest
from rgan_kit_plugins.domains.music import writing
from rgan_kit_plugins.domains.music.cutting import Cutting, cut
from rgan_kit_plugins.domains.music.encoding import Encoded, Form, encode, joined_rows, tallies
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.midi import TICKS_PER_BEAT
from rgan_kit_plugins.domains.music.notes import DRUMS, Defaults, Passage, Piece
from rgan_kit_plugins.domains.music.options import RepresentationName
from rgan_kit_plugins.domains.music.pianoroll import THRESHOLD, PianoRoll
from rgan_kit_plugins.domains.music.remi import Remi
from rgan_kit_plugins.domains.music.vocabulary import MOST_NAMES, SPECIAL_TOKENS, EventVocabulary, check_names, name

VERSION: Final = 1

_log = logging.getLogger(__name__)

_MetreName = Annotated[str, Field(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")]
_KINDS: Final[Mapping[str, type[Melody] | type[Events] | type[Remi]]] = {
    "melody": Melody, "events": Events, "remi": Remi,
}  # fmt: skip


class MusicManifest(DecoderManifest):
    """What a model file says of its music; ``docs/getting-started/music.md`` explains it to apps.

    Older files have no ``metre``, which is then what ``beats_per_bar`` says.
    """

    noun: ClassVar[str] = "music"

    version: Literal[1]
    representation: RepresentationName
    steps_per_beat: Literal[1, 2, 3, 4, 6, 8, 12, 16, 24]
    ticks_per_beat: Literal[480]
    beats_per_bar: float = Field(ge=1, le=64)
    metre: _MetreName | None = None
    metres: dict[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}$")], _MetreName] | None = Field(None, max_length=4096)
    tempo: float = Field(ge=4, le=1000)
    velocity: int = Field(ge=1, le=127)
    lowest_pitch: int = Field(ge=0, le=127)
    highest_pitch: int = Field(ge=0, le=127)
    programs: tuple[Annotated[int, Field(ge=0, le=DRUMS)], ...] = Field(min_length=1, max_length=DRUMS + 1)
    reading: Cutting
    special: dict[str, int] | None = None
    vocabulary: tuple[str, ...] | None = Field(None, max_length=MOST_NAMES)
    features: tuple[str, ...] | None = None
    threshold: float | None = None

    @property
    def pitches(self) -> range:
        """From the lowest to the highest."""
        return range(self.lowest_pitch, self.highest_pitch + 1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.lowest_pitch > self.highest_pitch:
            raise ValueError("lowest_pitch lies above highest_pitch")
        for text in (self.metre, *(self.metres or {}).values()):
            if text is not None and not _metre(text).usable:
                raise ValueError(f"metre is {text} and no metre")
        own = [name("pitch", pitch) for pitch in self.pitches]
        if self.representation == "pianoroll":
            if self.threshold != THRESHOLD:
                raise ValueError(f"threshold is {self.threshold} and not {THRESHOLD}")
            if self.features not in {
                PianoRoll(self.pitches, self.defaults(), onsets=own).features for own in (False, True)
            }:
                raise ValueError(f"features are not {own[0]} to {own[-1]}, nor these and onsets")
            return self
        if self.special != SPECIAL_TOKENS:
            raise ValueError(f"special is {self.special!r:.80} and not {SPECIAL_TOKENS}")
        form = _KINDS[self.representation]
        check_names(self.vocabulary or (), form.kinds, form.needed)
        if [each for each in self.vocabulary or () if each.startswith("pitch_")] != own:
            raise ValueError(f"vocabulary does not hold {own[0]} to {own[-1]} as its pitches")
        return self

    def defaults(self) -> Defaults:
        """What holds where sequences say nothing."""
        metre = Metre.of_beats(self.beats_per_bar) if self.metre is None else _metre(self.metre)
        return Defaults(self.steps_per_beat, metre, self.tempo, self.velocity, self.programs)

    def form(self) -> Form:
        """The representation."""
        defaults, vocabulary = self.defaults(), self.vocabulary or ()
        if self.representation == "pianoroll":
            metres = {int(length): _metre(text) for length, text in (self.metres or {}).items()}
            onsets = len(self.features or ()) > len(self.pitches)
            return PianoRoll(self.pitches, defaults, onsets=onsets, metres=metres)
        if self.representation == "remi":
            return Remi(EventVocabulary(vocabulary), defaults, by_program=self.reading.by_program)
        return (Melody if self.representation == "melody" else Events)(EventVocabulary(vocabulary), defaults)


def _metre(text: str) -> Metre:
    numerator, denominator = text.split("/")
    return Metre(int(numerator), int(denominator))


class MusicDecoder:
    """Decodes tokens or piano rolls; samples are ``Piece``s.

    Args:
        form: the representation.
        cutting: how files become samples.
        pitches: from the lowest to the highest.
    """

    def __init__(self, form: Form, *, cutting: Cutting, pitches: range) -> None:
        self.form = form
        self.cutting = cutting
        self.pitches = pitches

    @property
    def steps_per_beat(self) -> int:
        """Steps of the grid in a beat."""
        return self.form.defaults.steps_per_beat

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Piece]:
        """Pieces from ``tokens`` ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token not counted), or from
        ``series`` ``[batch, time, features]``, which may have lengths too. What makes no note is passed over."""
        rows = outputs["series" if isinstance(self.form, PianoRoll) else "tokens"]
        lengths = np.clip(outputs.get("lengths", np.full(len(rows), rows.shape[1])), 0, rows.shape[1])
        return [self.form.decode(row[:length]) for row, length in zip(rows, lengths.tolist(), strict=True)]

    def preview(self, sample: Any) -> str:
        """Metre, tempo, length and the first notes, in one line."""
        return writing.preview(sample)

    def write(self, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes a .mid and a .wav for every sample, with its class in their names, and a picture of the first dozen.

        Raises:
            RganKitError: the folder cannot be written to.
            DeviceError: FluidSynth is asked for and not there, or fails.
        """
        return writing.write(samples, folder, labels)

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of a file or folder as the model was trained on them, in the order of their names; tokens with
        their end token, or piano rolls of 0 and 1.

        Raises:
            DataError: nothing can be used, or a score cannot; says why.
            DeviceError: the parser is not installed.
        """
        rows = self._rows(path)[0].rows
        batch = joined_rows(self.form, rows).take(np.arange(len(rows)))
        return batch if not isinstance(self.form, PianoRoll) else replace(batch, values=batch.values.astype(np.float32))

    def beginnings(self, given: str | Path, *, replace_unknown: str | None = None) -> list[np.ndarray]:
        """What a model goes on from: the samples of a file or folder, tokens int64 ``[time]`` without end tokens, or
        rolls float32 ``[time, features]``. A melody goes on where its last note ends. What does not come through as it
        is (notes out of range, of other tracks, off the grid) is counted in the log.

        Raises:
            DataError: it is no file, or nothing in it can be used; says why.
            DeviceError: the parser is not installed.
        """
        if not isinstance(given, Path):
            raise DataError(f"'{given}' is no music.", "Give a MIDI file: --given primer.mid")
        encoded, fates, notes = self._rows(given)
        for tally in tallies(self.form, fates, notes, encoded.passages, []):
            _log.warning("%s: %s", given, tally)
        if isinstance(self.form, PianoRoll):
            return [row.astype(np.float32) for row in encoded.rows]
        silence = self.form.vocabulary.tokens["rest"][0] if isinstance(self.form, Melody) else -1
        return [row[: int(np.flatnonzero(row != silence)[-1]) + 1].astype(np.int64) for row in encoded.rows]

    def _rows(self, path: Path) -> tuple[Encoded, Counter[str], int]:
        """The samples of a file or folder, what became of their notes, and how many notes there are."""
        from rgan_kit_plugins.domains.music.reading import read_scores

        scores = read_scores(path, repeats=True)  # every sample has its place, also where two are equal
        refused = {file: why for file, why in scores.refused.items() if file not in scores.found.left_out}
        done = cut([score.song for score in scores.scores], self.cutting, self.steps_per_beat, self.pitches)
        passages: list[Passage] = []
        for score, own in zip(scores.scores, done.songs, strict=True):
            if isinstance(own, str):
                refused[score.name] = own
            else:
                passages += own
        if refused:
            reasons = "; ".join(f"{file}: {reason}" for file, reason in list(refused.items())[:3])
            raise DataError(f"{path}: {len(refused):,} scores cannot be used ({reasons}).", "Leave them out.")
        return encode(self.form, passages, self.cutting.max_length, done.fates), done.fates, done.notes

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs, and an app in another language to decode by itself; the page
        ``docs/getting-started/music.md`` explains it."""
        form, defaults = self.form, self.form.defaults
        common: dict[str, Any] = {
            "version": VERSION,
            "representation": form.name,
            "steps_per_beat": defaults.steps_per_beat,
            "ticks_per_beat": TICKS_PER_BEAT,
            "beats_per_bar": max(1.0, defaults.metre.beats),
            "metre": str(defaults.metre),
            "tempo": defaults.tempo,
            "velocity": defaults.velocity,
            "lowest_pitch": self.pitches[0],
            "highest_pitch": self.pitches[-1],
            "programs": list(defaults.programs),
            "reading": self.cutting.as_dict(),
        }
        if isinstance(form, PianoRoll):
            metres = {str(length): str(metre) for length, metre in form.metres.items()}
            return {"features": list(form.features), "threshold": THRESHOLD, "metres": metres, **common}
        return {"special": dict(SPECIAL_TOKENS), "vocabulary": list(form.vocabulary.names), **common}

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> MusicDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        checked = MusicManifest.checked(manifest)
        return cls(checked.form(), cutting=checked.reading, pitches=checked.pitches)
