"""What a symbol is: a character, a word, or a piece of a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rgan_kit_plugins.domains.text.pieces import pieces

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.text.options import TextOptions
    from rgan_kit_plugins.domains.text.subwords import Merges

LevelName = Literal["character", "word", "subword"]
Tokenize = Literal["space", "punctuation"]

_ENOUGH: Final = 1_000_000  # characters that decide
_LONGEST_MEAN_WORD: Final = 15  # German, Finnish and Turkish lie below 9
_DROPPED: Final = "spaces stand between single characters; they are dropped"


@dataclass(frozen=True)
class Level:
    """The level of a text.

    Attributes:
        name: ``character``, ``word`` or ``subword``.
        reason: why, for people.
        spaced: the text puts a space between any two characters; these are dropped on reading and never written.
        tokenize: how words are cut.
        merges: how characters become subwords; None before that is learnt, where the symbols are characters still.
    """

    name: LevelName
    reason: str = ""
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

    def symbols(self, line: str) -> str | list[str]:
        """The symbols of one line."""
        if self.name == "word":
            return line.split() if self.tokenize == "space" else pieces(line)
        text = "".join(line.split()) if self.spaced else line
        return text if self.merges is None else self.merges.cut(text)

    def running(self, lines: Sequence[str]) -> list[str | list[str]]:
        """The symbols of lines in one row; their ends are symbols too, where symbols are not joined by spaces."""
        end: str | list[str] = "\n" if self.name != "word" else ["\n"]
        row: list[str | list[str]] = []
        for line in lines:
            row += [end] * bool(row and not self.joiner) + [self.symbols(line)]
        return row


def decide_level(options: TextOptions, lines: Sequence[str]) -> Level:
    """The level asked for, or the one that suits the first million characters of ``lines``."""
    if options.level in ("character", "word"):
        return Level(options.level, "as asked for", tokenize=options.tokenize)
    words_of_lines = [words for line in _head(lines) if (words := line.split())]
    words = [word for line in words_of_lines for word in line]
    per_line = len(words) / max(len(words_of_lines), 1)
    letters = sum(map(len, words)) / max(len(words), 1)
    spaced = per_line >= 1.5 and sum(len(word) == 1 for word in words) >= 0.95 * max(len(words), 1)
    if options.level == "subword":
        return Level("subword", f"as asked for; {_DROPPED}" if spaced else "as asked for", spaced)
    if per_line < 1.5:
        return Level("character", "because most lines hold no space")
    if spaced:
        return Level("character", f"because {_DROPPED}", spaced=True)
    if letters > _LONGEST_MEAN_WORD:
        return Level("character", f"because what stands between spaces is {letters:.0f} characters long on average")
    reason = f"because spaces stand between words ({letters:.1f} characters on average)"
    return Level("word", reason, tokenize=options.tokenize)


def _head(lines: Sequence[str]) -> list[str]:
    head, size = [], 0
    for line in lines:
        head.append(line[: _ENOUGH - size])
        size += len(head[-1])
        if size >= _ENOUGH:
            break
    return head
