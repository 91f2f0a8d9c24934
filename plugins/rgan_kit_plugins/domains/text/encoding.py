"""Between text and tokens: how text is cut into symbols, and which token each symbol is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Literal

import numpy as np

from rgan_kit.contracts import DataError, Sequences
from rgan_kit_plugins.domains.text.pieces import pieces
from rgan_kit_plugins.domains.text.subwords import Merges

PAD: Final = 0
BOS: Final = 1
EOS: Final = 2
UNKNOWN: Final = 3
SPECIAL: Final = ("<pad>", "<bos>", "<eos>", "<unk>")
LINE_END: Final = "\n"

LevelName = Literal["character", "word", "subword"]
Tokenize = Literal["space", "punctuation"]

_LARGE_VOCABULARY: Final = 1000
_CODE_POINTS: Final = 0x110000
_END: Final = "\0"  # stands in no text
_CHARACTERS_AT_ONCE: Final = 2**20
_WORDS_AT_ONCE: Final = 2**16  # characters whose words lie in a processor's cache
_SPACES: Final = re.compile(r"[^\S\n]+")
_AROUND_LINE_END: Final = re.compile(r" ?\n ?")


@dataclass(frozen=True)
class Level:
    """How text is cut into symbols. Line ends are symbols of their own at every level.

    Attributes:
        name: ``character``, ``word`` or ``subword``.
        spaced: the text puts a space between any two characters; these are dropped on reading and never written.
        tokenize: how words are cut.
        merges: how characters become subwords; None before that is learnt, where the symbols are characters still.
    """

    name: LevelName
    spaced: bool = False
    tokenize: Tokenize = "space"
    merges: Merges | None = None

    @property
    def noun(self) -> str:
        """What the symbols are called."""
        return "character" if self.name == "subword" and self.merges is None else self.name

    @property
    def joiner(self) -> str:
        """What stands between two symbols when they are written."""
        return " " if self.name == "word" and self.tokenize == "space" else ""

    def clean(self, text: str) -> str:
        """The text without what is never written."""
        return _SPACES.sub("", text) if self.spaced else text

    def symbols(self, text: str) -> str | list[str]:
        """The symbols of a text."""
        if self.name == "word":
            return _words(text) if self.joiner else pieces(text)
        text = self.clean(text)
        return text if self.merges is None else self.merges.cut(text)

    def join(self, symbols: Iterable[str]) -> str:
        """The text of symbols."""
        text = self.joiner.join(symbols)
        return _AROUND_LINE_END.sub(LINE_END, text) if self.joiner and LINE_END in text else text


def _words(text: str) -> list[str]:
    if LINE_END not in text:
        return text.split()
    words: list[str] = []
    for line in text.split(LINE_END):
        words += line.split()
        words.append(LINE_END)
    return words[:-1]


class Numbers:
    """Numbers for symbols in the order in which they come; the same symbol has the same number."""

    def __init__(self) -> None:
        self._places = _Numbered({_END: -1})
        self._points = np.full(0, -1, np.int32)  # of characters, by code point

    @property
    def names(self) -> list[str]:
        """The symbols by number."""
        return list(self._places)[1:]

    def of_texts(self, texts: Iterable[str], level: Level) -> tuple[np.ndarray, np.ndarray]:
        """The symbols of texts, one after the other, unsigned integers of the least size; and int64 ``[texts]``, how
        many each has."""
        characters = level.name != "word" and level.merges is None
        parts, counts = [], []
        for some in _batches(texts, _CHARACTERS_AT_ONCE if characters else _WORDS_AT_ONCE):
            if characters:
                written = [level.clean(text) for text in some] if level.spaced else some
                lengths, numbers = _lengths(written), self._of_characters("".join(written))
            elif level.joiner:
                lengths, numbers = self._of_words(some)
            else:
                cut = [level.symbols(text) for text in some]
                lengths, numbers = _lengths(cut), self._of_symbols(chain.from_iterable(cut))
            parts.append(numbers.astype(least_type(len(self._places))))
            counts.append(lengths)
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros(0, np.uint8)])
        return joined, np.concatenate(counts or [np.zeros(0, np.int64)])

    def of_row(self, text: str, level: Level) -> np.ndarray:
        """The symbols of one long text."""
        return self.of_texts(_parts_of(text, anywhere=level.name != "word" and level.merges is None), level)[0]

    def _of_characters(self, text: str) -> np.ndarray:
        starts = range(0, len(text), _CHARACTERS_AT_ONCE)
        parts = [self._of_few_characters(text[start : start + _CHARACTERS_AT_ONCE]) for start in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros(0, np.uint8)])

    def _of_few_characters(self, text: str) -> np.ndarray:
        points = np.frombuffer(text.encode("utf-32-le"), "<u4")
        if len(self._points) == 0:
            self._points = np.full(_CODE_POINTS, -1, np.int32)
        numbers: np.ndarray = self._points[points]
        if numbers.min(initial=0) < 0:
            for point in np.unique(points[numbers < 0]).tolist():
                self._points[point] = self._places[chr(point)]
            numbers = self._points[points]
        return numbers.astype(least_type(len(self._places)))

    def _of_words(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """How many symbols each text has, and their numbers: one cut for all texts, with a mark between two."""
        text = f" {_END} ".join([*texts, ""])
        numbers = self._of_symbols(text.split() if LINE_END not in text else _words(text))
        ends = np.flatnonzero(numbers < 0)
        return np.diff(ends, prepend=-1) - 1, numbers[numbers >= 0]

    def _of_symbols(self, symbols: Iterable[str]) -> np.ndarray:
        return np.fromiter(map(self._places.__getitem__, symbols), np.int32)


class _Numbered(dict[str, int]):
    """Gives what it has not seen the next number; what it was made with does not count."""

    def __missing__(self, symbol: str) -> int:
        self[symbol] = place = len(self) - 1
        return place


def _lengths(texts: Sequence[str | list[str]]) -> np.ndarray:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Texts in order, about so many characters at a time."""
    some: list[str] = []
    characters = 0
    for text in texts:
        some.append(text)
        characters += len(text)
        if characters >= size:
            yield some
            some, characters = [], 0
    if some:
        yield some


