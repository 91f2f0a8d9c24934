"""Options of the domain ``series``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit.contracts import Options


class SeriesOptions(Options):
    """How tables become sequences of numbers."""

    columns: tuple[str, ...] = Field(
        (), max_length=4096, description="columns to model; none for all of numbers, and all of words of a few kinds"
    )
    categorical: tuple[str, ...] = Field(
        (), max_length=4096,
        description="columns whose values are words, though they look like numbers (codes, grades)",
    )  # fmt: skip
    max_levels: int = Field(
        50, ge=2, le=1000, description="columns with words of more kinds are left out, unless they are named"
    )
    time: str = Field(
        "auto", max_length=200,
        description="column that says when; it is not modelled, and written again where its step is regular; "
        "auto to recognise it, none for none",
    )  # fmt: skip
    date_format: str = Field(
        "auto", max_length=100,
        description="how dates are written, such as %d/%m/%Y (%Y %y %m %b %d %q %G %V %u %H %I %M %S %f %p %z); "
        "auto to recognise it",
    )  # fmt: skip
    id: str = Field(
        "auto", max_length=400,
        description="column that says which sequence a row belongs to, or two of them as store,item; "
        "auto to recognise it, none for none",
    )  # fmt: skip
    label: str = Field(
        "", max_length=200,
        description="column with the class of a sequence; a sample whose rows differ in it has the most frequent one",
    )  # fmt: skip
    label_file: str = Field(
        "", max_length=4096,
        description="a table with the classes: as many rows as the data, or one row an id (or a file name) in its "
        "first column",
    )  # fmt: skip
    unit: Literal["auto", "sequence", "window"] = Field(
        "auto",
        description="what a sample is: a whole sequence, a window of one, or what suits the data",
    )
    window_length: int = Field(
        0, ge=0, le=4096, description="rows in a window; 0 for 24, or less where there are few rows"
    )
    stride: int = Field(
        0, ge=0, le=10**6,
        description="rows from one window's start to the next; 0 for every row (of held-out windows at most 10,000)",
    )  # fmt: skip
    gap: int = Field(
        -1, ge=-1, le=10**6,
        description="rows left out between the training windows and the held-out ones that follow; -1 for a window's "
        "length",
    )  # fmt: skip
    scaling: Literal["range", "robust"] = Field(
        "range",
        description="what networks see as -1..1: the smallest to the largest training value, or the 0.5 % to the "
        "99.5 % quantile (what lies beyond is out of reach of a bounded generator)",
    )
    beyond: float = Field(
        0.0, ge=0, le=1e6,
        description="how far samples may go beyond the smallest and the largest training value, as a share of what "
        "lies between them; what goes farther is brought back there",
    )  # fmt: skip
    missing: Literal["leave-out", "forward-fill", "mask"] = Field(
        "leave-out",
        description="samples with missing values: left out, filled with the value before, or kept with a further "
        "channel that says which values are there, so that generated samples have missing values too",
    )
    max_length: int = Field(
        0, ge=0, le=16_384, description="longer sequences are left out; 0 for 1,024 rows (unit=sequence)"
    )
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the data held out from training")
    held_out: tuple[str, ...] = Field(
        (), max_length=4096, description="files and folders for validation, in place of a share of the data"
    )
    pictured: int = Field(
        8, ge=0, le=32,
        description="held-out samples that travel in the model file, coarsely, for the picture of real beside "
        "generated; 0 for none",
    )  # fmt: skip
    embedded: Literal["sines", "autoregressive", "market"] = Field(
        "sines", description="the known source, without data"
    )
    embedded_sequences: int = Field(
        1000, ge=10, le=100_000, description="training sequences drawn from the known source, without data"
    )
