"""What suits a text, where the user leaves it open: characters or words, lines or windows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from rgan_kit_plugins.domains.text.encoding import Level, LevelName
from rgan_kit_plugins.domains.text.reading import Corpus, Unit

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.text.options import TextOptions

LONGEST_LINE: Final = {"character": 256, "word": 64}
"""Of a line that is taken for a sample, unless the user says otherwise."""

_ENOUGH: Final = 1_000_000  # characters that decide
_LONGEST_MEAN_WORD: Final = 15  # German, Finnish and Turkish lie below 9
_DROPPED: Final = "spaces stand between single characters; they are dropped"
_FEWEST_LINES: Final = 10
_LEAST_RUNNING: Final = 2_000  # characters; less makes too few windows
_MOST_UNKNOWN: Final = 0.05
_LARGE_VOCABULARY: Final = 1000
_BLANK_SHARE: Final = 0.02
_LINES_A_BLOCK: Final = 1.5
_FEWEST_WRAPPED: Final = 30
_NARROWEST: Final = 30
_FEWEST_LENGTHS: Final = 4
_WIDTHS: Final = (0.98, 0.75)  # quantiles of the lengths of lines
_TIGHT: Final = 0.7
_LOOSE: Final = 0.5
_FEW_ENDING: Final = 0.3
_SENTENCES_A_LINE: Final = 0.1
_SENTENCE_END: Final = re.compile(r"""[.!?。！？]["'”’)]{0,2} """)


def settle_unit(options: TextOptions, corpus: Corpus) -> tuple[Unit, str]:
    """What a sample is, and why (empty where it was asked for)."""
    if options.unit != "auto":
        return options.unit, ""
    if corpus.are_records:
        return "line", ""
    text = "\n".join(corpus.head(_ENOUGH))
    lines = [line.strip() for line in text.split("\n")]
    if len(text) < _LEAST_RUNNING:
        return "line", ""
    filled = [line for line in lines if line]
    if 0 < len(filled) < _FEWEST_LINES:
        return "window", "because there are few lines and long ones"
    level = Level("character") if _looks_like(filled)[0] != "word" else Level("word")
    limit = options.max_length or LONGEST_LINE[level.name]
    long = sum(len(line) for line in filled if len(level.symbols(line)) > limit)
    if 2 * long > sum(map(len, filled)):
        return "window", f"because most of the text stands in lines longer than {limit:,} {level.name}s"
    if _is_broken_into_lines(lines):
        return "window", _BROKEN
    return ("window", _WRAPPED) if _is_wrapped(filled) else ("line", "")


_BROKEN: Final = (
    "because short lines with blank ones between and many rare words look like running text (lines: "
    "--set domain.unit=line, what stands between blank lines: --set domain.unit=paragraph)"
)

_WRAPPED: Final = (
    "because lines end where the next word no longer fits, as in running text (lines: --set domain.unit=line)"
)


def _is_broken_into_lines(lines: Sequence[str]) -> bool:
    """Whether blank lines part blocks of several lines, and words are too many for lines to be sentences of few."""
    blocks = sum(bool(line) and not before for before, line in zip(["", *lines], lines, strict=False))
    filled = [line for line in lines if line]
    blank = sum(not line for line in lines[: len(lines)])
    if blank < _BLANK_SHARE * len(lines) or blocks < 2 or len(filled) < _LINES_A_BLOCK * blocks:
        return False
    return unknown_share([line.split() for line in filled]) > _MOST_UNKNOWN


def _is_wrapped(filled: Sequence[str]) -> bool:
    """Whether this is prose broken at a width: few lines end a sentence, and nearly all are so long that the first word
    of the next no longer fits (where a program broke them), or most are about so long and sentences end inside them
    (where people did). Lines of one length are records."""
    if len(filled) < _FEWEST_WRAPPED:
        return False
    lengths = np.array([len(line) for line in filled])
    needed = lengths[:-1] + 1 + np.array([len(line.split(maxsplit=1)[0]) for line in filled[1:]])
    exact, about = np.quantile(lengths, _WIDTHS)
    ending = sum(_SENTENCE_END.search(line + " ") is not None for line in (line[-3:] for line in filled))
    inside = sum(len(_SENTENCE_END.findall(line)) for line in filled)
    if about < _NARROWEST or len(np.unique(lengths)) < _FEWEST_LENGTHS or ending > _FEW_ENDING * len(filled):
        return False
    tight, loose = (needed > exact).mean() >= _TIGHT, (needed > about).mean() >= _LOOSE
    return bool(tight or (loose and inside >= _SENTENCES_A_LINE * len(filled)))


def unknown_share(lines: Sequence[list[str]]) -> float:
    """Share of the words of every tenth line that a vocabulary of the other lines would lack."""
    known = Counter(word for number, line in enumerate(lines) if number % 10 for word in line)
    least = 2 if len(known) > _LARGE_VOCABULARY else 1
    held_out = [word for line in islice(lines, 0, None, 10) for word in line]
    return sum(known[word] < least for word in held_out) / max(1, len(held_out))


def settle_level(options: TextOptions, corpus: Corpus, unit: Unit) -> tuple[Level, str]:
    """The level asked for, or the one that suits the first million characters; and why."""
    if options.level in ("character", "word"):
        return Level(options.level, tokenize=options.tokenize), "as asked for"
    lines = [line for text in corpus.head(_ENOUGH) for line in text.split("\n") if line.strip()]
    name, reason, spaced = _looks_like(lines)
    if options.level == "subword":
        return Level("subword", spaced), f"as asked for; {_DROPPED}" if spaced else "as asked for"
    if name == "word" and unit == "window":
        unknown = unknown_share([line.split() for line in lines])
        if unknown > _MOST_UNKNOWN:
            return Level("character"), f"because about {unknown:.0%} of the words would be unknown ones"
    return Level(name, spaced, options.tokenize), reason


def _looks_like(lines: Sequence[str]) -> tuple[LevelName, str, bool]:
    """``character`` or ``word``, why, and whether spaces stand between single characters."""
    words_of_lines = [words for line in lines if (words := line.split())]
    words = [word for line in words_of_lines for word in line]
    per_line = len(words) / max(len(words_of_lines), 1)
    letters = sum(map(len, words)) / max(len(words), 1)
    spaced = per_line >= 1.5 and sum(len(word) == 1 for word in words) >= 0.95 * max(len(words), 1)
    if per_line < 1.5:
        return "character", "because most lines hold no space", False
    if spaced:
        return "character", f"because {_DROPPED}", True
    if letters > _LONGEST_MEAN_WORD:
        return "character", f"because what stands between spaces is {letters:.0f} characters long on average", False
    return "word", f"because spaces stand between words ({letters:.1f} characters on average)", False
