"""Options of the domain ``music``."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from rgan_kit.contracts import Options

RepresentationName = Literal["melody", "events", "remi", "pianoroll"]


def _listed(value: Any) -> Any:
    """``melody,bass`` as a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]

_USUAL_TRANSPOSITION: Final = 5
_MOST_SYMBOLS: Final = 2048


class MusicOptions(Options):
    """How music becomes sequences."""

    representation: RepresentationName = Field(
        "melody",
        description="melody: one voice on a grid, a symbol a step; events: any number of voices as shifts, pitches, "
        "durations and velocities; remi: bars and positions in them, instruments, pitches, durations, velocities, "
        "tempos and metres; pianoroll: 88 keys a step as numbers",
    )
    steps_per_beat: Literal[0, 1, 2, 3, 4, 6, 8, 12, 16, 24] = Field(
        0,
        description="steps of the grid in a beat (a quarter note): 4 are sixteenths, 12 hold triplets as well; 0 for "
        "the coarsest from 2 to 12 that the notes' beginnings lie on, 4 where there is none",
    )
    window_bars: int = Field(
        4, ge=0, le=1024, description="bars in a sample, which files are cut into; 0 for whole pieces"
    )
    max_length: int = Field(
        0, ge=0, le=2**16,
        description="most symbols or steps in a sample: what is longer is cut at bars, and one bar stays whole however "
        "long it is, so that nothing is lost; 0 for 2,048",
    )  # fmt: skip
    lowest_pitch: int = Field(21, ge=0, le=127, description="lowest MIDI pitch; notes outside are left out")
    highest_pitch: int = Field(108, ge=0, le=127, description="highest MIDI pitch; a piano's are 21 to 108")
    parts: Words = Field(
        (), max_length=16,
        description="which tracks count: melody, bass, drums, a family of instruments (piano, guitar, strings, brass, "
        "...), a program (0 to 127) or part of a track's name; events and remi keep them apart in this order; all "
        "where empty",
    )  # fmt: skip
    track: int = Field(
        0, ge=0, le=256, description="which track of a file counts, from 1, empty ones passed over; 0 for all together"
    )
    tracks: int = Field(
        1, ge=1, le=16,
        description="tracks that events and remi keep apart; those of a file beyond them join the last one. With 1, "
        "events join all, and remi tells them apart by their instruments",
    )  # fmt: skip
    drums: bool = Field(
        False,
        description="keep drums, in the last of the tracks (events, tracks 2 or more); remi with instruments always "
        "keeps them",
    )
    sustain: bool = Field(True, description="notes last as long as the sustain pedal holds them")
    velocity_bins: int = Field(
        8, ge=1, le=127, description="loudnesses that events and remi tell apart; 1 leaves them out of the sequence"
    )
    longest_beats: int = Field(
        0, ge=0, le=64,
        description="longest note of events and remi, in beats; longer ones are shortened to it; 0 for the longest "
        "that there is",
    )  # fmt: skip
    bars: bool = Field(
        False,
        description="melody: a symbol before each bar and one for the metre even where all metres are the same, so "
        "that networks know the place in the bar",
    )
    onsets: bool = Field(
        True, description="a piano roll tells where notes begin from where they go on: 88 more numbers a step"
    )
    transpose: int = Field(
        -1, ge=-1, le=11,
        description="each training sample from files also counts so many semitones higher and lower (embedded "
        "melodies keep their keys); -1 for 5, and for 0 where samples have classes, since a key may be one",
    )  # fmt: skip
    labels: Literal["none", "folder", "key"] = Field(
        "none",
        description="folder: the folder inside the data folder that a file lies in is its class; key: its key "
        "signature",
    )
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the files held out from training")
    held_out: Words = Field(
        (), max_length=4096, description="files and folders for validation, in place of a share of the files"
    )
    embedded_melodies: int = Field(
        4000, ge=10, le=100_000, description="training melodies drawn from the embedded process, without data"
    )

    @property
    def part_words(self) -> tuple[str, ...]:
        """The words of ``parts``, in small letters, without spaces inside."""
        return tuple("-".join(word.casefold().split()) for word in self.parts)

    @property
    def keeps_apart(self) -> bool:
        """Whether sequences say which track a note is of."""
        return self.representation in ("events", "remi")

    @property
    def by_program(self) -> bool:
        """Whether notes are told apart by their instruments, and not by numbered tracks."""
        return self.representation == "remi" and self.tracks == 1 and not self.parts and not self.track

    @property
    def most_symbols(self) -> int:
        """Where samples are cut at bars."""
        return max(self.max_length or _MOST_SYMBOLS, 8)

    @property
    def semitones(self) -> int:
        """How far samples are transposed."""
        return self.transpose if self.transpose >= 0 else _USUAL_TRANSPOSITION * (self.labels == "none")

    @model_validator(mode="after")
    def _fits_together(self) -> MusicOptions:
        if self.lowest_pitch > self.highest_pitch:
            raise ValueError(f"lowest_pitch {self.lowest_pitch} lies above highest_pitch {self.highest_pitch}")
        if self.tracks > 1 and not self.keeps_apart:
            raise ValueError("tracks are kept apart by representation=events and representation=remi alone")
        if self.tracks > 1 and self.track:
            raise ValueError("track names the one that counts, so tracks has to be 1")
        if self.parts and (self.track or self.tracks > 1 or self.drums):
            raise ValueError("parts says which tracks count, so leave track, tracks and drums alone")
        if self.drums and self.tracks == 1 and not self.by_program:
            raise ValueError("drums need a track of their own: representation=events and tracks of 2 or more")
        return self
