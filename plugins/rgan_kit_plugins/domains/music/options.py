"""Options of the domain ``music``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rgan_kit.contracts import Options

RepresentationName = Literal["melody", "events", "pianoroll"]


class MusicOptions(Options):
    """How music becomes sequences."""

    representation: RepresentationName = Field(
        "melody",
        description="melody: one voice on a grid, a symbol a step; events: any number of voices as shifts, pitches, "
        "durations and velocities; pianoroll: 88 keys a step as real numbers",
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
        512, ge=8, le=8192, description="most symbols or steps in a sample; what is longer is cut between two notes"
    )
    lowest_pitch: int = Field(21, ge=0, le=127, description="lowest MIDI pitch; notes outside are left out")
    highest_pitch: int = Field(108, ge=0, le=127, description="highest MIDI pitch; a piano's are 21 to 108")
    track: int = Field(
        0, ge=0, le=256, description="which track of a file counts, from 1, empty ones passed over; 0 for all together"
    )
    tracks: int = Field(
        1, ge=1, le=16,
        description="tracks that events keep apart; those of a file beyond them join the last one, 1 joins all",
    )  # fmt: skip
    drums: bool = Field(False, description="keep drums, in the last of the tracks (events, tracks 2 or more)")
    velocity_bins: int = Field(
        8, ge=1, le=127, description="loudnesses that events tell apart; 1 leaves them out of the sequence"
    )
    longest_beats: int = Field(
        8, ge=1, le=64, description="longest note of the events, in beats; longer ones are shortened to it"
    )
    transpose: int = Field(
        5, ge=0, le=11,
        description="each training sample from files also counts so many semitones higher and lower (embedded "
        "melodies keep their keys)",
    )  # fmt: skip
    labels: Literal["none", "folder"] = Field(
        "none", description="folder: the folder inside the data folder that a file lies in is its class"
    )
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the files held out from training")
    embedded_melodies: int = Field(
        4000, ge=10, le=100_000, description="training melodies drawn from the embedded process, without data"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> MusicOptions:
        if self.lowest_pitch > self.highest_pitch:
            raise ValueError(f"lowest_pitch {self.lowest_pitch} lies above highest_pitch {self.highest_pitch}")
        if self.tracks > 1 and self.representation != "events":
            raise ValueError("tracks are kept apart by representation=events alone")
        if self.tracks > 1 and self.track:
            raise ValueError("track names the one that counts, so tracks has to be 1")
        if self.drums and self.tracks == 1:
            raise ValueError("drums need a track of their own: representation=events and tracks of 2 or more")
        return self
