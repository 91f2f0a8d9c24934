"""From tokens back to text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Batch, DataError
from rgan_kit.storage import write_whole
from rgan_kit_plugins.domains.text.description import SPECIAL_TOKENS, VERSION, problems_of
from rgan_kit_plugins.domains.text.levels import LevelName
from rgan_kit_plugins.domains.text.reading import Reading, read_batch
from rgan_kit_plugins.domains.text.symbols import SPECIAL, UNKNOWN

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class TextDecoder:
    """Decodes tokens; samples are strings.

    Args:
        level: whether symbols are characters, words or pieces of words.
        vocabulary: symbols by token; the first four are special and stand for no text.
        reading: how text is cut into symbols.
    """

    def __init__(self, level: LevelName, vocabulary: Sequence[str], reading: Reading | None = None) -> None:
        self.level = level
        self.vocabulary = tuple(vocabulary)
        self.reading = reading or Reading()
        self._level = self.reading.level(level)
        self._joiner = self._level.joiner
        self._symbols = np.array([*SPECIAL, *self.vocabulary[len(SPECIAL) :]], dtype=object)
        self._symbols[UNKNOWN] = _REPLACEMENT
        self._several_lines = any("\n" in symbol for symbol in self.vocabulary)

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
            RganKitError: the folder cannot be written to; no file is left half-written.
        """
        if self._several_lines:
            digits = max(4, len(str(len(samples))))
            texts = {folder / f"sample-{i:0{digits}}.txt": str(sample) for i, sample in enumerate(samples, 1)}
        else:
            texts = {folder / "samples.txt": "".join(f"{sample}\n" for sample in samples)}
        for file, text in texts.items():
            write_whole(file, text.encode(), force=False)
        return list(texts)

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The lines (or windows) of a .txt, .tsv or .jsonl file or of a folder, as tokens int64 ``[samples, time]``
        with their end token; a symbol that the vocabulary lacks becomes the unknown one.

        Raises:
            DataError: the text cannot be read; names the file and the line.
        """
        return read_batch(path, self._level, self.reading, self.vocabulary)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs, and that an app in another language needs to decode by itself:
        join ``vocabulary[token]`` with ``joiner``."""
        return {
            "version": VERSION,
            "level": self.level,
            "joiner": self._joiner,
            "special": dict(SPECIAL_TOKENS),
            "vocabulary": list(self.vocabulary),
            "reading": self.reading.model_dump(mode="json"),
        }

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> TextDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        problems = list(problems_of(manifest))
        if problems:
            raise DataError(
                f"This model's description of its text cannot be used: {'; '.join(problems)}.",
                "Export the model again, or get it again from where it came.",
            )
        reading = Reading.model_validate(manifest.get("reading", {}))
        return cls(manifest["level"], manifest["vocabulary"], reading)
