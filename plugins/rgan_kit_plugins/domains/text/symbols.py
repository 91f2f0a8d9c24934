"""Symbols as numbers, samples as spans of them, and the vocabulary that gives each symbol its token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Sequences

PAD: Final = 0
BOS: Final = 1
EOS: Final = 2
UNKNOWN: Final = 3
SPECIAL: Final = ("<pad>", "<bos>", "<eos>", "<unk>")

_LARGE_VOCABULARY: Final = 1000
_CODE_POINTS: Final = 0x110000


@dataclass(frozen=True, eq=False)
class Symbols:
    """Text as numbers.

    Attributes:
        codes: int32 ``[symbols]``, places in ``names``.
        names: the different symbols.
        lengths: int64 ``[samples]``, symbols of each piece of text that these came from.
    """

    codes: np.ndarray
    names: list[str]
    lengths: np.ndarray

    @classmethod
    def of(cls, pieces: Sequence[str | list[str]]) -> Symbols:
        """Numbers the symbols of pieces of text: all strings (of characters) or all lists of words."""
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        characters = "".join(piece for piece in pieces if isinstance(piece, str))
        if characters:
            return cls(*_number_characters(characters), lengths)
        places: dict[str, int] = {}
        words = (places.setdefault(word, len(places)) for piece in pieces for word in piece)
        codes = np.fromiter(words, np.int32, int(lengths.sum()))
        return cls(codes, list(places), lengths)


def _number_characters(text: str) -> tuple[np.ndarray, list[str]]:
    points = np.frombuffer(text.encode("utf-32-le"), "<u4")
    seen = np.zeros(_CODE_POINTS, np.bool_)
    seen[points] = True
    present = np.flatnonzero(seen)
    places = np.zeros(_CODE_POINTS, np.int32)
    places[present] = np.arange(len(present), dtype=np.int32)
    return places[points], [chr(point) for point in present]


@dataclass(frozen=True, eq=False)
class Spans:
    """Samples as stretches of a row of symbols: int64 ``[samples]`` each."""

    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, codes: np.ndarray) -> np.ndarray:
        """The symbols of all samples, one after the other."""
        return np.concatenate([codes[:0], *(codes[stretch] for stretch in self._stretches())])

    def cover(self, codes: np.ndarray) -> np.ndarray:
        """The symbols that lie in any sample, each once, though samples overlap."""
        covered = np.zeros(len(codes), np.bool_)
        for stretch in self._stretches():
            covered[stretch] = True
        return codes[covered]

    def texts(self, symbols: Symbols) -> list[str]:
        """The samples as text, where symbols are characters."""
        names = np.array(symbols.names, dtype=object)
        return ["".join(names[symbols.codes[stretch]]) for stretch in self._stretches()]

    def _stretches(self) -> Iterator[slice]:
        return map(slice, self.starts.tolist(), (self.starts + self.lengths).tolist())


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Which token each symbol is.

    Attributes:
        names: symbols by token, the special ones first.
        tokens: int32 ``[different symbols]``, token by place in ``Symbols.names``; ``UNKNOWN`` where it was cut off.
        min_count: the frequency cut-off that was used.
    """

    names: tuple[str, ...]
    tokens: np.ndarray
    min_count: int

    @property
    def written(self) -> tuple[str, ...]:
        """The symbols that stand for text."""
        return self.names[len(SPECIAL) :]

    @classmethod
    def of(cls, names: Sequence[str], written: Sequence[str], min_count: int = 1) -> Vocabulary:
        """The vocabulary of given symbols.

        Args:
            names: all different symbols of a text.
            written: those that get a token, in order; the text need not hold all of them.
            min_count: as in the attributes.
        """
        known = {name: token for token, name in enumerate(written, len(SPECIAL))}
        tokens = np.fromiter((known.get(name, UNKNOWN) for name in names), np.int32, len(names))
        return cls((*SPECIAL, *written), tokens, min_count)

    @classmethod
    def fit(cls, names: Sequence[str], codes: np.ndarray, *, min_count: int, max_size: int) -> Vocabulary:
        """Counts the symbols ``codes`` of the training samples and keeps the frequent ones, the most frequent first,
        equally frequent ones by code point.

        Args:
            names: all different symbols.
            codes: int32, places in ``names``.
            min_count: rarer symbols are left out; 0 for 2 where there are many different ones, else 1.
            max_size: most symbols to keep.

        Raises:
            DataError: nothing is as frequent as ``min_count``.
        """
        counts = np.bincount(codes, minlength=len(names)).tolist()
        found = sum(count > 0 for count in counts)
        cut_off = min_count or (2 if found > _LARGE_VOCABULARY else 1)
        kept = sorted((-count, names[place]) for place, count in enumerate(counts) if count >= cut_off)
        if not kept:
            raise DataError(
                f"No symbol occurs {cut_off:,} times in the training data.", f"Set domain.min_count below {cut_off}."
            )
        return cls.of(names, [name for _, name in kept[:max_size]], cut_off)

    def encode(self, spans: Spans, codes: np.ndarray, labels: np.ndarray | None = None) -> Sequences:
        """The samples as tokens, each with its end token."""
        offsets = np.concatenate([[0], np.cumsum(spans.lengths + 1)])
        values = np.full(int(offsets[-1]), EOS, np.int32)
        inside = np.ones(len(values), np.bool_)
        inside[offsets[1:] - 1] = False
        values[inside] = self.tokens[spans.gather(codes)]
        return Sequences(values, offsets, PAD, labels)
