"""From tokens back to text, and what a decoder says about itself in a model file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
from pydantic import Field, model_validator

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import DecoderManifest, one_of
from rgan_kit_plugins.domains.text import beginnings, writing
from rgan_kit_plugins.domains.text.encoding import (
    BOS,
    EOS,
    LINE_END,
    PAD,
    SPECIAL,
    UNKNOWN,
    Level,
    LevelName,
    Numbers,
    Tokenize,
    Vocabulary,
    with_ends,
)
from rgan_kit_plugins.domains.text.reading import Passages, Unit, read_corpus
from rgan_kit_plugins.domains.text.records import Columns, LabelSource, Layout
from rgan_kit_plugins.domains.text.subwords import Merges

SPECIAL_TOKENS: Final = {"pad": PAD, "bos": BOS, "eos": EOS, "unknown": UNKNOWN}

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_MOST_SYMBOLS: Final = 1_000_000
_MOST_CHARACTERS: Final = 2**26
_MOST_CELLS: Final = 2**27  # of a padded batch: 1 GiB

_Key = Annotated[str, Field(min_length=1, max_length=100)]
_Symbol = Annotated[str, Field(min_length=1, max_length=1000)]


class ReadingManifest(DecoderManifest):
    """How text was cut and where it stands in files; fields as in ``Level``, ``Layout`` and ``TextOptions``.

    Attributes:
        unit: what a sample is.
        window: symbols in a window of running text; 0 where samples are none.
        ends: whether samples have an end token; windows of model files before 0.2 have one.
        classes: names of the model's classes.
    """

    noun: ClassVar[str] = "text"

    spaced: bool = False
    tokenize: Tokenize = "space"
    merges: Annotated[tuple[tuple[_Symbol, _Symbol], ...], Field(max_length=_MOST_SYMBOLS)] = ()
    unit: Unit = "line"
    window: Annotated[int, Field(ge=0, le=4096)] = 0
    ends: bool = True
    labels: LabelSource = "auto"
    columns: Columns = "label-text"
    text_key: _Key = "text"
    label_key: _Key = "label"
    classes: tuple[str, ...] = ()


class TextManifest(DecoderManifest):
    """Everything that a decoder is made from, and that an app in another language needs to decode by itself: join
    ``vocabulary[token]`` with ``joiner``.

    Attributes:
        version: of this description.
        level: what symbols are.
        joiner: what stands between two.
        special: tokens that stand for no text.
        vocabulary: symbols by token, the special ones first.
        reading: how text was read; model files before that was said have the defaults.
    """

    noun: ClassVar[str] = "text"

    version: Annotated[int, one_of(1)]
    level: LevelName
    joiner: str
    special: dict[str, int]
    vocabulary: Annotated[tuple[_Symbol, ...], Field(min_length=len(SPECIAL) + 1, max_length=_MOST_SYMBOLS)]
    reading: ReadingManifest = ReadingManifest()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        joiner, written = self.cutting.joiner, self.vocabulary[len(SPECIAL) :]
        if self.joiner != joiner:
            yield f"joiner is {self.joiner!r:.40} and not {joiner!r}"
        if self.special != SPECIAL_TOKENS:
            yield f"special is {self.special!r:.80} and not {SPECIAL_TOKENS}"
        if sum(map(len, self.vocabulary)) > _MOST_CHARACTERS:
            yield f"vocabulary holds more than {_MOST_CHARACTERS:,} characters"
        if len(set(written)) < len(written):
            yield "vocabulary holds a symbol twice"
        if self.level == "character" and any(len(symbol) != 1 for symbol in written):
            yield "vocabulary holds symbols of several characters"
        if joiner == " " and any(symbol.split() != [symbol] for symbol in written if symbol != LINE_END):
            yield "vocabulary holds words with spaces in them"

    @property
    def cutting(self) -> Level:
        """How text is cut."""
        merges = Merges(self.reading.merges) if self.level == "subword" else None
        return Level(self.level, self.reading.spaced, self.reading.tokenize, merges)

    @classmethod
    def of(
        cls,
        level: Level,
        vocabulary: Sequence[str],
        unit: Unit = "line",
        layout: Layout = Layout(),  # noqa: B008 - frozen
        classes: tuple[str, ...] = (),
        window: int = 0,
    ) -> TextManifest:
        """What a training settled."""
        reading = ReadingManifest(
            spaced=level.spaced,
            tokenize=level.tokenize,
            merges=level.merges.pairs if level.merges else (),
            unit=unit,
            window=window,
            ends=unit != "window",
            classes=classes,
            **vars(layout),
        )
        return cls(
            version=1,
            level=level.name,
            joiner=level.joiner,
            special=SPECIAL_TOKENS,
            vocabulary=tuple(vocabulary),
            reading=reading,
        )


class TextDecoder:
    """Decodes tokens; samples are strings.

    Args:
        about: what a training settled.
    """

    def __init__(self, about: TextManifest) -> None:
        self.about = about
        self.vocabulary = about.vocabulary
        self._level = about.cutting
        self._symbols = np.array([*SPECIAL, *self.vocabulary[len(SPECIAL) :]], dtype=object)
        self._symbols[UNKNOWN] = _REPLACEMENT

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        """Text of ``tokens`` ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token not counted). A token that
        stands for no text is passed over; an unknown symbol becomes U+FFFD."""
        tokens, lengths = outputs["tokens"], outputs["lengths"]
        written = (tokens >= UNKNOWN) & (tokens < len(self._symbols))
        written &= np.arange(tokens.shape[1]) < lengths[:, None]
        return [self._level.join(self._symbols[row[keep]]) for row, keep in zip(tokens, written, strict=True)]

    def preview(self, sample: Any) -> str:
        """The text in one line, with everything escaped that could steer a terminal."""
        return "".join(
            sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else sign.encode("unicode_escape").decode()
            for sign in str(sample)
        )

    def document(self, sample: Any) -> str:
        """The text as it is, with its line ends."""
        return str(sample)

    def write(self, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes the samples as ``read`` takes them, each with its class where there are classes: lines in
        ``samples.txt`` or, with classes, ``samples.tsv``; paragraphs with blank lines between; records that hold line
        ends in ``samples.jsonl``; whole files and windows as a file each.

        Raises:
            RganKitError: the folder cannot be written to; no file is left half-written.
        """
        several_lines = any(LINE_END in symbol for symbol in self.vocabulary[len(SPECIAL) :])
        return writing.write([str(sample) for sample in samples], folder, labels, self.about.reading, several_lines)

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The samples of a file or folder, cut as the model was trained: tokens int64 ``[samples, time]``, with their
        end token where they have one; a symbol that the vocabulary lacks becomes the unknown one. Windows of running
        text lie side by side, and what is left of a text is a shorter one. Labels are there where all samples have a
        class of the model.

        Raises:
            DataError: the text cannot be read, or is more than memory should hold; names the file and the line.
        """
        reading = self.about.reading
        layout = Layout(reading.labels, reading.columns, reading.text_key, reading.label_key)
        passages = read_corpus(path, layout).passages("window" if reading.window else reading.unit)
        numbers = Numbers()
        codes, lengths = numbers.of_texts(passages.texts, self._level)
        labels = self._labels(passages)
        if reading.window:
            counts = -(-lengths // reading.window)
            labels = None if labels is None else np.repeat(labels, counts)
            lengths = _side_by_side(lengths, counts, reading.window)
        self._check_size(passages, lengths)
        tokens = Vocabulary(self.vocabulary).tokens(numbers.names)[codes]
        if reading.ends:
            return with_ends(tokens, lengths, labels).take(np.arange(len(lengths)))
        return _padded(tokens, lengths, labels)

    def beginnings(self, given: str | Path, *, replace_unknown: str | None = None) -> list[np.ndarray]:
        """What a model goes on from: a text, or every sample of a file, cut as the model was trained, without end
        tokens: int64 ``[time]`` each. Of a model of running text a file is one beginning.

        Args:
            given: the text, or where it stands.
            replace_unknown: text that stands for each symbol that the vocabulary lacks; None refuses them.

        Raises:
            DataError: a symbol is unknown, or the file cannot be read.
        """
        vocabulary = Vocabulary(self.vocabulary)
        texts = beginnings.texts_of(given, self.about.reading) if isinstance(given, Path) else [given]
        where = str(given) if isinstance(given, Path) else ""
        return [beginnings.tokens_of(text, self._level, vocabulary, replace_unknown, where) for text in texts]

    def _check_size(self, passages: Passages, lengths: np.ndarray) -> None:
        longest = int(np.argmax(lengths))
        if len(lengths) * (int(lengths[longest]) + 1) > _MOST_CELLS:
            path = passages.corpus.found.path
            where = path if self.about.reading.window else passages.where(longest)
            raise DataError(
                f"{path}: {len(lengths):,} samples of up to {lengths[longest]:,} {self._level.noun}s ({where}) are "
                "more than memory should hold.",
                "Give fewer at a time, or shorten the longest.",
            )

    def _labels(self, passages: Passages) -> np.ndarray | None:
        reading = self.about.reading
        if passages.labels is None or not reading.classes:
            return None
        places = {name: place for place, name in enumerate(reading.classes)}
        foreign = next((number for number, name in enumerate(passages.labels) if name not in places), None)
        if foreign is None:
            return np.array([places[name] for name in passages.labels], np.int64)
        if reading.labels in ("file", "folder"):  # a further file need not be named like a class
            return None
        raise DataError(
            f"{passages.where(foreign)}: the class '{passages.labels[foreign]:.60}' is none of the model's.",
            f"There are: {', '.join(reading.classes[:20])}.",
        )

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs."""
        return self.about.as_dict()

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> TextDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        return cls(TextManifest.checked(manifest))


def _side_by_side(lengths: np.ndarray, counts: np.ndarray, window: int) -> np.ndarray:
    """Lengths of the windows of each text: whole ones, and what is left at its end."""
    windows = np.full(int(counts.sum()), window, np.int64)
    windows[np.cumsum(counts) - 1] = lengths - window * (counts - 1)
    return windows


def _padded(tokens: np.ndarray, lengths: np.ndarray, labels: np.ndarray | None) -> Batch[np.ndarray]:
    values = np.full((len(lengths), int(lengths.max(initial=0))), PAD, np.int64)
    values[np.arange(values.shape[1]) < lengths[:, None]] = tokens
    return Batch(values, lengths, labels)
