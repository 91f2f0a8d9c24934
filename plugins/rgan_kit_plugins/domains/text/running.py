"""Running text as windows, which have no end: each begins with some context that is read and not scored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Tally, Windows
from rgan_kit.files import Spans, at_random, by_name
from rgan_kit_plugins.domains.text.encoding import (
    LINE_END,
    UNKNOWN,
    Level,
    Numbers,
    counts_of,
)
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.reading import Passages
from rgan_kit_plugins.domains.text.samples import (
    FEWEST_SAMPLES,
    LearntText,
    classes_of,
    describe_classes,
    learn_subwords,
    learn_vocabulary,
    unknown_tally,
)

LENGTH: Final = {"character": 128, "subword": 64, "word": 32}
"""Symbols in a window, unless the user says otherwise."""

_MOST_WINDOWS: Final = 2**26
_FEWEST_BLOCKS: Final = 10
_MOST_BLOCKS: Final = 50
_WINDOWS_A_BLOCK: Final = 10  # side by side
_CHARACTERS_A_SUBWORD: Final = 4  # about
_BEGINNINGS: Final = 8
"""One window in so many is scored from its first symbol: samples begin with nothing before them."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Stretches of all text in one row of symbols; no window lies across two.

    Attributes:
        codes: unsigned integers ``[symbols]``.
        spans: where each block lies.
        labels: int64 ``[blocks]``, -1 where there are no classes.
        held_out: bool ``[blocks]``.
        words: how these were chosen.
    """

    codes: np.ndarray
    spans: Spans
    labels: np.ndarray
    held_out: np.ndarray
    words: str


def learn_windows(passages: Passages, level: Level, options: TextOptions, rng: np.random.Generator) -> LearntText:
    """Windows of the text of each class (of all text, where there are none), file by file.

    Text is cut into ten to fifty blocks a class, windows are cut within blocks, and whole blocks are held out: no
    validation window shares a position of the text with a training window.

    Raises:
        DataError: fewer than ten windows, or more than memory should hold.
        DeviceError: as ``learn_merges`` does.
    """
    classes, labels = classes_of(passages, np.arange(len(passages.texts)))
    length = options.window_length or LENGTH[level.name]
    numbers = Numbers()
    size = max(length, options.stride) * (_CHARACTERS_A_SUBWORD if level.name == "subword" else 1)
    blocks = _blocks_of(passages, labels, numbers, level, size, options, rng)
    vocabulary = learn_vocabulary(numbers.names, _counts(blocks, len(numbers.names)), options)
    if level.name == "subword":
        texts = _texts_of(blocks, numbers.names)
        trained = [text for text, out in zip(texts, blocks.held_out, strict=True) if not out]
        level, vocabulary = learn_subwords(trained, level, vocabulary, options)
        numbers = Numbers()
        codes, lengths = numbers.of_texts(texts, level)
        blocks = replace(blocks, codes=codes, spans=Spans.side_by_side(lengths))
    row = vocabulary.tokens(numbers.names)[blocks.codes]
    stride, context = steps_of(options, length)
    train, validation = (_windows(blocks, row, side, length, stride, context) for side in (False, True))
    _check(passages, train, validation, len(row), level)
    notes = {
        "samples": f"windows of {length:,} {level.noun}s without an end, one every {stride:,}; of each the first "
        f"{context:,} are context: read, and scored in the window before",
        "split": blocks.words,
    }
    known = None if labels is None else np.concatenate([_labels(train), _labels(validation)])
    used = sum(int(np.diff(side.stretches()).sum()) for side in (train, validation))
    unused = Tally(f"{level.noun}s", "in no window", len(row) - used, len(row), "a smaller domain.window_length or "
                   "domain.stride uses more")  # fmt: skip
    unknown = unknown_tally(int(np.count_nonzero(row == UNKNOWN)), len(row), level)
    notes |= describe_classes(classes, known)
    return LearntText(train, validation, level, vocabulary, notes, (unused, unknown), classes, length)


def steps_of(options: TextOptions, length: int) -> tuple[int, int]:
    """Symbols from one window to the next, and how many at the beginning of a window are context: what the window
    before has scored."""
    context = min(round(options.context * length), length - 1)
    stride = options.stride or length - context
    return stride, min(context, max(0, length - stride))


def _blocks_of(
    passages: Passages,
    labels: np.ndarray | None,
    numbers: Numbers,
    level: Level,
    size: int,
    options: TextOptions,
    rng: np.random.Generator,
) -> Blocks:
    """All text as symbols, the texts of a class and of a side that the user named side by side."""
    named = by_name(passages.corpus.found, passages.files())
    outs = np.zeros(len(passages.texts), np.bool_)
    outs[[] if named is None else named.validation] = True
    classes = np.full(len(passages.texts), -1) if labels is None else labels
    parts: list[np.ndarray] = []
    lengths: list[int] = []
    owners: list[tuple[int, bool]] = []
    for owner in sorted(set(zip(classes.tolist(), outs.tolist(), strict=True))):
        own = np.flatnonzero((classes == owner[0]) & (outs == owner[1]))
        row = _row_of([passages.texts[number] for number in own.tolist()], numbers, level)
        edges = np.linspace(0, len(row), _number_of_blocks(len(row), size) + 1).round().astype(int)
        parts.append(row)
        lengths += np.diff(edges).tolist()
        owners += [owner] * (len(edges) - 1)
    own_labels = np.array([label for label, _ in owners])
    codes = parts[0] if len(parts) == 1 else np.concatenate(parts)
    spans = Spans.side_by_side(np.array(lengths))
    if named is not None:
        return Blocks(codes, spans, own_labels, np.array([out for _, out in owners]), named.words)
    held_out = _hold_out(own_labels, options.validation_share, rng)
    words = f"{held_out.sum():,} of {len(spans):,} stretches of the text are held out; no window lies across two"
    return Blocks(codes, spans, own_labels, held_out, words)


def _row_of(texts: list[str], numbers: Numbers, level: Level) -> np.ndarray:
    """Texts as symbols, with a line end between two."""
    parts = [numbers.of_row(text if number == 0 else LINE_END + text, level) for number, text in enumerate(texts)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _number_of_blocks(symbols: int, length: int) -> int:
    usual = min(max(symbols // (_WINDOWS_A_BLOCK * length), _FEWEST_BLOCKS), _MOST_BLOCKS)
    return max(1, min(usual, symbols // length))


def _hold_out(labels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A share of the blocks of each class; none of a class that has one block alone."""
    held_out = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) > 1:
            held_out[own[at_random(len(own), share, rng).validation]] = True
    return held_out


