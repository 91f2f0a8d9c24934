"""How text is cut into symbols and where it stands in files: settled in training, carried by the model, used again to
read further files as the model was trained on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from rgan_kit.contracts import Batch, DataError
from rgan_kit_plugins.domains.text.files import Text, read_text
from rgan_kit_plugins.domains.text.levels import Level, LevelName, Tokenize
from rgan_kit_plugins.domains.text.records import Columns, LabelSource, Layout
from rgan_kit_plugins.domains.text.subwords import Merges
from rgan_kit_plugins.domains.text.symbols import SPECIAL, Spans, Symbols, Vocabulary

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.text.options import TextOptions
    from rgan_kit_plugins.domains.text.samples import Samples

_MOST_CELLS: Final = 2**27  # of a padded batch: 1 GiB

_Key = Annotated[str, Field(min_length=1, max_length=100)]
_Symbol = Annotated[str, Field(min_length=1, max_length=1000)]


class Reading(BaseModel):
    """JSON-able; fields as in ``Level``, ``Layout`` and ``Samples``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spaced: bool = False
    tokenize: Tokenize = "space"
    merges: Annotated[tuple[tuple[_Symbol, _Symbol], ...], Field(max_length=1_000_000)] = ()
    window: Annotated[int, Field(ge=0, le=4096)] = 0
    labels: LabelSource = "auto"
    columns: Columns = "label-text"
    text_key: _Key = "text"
    label_key: _Key = "label"
    classes: tuple[str, ...] = ()

    def level(self, name: LevelName) -> Level:
        """How lines are cut."""
        merges = Merges(self.merges) if name == "subword" else None
        return Level(name, spaced=self.spaced, tokenize=self.tokenize, merges=merges)

    @property
    def layout(self) -> Layout:
        """Where text stands in files."""
        return Layout(self.labels, self.columns, self.text_key, self.label_key)


def layout_of(options: TextOptions) -> Layout:
    """The layout that the options ask for."""
    return Layout(options.labels, options.columns, options.text_key, options.label_key)


def reading_of(level: Level, options: TextOptions, samples: Samples) -> Reading:
    """What a training settled."""
    return Reading(
        spaced=level.spaced,
        tokenize=level.tokenize,
        merges=level.merges.pairs if level.merges else (),
        window=samples.window,
        classes=samples.classes,
        **vars(layout_of(options)),
    )


def read_batch(path: Path, level: Level, reading: Reading, vocabulary: Sequence[str]) -> Batch[np.ndarray]:
    """The samples of a file or folder: every line that is not blank, or the windows of each file, side by side.

    Args:
        path: a .txt, .tsv or .jsonl file or a folder of them.
        level, reading: how the model was trained.
        vocabulary: symbols by token, the special ones first.

    Returns:
        Tokens int64 ``[samples, time]``, each with its end token; labels where all samples have a class of the model.

    Raises:
        DataError: it cannot be read, or there is nothing in it, or more than memory should hold.
    """
    text = read_text(path, reading.layout)
    numbers = [number for number, line in enumerate(text.lines) if line.strip()]
    if not numbers:
        raise DataError(f"{path}: there are only blank lines in it.", "Give at least one line of text.")
    if reading.window:
        symbols, spans = _windows(text, level, reading.window)
        labels = None
    else:
        symbols = Symbols.of([level.symbols(text.lines[number].strip()) for number in numbers])
        spans = Spans(np.cumsum(symbols.lengths) - symbols.lengths, symbols.lengths)
        labels = _labels(text, numbers, reading)
    longest = int(np.argmax(spans.lengths))
    if len(spans) * (int(spans.lengths[longest]) + 1) > _MOST_CELLS:
        where = text.where(numbers[longest]) if not reading.window else str(path)
        raise DataError(
            f"{path}: {len(spans):,} samples of up to {spans.lengths[longest]:,} {level.noun}s ({where}) are more than "
            "memory should hold.",
            "Give fewer at a time, or shorten the longest.",
        )
    known = Vocabulary.of(symbols.names, vocabulary[len(SPECIAL) :])
    return known.encode(spans, symbols.codes, labels).take(np.arange(len(spans)))


def _windows(text: Text, level: Level, length: int) -> tuple[Symbols, Spans]:
    """Windows of each file; what is left at the end of a file is a sample where the file has no whole window."""
    pieces, starts, lengths = [], [], []
    place = 0
    for lines in _files(text):
        row = level.running(lines)
        pieces += row
        size = sum(map(len, row))
        own = range(0, max(size - length, 0) + 1, length)
        starts += [place + start for start in own]
        lengths += [min(length, size)] * len(own)
        place += size
    return Symbols.of(pieces), Spans(np.array(starts, np.int64), np.array(lengths, np.int64))


def _files(text: Text) -> Iterator[list[str]]:
    ends = [part.first for part in text.parts[1:]] + [len(text.lines)]
    for part, end in zip(text.parts, ends, strict=True):
        if any(map(str.strip, text.lines[part.first : end])):
            yield text.lines[part.first : end]


def _labels(text: Text, numbers: Sequence[int], reading: Reading) -> np.ndarray | None:
    if text.labels is None or not reading.classes:
        return None
    places = {name: place for place, name in enumerate(reading.classes)}
    own = [text.labels[number] for number in numbers]
    foreign = next((number for number in numbers if text.labels[number] not in places), None)
    if foreign is None:
        return np.array([places[name] for name in own], np.int64)
    if reading.labels in ("file", "folder"):  # a further file need not be named like a class
        return None
    raise DataError(
        f"{text.where(foreign)}: the class '{text.labels[foreign]:.60}' is none of the model's.",
        f"There are: {', '.join(reading.classes[:20])}.",
    )
