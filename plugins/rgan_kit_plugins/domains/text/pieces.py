"""Text cut into words, marks and spaces such that putting the pieces one after the other gives the text back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Final

LONGEST_RUN: Final = 64
"""Letters of a piece before it is cut: what looks like an endless word costs no more than others."""

_MARKS_LIE_BELOW: Final = 0x20000  # beyond are ideographs, tags and private signs


def pieces(text: str) -> list[str]:
    """Words (with an apostrophe inside, and the space before them), single marks of punctuation (likewise), and other
    white space sign by sign. ``"".join`` of them is ``text``."""
    return _pattern().findall(text)


@cache
def _pattern() -> re.Pattern[str]:
    """Of a piece. What is neither space nor mark belongs to words, so that combining vowels stay with their letters."""
    marks = "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in _ranges_of_marks())
    run = rf"[^\s{marks}]{{1,{LONGEST_RUN}}}"
    return re.compile(rf" ?{run}(?:['’]{run}){{0,3}}| ?[{marks}]|\s")


def _ranges_of_marks() -> Iterator[tuple[int, int]]:
    """First and last code points of stretches of punctuation and symbols: few ranges match faster than many signs."""
    points = (point for point in range(_MARKS_LIE_BELOW) if unicodedata.category(chr(point))[0] in "PS")
    for _, stretch in groupby(enumerate(points), key=lambda pair: pair[1] - pair[0]):
        members = [point for _, point in stretch]
        yield members[0], members[-1]
