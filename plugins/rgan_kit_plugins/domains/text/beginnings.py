"""What a model of text goes on from: a text, or the samples of a file, as tokens without their end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.text.encoding import UNKNOWN, Level, Vocabulary
from rgan_kit_plugins.domains.text.reading import read_corpus
from rgan_kit_plugins.domains.text.records import Layout

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.text.decoder import ReadingManifest

_LISTED = 10


def texts_of(path: Path, reading: ReadingManifest) -> list[str]:
    """The samples of a file, or the whole of it where a model's samples are windows.

    Raises:
        DataError: the file cannot be read.
    """
    layout = Layout(reading.labels, reading.columns, reading.text_key, reading.label_key)
    return list(read_corpus(path, layout).passages("file" if reading.window else reading.unit).texts)


def tokens_of(text: str, level: Level, vocabulary: Vocabulary, replace_unknown: str | None, where: str) -> np.ndarray:
    """The tokens of a beginning, int64 ``[time]``.

    Args:
        text: that a sample begins with.
        level: how it is cut.
        vocabulary: of the model.
        replace_unknown: text that stands for each symbol that the vocabulary lacks; None refuses them.
        where: names the text in messages; may be empty.

    Raises:
        DataError: a symbol is unknown; lists them.
    """
    symbols = list(level.symbols(text))
    tokens = vocabulary.tokens(symbols).astype(np.int64)
    unknown = sorted({symbols[place] for place in np.flatnonzero(tokens == UNKNOWN)})
    if not unknown:
        return tokens
    if replace_unknown is None:
        listed = ", ".join(map(repr, unknown[:_LISTED])) + (" and more" if len(unknown) > _LISTED else "")
        raise DataError(
            f"{where}{': ' if where else ''}the model does not know {listed}.",
            "Leave them out, or say what to read in place of each: --replace-unknown TEXT (nothing: '').",
        )
    known = (symbol if token != UNKNOWN else replace_unknown for symbol, token in zip(symbols, tokens, strict=True))
    return tokens_of(level.join([each for each in known if each]), level, vocabulary, None, where)
