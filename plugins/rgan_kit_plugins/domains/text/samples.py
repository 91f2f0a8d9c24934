"""What a sample is, and which samples are held out from training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit_plugins.domains.text.files import Text
from rgan_kit_plugins.domains.text.levels import Level
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.symbols import Spans, Symbols

FEWEST_SAMPLES: Final = 10

_LONGEST_LINE: Final = {"character": 256, "word": 64}
_MOST_LABELS: Final = 1000
_LABELS_SHOWN: Final = 8
_WINDOW: Final = {"character": 128, "word": 32}
_MOST_SYMBOLS: Final = 2**29  # 2 GiB of tokens
_FEWEST_BLOCKS: Final = 10
_MOST_BLOCKS: Final = 50
_WINDOWS_A_BLOCK: Final = 10  # side by side; overlapping windows are lost where a block ends
_USE_WINDOWS: Final = "To cut running text into samples: --set domain.unit=window"

HoldOut = Callable[[Sequence[str], np.ndarray], np.ndarray]
"""From all lines and int64 ``[samples]`` numbers of those in use to bool ``[samples]``: held out or not."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Training and validation samples as spans of symbols, and what was decided, in words for people.

    Attributes:
        classes: names of the classes, sorted; empty where there are none.
        labels: int64 ``[samples]``, of training and of validation, where there are classes.
        window: symbols in a sample, where samples are windows; else 0.
    """

    symbols: Symbols
    train: Spans
    validation: Spans
    notes: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    labels: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    window: int = 0


def lines_as_samples(text: Text, level: Level, options: TextOptions, hold_out: HoldOut) -> Samples:
    """One sample a line; surrounding spaces do not count, blank lines and those that are too long are left out.

    Raises:
        DataError: fewer than ten samples remain, or all are equal.
    """
    lines = [line.strip() for line in text.lines]
    numbers = _lines_in_use(text, lines)
    symbols = Symbols.of([level.symbols(lines[number]) for number in numbers])
    limit = options.max_length or min(_LONGEST_LINE[level.noun], int(symbols.lengths.max()))
    fits = symbols.lengths <= limit
    if fits.sum() < FEWEST_SAMPLES:
        longest = int(np.argmax(symbols.lengths))
        raise DataError(
            f"{text.path}: {fits.sum():,} of {len(fits):,} lines are no longer than {_plural(limit, level.noun)} (the "
            f"longest: {text.where(int(numbers[longest]))}, {symbols.lengths[longest]:,}); at least {FEWEST_SAMPLES} "
            "are needed.",
            f"Raise domain.max_length. {_USE_WINDOWS}",
        )
    if len({lines[number] for number in numbers[fits]}) == 1:
        raise DataError(f"{text.path}: all {fits.sum():,} lines are equal.", "Give lines that differ.")
    spans = Spans((np.cumsum(symbols.lengths) - symbols.lengths)[fits], symbols.lengths[fits])
    held_out = hold_out(lines, numbers[fits])
    notes = {"samples": "one a line"}
    if len(numbers) < len(lines):
        notes["samples"] += f"; {len(lines) - len(numbers):,} blank lines skipped"
    if not fits.all():
        notes["left out"] = f"{(~fits).sum():,} of {len(fits):,} lines, longer than {limit:,} {level.noun}s"
    notes["equal lines"] = _describe_equal([lines[number] for number in numbers[fits]], held_out, options)
    samples = Samples(symbols, _select(spans, ~held_out), _select(spans, held_out), notes)
    return samples if text.labels is None else _with_labels(samples, text, numbers[fits], held_out)


def _lines_in_use(text: Text, lines: Sequence[str]) -> np.ndarray:
    """Numbers of the lines that are not blank."""
    numbers = np.array([number for number, line in enumerate(lines) if line], np.int64)
    if len(numbers) == 0:
        raise DataError(f"{text.path}: there are only blank lines in it.", "Give at least 10 lines of text.")
    if len(numbers) < FEWEST_SAMPLES:
        longest = int(max(numbers, key=lambda number: len(lines[number])))
        raise DataError(
            f"{text.path}: {_plural(len(numbers), 'line')} of text (the longest: {text.where(longest)}, "
            f"{_plural(len(lines[longest]), 'character')}); at least {FEWEST_SAMPLES} samples are needed.",
            _USE_WINDOWS,
        )
    return numbers


def _with_labels(samples: Samples, text: Text, numbers: np.ndarray, held_out: np.ndarray) -> Samples:
    assert text.labels is not None
    own = [text.labels[number] for number in numbers]
    classes = tuple(sorted(set(own)))
    if len(classes) > _MOST_LABELS or len(classes) == len(own):
        raise DataError(
            f"{text.path}: {len(classes):,} different classes in {len(own):,} samples.",
            "If that is the text, say which is which (domain.columns, domain.label_key); without classes: "
            "--set domain.labels=none",
        )
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[name] for name in own], np.int64)
    counts = np.bincount(labels).tolist()
    largest = sorted(zip(counts, classes, strict=True), key=lambda pair: (-pair[0], pair[1]))[:_LABELS_SHOWN]
    more = f", and {len(classes) - _LABELS_SHOWN:,} more" if len(classes) > _LABELS_SHOWN else ""
    shown = ", ".join(f"{name} ({count:,})" for count, name in largest)
    notes = samples.notes | {"classes": f"{len(classes):,}: {shown}{more}"}
    return replace(samples, notes=notes, classes=classes, labels=(labels[~held_out], labels[held_out]))


def windows_as_samples(text: Text, level: Level, options: TextOptions, rng: np.random.Generator) -> Samples:
    """Windows of all lines in one row (line ends are symbols, but for words that spaces join).

    The row is cut into ten to fifty blocks, windows are cut within blocks, and whole blocks are held out: no
    validation window shares a position of the text with a training window.

    Raises:
        DataError: fewer than ten windows, or more than memory should hold.
    """
    symbols = Symbols.of(level.running(text.lines))
    length = options.window_length or _WINDOW[level.noun]
    stride = options.stride or length
    blocks = _window_starts(len(symbols.codes), length, stride)
    count = sum(map(len, blocks))
    if count < FEWEST_SAMPLES or len(blocks) < 2:
        raise DataError(
            f"{text.path}: {len(symbols.codes):,} {level.noun}s make {count:,} windows of {length:,}; at least "
            f"{FEWEST_SAMPLES} are needed.",
            "Give more text, or make domain.window_length or domain.stride smaller.",
        )
    if count * length > _MOST_SYMBOLS:
        raise DataError(
            f"{text.path}: {count:,} windows of {length:,} {level.noun}s are too many to hold in memory.",
            "Make domain.stride larger.",
        )
    held_out = _choose(len(blocks), options.validation_share, rng)
    sides = [np.concatenate([b for b, out in zip(blocks, held_out, strict=True) if out == side]) for side in (0, 1)]
    train, validation = (Spans(starts, np.full(len(starts), length)) for starts in sides)
    notes = {
        "samples": f"windows of {length:,} {level.noun}s, one every {stride:,}",
        "split": f"{held_out.sum()} of {len(blocks)} stretches of the text are held out; no window lies across two",
    }
    if text.labels is not None:
        notes["classes"] = "not used: a window may hold lines of several"
    return Samples(symbols, train, validation, notes, window=length)


def _window_starts(size: int, length: int, stride: int) -> list[np.ndarray]:
    """Starts of the windows of each block."""
    possible = max(0, (size - length) // stride + 1)
    blocks = min(max(size // (_WINDOWS_A_BLOCK * length), _FEWEST_BLOCKS), _MOST_BLOCKS)
    per_block = max(1, -(-possible // blocks))
    within = stride * np.arange(per_block, dtype=np.int64)
    block = int(within[-1]) + max(length, stride)
    starts = [begin + within for begin in range(0, size, block)]
    fitting = (own[own + length <= size] for own in starts)
    return [own for own in fitting if len(own)]


def hold_out_at_random(options: TextOptions, rng: np.random.Generator) -> HoldOut:
    """Holds out a share of the lines; equal lines fall as chance has it, or all on one side, as the options say."""

    def anywhere(lines: Sequence[str], numbers: np.ndarray) -> np.ndarray:
        return _choose(len(numbers), options.validation_share, rng)

    def together(lines: Sequence[str], numbers: np.ndarray) -> np.ndarray:
        groups: dict[str, int] = {}
        group = np.array([groups.setdefault(lines[number], len(groups)) for number in numbers])
        sizes = np.bincount(group)
        room = max(1, round(options.validation_share * len(numbers)))
        chosen = np.zeros(len(sizes), np.bool_)
        for each in rng.permutation(len(sizes)):
            if sizes[each] <= room:
                chosen[each] = True
                room -= int(sizes[each])
        if not chosen.any():
            chosen[np.argmin(sizes)] = True
        return np.isin(group, np.flatnonzero(chosen))

    return together if options.equal_lines == "together" else anywhere


def _choose(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Bool ``[count]``: a share of them at random, at least one and not all."""
    chosen = np.zeros(count, np.bool_)
    chosen[rng.permutation(count)[: min(max(1, round(share * count)), count - 1)]] = True
    return chosen


def _select(spans: Spans, chosen: np.ndarray) -> Spans:
    return Spans(spans.starts[chosen], spans.lengths[chosen])


def _describe_equal(lines: Sequence[str], held_out: np.ndarray, options: TextOptions) -> str:
    trained = {line for line, out in zip(lines, held_out, strict=True) if not out}
    seen = sum(line in trained for line, out in zip(lines, held_out, strict=True) if out)
    repeats = len(lines) - len(set(lines))
    where = "all on one side" if options.equal_lines == "together" else "fall as chance has it"
    return (
        f"{repeats:,} lines repeat another ({where}); {seen:,} of {held_out.sum():,} validation lines stand also in "
        "the training data"
    )


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
