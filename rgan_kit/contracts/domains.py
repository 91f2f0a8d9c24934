"""What a data domain hands over: a data set to train on and a decoder that turns model outputs back into files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from rgan_kit.contracts.data import Batch, DataSpec, SequenceSource
from rgan_kit.errors import DataError


class Decoder(Protocol):
    """Turns the outputs of a model into samples of the domain, and samples into files; needs no network.

    Three things are optional. ``write`` may take a third argument ``labels``, the class of each sample by name (None
    where there are no classes), so that files carry it: in a column, or in the name. And a method ``document(sample)``
    may give the sample as JSON-able data for ``--json``: text with its real line ends, numbers as numbers; without it,
    the preview is given. A method ``beginnings(given, *, replace_unknown)`` may give what a model goes on from as
    arrays, tokens int64 ``[time]`` without an end token or series float32 ``[time, features]`` in the data's own
    units: ``given`` is a text that the user typed, or the ``Path`` of a file, of which each sample is one;
    ``replace_unknown`` is a text that stands for each symbol that the model does not know, and None refuses them.
    Callers use ``write_samples`` and ``as_document``.
    """

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[Any]:
        """Samples from arrays named as the model file names them: ``tokens`` and ``lengths`` (end token not
        counted), ``series``, or ``frames``. Never fails on anything that a graph can produce."""
        ...

    def preview(self, sample: Any) -> str:
        """The sample in one line of a terminal."""
        ...

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes the samples as the domain's own kind of file into an existing folder; returns what it wrote."""
        ...

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of a user's file or folder as the model was trained on them, padded, in order: tokens int64
        ``[samples, time]`` with their end token, series float32 ``[samples, time, features]`` in the data's own units,
        frames uint8 ``[samples, time, height, width, channels]``. What ``rgankit encode`` feeds to an encoder.

        Raises:
            DataError: the file cannot be used; says why.
        """
        ...

    def manifest(self) -> dict[str, Any]:
        """JSON-able: everything that ``DomainSpec.decoder`` needs to make this decoder again in another process."""
        ...


class Truth(Protocol):
    """A known source of data, so that samples can be measured and not only admired.

    ``measure`` may take a second argument ``labels``, the class that each sample was asked for by name (None where
    there are no classes).
    """

    name: str

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """Figures of decoded samples under the known source, e.g. ``valid`` (a share) and ``grammar_nll``."""
        ...

    def reference(self) -> dict[str, float]:
        """The same figures of the source itself, exact: what a perfect generator would reach."""
        ...


def write_samples(
    decoder: Decoder, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None
) -> list[Path]:
    """Has a decoder write samples, with the class of each where there are classes and its ``write`` takes them."""
    if labels is not None and "labels" in inspect.signature(decoder.write).parameters:
        write: Callable[..., list[Path]] = decoder.write
        return write(samples, folder, labels=labels)
    return decoder.write(samples, folder)


def as_lines(decoder: Decoder, samples: Sequence[Any], labels: Sequence[str] | None = None) -> list[str]:
    """Samples as lines of a terminal, each behind its class and a tab where there are classes."""
    lines = [decoder.preview(sample) for sample in samples]
    return lines if labels is None else [f"{label}\t{line}" for label, line in zip(labels, lines, strict=True)]


def as_document(decoder: Decoder, sample: Any) -> Any:
    """A sample as JSON-able data: as the decoder's ``document`` says, else its preview."""
    document: Callable[[Any], Any] = getattr(decoder, "document", decoder.preview)
    return document(sample)


@dataclass(frozen=True)
class Tally:
    """How many of many a domain did not take as they are: dropped, cut, clipped, unknown, moved or unused.

    Attributes:
        noun: what was counted, in the plural: ``notes``.
        fate: what became of them: ``left out, outside the pitches 21 to 108``.
        count: of those.
        total: of all.
        hint: what would keep them; empty where nothing would.
    """

    noun: str
    fate: str
    count: int
    total: int
    hint: str = ""

    LOUD: ClassVar[float] = 0.1
    """Above this share it is said loudly."""

    @property
    def share(self) -> float:
        """Of all; 0 where there are none."""
        return self.count / self.total if self.total else 0.0

    @property
    def loud(self) -> bool:
        """Whether so many have to be said loudly."""
        return self.share > self.LOUD

    def __str__(self) -> str:
        """``1,234 of 10,000 notes (12 %): left out, …``."""
        share = f"{self.share:.0%}" if self.share >= 0.01 or not self.count else "under 1%"
        return f"{self.count:,} of {self.total:,} {self.noun} ({share}): {self.fate}"


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a domain reads from a user's files.

    Attributes:
        spec: what one sample is.
        train, validation: disjoint samples, split by the run's seed.
        decoder: turns outputs back into samples.
        fingerprint: SHA-256 (hex) of everything read; a resumed run refuses other data.
        summary: what was read and decided, in words for people, in order (``{"level": "word, because …"}``).
        truth: the known source, where there is one.
        refused: files that were left out, and why (``{"song.mid": "not a MIDI file: …"}``); files of other endings as
            one entry an ending (``{"*.txt": "4,545 files; …"}``).
        tallies: what else was not taken as it is, counted; those that count nothing are not shown.
        defaults: options that suit this data, as ``{"generator.dropout": 0.0}``: above the defaults for its kind, and
            below all that the user asks for and a recipe wants whatever the data.

    Where there is too little to train on, ``load`` raises ``TooLittleError`` with what there is.
    """

    spec: DataSpec
    train: SequenceSource
    validation: SequenceSource
    decoder: Decoder
    fingerprint: str
    summary: Mapping[str, str] = field(default_factory=dict)
    truth: Truth | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    tallies: Sequence[Tally] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


class TooLittleError(DataError):
    """Data that can be read and is too little to train on.

    Args:
        problem, hint: as in every error.
        dataset: what there is, all samples for training and none held out, so that ``data check`` can show it.
    """

    def __init__(self, problem: str, hint: str, dataset: Dataset) -> None:
        super().__init__(problem, hint)
        self.dataset = dataset