def _counts(blocks: Blocks, kinds: int) -> np.ndarray:
    """How often each symbol stands in the text for training: int64 ``[kinds]``."""
    kept = blocks.spans.where(~blocks.held_out)
    ends = kept.starts + kept.lengths
    counts = np.zeros(kinds, np.int64)
    for start, end in zip(kept.starts, ends, strict=True):
        counts += counts_of(blocks.codes[start:end], kinds)
    return counts


def _texts_of(blocks: Blocks, names: list[str]) -> list[str]:
    """Blocks of characters as text again."""
    points = np.array([ord(name) for name in names], "<u4")
    ends = blocks.spans.starts + blocks.spans.lengths
    return [
        points[blocks.codes[start:end]].tobytes().decode("utf-32-le")
        for start, end in zip(blocks.spans.starts, ends, strict=True)
    ]


def _windows(blocks: Blocks, row: np.ndarray, held_out: bool, length: int, stride: int, context: int) -> Windows:
    """One window every ``stride`` symbols of each block, and one at its end where symbols are left."""
    own = blocks.spans.where(blocks.held_out == held_out)
    spans, owners = own.windows(length, stride)
    contexts = np.full(len(spans), context)
    if not held_out:
        contexts[np.arange(len(spans)) % _BEGINNINGS == 0] = 0
        contexts[np.isin(spans.starts, own.starts)] = 0
    rest = (own.lengths - length) % stride
    ending = np.flatnonzero((own.lengths >= length) & (rest > 0) & (stride <= length))
    starts = np.concatenate([spans.starts, (own.starts + own.lengths - length)[ending]])
    contexts = np.concatenate([contexts, length - rest[ending]])
    order = np.argsort(starts)
    labels = blocks.labels[blocks.held_out == held_out][np.concatenate([owners, ending])[order]]
    return Windows(row, starts[order], length, contexts[order], labels if labels.min(initial=0) >= 0 else None)


def _labels(windows: Windows) -> np.ndarray:
    return np.zeros(0, np.int64) if windows.labels is None else windows.labels


def _check(passages: Passages, train: Windows, validation: Windows, symbols: int, level: Level) -> None:
    path, count = passages.corpus.found.path, len(train) + len(validation)
    if count < FEWEST_SAMPLES or not len(train) or not len(validation):
        raise DataError(
            f"{path}: {symbols:,} {level.noun}s make {count:,} windows of {train.length:,}; at least {FEWEST_SAMPLES} "
            "are needed, on either side of the split.",
            "Give more text, or make domain.window_length or domain.stride smaller.",
        )
    if count > _MOST_WINDOWS:
        raise DataError(
            f"{path}: {count:,} windows of {train.length:,} {level.noun}s are too many to hold in memory.",
            "Make domain.stride larger.",
        )
