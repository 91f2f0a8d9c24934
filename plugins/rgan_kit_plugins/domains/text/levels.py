"""What a symbol is: a character or a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

LevelName = Literal["character", "word"]

_ENOUGH: Final = 1_000_000  # characters that decide
_LONGEST_MEAN_WORD: Final = 15  # German, Finnish and Turkish lie below 9


@dataclass(frozen=True)
class Level:
    """The level of a text.

    Attributes:
        name: ``character`` or ``word``.
        reason: why, for people.
        spaced: the text puts a space between any two characters; these are dropped on reading and never written.
    """

    name: LevelName
    reason: str
    spaced: bool = False

    def symbols(self, line: str) -> str | list[str]:
        """The symbols of one line."""
        if self.name == "word":
            return line.split()
        return "".join(line.split()) if self.spaced else line


def decide_level(asked: Literal["auto", "character", "word"], lines: Sequence[str]) -> Level:
    """The level asked for, or the one that suits the first million characters of ``lines``."""
    if asked != "auto":
        return Level(asked, "as asked for")
    pieces_of_lines = [pieces for line in _head(lines) if (pieces := line.split())]
    pieces = [piece for line in pieces_of_lines for piece in line]
    per_line = len(pieces) / max(len(pieces_of_lines), 1)
    letters = sum(map(len, pieces)) / max(len(pieces), 1)
    single = sum(len(piece) == 1 for piece in pieces) / max(len(pieces), 1)
    if per_line < 1.5:
        return Level("character", "because most lines hold no space")
    if single >= 0.95:
        return Level("character", "because spaces stand between single characters; they are dropped", spaced=True)
    if letters > _LONGEST_MEAN_WORD:
        return Level("character", f"because what stands between spaces is {letters:.0f} characters long on average")
    return Level("word", f"because spaces stand between words ({letters:.1f} characters on average)")


def _head(lines: Sequence[str]) -> list[str]:
    head, size = [], 0
    for line in lines:
        head.append(line[: _ENOUGH - size])
        size += len(head[-1])
        if size >= _ENOUGH:
            break
    return head
