"""Lines, paragraphs, records and files as samples with an end, and which of them are held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, SequenceSource, Tally
from rgan_kit.files import Split, at_random, by_group, by_name
from rgan_kit_plugins.domains.text.encoding import UNKNOWN, Level, Numbers, Vocabulary, counts_of, with_ends
from rgan_kit_plugins.domains.text.judging import LONGEST_LINE
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.reading import Passages, Unit
from rgan_kit_plugins.domains.text.subwords import learn_merges

FEWEST_SAMPLES: Final = 10

_LONGEST_TEXT: Final = {"character": 4096, "word": 1024}
_MOST_LABELS: Final = 1000
_LABELS_SHOWN: Final = 8
USE_WINDOWS: Final = "To cut running text into samples: --set domain.unit=window"
_LONGER: Final = "domain.max_length allows longer ones; domain.unit=window cuts them"
_KNOW_MORE: Final = "domain.min_count=1 and a larger domain.max_vocabulary know more"

HoldOut = Callable[[Passages, np.ndarray], Split]
"""From all passages and int64 ``[samples]``, the numbers of those in use, to the two sides."""


@dataclass(frozen=True, eq=False)
class LearntText:
    """What became of a text.

    Attributes:
        train, validation: the two sides.
        level: how text is cut.
        vocabulary: which token each symbol is.
        notes: what was decided, in words.
        tallies: what was not taken as it is.
        classes: their names, sorted; empty where there are none.
        window: symbols in a sample, where samples are windows of running text; else 0.
        too_little: why there is nothing to train on, and none held out; empty where there is.
    """

    train: SequenceSource
    validation: SequenceSource
    level: Level
    vocabulary: Vocabulary
    notes: dict[str, str]
    tallies: tuple[Tally, ...] = ()
    classes: tuple[str, ...] = ()
    window: int = 0
    too_little: str = ""


def learn_samples(passages: Passages, level: Level, options: TextOptions, unit: Unit, hold_out: HoldOut) -> LearntText:
    """One sample a passage; those that are too long are left out.

    Raises:
        DataError: fewer than ten of many fit, or all are equal.
        DeviceError: as ``learn_merges`` does.
    """
    noun = passages.noun(unit)
    too_little = _too_little(passages, noun)
    numbers = Numbers()
    codes, lengths = numbers.of_texts(passages.texts, level)
    limit = _limit(options, level, unit, lengths)
    kept = np.flatnonzero(lengths <= limit)
    if not too_little:
        _check_kept(passages, lengths, kept, limit, level, noun)
        split = hold_out(passages, kept)
    elif len(kept):
        split = Split.of(np.zeros(len(kept), np.bool_), "of so little nothing is held out")
    else:
        raise DataError(too_little, USE_WINDOWS)
    sides = [kept[split.train], kept[split.validation]]
    notes = {"samples": _describe(passages, noun), "split": split.words, **_repeats(passages, sides, noun)}
    fate = f"left out, longer than {limit:,} {level.noun}s"
    left_out = Tally(f"{noun}s", fate, len(lengths) - len(kept), len(lengths), _LONGER)
    on_side = [np.repeat(_mask(side, len(lengths)), lengths) for side in sides]
    vocabulary = learn_vocabulary(numbers.names, counts_of(codes[on_side[0]], len(numbers.names)), options)
    if level.name == "subword":
        level, vocabulary = learn_subwords([passages.texts[n] for n in sides[0].tolist()], level, vocabulary, options)
        numbers = Numbers()
        codes, lengths = numbers.of_texts(passages.texts, level)
        on_side = [np.repeat(_mask(side, len(lengths)), lengths) for side in sides]
    tokens = vocabulary.tokens(numbers.names)
    classes, labels = classes_of(passages, kept)
    train, validation = (
        with_ends(tokens[codes[inside]], lengths[side], None if labels is None else labels[side])
        for inside, side in zip(on_side, sides, strict=True)
    )
    unknown = sum(int(np.count_nonzero(each.values == UNKNOWN)) for each in (train, validation))
    tallies = (left_out, unknown_tally(unknown, int(lengths[kept].sum()), level))
    notes |= describe_classes(classes, None if labels is None else labels[kept])
    return LearntText(train, validation, level, vocabulary, notes, tallies, classes, too_little=too_little)


def hold_out(options: TextOptions, rng: np.random.Generator) -> HoldOut:
    """As the user named files, or a share at random; equal ones fall as chance has it, or all on one side."""

    def chosen(passages: Passages, kept: np.ndarray) -> Split:
        named = by_name(passages.corpus.found, passages.files()[kept])
        if named is not None:
            return named
        if options.equal_lines == "anywhere":
            return at_random(len(kept), options.validation_share, rng)
        groups: dict[str, int] = {}
        own = [groups.setdefault(passages.texts[number], len(groups)) for number in kept.tolist()]
        return by_group(np.array(own), options.validation_share, rng, "different texts")

    return chosen


def learn_vocabulary(names: Sequence[str], counts: np.ndarray, options: TextOptions) -> Vocabulary:
    """The symbols that are frequent enough in training, as the options say; raises as ``Vocabulary.fit`` does."""
    return Vocabulary.fit(names, counts, min_count=options.min_count, max_size=options.max_vocabulary)


def unknown_tally(unknown: int, total: int, level: Level) -> Tally:
    """Symbols that the vocabulary lacks."""
    hint = f"{_KNOW_MORE}, domain.level=subword knows every word" if level.name == "word" else _KNOW_MORE
    return Tally(f"{level.noun}s", "unknown, as the vocabulary lacks them; never written", unknown, total, hint)


def _limit(options: TextOptions, level: Level, unit: Unit, lengths: np.ndarray) -> int:
    usual = LONGEST_LINE if unit == "line" else _LONGEST_TEXT
    return options.max_length or min(usual[level.noun], int(lengths.max()))


def _mask(chosen: np.ndarray, size: int) -> np.ndarray:
    mask = np.zeros(size, np.bool_)
    mask[chosen] = True
    return mask


def learn_subwords(
    texts: Sequence[str], level: Level, characters: Vocabulary, options: TextOptions
) -> tuple[Level, Vocabulary]:
    """Merges learnt on training texts, and the vocabulary of characters with what they make."""
    merges = learn_merges([level.clean(text) for text in texts], characters.written, options.merges)
    names = dict.fromkeys((*characters.names, *merges.symbols))
    return Level(level.name, level.spaced, level.tokenize, merges), Vocabulary(tuple(names), characters.min_count)


def _too_little(passages: Passages, noun: str) -> str:
    """What is said of fewer than ten texts; empty where there are more."""
    texts = passages.texts
    if len(texts) >= FEWEST_SAMPLES:
        return ""
    longest = max(range(len(texts)), key=lambda number: len(texts[number]))
    return (
        f"{passages.corpus.found.path}: {_plural(len(texts), noun)} of text (the longest: {passages.where(longest)}, "
        f"{_plural(len(texts[longest]), 'character')}); at least {FEWEST_SAMPLES} samples are needed."
    )


def _check_kept(passages: Passages, lengths: np.ndarray, kept: np.ndarray, limit: int, level: Level, noun: str) -> None:
    path = passages.corpus.found.path
    if len(kept) < FEWEST_SAMPLES:
        longest = int(np.argmax(lengths))
        raise DataError(
            f"{path}: {len(kept):,} of {len(lengths):,} {noun}s are no longer than {_plural(limit, level.noun)} (the "
            f"longest: {passages.where(longest)}, {lengths[longest]:,}); at least {FEWEST_SAMPLES} are needed.",
            f"Raise domain.max_length. {USE_WINDOWS}",
        )
    first = passages.texts[int(kept[0])]
    if all(passages.texts[number] == first for number in kept.tolist()):
        raise DataError(f"{path}: all {len(kept):,} {noun}s are equal.", f"Give {noun}s that differ.")


def _describe(passages: Passages, noun: str) -> str:
    blank = f"; {passages.blank:,} blank lines skipped" if passages.blank else ""
    return f"one a {noun}, without the spaces around it{blank}"


def _repeats(passages: Passages, sides: Sequence[np.ndarray], noun: str) -> dict[str, str]:
    """How many samples are copies of others."""
    trained = {passages.texts[number] for number in sides[0].tolist()}
    held_out = [passages.texts[number] for number in sides[1].tolist()]
    seen = sum(text in trained for text in held_out)
    different = len(trained | set(held_out))
    repeats = len(sides[0]) + len(held_out) - different
    words = f"{repeats:,} {noun}s repeat another; {seen:,} of {len(held_out):,} validation {noun}s stand also in the "
    return {f"equal {noun}s": f"{words}training data"}


def classes_of(passages: Passages, kept: np.ndarray) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes of the passages in use, sorted, and int64 ``[passages]``, the class of each.

    Raises:
        DataError: there are so many that they can be none.
    """
    if passages.labels is None:
        return (), None
    own = [passages.labels[number] for number in kept.tolist()]
    classes = tuple(sorted(set(own)))
    if len(classes) > _MOST_LABELS or (len(classes) == len(own) and passages.corpus.are_records):
        raise DataError(
            f"{passages.corpus.found.path}: {len(classes):,} different classes in {len(own):,} samples.",
            "If that is the text, say which is which (domain.columns, domain.label_key); without classes: "
            "--set domain.labels=none",
        )
    places = {name: place for place, name in enumerate(classes)}
    return classes, np.array([places.get(name, -1) for name in passages.labels], np.int64)


def describe_classes(classes: Sequence[str], labels: np.ndarray | None) -> dict[str, str]:
    """The largest classes and how many samples each has."""
    if labels is None:
        return {}
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    largest = sorted(zip(counts, classes, strict=True), key=lambda pair: (-pair[0], pair[1]))[:_LABELS_SHOWN]
    more = f", and {len(classes) - _LABELS_SHOWN:,} more" if len(classes) > _LABELS_SHOWN else ""
    return {"classes": f"{len(classes):,}: {', '.join(f'{name} ({count:,})' for count, name in largest)}{more}"}


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
