"""From tokens back to text."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.text.levels import LevelName
from rgan_kit_plugins.domains.text.symbols import BOS, EOS, PAD, SPECIAL, UNKNOWN

VERSION: Final = 1

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_SPECIAL_TOKENS: Final = {"pad": PAD, "bos": BOS, "eos": EOS, "unknown": UNKNOWN}
_JOINERS: Final[dict[LevelName, str]] = {"character": "", "word": " "}
_MOST_SYMBOLS: Final = 1_000_000
_MOST_CHARACTERS: Final = 2**26


class TextDecoder:
    """Decodes tokens; samples are strings.

    Args:
        level: whether symbols are characters, or words that are joined by one space.
        vocabulary: symbols by token; the first four are special and stand for no text.
    """

    def __init__(self, level: LevelName, vocabulary: Sequence[str]) -> None:
        self.level = level
        self.vocabulary = tuple(vocabulary)
        self._joiner = _JOINERS[level]
        self._symbols = np.array([*SPECIAL, *self.vocabulary[len(SPECIAL) :]], dtype=object)
        self._symbols[UNKNOWN] = _REPLACEMENT
        self._several_lines = "\n" in self.vocabulary

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        """Text of ``tokens`` ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token not counted). A token that
        stands for no text is passed over; an unknown symbol becomes U+FFFD."""
        tokens, lengths = outputs["tokens"], outputs["lengths"]
        written = (tokens >= UNKNOWN) & (tokens < len(self._symbols))
        written &= np.arange(tokens.shape[1]) < lengths[:, None]
        return [self._joiner.join(self._symbols[row[keep]]) for row, keep in zip(tokens, written, strict=True)]

    def preview(self, sample: Any) -> str:
        """The text in one line, with everything escaped that could steer a terminal."""
        return "".join(
            sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else sign.encode("unicode_escape").decode()
            for sign in str(sample)
        )

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes ``samples.txt``, one sample a line; where samples may hold line ends, one file for each.

        Raises:
            OSError: the folder cannot be written to; no file is left half-written.
        """
        if self._several_lines:
            digits = max(4, len(str(len(samples))))
            texts = {folder / f"sample-{i:0{digits}}.txt": str(sample) for i, sample in enumerate(samples, 1)}
        else:
            texts = {folder / "samples.txt": "".join(f"{sample}\n" for sample in samples)}
        for file, text in texts.items():
            _write_whole(file, text)
        return list(texts)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs, and that an app in another language needs to decode by itself:
        join ``vocabulary[token]`` with ``joiner``."""
        return {
            "version": VERSION,
            "level": self.level,
            "joiner": self._joiner,
            "special": dict(_SPECIAL_TOKENS),
            "vocabulary": list(self.vocabulary),
        }

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> TextDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        problems = list(_problems(manifest))
        if problems:
            raise DataError(
                f"This model's description of its text cannot be used: {'; '.join(problems)}.",
                "Export the model again, or get it again from where it came.",
            )
        return cls(manifest["level"], manifest["vocabulary"])


def _write_whole(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with a manifest; it may come from a stranger."""
    version, level = manifest.get("version"), manifest.get("level")
    if version != VERSION:
        yield f"version is {version!r:.40} and not {VERSION}"
    if not isinstance(level, str) or level not in _JOINERS:
        yield f"level is {level!r:.40} and neither {' nor '.join(_JOINERS)}"
    elif manifest.get("joiner") != _JOINERS[level]:
        yield f"joiner is {manifest.get('joiner')!r:.40} and not {_JOINERS[level]!r}"
    if manifest.get("special") != _SPECIAL_TOKENS:
        yield f"special is {manifest.get('special')!r:.80} and not {_SPECIAL_TOKENS}"
    vocabulary = manifest.get("vocabulary")
    if not isinstance(vocabulary, list | tuple) or not len(SPECIAL) < len(vocabulary) <= _MOST_SYMBOLS:
        yield f"vocabulary is no list of {len(SPECIAL) + 1} to {_MOST_SYMBOLS:,} symbols"
    elif not all(isinstance(symbol, str) and symbol for symbol in vocabulary):
        yield "vocabulary holds something that is no text"
    else:
        yield from _problems_of_symbols(vocabulary, level)


def _problems_of_symbols(vocabulary: Sequence[str], level: Any) -> Iterator[str]:
    written = vocabulary[len(SPECIAL) :]
    if sum(map(len, vocabulary)) > _MOST_CHARACTERS:
        yield f"vocabulary holds more than {_MOST_CHARACTERS:,} characters"
        return
    if len(set(written)) < len(written):
        yield "vocabulary holds a symbol twice"
    if any(_is_broken(symbol) for symbol in vocabulary):
        yield "vocabulary holds half a surrogate pair"
    if level == "character" and any(len(symbol) != 1 for symbol in written):
        yield "vocabulary holds symbols of several characters"
    if level == "word" and any(symbol.split() != [symbol] for symbol in written):
        yield "vocabulary holds words with spaces in them"


def _is_broken(symbol: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in symbol)