def _parts_of(text: str, *, anywhere: bool) -> Iterator[str]:
    """A text in parts; unless ``anywhere``, each begins with a line end, so that no word is cut."""
    start = 0
    while start < len(text):
        end = start + _CHARACTERS_AT_ONCE
        if not anywhere:
            end = text.find(LINE_END, end)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end


def least_type(count: int) -> type[np.uint8 | np.uint16 | np.uint32]:
    """The smallest type for numbers below ``count``."""
    return np.uint8 if count <= 2**8 else np.uint16 if count <= 2**16 else np.uint32


def counts_of(codes: np.ndarray, kinds: int) -> np.ndarray:
    """How often each number below ``kinds`` stands in ``codes``: int64 ``[kinds]``; a part at a time, as counting takes
    eight bytes a number."""
    total = np.zeros(kinds, np.int64)
    for start in range(0, len(codes), _CHARACTERS_AT_ONCE):
        total += np.bincount(codes[start : start + _CHARACTERS_AT_ONCE], minlength=kinds)
    return total


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Which token each symbol is.

    Attributes:
        names: symbols by token, the special ones first.
        min_count: the frequency cut-off that was used.
        found: how many different symbols there were to choose from.
    """

    names: tuple[str, ...]
    min_count: int = 1
    found: int = 0
    _tokens: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        written = {name: token for token, name in enumerate(self.written, len(SPECIAL))}
        object.__setattr__(self, "_tokens", written)

    @property
    def written(self) -> tuple[str, ...]:
        """The symbols that stand for text."""
        return self.names[len(SPECIAL) :]

    @classmethod
    def fit(cls, names: Sequence[str], counts: np.ndarray, *, min_count: int, max_size: int) -> Vocabulary:
        """Keeps the frequent symbols, the most frequent first, equally frequent ones by code point.

        Args:
            names: all different symbols.
            counts: int64, how often each stands in the training samples.
            min_count: rarer symbols are left out; 0 for 2 where there are many different ones, else 1.
            max_size: most symbols to keep.

        Raises:
            DataError: nothing is as frequent as ``min_count``.
        """
        found = int(np.count_nonzero(counts))
        cut_off = min_count or (2 if found > _LARGE_VOCABULARY else 1)
        kept = sorted((-count, names[place]) for place, count in enumerate(counts.tolist()) if count >= cut_off)
        if not kept:
            raise DataError(
                f"No symbol occurs {cut_off:,} times in the training data.", f"Set domain.min_count below {cut_off}."
            )
        return cls((*SPECIAL, *(name for _, name in kept[:max_size])), cut_off, found)

    def tokens(self, names: Sequence[str]) -> np.ndarray:
        """The token of each symbol, ``UNKNOWN`` for those that it lacks; unsigned integers of the least size."""
        known = (self._tokens.get(name, UNKNOWN) for name in names)
        return np.fromiter(known, np.int64, len(names)).astype(least_type(len(self.names)))


def with_ends(tokens: np.ndarray, lengths: np.ndarray, labels: np.ndarray | None = None) -> Sequences:
    """Samples that lie one after the other, each with an end token behind it.

    Args:
        tokens: of all samples.
        lengths: int64 ``[samples]``.
        labels: int64 ``[samples]`` or None.
    """
    offsets = np.concatenate([[0], np.cumsum(lengths + 1)])
    values = np.full(int(offsets[-1]), EOS, tokens.dtype)
    inside = np.ones(len(values), np.bool_)
    inside[offsets[1:] - 1] = False
    values[inside] = tokens
    return Sequences(values, offsets, PAD, labels)
